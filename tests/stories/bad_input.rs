//! What a user, a file or a peer can get wrong: a clear error or a degraded mode, and nothing else harmed.

use std::io::Write;
use std::os::unix::net::UnixStream;

use visor_tests::{Stage, run, wait_until};

#[test]
fn a_second_daemon_on_the_same_socket_is_refused_and_the_first_is_unharmed() {
    let stage = Stage::new("[program:up]\ncommand=sleep 1000\nstartsecs=0\n").started();
    stage.reaches("up", "RUNNING");
    let pid = stage.pid_of("up");

    let second = run(&mut stage.daemon_command());
    assert_eq!(second.code, 2, "{}", second.err);
    assert!(second.err.contains("bus") && second.err.contains("another"), "{}", second.err);

    assert_eq!(stage.pid_of("up"), pid);
    assert!(stage.path("visord.pid").exists());
}

#[test]
fn every_problem_of_a_file_is_reported_at_once_with_its_place() {
    let stage = Stage::new(
        "[program:a]\ncommand=true\nstartsecs=soon\nautorstart=true\n[program:b]\nnumprocs=2\n",
    );
    let output = run(stage.daemon_command().arg("--check"));
    assert_eq!(output.code, 2);
    let text = output.out + &output.err;
    for part in [
        "soon",
        "autorstart",
        "autostart",
        "program section program:b does not specify a command",
        "visord.conf:",
    ] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
}

#[test]
fn programs_that_cannot_be_started_say_why() {
    let stage = Stage::new(
        "[program:missing]\ncommand=/no/such/file\nstartretries=0\n\
         [program:directory]\ncommand=/tmp\nstartretries=0\n\
         [program:nolog]\ncommand=true\nstartretries=0\nstdout_logfile=%(here)s/sub/x.log\n\
         [program:nowhere]\ncommand=true\nstartretries=0\ndirectory=/no/such/directory\n",
    );
    std::fs::create_dir(stage.path("sub")).expect("mkdir");
    let stage = stage.started();
    for (id, why) in [
        ("missing", "can't find command '/no/such/file'"),
        ("directory", "command at '/tmp' is a directory"),
    ] {
        let row = stage.wait_for(id, "FATAL");
        assert_eq!(row["spawn_error"], why);
    }
    let why = "couldn't chdir to /no/such/directory: ENOENT";
    assert_eq!(stage.wait_for("nowhere", "FATAL")["spawn_error"], why);
    assert!(stage.ctl(&["status", "nowhere"]).out.contains(why));
    stage.says("visord.log", &format!("INFO spawnerr: {why}"));
    wait_until("the last words of the child", || {
        stage.read_matching("nowhere-stderr").contains(why).then_some(())
    });
}

#[test]
fn rubbish_on_the_socket_harms_nobody() {
    let stage = Stage::new("[program:up]\ncommand=sleep 1000\nstartsecs=0\n").started();
    stage.reaches("up", "RUNNING");
    for rubbish in [&b"\0AUTH EXTERNAL zz\r\n"[..], b"GET / HTTP/1.0\r\n\r\n", &[0xff; 4096], b"\0"]
    {
        let mut peer = UnixStream::connect(stage.path("bus")).expect("the socket");
        // The daemon may hang up first.
        drop(peer.write_all(rubbish));
    }
    let silent: Vec<UnixStream> =
        (0..20).map(|_| UnixStream::connect(stage.path("bus")).expect("the socket")).collect();
    assert_eq!(stage.ctl(&["status"]).code, 0);
    drop(silent);
}

#[test]
fn a_full_disk_under_a_log_file_is_said_and_the_program_runs_on() {
    let stage = Stage::new(
        "[program:chatty]\nstartsecs=0\nstdout_logfile=/dev/full\nstdout_logfile_maxbytes=0\n\
         command=sh -c 'echo lost; exec sleep 1000'\n",
    )
    .started();
    stage.reaches("chatty", "RUNNING");
    stage.says("visord.log", "cannot write log file /dev/full");
    assert_eq!(stage.row("chatty").expect("a row")["state"], "RUNNING");
}

#[test]
fn whoever_gives_an_order_that_cannot_be_carried_out_is_told_why_and_what_to_do() {
    let text =
        "[program:up]\ncommand=cat\nstartsecs=0\n[program:off]\ncommand=cat\nautostart=false\n";
    let stage = Stage::new(text).started();
    stage.reaches("up", "RUNNING");
    for (words, code, said) in [
        // Nothing is read, and yet the name counts.
        (&["send", "upp"] as &[&str], 1, "error: upp: no such process\nhint: did you mean up?\n"),
        (&["send", "off"], 7, "error: off: not running\n"),
    ] {
        let output = stage.ctl(words);
        assert_eq!((output.code, output.err.as_str()), (code, said), "{words:?}");
    }
    let signal = stage.ctl(&["signal", "KIL", "up"]);
    assert!(signal.code == 2 && signal.err.contains("did you mean SIGKILL?"), "{}", signal.err);

    // A warning that comes before it is not the reason.
    let mut file = std::fs::read_to_string(stage.path("visord.conf")).expect("the file");
    file.push_str("nonsense=1\n[program:empty]\n");
    stage.write("visord.conf", &file);
    let refused = stage.ctl(&["reread"]);
    let reason = refused.err.lines().next().expect("a reason");
    assert!(reason.contains("program:empty does not specify a command"), "{}", refused.err);
    assert!(refused.err.contains("nonsense"), "{}", refused.err);
}
