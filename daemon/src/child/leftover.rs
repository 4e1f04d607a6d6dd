//! What is left in the cgroup of a service: programs of a daemon that died, and what programs put into the background.
//!
//! The unit has `KillMode=process`: systemd kills the daemon at most, so that programs outlive its death. Who comes next
//! does not know them, and two of each would be worse than one less, so it ends them first, and before all else.

use std::collections::BTreeSet;
use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fs, process};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use visor_units::signal::Signal;

use super::kill;

/// How long they have after SIGTERM: `stopwaitsecs` as it is by default, since their own is not known any more.
const PATIENCE: Duration = Duration::from_secs(10);

/// The file that lists the processes of the service that this process is the main process of. `None` if it is none, as
/// by hand or in a container; others in its cgroup are none of its business then.
fn processes_of_service() -> Option<PathBuf> {
    let main: u32 = env::var("SYSTEMD_EXEC_PID").ok()?.parse().ok()?;
    let cgroups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let ours = cgroups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let is_service = main == process::id() && ours.ends_with(".service");
    // The second is where systemd has it beside the older hierarchies.
    let mounts = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].map(Path::new);
    let files = mounts.map(|mount| mount.join(ours).join("cgroup.procs"));
    files.into_iter().find(|file| is_service && file.exists())
}

/// Ends every other process of the service that this is, if it is one. Returns how many there were.
pub(crate) fn end() -> usize {
    processes_of_service().map_or(0, |file| end_all(PATIENCE, || listed(&file)))
}

/// The processes that a file of the cgroup tree lists. One that has ended is none of them, reaped or not.
fn listed(file: &Path) -> Vec<u32> {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.lines().filter_map(|line| line.parse().ok()).collect()
}

/// Ends whatever `list` names, but this process: with SIGTERM, and with SIGKILL what has not ended for so long. The list
/// is read again whenever one has, for it may have had children.
fn end_all(patience: Duration, list: impl Fn() -> Vec<u32>) -> usize {
    let mut found = BTreeSet::new();
    for signal in [Signal::TERM, Signal::KILL] {
        let deadline = Instant::now() + patience;
        let (mut told, mut living) = (BTreeSet::new(), Vec::new());
        loop {
            for pid in list().into_iter().filter(|pid| *pid != process::id()) {
                if told.insert(pid) {
                    living.extend(tell(pid, signal));
                }
            }
            found.extend(told.iter().copied());
            if living.is_empty() {
                return found.len();
            }
            if !wait_for_one(&mut living, deadline) {
                break;
            }
        }
    }
    found.len()
}

/// Signals a process, and keeps hold of it; `None` if it is gone.
fn tell(pid: u32, signal: Signal) -> Option<OwnedFd> {
    let pidfd = open(pid).ok()?;
    kill::process(pidfd.as_fd(), signal).ok()?;
    Some(pidfd)
}

fn open(pid: u32) -> Result<OwnedFd, Errno> {
    // SAFETY: takes numbers only.
    let result = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    let fd = i32::try_from(Errno::result(result)?).map_err(|_| Errno::EBADF)?;
    // SAFETY: the kernel has just made it, for us alone.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Waits until one has ended and lets go of those that have; false if none did before the deadline.
fn wait_for_one(living: &mut Vec<OwnedFd>, deadline: Instant) -> bool {
    let left = deadline.saturating_duration_since(Instant::now());
    let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
    let mut watched: Vec<PollFd<'_>> =
        living.iter().map(|pidfd| PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)).collect();
    match poll(&mut watched, timeout) {
        Ok(0) => return false,
        // A signal came between: round again.
        Err(_) => return !left.is_zero(),
        Ok(_) => {}
    }
    let mut ended = watched.iter().map(|fd| fd.any() == Some(true)).collect::<Vec<_>>().into_iter();
    living.retain(|_| ended.next() == Some(false));
    true
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::os::unix::process::{CommandExt, ExitStatusExt};
    use std::process::{Child, Command, Stdio};

    use super::*;

    /// A shell in a process group, by itself a new one, that has said it is ready.
    fn started(script: &str, group: i32) -> Child {
        let mut shell = Command::new("sh");
        shell.args(["-c", script]).process_group(group).stdout(Stdio::piped());
        let mut child = shell.spawn().expect("sh");
        let mut line = String::new();
        let output = child.stdout.as_mut().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("a line");
        assert_eq!(line, "ready\n");
        child
    }

    /// Those of a process group that have not ended: to tests what a cgroup is to a service.
    fn living(group: u32) -> Vec<u32> {
        let entries = fs::read_dir("/proc").expect("/proc").flatten();
        let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let is_one = |pid: &u32| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            // After the name, which may have anything in it: state, parent, group.
            let fields = stat.rsplit(") ").next().unwrap_or_default();
            let fields: Vec<&str> = fields.split(' ').take(3).collect();
            matches!(fields[..], [state, _, of] if state != "Z" && of == group.to_string())
        };
        numbers.filter(is_one).collect()
    }

    #[test]
    fn the_polite_the_stubborn_and_their_heirs_are_ended() {
        let mut polite = started("echo ready; exec sleep 1000", 0);
        let group = polite.id().cast_signed();
        let mut stubborn = started("trap '' TERM; echo ready; exec sleep 1000", group);
        let heir =
            "trap 'sh -c \"sleep 1000\" & exit 3' TERM; echo ready; while :; do sleep 1; done";
        let mut father = started(heir, group);
        let count = end_all(Duration::from_millis(500), || living(polite.id()));
        assert!(count >= 4, "{count}");
        assert_eq!(living(polite.id()), [0; 0]);
        assert_eq!(polite.wait().expect("its end").signal(), Some(libc::SIGTERM));
        assert_eq!(stubborn.wait().expect("its end").signal(), Some(libc::SIGKILL));
        assert_eq!(father.wait().expect("its end").code(), Some(3));
    }

    #[test]
    fn this_process_is_no_leftover() {
        assert_eq!(end_all(PATIENCE, || vec![process::id()]), 0);
    }

    #[test]
    fn by_hand_nothing_is_touched() {
        // Of a test's own service, if the tests are run by one, the test is not the main process.
        assert_eq!(processes_of_service(), None);
    }
}
