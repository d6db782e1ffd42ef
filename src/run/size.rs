//! Sizes in words.

/// A number of bytes as people write it: `512 B`, `3.1 MiB`.
#[must_use]
pub fn bytes(count: u128) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let mut size = count as f64 / 1024.0;
    let mut unit = 0;
    while size >= 1023.95 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    format!("{size:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes_are_rounded_to_a_tenth() {
        let words = [0, 1023, 1024, 1536, 1 << 20, (1 << 20) - 1, 1 << 40, u128::from(u64::MAX)].map(bytes);
        assert_eq!(words, ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "1.0 MiB", "1.0 MiB", "1.0 TiB", "16384.0 PiB"]);
    }
}
