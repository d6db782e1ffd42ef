//! How much memory a run may take where `--memory-limit` does not say: what the machine, and the control groups the process
//! is in, have left.

use std::path::Path;

/// Assumed where the machine does not tell.
const UNKNOWN: u64 = 4 << 30;

/// The bytes that are available now.
pub(super) fn available() -> u64 {
    let machine = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| available_in_meminfo(&text));
    let groups = std::fs::read_to_string("/proc/self/cgroup").ok().and_then(|text| available_in_groups(&text));
    match (machine, groups) {
        (Some(machine), Some(groups)) => machine.min(groups),
        (Some(bytes), None) | (None, Some(bytes)) => bytes,
        (None, None) => UNKNOWN,
    }
}

/// `MemAvailable:   12345 kB`
fn available_in_meminfo(text: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = value.trim().strip_suffix(" kB")?.parse().ok()?;
    kibibytes.checked_mul(1024)
}

/// The least that the process's control group (version 2, `0::/path`) and those above it have left.
fn available_in_groups(text: &str) -> Option<u64> {
    let path = text.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let root = Path::new("/sys/fs/cgroup");
    root.join(path).ancestors().take_while(|group| group.starts_with(root)).filter_map(available_in_group).min()
}

fn available_in_group(group: &Path) -> Option<u64> {
    let number = |name: &str| -> Option<u64> { std::fs::read_to_string(group.join(name)).ok()?.trim().parse().ok() };
    let (limit, used) = (number("memory.max")?, number("memory.current")?);
    // Cached file pages count as used and are given up when memory is wanted.
    let statistics = std::fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
    let cached = statistics.lines().find_map(|line| line.strip_prefix("inactive_file ")?.parse().ok()).unwrap_or(0);
    Some(limit.saturating_sub(used.saturating_sub(cached)))
}

#[cfg(test)]
mod tests {
    use super::{available, available_in_meminfo};

    #[test]
    fn meminfo_is_in_kibibytes() {
        let text = "MemTotal:       24593632 kB\nMemFree:         1000000 kB\nMemAvailable:   16777216 kB\n";
        assert_eq!(available_in_meminfo(text), Some(16 << 30));
        assert_eq!(available_in_meminfo("MemTotal: 1 kB\n"), None);
    }

    #[test]
    fn this_machine_has_some() {
        assert!(available() > 1 << 20);
    }
}
