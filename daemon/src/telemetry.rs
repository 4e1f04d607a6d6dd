//! What a process uses, as the kernel shows it in /proc (proc_pid_stat(5), proc_pid_statm(5)).

use std::fs;
use std::io;

use nix::unistd::{SysconfVar, sysconf};
use visor_dbus::Usage;

/// Memory, processor time and threads of `pid`, which must be an unreaped child: of any other the number may have gone
/// to somebody else. What a log room counts is left at zero.
///
/// # Errors
/// If there is no such process, or what the kernel shows cannot be understood.
pub(crate) fn usage(pid: u32) -> io::Result<Usage> {
    let stat = fs::read(format!("/proc/{pid}/stat"))?;
    let statm = fs::read_to_string(format!("/proc/{pid}/statm"))?;
    let stat = String::from_utf8_lossy(&stat);
    parse(&stat, &statm, unit(SysconfVar::PAGE_SIZE), unit(SysconfVar::CLK_TCK))
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
}

fn unit(variable: SysconfVar) -> u64 {
    sysconf(variable).ok().flatten().and_then(|value| u64::try_from(value).ok()).unwrap_or(1)
}

fn parse(stat: &str, statm: &str, page_bytes: u64, ticks_per_second: u64) -> Option<Usage> {
    // The second field is the command's name in brackets, which may hold spaces and brackets. After it comes field 3.
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    let (user, system, threads) = (field(14)?, field(15)?, field(20)?);
    let resident: u64 = statm.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(Usage {
        memory: resident.saturating_mul(page_bytes),
        cpu_nsec: user
            .saturating_add(system)
            .saturating_mul(1_000_000_000 / ticks_per_second.max(1)),
        tasks: threads,
        ..Usage::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_spaces_does_not_shift_the_fields() {
        let stat = "7 (a) R 1 (b) S 1 7 7 0 -1 4194560 9 0 0 0 250 50 0 0 20 0 3 0 99 1000 200 18446744073709551615\n";
        let usage = parse(stat, "244 200 150 5 0 30 0\n", 4096, 100).unwrap();
        assert_eq!((usage.memory, usage.cpu_nsec, usage.tasks), (819_200, 3_000_000_000, 3));
    }

    #[test]
    fn nonsense_is_refused() {
        assert_eq!(parse("", "", 4096, 100), None);
        assert_eq!(parse("7 (x) S 1", "1 2", 4096, 100), None);
    }

    #[test]
    fn this_process_uses_memory_and_has_threads() {
        let usage = usage(std::process::id()).unwrap();
        assert!(usage.memory > 0 && usage.tasks > 0, "{usage:?}");
    }

    #[test]
    fn a_process_that_is_not_there_is_an_error() {
        assert_eq!(usage(u32::MAX).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
