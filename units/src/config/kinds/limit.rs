//! `limit_…`: `soft:hard`, or one number for both, as in systemd's `Limit…=` (systemd.exec(5)).

use crate::config::python::{repr, strip};
use crate::unit::{Limit, Resource};

/// Letters that make a number larger, each 1024 times more than the one before.
const LETTERS: &str = "KMGTPE";

pub(super) fn limit(text: &str, resource: Resource) -> Result<Limit, String> {
    let (soft, hard) = text.split_once(':').unwrap_or((text, text));
    let number = |part| {
        number(strip(part), resource).ok_or_else(|| format!("not a valid limit: {}", repr(text)))
    };
    let limit = Limit { soft: number(soft)?, hard: number(hard)? };
    if limit.soft > limit.hard {
        return Err(format!("the soft limit is above the hard one: {}", repr(text)));
    }
    Ok(limit)
}

/// From -20 to 19.
pub(super) fn nice(text: &str) -> Result<i32, String> {
    let number: Option<i32> = strip(text).parse().ok();
    number
        .filter(|number| (-20..=19).contains(number))
        .ok_or_else(|| format!("not a nice value from -20 to 19: {}", repr(text)))
}

fn number(text: &str, resource: Resource) -> Option<u64> {
    if ["infinity", "unlimited"].into_iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return Some(Limit::INFINITY);
    }
    match resource {
        Resource::Nice => nice_limit(text),
        Resource::Cpu => {
            let micros = super::own::duration(text).ok()?.as_micros();
            u64::try_from(micros.div_ceil(1_000_000)).ok()
        }
        Resource::Rtprio => plain(text),
        _ => large(text),
    }
}

/// With a sign it is the nice value that may be reached, without one what setrlimit(2) takes.
fn nice_limit(text: &str) -> Option<u64> {
    let raw = if text.starts_with(['+', '-']) {
        20 - i64::from(nice(text).ok()?)
    } else {
        text.parse().ok()?
    };
    u64::try_from(raw).ok().filter(|raw| *raw <= 40)
}

/// A number with a letter for its size, with or without the `B` of Supervisor's sizes.
fn large(text: &str) -> Option<u64> {
    let upper = text.to_ascii_uppercase();
    let digits = upper.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let letters = &upper[digits.len()..];
    let letter = letters.strip_suffix('B').unwrap_or(letters);
    let power = match letter {
        "" if letters.is_empty() => 0,
        letter if letter.len() == 1 => LETTERS.find(letter)? + 1,
        _ => return None,
    };
    plain(digits.trim_end())?.checked_mul(1 << (10 * power))
}

/// Digits and nothing else. The greatest number there is means no limit, and is written so.
fn plain(text: &str) -> Option<u64> {
    let number = text.parse().ok().filter(|number| *number != Limit::INFINITY);
    number.filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_as_they_are_written_for_systemd() {
        for (resource, text, soft, hard) in [
            (Resource::Nofile, "1024", 1024, 1024),
            (Resource::Nofile, "1024:4096", 1024, 4096),
            (Resource::Nofile, " 64k : 1M ", 65_536, 1_048_576),
            (Resource::Core, "0:infinity", 0, Limit::INFINITY),
            (Resource::Core, "unlimited", Limit::INFINITY, Limit::INFINITY),
            (Resource::Memlock, "8 MB", 8 << 20, 8 << 20),
            (Resource::As, "2G:4gb", 2 << 30, 4 << 30),
            (Resource::Cpu, "90", 90, 90),
            (Resource::Cpu, "500ms:1h", 1, 3600),
            (Resource::Nice, "-5", 25, 25),
            (Resource::Nice, "+5:30", 15, 30),
            (Resource::Rtprio, "10", 10, 10),
        ] {
            assert_eq!(limit(text, resource), Ok(Limit { soft, hard }), "{text}");
        }
        let above = "the soft limit is above the hard one: '2:1'";
        assert_eq!(limit("2:1", Resource::Nproc), Err(above.to_owned()));
        for (resource, text) in [
            (Resource::Nofile, ""),
            (Resource::Nofile, "many"),
            (Resource::Nofile, "-1"),
            (Resource::Nofile, "+1"),
            (Resource::Nofile, "1:2:3"),
            (Resource::Nofile, "1B"),
            (Resource::Nofile, "1KM"),
            (Resource::Nofile, "16E"),
            (Resource::Nofile, "18446744073709551615"),
            (Resource::Cpu, "0"),
            (Resource::Nice, "-21"),
            (Resource::Nice, "41"),
            (Resource::Rtprio, "1k"),
        ] {
            assert_eq!(limit(text, resource), Err(format!("not a valid limit: {}", repr(text))));
        }
    }

    #[test]
    fn a_limit_is_shown_as_it_can_be_written() {
        for text in ["1024", "1024:4096", "0:infinity", "infinity"] {
            let limit = limit(text, Resource::Nofile).expect(text);
            assert_eq!(limit.to_string(), text);
        }
        assert_eq!(Resource::As.constant(), "RLIMIT_AS");
    }

    #[test]
    fn nice_values_have_bounds() {
        assert_eq!((nice(" -20 "), nice("+19")), (Ok(-20), Ok(19)));
        for text in ["", "20", "-21", "low", "1.5"] {
            assert_eq!(nice(text), Err(format!("not a nice value from -20 to 19: {}", repr(text))));
        }
    }
}
