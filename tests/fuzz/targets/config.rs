//! Any bytes as a configuration, in both forms: judged without a panic, and every place that a problem names is there.
#![no_main]

#[path = "../../../units/tests/config/host.rs"]
#[expect(dead_code, reason = "a fixture of more tests than this one")]
mod host;
#[path = "../../../units/tests/config/sound.rs"]
mod sound;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (first, rest) = bytes.split_first().unwrap_or((&0, bytes));
    let file = if first & 1 == 0 { host::MAIN } else { "/etc/sv/main.toml" };
    sound::is_sound(&sound::load(rest.to_vec(), file));
});
