//! Forms of values that only visord has.

use std::time::Duration;

use super::truth;
use crate::config::python::{repr, strip};
use crate::name::{ProcessName, Selector};
use crate::unit::{EarlyExit, ExitWhen, OnOffAuto, WhichBus};

/// Units of time, with the microseconds of each.
const UNITS: [(&str, u64); 5] =
    [("", 1_000_000), ("ms", 1_000), ("s", 1_000_000), ("min", 60_000_000), ("h", 3_600_000_000)];

/// A span of time: seconds, or a number with one of the units. Not nothing, and not finer than a microsecond.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let text = strip(text);
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &text[number.len()..];
    let span = UNITS
        .iter()
        .find(|(name, _)| unit.eq_ignore_ascii_case(name))
        .and_then(|(_, micros)| scaled(number.trim_end(), *micros));
    match span {
        Some(0) => Err("a time span must be longer than nothing".to_owned()),
        Some(micros) => Ok(Duration::from_micros(micros)),
        None => Err(format!("not a valid time span: {}", repr(text))),
    }
}

/// `number`, which may have up to six decimals, times `unit`.
fn scaled(number: &str, unit: u64) -> Option<u64> {
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || decimals.len() > 6 {
        return None;
    }
    let millionths: u64 = format!("{decimals:0<6}").parse().ok()?;
    let part = u64::try_from(u128::from(millionths) * u128::from(unit) / 1_000_000).ok()?;
    whole.parse::<u64>().ok()?.checked_mul(unit)?.checked_add(part)
}

pub(super) fn early_exit(text: &str) -> Result<EarlyExit, String> {
    [EarlyExit::Ok, EarlyExit::Failure]
        .into_iter()
        .find(|word| text.eq_ignore_ascii_case(word.name()))
        .ok_or_else(|| format!("invalid 'early_exit' value {}", repr(text)))
}

pub(super) fn bus(text: &str) -> Result<WhichBus, String> {
    Ok(match text.to_lowercase().as_str() {
        "auto" => WhichBus::Auto,
        "system" => WhichBus::System,
        "session" => WhichBus::Session,
        "off" | "none" => WhichBus::Off,
        _ => return Err(format!("invalid 'bus' value {}", repr(text))),
    })
}

pub(super) fn on_off_auto(text: &str) -> Result<OnOffAuto, String> {
    let lower = text.to_lowercase();
    match (truth(&lower), lower.as_str()) {
        (Some(true), _) => Ok(OnOffAuto::On),
        (Some(false), _) => Ok(OnOffAuto::Off),
        (None, "auto") => Ok(OnOffAuto::Auto),
        _ => Err(format!("invalid 'journal' value {}", repr(text))),
    }
}

pub(super) fn exit_when(text: &str) -> Result<ExitWhen, String> {
    match (text.to_lowercase().as_str(), Selector::parse(text)) {
        ("any-fatal", _) => Ok(ExitWhen::AnyFatal),
        ("all-exited", _) | (_, Selector::All) => Ok(ExitWhen::AllExited),
        (_, Selector::Process(group, process)) if !text.is_empty() => {
            Ok(ExitWhen::Process(ProcessName::new(group, process)))
        }
        (_, Selector::Group(group)) => Ok(ExitWhen::Group(group.into())),
        _ => Err(format!("invalid 'exit_when' value {}", repr(text))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_time() {
        for (text, micros) in [
            ("5", 5_000_000),
            (" 0.5 ", 500_000),
            ("0.000001", 1),
            ("250ms", 250_000),
            ("1.5 s", 1_500_000),
            ("5min", 300_000_000),
            ("2H", 7_200_000_000),
            ("0.5min", 30_000_000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_micros(micros)), "{text}");
        }
        for text in ["", "s", "x", "-1", "+1", "1x", "1m", "1.", ".5", "1e3", "0.0000001", "1 0"] {
            assert_eq!(duration(text), Err(format!("not a valid time span: {}", repr(text))));
        }
        assert_eq!(duration("0ms"), Err("a time span must be longer than nothing".into()));
        assert!(duration("99999999999999h").is_err());
    }
}
