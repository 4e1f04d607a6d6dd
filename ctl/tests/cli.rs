//! The real binary where no daemon is, and where the command line is wrong: what it says, where, and its exit code.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::fs::File;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// Exit code, standard output, standard error.
type Told = (i32, String, String);

/// Runs it in an empty world: no run-time directory, no bus.
fn visorctl(words: &[&str]) -> Told {
    let dir = tempfile::tempdir().unwrap();
    let output = bare(words).env("XDG_RUNTIME_DIR", dir.path()).output().unwrap();
    let text = |bytes: Vec<u8>| {
        String::from_utf8(bytes).unwrap().replace(&dir.path().display().to_string(), "RUN")
    };
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn bare(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_visorctl"));
    command.env_clear().args(words).stdin(Stdio::null());
    command
}

const HINT: &str = "start one with `visord -c FILE`, or say where it is with --socket PATH, --system, --session or -c FILE";

#[test]
fn without_a_daemon_it_says_what_it_tried_and_what_to_do() {
    let (code, out, err) = visorctl(&["status", "-s", "/nowhere/bus"]);
    assert_eq!((code, out.as_str()), (4, ""));
    assert_eq!(
        err,
        format!(
            "error: no visord found\n  socket /nowhere/bus: No such file or directory\nhint: {HINT}\n"
        )
    );
}

#[test]
fn every_place_is_named() {
    let socket = "unix:path=/nowhere/system";
    let output = bare(&["status"])
        .env("XDG_RUNTIME_DIR", "/nowhere")
        .env("DBUS_SYSTEM_BUS_ADDRESS", socket)
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/session")
        .output()
        .unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    let tried: Vec<&str> = err.lines().filter_map(|line| line.strip_prefix("  ")).collect();
    assert!(tried.iter().any(|line| line.starts_with("socket ")), "{err}");
    assert!(tried.iter().any(|line| line.starts_with("system bus: ")), "{err}");
    assert_eq!(output.status.code(), Some(4));
}

#[test]
fn every_verb_that_needs_a_daemon_says_4_without_one() {
    let verbs: [&[&str]; 14] = [
        &["status"],
        &["list"],
        &["show", "web"],
        &["start", "web"],
        &["stop", "all"],
        &["restart", "w*"],
        &["signal", "HUP", "web"],
        &["reread"],
        &["update", "--dry-run"],
        &["reload"],
        &["shutdown"],
        &["logs", "-f", "web"],
        &["pid"],
        &["version"],
    ];
    for words in verbs {
        let (code, _, err) = visorctl(&[words, &["--socket=/nowhere/bus"]].concat());
        assert_eq!((code, err.lines().next()), (4, Some("error: no visord found")), "{words:?}");
    }
}

#[test]
fn an_address_that_is_no_url_gets_the_url_suggested() {
    let (code, _, err) = visorctl(&["status", "-s", "localhost:9001"]);
    assert_eq!(code, 4);
    assert!(
        err.ends_with("hint: a Supervisor is named by its URL: --socket http://localhost:9001\n"),
        "{err}"
    );
}

#[test]
fn the_socket_can_be_named_in_the_environment() {
    let output = bare(&["pid"]).env("VISORD_SOCKET", "/elsewhere/bus").output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(err.contains("\n  socket /elsewhere/bus: "), "{err}");
}

#[test]
fn a_failure_is_a_json_document_where_one_is_asked_for() {
    let (code, out, err) = visorctl(&["--json", "stop", "web", "-s", "/nowhere/bus"]);
    let document: Value = serde_json::from_str(&out).unwrap();
    let error = json!({
        "fault": "Unreachable",
        "text": "no visord found",
        "hint": HINT,
        "details": ["socket /nowhere/bus: No such file or directory"],
    });
    assert_eq!((code, document, err.as_str()), (4, json!({ "error": error }), ""));
}

#[test]
fn a_wrong_command_line_is_told_in_the_form_asked_for() {
    let (code, out, err) = visorctl(&["start"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(
        err.starts_with("error: the following required arguments were not provided:\n  <NAME>")
    );
    let (code, out, err) = visorctl(&["start", "--json"]);
    let document: Value = serde_json::from_str(&out).unwrap();
    let text = "the following required arguments were not provided: <NAME>...";
    assert_eq!((code, err.as_str()), (2, ""));
    assert_eq!(document["error"]["fault"], json!("BadArguments"));
    assert_eq!(document["error"]["text"], json!(text));
}

#[test]
fn a_wrong_word_gets_the_right_one_suggested() {
    for (words, tip) in [
        (&["statsu"] as &[&str], "'status'"),
        (&["status", "--jsn"], "'--json'"),
        (&["completion", "bsh"], "'bash'"),
    ] {
        let (code, _, err) = visorctl(words);
        assert_eq!(code, 2, "{words:?}");
        assert!(err.contains("tip: ") && err.contains(tip), "{err}");
    }
}

#[test]
fn a_signal_that_does_not_exist_is_refused_in_supervisors_words() {
    let (code, _, err) = visorctl(&["signal", "FOO", "web"]);
    assert_eq!(code, 2);
    assert!(err.contains("value 'FOO' is not a valid signal name"), "{err}");
}

#[test]
fn only_one_place_can_be_named() {
    let (code, _, err) = visorctl(&["status", "--system", "--session"]);
    assert_eq!(code, 2);
    assert!(err.contains("cannot be used with"), "{err}");
}

#[test]
fn help_and_version_are_answers() {
    for words in [&["--help"], &["--version"], &["help"]] {
        let (code, out, err) = visorctl(words);
        assert_eq!((code, err.as_str()), (0, ""), "{words:?}");
        assert!(out.contains("visorctl"), "{out}");
    }
    let (_, out, _) = visorctl(&["--help"]);
    assert!(out.contains("\nExit status:\n  0  done, or already so\n"), "{out}");
}

#[test]
fn a_pipe_that_is_closed_ends_it_quietly() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = bare(&["completion", "bash"]).stdout(writer).output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), b"".as_slice()));
}

#[test]
fn a_full_disk_is_told() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = bare(&["completion", "bash"]).stdout(full).output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(err, "error: No space left on device (os error 28)\n");
}

#[test]
fn completion_never_complains() {
    for (variable, words) in
        [("bash", &["--", "visorctl", "start", "-s", "/nowhere/bus", ""] as &[&str]), ("ksh", &[])]
    {
        let output = bare(words).env("COMPLETE", variable).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(output.stderr, b"");
    }
}

/// What is tried for a configuration with this text, in a file of its own.
fn tried_for(text: &str) -> Told {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("visord.conf");
    std::fs::write(&file, text).unwrap();
    let (code, out, err) = visorctl(&["pid", "-c", &file.display().to_string()]);
    (code, out, err.replace(&dir.path().display().to_string(), "DIR"))
}

#[test]
fn the_socket_can_be_named_in_the_configuration() {
    // Neither the unknown variable nor the missing command keeps the socket from being found.
    let (code, _, err) = tried_for(
        "[visord]\nsocket=%(here)s/run/bus\n[program:web]\nenvironment=A=%(ENV_NOT_HERE)s\n",
    );
    assert_eq!(code, 4);
    assert!(err.contains("\n  socket DIR/run/bus: No such file"), "{err}");
    let (_, _, err) = tried_for("[supervisord]\n");
    assert!(err.contains("\n  socket ") && !err.contains("DIR"), "{err}");
}

#[test]
fn a_configuration_that_cannot_be_read_is_told() {
    let (code, _, err) = visorctl(&["status", "-c", "/nowhere/visord.conf"]);
    assert_eq!(code, 1);
    let said = "error: could not find config file /nowhere/visord.conf
";
    assert!(err.starts_with(said), "{err}");
}
