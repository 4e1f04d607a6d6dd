//! The command line, read as Supervisor reads its own: getopt style, short options bundled, long options abbreviable
//! to a unique beginning. visord adds the `--check` family.

use std::ffi::OsString;

use visor_units::getopt::{self, Flag, flag, long};

/// Every option. Those up to `minprocs` are Supervisor's, with its letters and names.
const FLAGS: [Flag; 26] = [
    flag(
        'c',
        "configuration",
        Some("FILE"),
        "read this configuration file (no value: the default places are searched)",
    ),
    flag('n', "nodaemon", None, "stay in the foreground"),
    flag('s', "silent", None, "keep the log from the terminal (in the foreground)"),
    flag('h', "help", None, "print this and exit"),
    flag('v', "version", None, "print the version and exit"),
    flag('u', "user", Some("USER"), "run as this user (name or number)"),
    flag('m', "umask", Some("OCTAL"), "file mode creation mask of the daemonised process"),
    flag('d', "directory", Some("DIR"), "working directory of the daemonised process"),
    flag('l', "logfile", Some("FILE"), "write the daemon's log here"),
    flag('y', "logfile_maxbytes", Some("BYTES"), "rotate that log at this size"),
    flag('z', "logfile_backups", Some("NUM"), "keep so many rotated logs"),
    flag('e', "loglevel", Some("LEVEL"), "critical, error, warn, info, debug, trace or blather"),
    flag('j', "pidfile", Some("FILE"), "write the process id here"),
    flag('i', "identifier", Some("STR"), "name of this instance"),
    flag('q', "childlogdir", Some("DIR"), "directory of AUTO logs"),
    flag('k', "nocleanup", None, "leave old AUTO logs at start"),
    flag('a', "minfds", Some("NUM"), "file descriptors that must be available"),
    flag('t', "strip_ansi", None, "take ANSI sequences out of program output"),
    long("minprocs", Some("NUM"), "processes that must be available"),
    long("profile_options", Some("LIST"), "accepted and ignored (Python's profiler)"),
    long("check", None, "judge the configuration, print every problem, and exit"),
    long("json", None, "with --check: print what the configuration means, as JSON"),
    long("strict", None, "with --check: warnings are refused too (exit 1)"),
    long("fragment", None, "with --check: judge a conf.d snippet by itself"),
    long(
        "no-host",
        None,
        "with --check: do not look up users, directories and binaries on this machine",
    ),
    long("env-file", Some("FILE"), "with --check: values for %(ENV_x)s, a KEY=VALUE on each line"),
];

/// Options that are laid over the key of the same name in `[supervisord]`.
const SETTINGS: [&str; 16] = [
    "nodaemon",
    "silent",
    "user",
    "umask",
    "directory",
    "logfile",
    "logfile_maxbytes",
    "logfile_backups",
    "loglevel",
    "pidfile",
    "identifier",
    "childlogdir",
    "nocleanup",
    "minfds",
    "strip_ansi",
    "minprocs",
];

/// What was typed: each option once, with its value.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Args {
    given: Vec<(&'static str, String)>,
}

impl Args {
    /// Reads the words after the program's name.
    ///
    /// # Errors
    /// Supervisor's text for what is wrong (`option -x not recognized`).
    pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Self, String> {
        let words = words.into_iter().map(|word| word.to_string_lossy().into_owned());
        let (given, rest) = getopt::parse(&FLAGS, words)?;
        if !rest.is_empty() {
            return Err(positional(&rest));
        }
        let mut args = Self::default();
        for option in given {
            if args.has(option.long) {
                return Err(format!("conflicting command line option '{}'", option.spelling));
            }
            args.given.push((option.long, option.value));
        }
        Ok(args)
    }

    /// The value of an option by its long name; empty for one that takes none.
    pub(crate) fn value(&self, long: &str) -> Option<&str> {
        self.given.iter().find(|(name, _)| *name == long).map(|(_, value)| value.as_str())
    }

    /// Whether an option was given.
    pub(crate) fn has(&self, long: &str) -> bool {
        self.value(long).is_some()
    }

    /// The options that stand for keys of `[supervisord]`, as key and value.
    pub(crate) fn settings(&self) -> impl Iterator<Item = (String, String)> {
        let given = self.given.iter().filter(|(name, _)| SETTINGS.contains(name));
        given.map(|(name, value)| {
            let value = if value.is_empty() { "true" } else { value };
            ((*name).to_owned(), value.to_owned())
        })
    }
}

/// The options of `--help`, a line each.
pub(crate) fn usage(program: &str) -> String {
    let mut text = format!(
        "{program} -- run and supervise programs as a supervisord.conf says\n\n\
         Usage: {program} [options]\n       {program} --check [--json] [--strict] [--fragment] [--no-host] -c FILE\n\nOptions:\n"
    );
    for flag in &FLAGS {
        let short = flag.short.map_or("    ".to_owned(), |letter| format!("-{letter}, "));
        let long = format!(
            "--{}{}",
            flag.long,
            flag.value.map_or(String::new(), |value| format!(" {value}"))
        );
        text.push_str(&format!("  {short}{long:<26} {}\n", flag.help));
    }
    text.push_str(
        "\nExit status: 0 ended by order; 1 an operating error; 2 the command line or the configuration is wrong.\n\
         With --check: 0 clean or warnings only, 1 warnings with --strict, 2 refused.\n",
    );
    text
}

fn positional(words: &[String]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    format!("positional arguments are not supported: [{}]", quoted.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Args, String> {
        Args::parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn options_are_bundled_attached_abbreviated_and_separate() {
        let args = parse("-nc x.conf -ldebug.log --loglev=warn --no-h").expect("accepted");
        for (long, value) in [
            ("nodaemon", ""),
            ("configuration", "x.conf"),
            ("logfile", "debug.log"),
            ("loglevel", "warn"),
            ("no-host", ""),
        ] {
            assert_eq!(args.value(long), Some(value), "{long}");
        }
        assert!(!args.has("silent"));
    }

    #[test]
    fn what_overrides_the_file_is_told_from_the_rest() {
        let settings: Vec<_> = parse("-n -c x -l y").expect("accepted").settings().collect();
        assert_eq!(settings, [("nodaemon".into(), "true".into()), ("logfile".into(), "y".into())]);
    }

    #[test]
    fn refusals_are_in_supervisors_words() {
        for (line, text) in [
            ("-x", "option -x not recognized"),
            ("--bogus", "option --bogus not recognized"),
            ("--no", "option --no not a unique prefix"),
            ("-c", "option -c requires argument"),
            ("-l a -l b", "conflicting command line option '-l'"),
            ("foo bar", "positional arguments are not supported: ['foo', 'bar']"),
            ("--nodaemon=1", "option --nodaemon must not have an argument"),
        ] {
            assert_eq!(parse(line), Err(text.to_owned()), "{line}");
        }
    }

    #[test]
    fn help_names_every_option() {
        let text = usage("visord");
        assert!(FLAGS.iter().all(|flag| text.contains(&format!("--{}", flag.long))));
    }
}
