//! How the binary is linked.

/// On Linux with glibc the program is linked to a fixed address, as Go links the tools that it
/// takes the place of: a program that can be loaded anywhere has 64,000 addresses mended and 280
/// pages copied before its first instruction, which takes longer than rendering a small overlay.
/// Heap, stack and libraries stay at random addresses; the code that is linked in is Rust but for
/// the TLS library's primitives and the Lua interpreter.
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |what: &str| std::env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
