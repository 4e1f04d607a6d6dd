//! Laws that hold for any bytes.

use proptest::prelude::*;

use crate::host::MAIN;
use crate::sound::{is_sound, load};

/// Pieces of which files are made, right and wrong.
fn line() -> impl Strategy<Value = String> {
    let section = prop::sample::select(vec![
        "[supervisord]",
        "[program:a]",
        "[program:b]",
        "[group:g]",
        "[eventlistener:l]",
        "[fcgi-program:f]",
        "[unix_http_server]",
        "[inet_http_server]",
        "[include]",
        "[DEFAULT]",
        "[rpcinterface:supervisor]",
        "[visord]",
    ]);
    let key = prop::sample::select(vec![
        "command",
        "process_name",
        "numprocs",
        "priority",
        "environment",
        "stdout_logfile",
        "programs",
        "events",
        "socket",
        "port",
        "file",
        "files",
        "requires",
        "user",
        "umask",
        "exitcodes",
        "dependent_startup_wait_for",
    ]);
    let value = prop::sample::select(vec![
        "",
        "1",
        "-1",
        "99999999999999999999",
        "a",
        "a,b",
        "%(here)s",
        "%(process_num)d",
        "%(",
        "%",
        "%(ENV_PORT)s x",
        "A=\"1\"",
        "A='",
        "é ;c",
        "x #c",
        "unix:///a",
        "tcp://a:1",
        "TICK_5",
        "a:running",
        "*",
        "~/x",
        "\u{0}",
    ]);
    prop_oneof![
        2 => section.prop_map(str::to_owned),
        8 => (key, value.clone()).prop_map(|(key, value)| format!("{key}={value}")),
        2 => value.prop_map(|value| format!("  {value}")),
        1 => "\\PC{0,20}",
    ]
}

proptest! {
    #[test]
    fn any_bytes_are_judged(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        is_sound(&load(bytes.clone(), MAIN));
        is_sound(&load(bytes, "/etc/sv/main.toml"));
    }

    #[test]
    fn any_lines_are_judged(lines in prop::collection::vec(line(), 0..40), end in "\n|\r\n") {
        is_sound(&load(format!("[supervisord]\n{}", lines.join(&end)).into_bytes(), MAIN));
    }

    #[test]
    fn any_native_text_is_judged(text in "(\\[(program|group)\\.[ab]\\]\n|[a-z]{1,9} = (1|true|\"x\"|\\[1\\])\n|\\PC{0,9}\n){0,12}") {
        is_sound(&load(text.into_bytes(), "/etc/sv/main.toml"));
    }
}
