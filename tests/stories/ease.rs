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
    assert_eq!(stage.read("visord.log").matches("gave up").count(), 0);
    let job = stage.wait_for("job", "EXITED");
    assert_eq!((&job["exit_code"], &job["result"]), (&0.into(), &"success".into()));
    assert!(stage.read("visord.log").contains("exited: job (exit status 0; expected)"));
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
