//! What functions would otherwise take from the machine.

/// What functions would otherwise take from the machine: the clock and randomness. Names are never
/// looked up: `getHostByName` answers an empty text, as Helm's does by default.
#[derive(Clone, Debug)]
pub struct Environment {
    /// What `now` is: nanoseconds since 1970, UTC.
    pub now: i128,
    /// What all random draws follow from: the same seed gives the same draws in the same order.
    pub seed: [u8; 32],
}
