//! Amounts as people read them.

/// A span in its largest units: `3 s`, `2 min 5 s`, `3 h 10 min`, `2 d 4 h`.
pub(crate) fn span(seconds: u64) -> String {
    let (large, small) = match seconds {
        0..60 => return format!("{seconds} s"),
        60..3600 => ((seconds / 60, "min"), (seconds % 60, "s")),
        3600..86_400 => ((seconds / 3600, "h"), (seconds / 60 % 60, "min")),
        _ => ((seconds / 86_400, "d"), (seconds / 3600 % 24, "h")),
    };
    match small.0 {
        0 => format!("{} {}", large.0, large.1),
        _ => format!("{} {} {} {}", large.0, large.1, small.0, small.1),
    }
}

/// Processor time: `0.42s`, `12m03s`, `3h05m`, `2d04h`.
pub(crate) fn cpu(micros: u64) -> String {
    let seconds = micros / 1_000_000;
    match seconds {
        0..60 => format!("{seconds}.{:02}s", micros / 10_000 % 100),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// A size in units of 1024, as systemd writes it: `512B`, `41.2M`, `1.0G`.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["K", "M", "G", "T", "P", "E"];
    let power = (count.checked_ilog2().unwrap_or(0) / 10) as usize;
    let Some(unit) = power.checked_sub(1).and_then(|i| UNITS.get(i)) else {
        return format!("{count}B");
    };
    let tenths = (u128::from(count) * 10) >> (10 * power);
    format!("{}.{}{unit}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_name_two_units_at_most() {
        let shown = [0, 59, 60, 125, 3600, 11_400, 187_200].map(span);
        assert_eq!(shown, ["0 s", "59 s", "1 min", "2 min 5 s", "1 h", "3 h 10 min", "2 d 4 h"]);
    }

    #[test]
    fn processor_time_keeps_its_width() {
        let shown = [0, 423_000, 59_999_999, 723_000_000, 11_100_000_000, 187_200_000_000].map(cpu);
        assert_eq!(shown, ["0.00s", "0.42s", "59.99s", "12m03s", "3h05m", "2d04h"]);
    }

    #[test]
    fn sizes_step_by_1024() {
        let shown = [0, 1023, 1024, 43_300_000, 1 << 30, u64::MAX].map(bytes);
        assert_eq!(shown, ["0B", "1023B", "1.0K", "41.2M", "1.0G", "15.9E"]);
    }
}
