//! Ends, signals, and many of both.

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::AsFd;

use super::super::kill;
use super::super::reap::Ended;
use super::*;

#[tokio::test]
async fn a_child_runs_and_its_exit_code_is_known() {
    let done = Nursery::new().run(launch(shell("echo out; echo err >&2; exit 3"))).await;
    let expected = Done {
        status: ExitStatus::Exited(3),
        stdout: "out\n".to_owned(),
        stderr: "err\n".to_owned(),
        setup_failure: None,
    };
    assert_eq!(done, expected);
}

#[tokio::test]
async fn the_signal_that_ended_a_child_is_known_real_time_signals_included() {
    let mut nursery = Nursery::new();
    for number in [15, 9, 34, 40, 64] {
        let running = nursery.start(launch(program("/bin/cat"))).await;
        nursery.reaper.signal(running.pid, Signal(number), false).unwrap();
        let status = nursery.reaper.next().await.status;
        assert_eq!(status, ExitStatus::Killed { signal: Signal(number), core: false });
    }
}

#[tokio::test]
async fn a_signal_to_the_group_reaches_grandchildren_and_one_to_the_process_does_not() {
    let mut nursery = Nursery::new();
    let script = "exec 3<&0; cat <&3 & echo ready; wait";
    for whole_group in [true, false] {
        let mut running = nursery.start(launch(shell(script))).await;
        wait_for_output(&running.output.stdout);
        nursery.reaper.signal(running.pid, Signal::TERM, whole_group).unwrap();
        nursery.reaper.next().await;
        let stdout = running.output.stdout;
        if !whole_group {
            // The grandchild holds the pipe still. It copies what it reads, then is at its end.
            fcntl(&stdout, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
            let mut text = [0; 64];
            assert_eq!(nix::unistd::read(&stdout, &mut text), Ok(6));
            assert_eq!(nix::unistd::read(&stdout, &mut text), Err(Errno::EAGAIN));
            kill::group(running.pid, Signal::KILL).unwrap();
        }
        running.output.stderr = None;
        read_to_end(stdout);
    }
}

/// Blocks until there is something to read; it stays unread.
fn wait_for_output(fd: &OwnedFd) {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    let mut fds = [PollFd::new(fd.as_fd(), PollFlags::POLLIN)];
    loop {
        match poll(&mut fds, PollTimeout::NONE) {
            // The end of another test's child.
            Err(Errno::EINTR) => {}
            found => break assert_eq!(found, Ok(1)),
        }
    }
}

/// A file stands for a pidfd for which epoll has no room.
#[tokio::test]
async fn a_child_that_cannot_be_watched_is_reaped_all_the_same() {
    let mut nursery = Nursery::new();
    for script in ["exit 3", "read line; exit 3"] {
        let Launched::Started { key, pid, stdin, .. } =
            nursery.launched(launch(shell(script))).await
        else {
            panic!("not started");
        };
        let file = std::fs::File::open("/etc/passwd").unwrap();
        nursery.reaper.watch(key, pid, file.into()).unwrap_err();
        drop(stdin);
        let ended = nursery.reaper.next().await;
        assert_eq!(ended, Ended { key, pid, status: ExitStatus::Exited(3) });
    }
}

#[tokio::test]
async fn signalling_what_has_ended_is_no_failure_and_a_number_that_is_no_signal_is() {
    let mut nursery = Nursery::new();
    let Launched::Started { key, pid, pidfd, .. } = nursery.launched(launch(shell("exit"))).await
    else {
        panic!("not started");
    };
    let copy = pidfd.try_clone().unwrap();
    nursery.reaper.watch(key, pid, pidfd).unwrap();
    wait_for_output(&copy);
    assert_eq!(nursery.reaper.signal(pid, Signal::TERM, false), Ok(()), "a zombie");
    assert_eq!(nursery.reaper.signal(pid, Signal::TERM, true), Ok(()), "a zombie's group");
    assert_eq!(nursery.reaper.signal(pid, Signal(99), false), Err(Errno::EINVAL));
    assert_eq!(nursery.reaper.next().await.status, ExitStatus::Exited(0));
    assert_eq!(nursery.reaper.signal(pid, Signal::TERM, false), Ok(()), "not known any more");
    assert_eq!(kill::process(copy.as_fd(), Signal::TERM), Ok(()), "reaped");
    assert_eq!(kill::group(1, Signal::TERM), Err(Errno::EINVAL), "everybody");
}

#[tokio::test]
async fn of_a_storm_every_end_is_reaped_once_with_its_own_status() {
    const CHILDREN: u32 = 500;
    let mut nursery = Nursery::new();
    let status = |key: u32| if key.is_multiple_of(10) { None } else { Some((key % 256) as u8) };
    for key in 0..CHILDREN {
        let script = match status(key) {
            Some(code) => format!("exit {code}"),
            None => "kill -KILL $$".to_owned(),
        };
        nursery.launcher.launch(Launch { key: Key(key), ..launch(shell(&script)) });
    }
    let mut pids = BTreeMap::new();
    for expected in 0..CHILDREN {
        let Some(Launched::Started { key, pid, pidfd, .. }) = nursery.results.recv().await else {
            panic!("not started");
        };
        assert_eq!(key, Key(expected), "in the order they were asked for");
        nursery.reaper.watch(key, pid, pidfd).unwrap();
        pids.insert(key, pid);
    }
    let runs: BTreeSet<_> = nursery.outputs.try_iter().map(|output| output.invocation).collect();
    assert_eq!(runs.len(), CHILDREN as usize, "every run has a name of its own");
    for _ in 0..CHILDREN {
        let ended = nursery.reaper.next().await;
        assert_eq!(pids.remove(&ended.key), Some(ended.pid));
        let killed = ExitStatus::Killed { signal: Signal::KILL, core: false };
        let expected = status(ended.key.0).map_or(killed, ExitStatus::Exited);
        assert_eq!(ended.status, expected);
    }
    assert_eq!(pids, BTreeMap::new());
}

#[tokio::test]
async fn a_child_that_somebody_else_has_reaped_still_ends() {
    let mut nursery = Nursery::new();
    let running = nursery.start(launch(shell("exit 4"))).await;
    let pid = nix::unistd::Pid::from_raw(running.pid.cast_signed());
    assert_eq!(waitpid(pid, None), Ok(WaitStatus::Exited(pid, 4)));
    let ended = nursery.reaper.next().await;
    assert_eq!((ended.pid, ended.status), (running.pid, ExitStatus::Other(u16::MAX)));
}

#[tokio::test]
async fn waiting_may_be_given_up_and_taken_up_again() {
    let mut nursery = Nursery::new();
    let running = nursery.start(launch(program("/bin/cat"))).await;
    tokio::select! {
        biased;
        ended = nursery.reaper.next() => panic!("{ended:?}"),
        () = std::future::ready(()) => {}
    }
    drop(running.stdin);
    assert_eq!(nursery.reaper.next().await.pid, running.pid);
}
