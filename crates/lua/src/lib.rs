//! Lua scripts of settings, in a sandbox.
