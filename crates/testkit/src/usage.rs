//! What running programs cost, as the kernel counts it.

use std::ops::Add;
use std::path::{Path, PathBuf};

/// Processor time and memory of one or more processes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Processor time, user and system, in seconds.
    pub cpu_seconds: f64,
    /// Resident memory now, in bytes, summed.
    pub resident_bytes: u64,
    /// The highest resident memory so far, in bytes, summed over the processes.
    pub peak_bytes: u64,
}

/// Linux counts processor time in hundredths of a second, whatever its own clock's rate.
const TICKS: f64 = 100.0;

const PEAK: &str = "VmHWM:";

/// The highest resident memory of a living process so far, in bytes; 0 once it has ended.
#[must_use]
pub fn peak_bytes(process: u32) -> u64 {
    std::fs::read_to_string(format!("/proc/{process}/status"))
        .map_or(0, |status| kilobytes(&status, PEAK))
}

impl Usage {
    /// Of all processes in a process group.
    pub(crate) fn of_group(group: u32) -> Self {
        members(group)
            .map(|(dir, ticks)| {
                let status = std::fs::read_to_string(dir.join("status")).unwrap_or_default();
                Self {
                    #[allow(clippy::cast_precision_loss)] // Far below 2^52 ticks.
                    cpu_seconds: ticks as f64 / TICKS,
                    resident_bytes: kilobytes(&status, "VmRSS:"),
                    peak_bytes: kilobytes(&status, PEAK),
                }
            })
            .fold(Self::default(), Add::add)
    }
}

/// The living processes of a group: their directories in `/proc`, and the ticks they have used.
pub(crate) fn members(group: u32) -> impl Iterator<Item = (PathBuf, u64)> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(move |entry| {
        let dir = entry.path();
        let stat = std::fs::read_to_string(dir.join("stat")).ok()?;
        // The name in parentheses may hold blanks; what follows it does not.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |i: usize| fields.get(i)?.parse::<u64>().ok();
        let lives =
            number(2)? == u64::from(group) && (fields.first() != Some(&"Z") || has_threads(&dir));
        lives.then(|| (dir, (11..15).filter_map(number).sum()))
    })
}

/// Whether other threads than its first are left of a process. They hold its files and ports.
fn has_threads(process: &Path) -> bool {
    std::fs::read_dir(process.join("task")).is_ok_and(|threads| threads.count() > 1)
}

impl Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            cpu_seconds: self.cpu_seconds + other.cpu_seconds,
            resident_bytes: self.resident_bytes + other.resident_bytes,
            peak_bytes: self.peak_bytes + other.peak_bytes,
        }
    }
}

fn kilobytes(status: &str, key: &str) -> u64 {
    let line = status.lines().find_map(|l| l.strip_prefix(key));
    line.and_then(|l| l.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
}
