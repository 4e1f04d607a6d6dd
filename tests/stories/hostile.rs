//! Bytes that want to be more than bytes: in files, in names, in output.

use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use visor_tests::{Stage, binary, run, wait_until};

/// Whether a text would do more to a terminal than be shown. Our own colours do not count: there is no terminal here.
fn steers(text: &str) -> bool {
    text.chars().any(|c| c.is_control() && c != '\n' && c != '\t')
}

const EVIL: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m";

#[test]
fn escapes_in_names_and_output_do_not_reach_the_terminal() {
    let stage = Stage::new(&format!(
        "[program:plain]\ncommand=printf '\\033]0;owned\\007\\n'\nstartretries=0\n\
         [program:evil{EVIL}]\ncommand=/no/{EVIL}such\nstartretries=0\n"
    ))
    .started();
    stage.reaches("plain", "FATAL");
    wait_until("every program to fail", || {
        stage.rows().iter().all(|row| row["state"] == "FATAL").then_some(())
    });
    let evil = format!("evil{EVIL}");
    for words in [
        &["status"][..],
        &["status", &evil],
        &["list"],
        &["show", &evil],
        &["show", "plain"],
        &["start", &evil],
        &["stop", &format!("no{EVIL}such")],
        &["update", "--dry-run"],
        &["reread"],
        &["pid", &evil],
        &["status", "--json"],
    ] {
        let output = stage.ctl(words);
        assert!(
            !steers(&output.out) && !steers(&output.err),
            "{words:?}: {:?} {:?}",
            output.out,
            output.err
        );
    }
    stage.says("visord.log", "gave up");
    assert!(!steers(&stage.read("visord.log")), "{:?}", stage.read("visord.log"));
    assert!(!steers(&stage.read("terminal")), "{:?}", stage.read("terminal"));
}

#[test]
fn escapes_in_a_refused_file_do_not_reach_the_terminal() {
    let stage = Stage::new(&format!(
        "[program:a{EVIL}]\ncommand=true\nstartsecs={EVIL}\n{EVIL}\nfoo{EVIL}=bar\n[sect{EVIL}]\n"
    ));
    for check in [&["--check"][..], &[], &["--check", "--json"]] {
        let output = run(stage.daemon_command().args(check));
        assert_eq!(output.code, 2, "{check:?} {}", output.err);
        assert!(
            !steers(&output.out) && !steers(&output.err),
            "{check:?}: {:?} {:?}",
            output.out,
            output.err
        );
    }
}

#[test]
fn a_file_of_any_bytes_is_refused_and_no_more() {
    let mut state = 88_172_645_463_325_252_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let stage = Stage::new("");
    let noise: Vec<u8> = (0..4096).flat_map(|_| random().to_le_bytes()).collect();
    let nul =
        b"[supervisord]\nnodaemon=true\n[program:a\0b]\ncommand=tr\0ue\ndirectory=/\0\n".to_vec();
    let long = [b"[supervisord]\n[program:a]\ncommand=".to_vec(), vec![b'x'; 1 << 20]].concat();
    let nested = [b"[supervisord]\n[program:a]\ncommand=".to_vec(), b"%(".repeat(100_000)].concat();
    for (name, bytes) in [("noise", noise), ("nul", nul), ("long", long), ("nested", nested)] {
        std::fs::write(stage.path("visord.conf"), bytes).expect("a file");
        for words in
            [&["--check"][..], &["--check", "--json"], &["--check", "--fragment", "--no-host"]]
        {
            let output = run(stage.daemon_command().args(words));
            assert!(
                [0, 2].contains(&output.code),
                "{name} {words:?}: {} {}",
                output.code,
                output.err
            );
            assert!(!output.err.contains("panicked"), "{name}: {}", output.err);
        }
    }
}

#[test]
fn a_thousand_broken_lines_are_a_thousand_problems() {
    let lines: String = (0..1000).map(|n| format!("[program:p{n}]\nstartsecs=soon{n}\n")).collect();
    let stage = Stage::new(&lines);
    let output = run(stage.daemon_command().arg("--check"));
    assert_eq!(output.code, 2);
    let text = output.out + &output.err;
    for n in [0, 499, 999] {
        assert!(text.contains(&format!("soon{n}")), "no problem about line {n}");
    }
    let refused = run(&mut stage.daemon_command());
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("soon999"), "{}", refused.err.len());
    assert!(!stage.path("bus").exists() && !stage.path("visord.pid").exists());
}

#[test]
fn a_configuration_that_is_no_file_is_refused() {
    let stage = Stage::new("");
    for path in [stage.dir().to_owned(), stage.path("none"), "/dev/zero".into()] {
        let output = run(Command::new(binary("visord")).arg("-c").arg(&path));
        assert_eq!(output.code, 2, "{} {}", path.display(), output.err);
        let name = String::from_utf8_lossy(path.as_os_str().as_bytes()).into_owned();
        assert!(output.err.contains(&name), "{}", output.err);
    }
}

#[test]
fn a_user_who_is_not_there_is_said_with_the_line() {
    let stage = Stage::new(
        "[program:a]\ncommand=true\nuser=no-such-user\n[program:b]\ncommand=true\nuser=\n",
    );
    let output = run(&mut stage.daemon_command());
    assert_eq!(output.code, 2);
    for part in ["no-such-user", "visord.conf:12:6"] {
        assert!(output.err.contains(part), "no {part:?} in\n{}", output.err);
    }
}

#[test]
fn output_without_an_end_or_a_line_is_kept_and_shown() {
    let stage = Stage::new(
        "[program:raw]\nstartsecs=0\nstdout_logfile=%(here)s/raw\n\
         command=python3 -c \"import os,time; os.write(1, bytes(range(256)) * 4096); time.sleep(1000)\"\n",
    )
    .started();
    let wanted: Vec<u8> = (0..=255).collect::<Vec<u8>>().repeat(4096);
    wait_until("every byte", || (std::fs::read(stage.path("raw")).ok()? == wanted).then_some(()));
    assert_eq!(stage.ctl(&["status"]).code, 0);
}
