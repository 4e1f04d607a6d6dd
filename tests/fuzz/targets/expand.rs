//! Any bytes as the value of an option that is expanded: `%` expressions, the environment grammar, numbers and sizes.
#![no_main]

#[path = "../../../units/tests/config/host.rs"]
#[expect(dead_code, reason = "a fixture of more tests than this one")]
mod host;
#[path = "../../../units/tests/config/sound.rs"]
mod sound;

use libfuzzer_sys::fuzz_target;

const KEYS: [&str; 8] = [
    "command",
    "environment",
    "process_name",
    "stdout_logfile",
    "directory",
    "numprocs",
    "exitcodes",
    "stopsignal",
];

fuzz_target!(|bytes: &[u8]| {
    let (first, value) = bytes.split_first().unwrap_or((&0, bytes));
    let key = KEYS[usize::from(*first) % KEYS.len()];
    let command = if key == "command" { "" } else { "command=/bin/x\n" };
    let mut text = format!("[supervisord]\n[program:x]\n{command}{key}=").into_bytes();
    // A line break would end the value; what comes after it is the other target's.
    text.extend(value.iter().filter(|byte| !matches!(byte, b'\n' | b'\r')));
    sound::is_sound(&sound::load(text, host::MAIN));
});
