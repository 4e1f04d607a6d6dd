//! The name of one run of a process.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Names one run of a process, as systemd's `InvocationID` does: a random 128-bit number, made when it is launched. All
/// zero where there was no run yet.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub struct InvocationId(pub [u8; 16]);

impl fmt::Display for InvocationId {
    /// 32 digits in hex, as in the journal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}
