//! When something runs out: disk, descriptors, file sizes.

use std::os::unix::net::UnixStream;
use std::process::Command;

use visor_tests::{Stage, run, sandboxed, skip, under, wait_until};

#[test]
fn a_disk_that_fills_up_loses_output_says_so_and_recovers() {
    sandboxed("resources::a_disk_that_fills_up_loses_output_says_so_and_recovers", |_| {
        let stage = Stage::new("");
        let disk = stage.path("disk");
        std::fs::create_dir(&disk).expect("mkdir");
        let mounted =
            run(Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"]).arg(&disk));
        assert_eq!(mounted.code, 0, "{}", mounted.err);
        stage.configure(
            "[program:chatty]\nstartsecs=0\nstdout_logfile=%(here)s/disk/log\nstdout_logfile_maxbytes=0\n\
             command=sh -c 'head -c 200000 /dev/zero | tr \"\\\\0\" x && echo && touch written && while test -e disk/full\
             [CONTINUE] do sleep 0.01 && true[CONTINUE] done && echo again && exec sleep 1000'\ndirectory=%(here)s\n",
        );
        let text = stage.read("visord.conf").replace("[CONTINUE]", ";");
        stage.write("visord.conf", &text);
        std::fs::write(disk.join("full"), "x").expect("a file");
        let stage = stage.started();
        wait_until("the program to have written all", || {
            stage.path("written").exists().then_some(())
        });
        let log = format!("log file {}/log", disk.display());
        wait_until("the loss in the log", || {
            stage
                .read("visord.log")
                .contains(&format!("cannot write {log}: No space left"))
                .then_some(())
        });
        assert_eq!(stage.row("chatty").expect("a row")["state"], "RUNNING");
        let grown = run(Command::new("mount").args(["-o", "remount,size=1m"]).arg(&disk));
        assert_eq!(grown.code, 0, "{}", grown.err);
        std::fs::remove_file(disk.join("full")).expect("a file");
        wait_until("the end of it in the log", || {
            let said = stage.read("visord.log");
            (said.contains(&format!("{log} can be written again"))
                && said.contains("bytes were lost"))
            .then_some(())
        });
        assert!(stage.read("disk/log").ends_with("again\n"));
        assert_eq!(stage.read("visord.log").matches("cannot write").count(), 1, "said once");
    });
}

#[test]
fn a_limit_on_file_sizes_loses_output_and_not_the_daemon() {
    let stage = Stage::new(
        "[program:chatty]\nstartsecs=0\nstdout_logfile=%(here)s/log\nstdout_logfile_maxbytes=0\n\
         command=python3 -c \"import os,signal,time; print('x' * 100000, signal.getsignal(signal.SIGXFSZ), flush=True); time.sleep(1000)\"\n",
    )
    .started_under(&["prlimit", "--fsize=20000"]);
    stage.says("visord.log", "File too large");
    assert_eq!(stage.row("chatty").expect("a row")["state"], "RUNNING");
}

#[test]
fn without_descriptors_programs_fail_one_by_one_and_the_daemon_can_still_be_asked() {
    let stage = Stage::new(
        "[program:many]\ncommand=sleep 1000\nnumprocs=100\nprocess_name=p_%(process_num)02d\nstartsecs=0\n\
         startretries=0\nstdout_logfile=NONE\nstderr_logfile=NONE\n[program:late]\ncommand=sleep 1000\nstartsecs=0\n\
         autostart=false\n",
    );
    let text = stage.read("visord.conf").replace("[supervisord]", "[supervisord]\nminfds=10");
    stage.write("visord.conf", &text);
    let stage = stage.started_under(&["prlimit", "--nofile=160:160"]);
    let settled = wait_until("every program to settle", || {
        let rows = stage.rows();
        let many = rows.iter().filter(|row| row["group"] == "many" || row["id"] != "late");
        let states: Vec<(String, String)> =
            many.map(|row| (row["state"].to_string(), row["spawn_error"].to_string())).collect();
        let done = states.iter().all(|(state, _)| state == "\"RUNNING\"" || state == "\"FATAL\"");
        (states.len() == 100 && done).then_some(states)
    });
    let failed: Vec<_> = settled.iter().filter(|(state, _)| state == "\"FATAL\"").collect();
    assert!(!failed.is_empty() && failed.len() < 100, "{} failed", failed.len());
    assert!(
        failed.iter().all(|(_, error)| error.contains("too many open files to spawn")),
        "{failed:?}"
    );

    // Others hold connections as well.
    let others: Vec<UnixStream> =
        (0..12).map(|_| UnixStream::connect(stage.path("bus")).expect("the socket")).collect();
    let log = stage.ctl(&["logs", "-n", "all"]);
    assert!(log.code == 0 && log.out.contains("too many open files to spawn"), "{}", log.err);
    drop(others);
    let refused = stage.ctl(&["start", "late"]);
    assert!(refused.code != 0, "{}", refused.out);
    assert_eq!(stage.ctl(&["stop", "many:*"]).code, 0);
    let started = stage.ctl(&["start", "late"]);
    assert_eq!(started.code, 0, "{}{}", started.out, started.err);
}

#[test]
fn with_too_few_descriptors_for_itself_the_daemon_does_not_start() {
    if !nix::unistd::geteuid().is_root() {
        return skip("needs root, to become a user who may not raise limits");
    }
    let stage = Stage::new("[program:up]\ncommand=sleep 1000\nstartsecs=0\n");
    let text = stage.read("visord.conf").replace("[supervisord]", "[supervisord]\nminfds=1");
    stage.write("visord.conf", &text);
    nix::unistd::chown(stage.dir(), Some(65534.into()), Some(65534.into())).expect("chown");
    let limited = |limit: &str| -> Vec<String> {
        let words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "prlimit"];
        words.map(str::to_owned).into_iter().chain([format!("--nofile={limit}:{limit}")]).collect()
    };
    for limit in ["8", "20", "63"] {
        let words = limited(limit);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let output = run(&mut under(&words, &stage.daemon_command()));
        assert_eq!(output.code, 2, "{}", output.err);
        let text = "The minimum number of file descriptors required to run this process is 64";
        assert!(output.err.contains(text), "{}", output.err);
    }
    let words = limited("64");
    let stage = stage.started_under(&words.iter().map(String::as_str).collect::<Vec<&str>>());
    stage.reaches("up", "RUNNING");
}
