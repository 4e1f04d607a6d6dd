//! Resource limits of the daemon (`minfds`, `minprocs`), and what of them its children get.

use nix::sys::resource::{Resource, getrlimit, rlim_t, setrlimit};

/// A limit the configuration sets a minimum for.
struct Minimum {
    resource: Resource,
    name: &'static str,
    wanted: i64,
    /// What Supervisor says when it cannot be had, with `{min}` and `{hard}` to be filled in.
    refusal: &'static str,
}

/// Descriptors that the daemon needs for itself, whatever `minfds` says.
pub(crate) const OWN_FILES: i64 = 64;

const TOO_FEW_FILES: &str = "The minimum number of file descriptors required to run this process is {min} as per the \
     \"minfds\" command-line argument or config file setting. The current environment will only allow you to open \
     {hard} file descriptors.  Either raise the number of usable file descriptors in your environment (see README.rst) \
     or lower the minfds setting in the config file to allow the process to start.";

const TOO_FEW_PROCESSES: &str = "The minimum number of available processes required to run this program is {min} as \
     per the \"minprocs\" command-line argument or config file setting. The current environment will only allow you \
     to open {hard} processes.  Either raise the number of usable processes in your environment (see README.rst) or \
     lower the minprocs setting in the config file to allow the program to start.";

/// Raises the soft limits on descriptors and processes to at least these numbers, and says what is to be logged about
/// it. Unlike in Supervisor, a refusal shows the hard limit there is, not the one that was wanted.
///
/// # Errors
/// Supervisor's text, if a limit cannot be raised that far.
pub(crate) fn ensure(minfds: i64, minprocs: i64) -> Result<Vec<String>, String> {
    let minima = [
        Minimum {
            resource: Resource::RLIMIT_NOFILE,
            name: "RLIMIT_NOFILE",
            wanted: minfds,
            refusal: TOO_FEW_FILES,
        },
        Minimum {
            resource: Resource::RLIMIT_NPROC,
            name: "RLIMIT_NPROC",
            wanted: minprocs,
            refusal: TOO_FEW_PROCESSES,
        },
    ];
    minima.iter().filter_map(|minimum| minimum.ensure().transpose()).collect()
}

impl Minimum {
    fn ensure(&self) -> Result<Option<String>, String> {
        // A negative minimum asks for nothing. "Unlimited" is the greatest number there is.
        let wanted = rlim_t::try_from(self.wanted).unwrap_or(0);
        let (soft, hard) = getrlimit(self.resource).map_err(|_| self.refuse(0))?;
        if soft >= wanted {
            return Ok(None);
        }
        setrlimit(self.resource, wanted, hard.max(wanted)).map_err(|_| self.refuse(hard))?;
        Ok(Some(format!("Increased {} limit to {wanted}", self.name)))
    }

    fn refuse(&self, hard: rlim_t) -> String {
        let (min, hard) = (self.wanted.to_string(), hard.to_string());
        self.refusal.replace("{min}", &min).replace("{hard}", &hard)
    }
}

/// Lets the daemon itself open as many descriptors as the hard limit allows: it needs up to four per program, which
/// `minfds` was never meant to count. Answers with the soft and hard limit that programs are to be given back, so that
/// they see what they would see under Supervisor; `None` if nothing was changed.
pub(crate) fn raise_descriptors() -> Option<(u64, u64)> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).ok()?;
    (soft != hard).then_some((soft, hard))
}

/// Lets a write beyond the limit on file sizes (`ulimit -f`) fail instead of ending the daemon (setrlimit(2)).
pub(crate) fn survive_file_size() {
    // SAFETY: ignoring a signal runs no code of ours.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
}

#[cfg(test)]
mod tests {
    use nix::unistd::{Uid, setuid};

    use super::*;
    use crate::child::tests::{in_own_process, is_root};

    const FILES: Resource = Resource::RLIMIT_NOFILE;

    #[test]
    fn a_soft_limit_that_is_too_low_is_raised_and_said() {
        in_own_process(|| {
            setrlimit(FILES, 100, 1000).unwrap();
            assert_eq!(ensure(200, 0), Ok(vec!["Increased RLIMIT_NOFILE limit to 200".to_owned()]));
            assert_eq!(getrlimit(FILES), Ok((200, 1000)));
            assert_eq!((ensure(200, 0), ensure(-1, -1)), (Ok(vec![]), Ok(vec![])), "no need");
            assert_eq!(getrlimit(FILES), Ok((200, 1000)));
        });
    }

    #[test]
    fn a_hard_limit_is_raised_where_the_system_lets_us() {
        in_own_process(|| {
            setrlimit(FILES, 100, 100).unwrap();
            let allowed = setrlimit(FILES, 100, 101).is_ok();
            assert_eq!(ensure(200, 0).is_ok(), allowed);
            assert_eq!(getrlimit(FILES), Ok(if allowed { (200, 200) } else { (100, 100) }));
        });
    }

    #[test]
    fn a_refusal_says_what_is_wanted_and_what_there_is() {
        if !is_root("giving up root") {
            return;
        }
        in_own_process(|| {
            setrlimit(FILES, 100, 200).unwrap();
            setrlimit(Resource::RLIMIT_NPROC, 50, 60).unwrap();
            setuid(Uid::from_raw(65534)).unwrap();
            let filled = |text: &str, min, hard| text.replace("{min}", min).replace("{hard}", hard);
            assert_eq!(ensure(300, 0), Err(filled(TOO_FEW_FILES, "300", "200")));
            assert_eq!(ensure(0, 70), Err(filled(TOO_FEW_PROCESSES, "70", "60")));
        });
    }

    #[test]
    fn the_daemon_takes_all_descriptors_and_remembers_what_programs_get() {
        in_own_process(|| {
            setrlimit(FILES, 100, 300).unwrap();
            assert_eq!(raise_descriptors(), Some((100, 300)));
            assert_eq!(getrlimit(FILES), Ok((300, 300)));
            assert_eq!(raise_descriptors(), None);
        });
    }
}
