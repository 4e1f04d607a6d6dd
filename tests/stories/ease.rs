//! What visord adds for those whom Supervisor hurts.

use visor_tests::{Stage, wait_until};

#[test]
fn a_program_that_always_fails_is_tried_for_ever_at_its_own_pace() {
    let stage = Stage::new(
        "[program:web]\ncommand=/bin/false\nstartretries=-1\nrestart_delay=50ms\n\
         [program:job]\ncommand=/bin/true\nstartsecs=60\nearly_exit=ok\nautorestart=false\n",
    )
    .started();
    wait_until("six tries", || stage.row("web").filter(|row| row["restarts"].as_u64() >= Some(6)));
    let job = stage.wait_for("job", "EXITED");
    assert_eq!((&job["exit_code"], &job["result"]), (&0.into(), &"success".into()));
    stage.says("visord.log", "exited: job (exit status 0; expected)");
    assert_eq!(stage.read("visord.log").matches("gave up").count(), 0);
}

#[test]
fn a_program_that_ran_is_started_again_after_its_pause_and_can_be_stopped_in_it() {
    let stage = Stage::new(
        "[program:web]\ncommand=sleep 1000\nstartsecs=0\nrestart_delay=1h\nautorestart=true\n",
    )
    .started();
    stage.reaches("web", "RUNNING");
    let pid = nix::unistd::Pid::from_raw(stage.pid_of("web"));
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).expect("a living program");
    stage.reaches("web", "BACKOFF");
    let status = stage.ctl(&["status", "web"]).out;
    assert!(status.contains("starts again in ") && status.contains("SIGKILL"), "{status}");
    let stopped = stage.ctl(&["stop", "web"]);
    assert_eq!((stopped.code, stopped.out.as_str()), (0, "web: stopped\n"));
}

#[test]
fn missing_log_directories_are_made_and_belong_to_the_daemon() {
    let stage = Stage::new(
        "[program:web]\ncommand=sh -c 'echo hello; exec sleep 1000'\nstdout_logfile=%(here)s/logs/web/out.log\n",
    );
    let text = stage.read("visord.conf").replace("/visord.log", "/own/visord.log");
    let auto = format!("childlogdir={}/auto", stage.dir().display());
    let plain = format!("childlogdir={}", stage.dir().display());
    stage.write("visord.conf", &text.replace(&plain, &auto));
    let stage = stage.started();
    stage.reaches("web", "RUNNING");
    wait_until("the output", || (stage.read("logs/web/out.log") == "hello\n").then_some(()));
    assert_eq!(std::fs::read_dir(stage.path("auto")).expect("made for the AUTO log").count(), 1);
    for directory in ["own", "logs/web"] {
        let text = format!("made the directory {} for log files", stage.path(directory).display());
        stage.says("own/visord.log", &text);
    }
}

#[test]
fn a_program_runs_without_a_log_file_that_cannot_be_opened_and_says_so() {
    let stage = Stage::new(
        "[program:web]\ncommand=sh -c 'echo early; while ! test -e go; do sleep 0.01; done; echo late; exec sleep 1000'\n\
         directory=%(here)s\nstdout_logfile=%(here)s/taken\nstderr_logfile=NONE\n",
    );
    std::fs::create_dir(stage.path("taken")).expect("a directory where the file should be");
    let stage = stage.started();
    stage.reaches("web", "RUNNING");
    let trouble = format!("cannot open log file {}: Is a directory", stage.path("taken").display());
    let status = stage.ctl(&["status", "web"]).out;
    assert!(status.contains(&trouble), "{status}");
    let show = stage.ctl(&["show", "web", "-p", "LogTrouble", "--value"]).out;
    assert!(show.starts_with(&trouble), "{show}");
    stage.says("visord.log", &trouble);
    stage.says("visord.log", "web runs without it, its output is not kept");
    wait_until("what it said last", || {
        (stage.ctl(&["logs", "web"]).out == "early\n").then_some(())
    });

    std::fs::remove_dir(stage.path("taken")).expect("the directory");
    stage.signal(nix::sys::signal::Signal::SIGUSR2);
    wait_until("the file", || stage.path("taken").is_file().then_some(()));
    stage.write("go", "");
    wait_until("the output", || (stage.read("taken") == "late\n").then_some(()));
    assert_eq!(stage.row("web").expect("a row")["log_trouble"], "");
}

#[test]
fn a_program_has_its_own_limits_and_nice_value() {
    let stage = Stage::new(
        "[program:web]\ncommand=sh -c 'ulimit -S -n; ulimit -H -n; ulimit -c; nice; exec sleep 1000'\nstartsecs=0\n\
         stdout_logfile=%(here)s/out\nlimit_nofile=128:256\nlimit_core=0\nnice=3\n\
         [program:greedy]\ncommand=sleep 1000\nstartretries=0\nstartsecs=0\nlimit_nofile=9000000000\nautorestart=false\n",
    )
    .started();
    wait_until("the output", || (stage.read("out") == "128\n256\n0\n3\n").then_some(()));
    let greedy = stage.wait_for("greedy", "EXITED");
    let error = greedy["spawn_error"].as_str().expect("a text");
    assert!(
        error.starts_with("couldn't set RLIMIT_NOFILE to 9000000000, where the hard limit is ")
    );
    assert!(error.ends_with(": EPERM"), "{error}");
}

#[test]
fn variables_from_a_file_reach_the_program_and_nobody_else() {
    let stage = Stage::new(
        "[program:web]\ncommand=sh -c 'echo $TOKEN $MODE; exec sleep 1000'\nstartsecs=0\nstdout_logfile=%(here)s/out\n\
         environment=MODE=\"conf\",TOKEN=\"none\"\nenvironment_file=web.env -gone.env\n",
    );
    stage.write("web.env", "# for web\nTOKEN='geheim 1'\n");
    let stage = stage.started();
    wait_until("the output", || (stage.read("out") == "geheim 1 conf\n").then_some(()));
    let mut check = std::process::Command::new(visor_tests::binary("visord"));
    let check =
        visor_tests::run(check.args(["--check", "--json", "-c"]).arg(stage.path("visord.conf")));
    assert!(check.out.contains("\"TOKEN\": \"***\""), "{}", check.out);
    let said = [check.out, stage.ctl(&["show", "web"]).out, stage.read("visord.log")].concat();
    assert!(!said.contains("geheim"), "{said}");

    stage.write("web.env", "TOKEN=\"geheim 2\nMORE=1\n");
    let refused = stage.ctl(&["update"]);
    assert!(refused.code != 0 && refused.err.contains("this quote is never closed"));
    assert!(!refused.err.contains("geheim"), "{}", refused.err);
    stage.write("web.env", "TOKEN=2\n");
    assert!(stage.ctl(&["update"]).out.ends_with("web: updated process group\n"));
    wait_until("the new output", || stage.read("out").ends_with("\n2 conf\n").then_some(()));
}

#[test]
fn lines_have_the_form_that_the_program_asks_for() {
    let stage = Stage::new(
        "[program:web]\ncommand=sh -c 'echo one; echo two >&2; printf three; exec sleep 1000'\nstartsecs=0\n\
         log_format=%(isotime)s %(name)s[%(pid)s] %(stream)s: %(message)s\n\
         stdout_logfile=%(here)s/both\nstderr_logfile=%(here)s/both\n",
    )
    .started();
    wait_until("both lines", || (stage.read("both").lines().count() == 2).then_some(()));
    let pid = stage.pid_of("web");
    assert_eq!(stage.ctl(&["stop", "web"]).code, 0);
    wait_until("the rest", || stage.read("both").ends_with("three\n").then_some(()));
    let text = stage.read("both");
    let mut lines: Vec<&str> =
        text.lines().map(|line| line.split_once(' ').expect(&text).1).collect();
    lines.sort_unstable();
    let expected = [("stderr", "two"), ("stdout", "one"), ("stdout", "three")];
    assert_eq!(lines, expected.map(|(stream, line)| format!("web[{pid}] {stream}: {line}")));
}

#[test]
fn why_names_the_one_that_failed() {
    let stage = Stage::new(
        "[program:db]\ncommand=/no/such/file\nstartretries=0\n[program:web]\ncommand=sleep 1000\nrequires=db\n",
    )
    .started();
    stage.reaches("web", "FATAL");
    let why = stage.ctl(&["why", "web"]);
    let lines: Vec<&str> = why.out.lines().collect();
    assert_eq!((why.code, lines.len()), (0, 2), "{}", why.out);
    assert!(
        lines[0].starts_with("web is FATAL since ") && lines[0].ends_with("dependency db failed")
    );
    assert!(lines[1].starts_with("  db is FATAL since "), "{}", why.out);
    assert!(lines[1].contains("can't find command '/no/such/file'"), "{}", why.out);
}
