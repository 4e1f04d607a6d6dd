//! What differs from run to run, taken out of what is compared.

/// Masks pids, times, and where an exception came up.
pub(super) fn masked(text: &str) -> String {
    text.split_inclusive('\n').map(line).collect()
}

fn line(line: &str) -> String {
    let end = if line.ends_with('\n') { "\n" } else { "" };
    let line = line.trim_end_matches('\n');
    let line = match line.split_once(": file: ") {
        Some((what, _)) => format!("{what}: file: SOMEWHERE"),
        None => line.to_owned(),
    };
    let line = match line.split_once("uptime ") {
        Some((what, _)) => format!("{what}uptime SOME"),
        None => line,
    };
    let line = ["STOPPED   ", "EXITED    "].iter().fold(line, |line, state| {
        match line.split_once(state) {
            Some((what, when)) if when != "Not started" => format!("{what}{state}SOMETIME"),
            _ => line,
        }
    });
    numbers(&line) + end
}

/// Numbers of three digits or more are pids here.
fn numbers(line: &str) -> String {
    let mut masked = String::new();
    let mut digits = String::new();
    for c in line.chars().chain(['\n']) {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        masked.push_str(if digits.len() > 2 { "PID" } else { &digits });
        digits.clear();
        masked.push(c);
    }
    masked.pop();
    masked
}

#[test]
fn what_differs_from_run_to_run_is_masked() {
    for (text, expected) in [
        ("cat    RUNNING   pid 1234, uptime 0:00:03\n", "cat    RUNNING   pid PID, uptime SOME\n"),
        ("w:w_00 STOPPED   Nov 25 10:00 PM\n", "w:w_00 STOPPED   SOMETIME\n"),
        ("w:w_01 STOPPED   Not started", "w:w_01 STOPPED   Not started"),
        ("error: <class 'X'>, y: file: a.py line: 7\n", "error: <class 'X'>, y: file: SOMEWHERE\n"),
        ("12345\n0\n", "PID\n0\n"),
    ] {
        assert_eq!(masked(text), expected);
    }
}
