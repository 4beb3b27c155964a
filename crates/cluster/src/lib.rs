//! Connections to clusters and what lives there.
