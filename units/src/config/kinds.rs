//! What the text of an option may be, and what it then means.

mod limit;
mod log_format;
mod own;

use std::collections::BTreeMap;
use std::time::Duration;

pub(super) use log_format::placeholder;

use super::environment;
use super::machine::Machine;
use super::python::{int, octal, repr, strip};
use super::text::Raw;
use crate::signal::Signal;
use crate::unit::{
    Autorestart, EarlyExit, ExitWhen, Gid, Limit, LogFormat, LogLevel, OnOffAuto, Resource, User,
    WhichBus,
};

/// How the text of an option is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A whole number.
    Integer,
    /// `true`, `false`, and what Supervisor takes for them.
    Boolean,
    /// A number of bytes, with an optional `KB`, `MB` or `GB`.
    Size,
    /// A file mode or mask in octal digits.
    Octal,
    /// A signal's name or number.
    Signal,
    /// Exit codes from 0 to 255, separated by commas.
    ExitCodes,
    /// Words separated by commas.
    List,
    /// Names separated by commas or white space.
    Names,
    /// Words separated by white space.
    Words,
    /// `true`, `false` or `unexpected`.
    Autorestart,
    /// A log file, `AUTO`, `NONE` or `syslog`.
    LogFile,
    /// A log file, or `syslog`.
    LogPath,
    /// A directory of log files.
    LogDirectory,
    /// How much is logged.
    LogLevel,
    /// An account's name or number.
    User,
    /// A group's name or number.
    UnixGroup,
    /// Names or numbers of groups, separated by commas or white space.
    UnixGroups,
    /// A nice value.
    Nice,
    /// A limit on a resource, `soft:hard` or one number for both.
    Limit(Resource),
    /// `user` or `user:group`.
    Owner,
    /// A directory that exists.
    Directory,
    /// A file whose directory exists.
    FilePath,
    /// `KEY="value"` pairs.
    Environment,
    /// `[host:]port`.
    Address,
    /// Which bus to join.
    Bus,
    /// `auto`, `on` or `off`.
    OnOffAuto,
    /// Seconds, or a number with a unit of time.
    Duration,
    /// `ok` or `failure`.
    EarlyExit,
    /// Text around `%(message)s`.
    LogFormat,
    /// When the daemon ends by itself.
    ExitWhen,
}

/// What an option means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    Boolean(bool),
    Mode(u32),
    Signal(Signal),
    ExitCodes(Vec<u8>),
    List(Vec<String>),
    Autorestart(Autorestart),
    LogTarget(LogTarget),
    LogLevel(LogLevel),
    User(User),
    Gid(Gid),
    Gids(Vec<Gid>),
    Nice(i32),
    Limit(Limit),
    Environment(BTreeMap<String, String>),
    Address((String, u16)),
    Bus(WhichBus),
    OnOffAuto(OnOffAuto),
    Duration(Duration),
    EarlyExit(EarlyExit),
    LogFormat(Option<LogFormat>),
    ExitWhen(ExitWhen),
}

/// `std…_logfile` as written: `syslog` is still a place of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum LogTarget {
    Auto,
    None,
    Syslog,
    Path(String),
}

impl Kind {
    /// Reads a value.
    ///
    /// # Errors
    /// Supervisor's text.
    pub(super) fn read(self, raw: &Raw, machine: &mut Machine<'_>) -> Result<Value, String> {
        let text = match raw {
            Raw::Text(text) => text,
            Raw::Map(pairs) => return Ok(Value::Environment(pairs.iter().cloned().collect())),
        };
        match self {
            Self::Text => Ok(Value::Text(text.clone())),
            Self::Integer => int(text).map(Value::Integer),
            Self::Boolean => boolean(text).map(Value::Boolean),
            Self::Size => size(text).map(Value::Integer),
            Self::Octal => mode(text).map(Value::Mode),
            Self::Signal => signal(text).map(Value::Signal),
            Self::ExitCodes => exit_codes(text).map(Value::ExitCodes),
            Self::List => Ok(Value::List(list(text))),
            Self::Names => Ok(Value::List(names(text))),
            Self::Words => Ok(Value::List(text.split_whitespace().map(str::to_owned).collect())),
            Self::Autorestart => autorestart(text).map(Value::Autorestart),
            Self::LogFile => log_target(text, machine).map(Value::LogTarget),
            Self::LogLevel => log_level(text).map(Value::LogLevel),
            Self::User => machine.user(text).map(Value::User),
            Self::UnixGroup => group(strip(text), machine).map(Value::Gid),
            Self::UnixGroups => groups(text, machine).map(Value::Gids),
            Self::Nice => limit::nice(text).map(Value::Nice),
            Self::Limit(resource) => limit::limit(text, resource).map(Value::Limit),
            Self::Owner => machine.owner(text).map(Value::User),
            Self::LogPath => machine.log_file(text).map(Value::Text),
            Self::LogDirectory => machine.log_directory(text).map(Value::Text),
            Self::Directory => machine.existing_directory(text).map(Value::Text),
            Self::FilePath => machine.path_in_directory(text).map(Value::Text),
            Self::Environment => environment::read(text).map(Value::Environment),
            Self::Address => address(text).map(Value::Address),
            Self::Bus => own::bus(text).map(Value::Bus),
            Self::OnOffAuto => own::on_off_auto(text).map(Value::OnOffAuto),
            Self::Duration => own::duration(text).map(Value::Duration),
            Self::EarlyExit => own::early_exit(text).map(Value::EarlyExit),
            Self::LogFormat => log_format::log_format(text).map(Value::LogFormat),
            Self::ExitWhen => own::exit_when(text).map(Value::ExitWhen),
        }
    }

    /// What to write, for the hint of a refused value.
    #[must_use]
    pub const fn expects(self) -> &'static str {
        match self {
            Self::Text => "any text",
            Self::Integer => "write a whole number",
            Self::Boolean => "write `true` or `false`",
            Self::Size => "write a number of bytes, or a whole number with `KB`, `MB` or `GB`",
            Self::Octal => "write octal digits, such as `022` or `0700`",
            Self::Signal => "write a signal such as `TERM`, `INT` or `QUIT`",
            Self::ExitCodes => "write numbers from 0 to 255 with commas between them",
            Self::List => "write words with commas between them",
            Self::Names => "write names with commas or spaces between them",
            Self::Words => "write words with spaces between them",
            Self::Autorestart => "write `true`, `false` or `unexpected`",
            Self::LogFile => {
                "write a path as it is, without quotes or shell variables, or `AUTO` or `NONE`"
            }
            Self::LogPath | Self::LogDirectory => {
                "write a path as it is, without quotes or shell variables"
            }
            Self::LogLevel => {
                "write `critical`, `error`, `warn`, `info`, `debug`, `trace` or `blather`"
            }
            Self::User => "write the name or number of an account of this machine",
            Self::UnixGroup => {
                "write a group of this machine; a group of programs is made with [group:x] and its programs="
            }
            Self::UnixGroups => {
                "write names or numbers of groups of this machine with commas between them"
            }
            Self::Nice => "write a number from -20 (runs first) to 19 (runs last)",
            Self::Limit(Resource::Cpu) => {
                "write seconds or a time such as `1h`, `soft:hard` or one for both, or `infinity`"
            }
            Self::Limit(Resource::Nice) => {
                "write a nice value with its sign, or a number from 0 to 40"
            }
            Self::Limit(Resource::Rtprio) => {
                "write a number, `soft:hard` or one for both, or `infinity`"
            }
            Self::Limit(_) => {
                "write a number, with `K`, `M` or `G` if it is large, `soft:hard` or one for both, or `infinity`"
            }
            Self::Owner => "write `user` or `user:group` of this machine",
            Self::Directory => "make the directory first, or name one that is there",
            Self::FilePath => "make the directory first, or name a file in one that is there",
            Self::Environment => {
                "write `KEY=\"value\",OTHER=\"value\"`; quote whatever is not a letter, a digit or one of `_/.+-():`"
            }
            Self::Address => "write `port`, `host:port` or `*:port`",
            Self::Bus => "write `auto`, `system`, `session` or `off`",
            Self::OnOffAuto => "write `auto`, `on` or `off`",
            Self::Duration => {
                "write seconds, such as `5` or `0.5`, or a number with `ms`, `s`, `min` or `h`"
            }
            Self::EarlyExit => "write `ok` or `failure`",
            Self::LogFormat => {
                "write text with `%(message)s`, and as wanted `%(time)s`, `%(isotime)s`, `%(name)s`, `%(stream)s`, `%(pid)s`"
            }
            Self::ExitWhen => {
                "write `any-fatal`, `all-exited`, a process such as `web` or `group:process`, or `group:*`"
            }
        }
    }
}

fn truth(text: &str) -> Option<bool> {
    match text {
        "yes" | "true" | "on" | "1" => Some(true),
        "no" | "false" | "off" | "0" => Some(false),
        _ => None,
    }
}

fn boolean(text: &str) -> Result<bool, String> {
    truth(&text.to_lowercase()).ok_or_else(|| format!("not a valid boolean value: {}", repr(text)))
}

fn size(text: &str) -> Result<i64, String> {
    let lower = text.to_lowercase();
    let suffixes = [("kb", 1_i64 << 10), ("mb", 1 << 20), ("gb", 1 << 30)];
    for (suffix, unit) in suffixes {
        if let Some(number) = lower.strip_suffix(suffix) {
            let too_large = || format!("integer is too large: {}", repr(text));
            return int(number)?.checked_mul(unit).ok_or_else(too_large);
        }
    }
    int(&lower)
}

/// A mode. Of a number outside its twelve bits the kernel takes those bits, and so does this.
fn mode(text: &str) -> Result<u32, String> {
    octal(text)
        .and_then(|number| u32::try_from(number & 0o7777).ok())
        .ok_or_else(|| format!("{text} can not be converted to an octal type"))
}

fn signal(text: &str) -> Result<Signal, String> {
    let refusal = |what| format!("value {} is not a valid signal {what}", repr(text));
    match int(text) {
        Ok(number) => Signal::parse(&number.to_string()).map_err(|_| refusal("number")),
        Err(_) => Signal::parse(strip(text)).map_err(|_| refusal("name")),
    }
}

fn exit_codes(text: &str) -> Result<Vec<u8>, String> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let code = |item| int(item).ok().and_then(|number| u8::try_from(number).ok());
    let codes: Option<Vec<u8>> = text.split(',').map(code).collect();
    codes.ok_or_else(|| format!("not a valid list of exit codes: {}", repr(text)))
}

fn list(text: &str) -> Vec<String> {
    if text.is_empty() {
        return Vec::new();
    }
    text.split(',').map(|item| strip(item).to_owned()).collect()
}

fn names(text: &str) -> Vec<String> {
    let separator = |c: char| c == ',' || c.is_whitespace();
    text.split(separator).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn autorestart(text: &str) -> Result<Autorestart, String> {
    let lower = text.to_lowercase();
    match (truth(&lower), lower.as_str()) {
        (Some(true), _) => Ok(Autorestart::Always),
        (Some(false), _) => Ok(Autorestart::Never),
        (None, "unexpected") => Ok(Autorestart::Unexpected),
        _ => Err(format!("invalid 'autorestart' value {}", repr(&lower))),
    }
}

fn group(name: &str, machine: &Machine<'_>) -> Result<Gid, String> {
    machine.group(name).map(Gid)
}

fn groups(text: &str, machine: &Machine<'_>) -> Result<Vec<Gid>, String> {
    names(text).iter().map(|name| group(name, machine)).collect()
}

fn log_target(text: &str, machine: &Machine<'_>) -> Result<LogTarget, String> {
    match text.to_lowercase().as_str() {
        "none" | "off" => Ok(LogTarget::None),
        "auto" => Ok(LogTarget::Auto),
        "syslog" => Ok(LogTarget::Syslog),
        _ => machine.log_file(text).map(LogTarget::Path),
    }
}

fn log_level(text: &str) -> Result<LogLevel, String> {
    Ok(match text.to_lowercase().as_str() {
        "critical" => LogLevel::Critical,
        "error" => LogLevel::Error,
        "warn" => LogLevel::Warn,
        "info" => LogLevel::Info,
        "debug" => LogLevel::Debug,
        "trace" => LogLevel::Trace,
        "blather" => LogLevel::Blather,
        _ => return Err(format!("bad logging level name {}", repr(text))),
    })
}

/// A TCP port in its bounds.
///
/// # Errors
/// Supervisor's text.
pub(super) fn port(text: &str) -> Result<u16, String> {
    match int(text)? {
        number if number < 1 => Err(format!("{number} is below lower bound (1)")),
        number => {
            u16::try_from(number).map_err(|_| format!("{number} is above upper bound (65535)"))
        }
    }
}

fn address(text: &str) -> Result<(String, u16), String> {
    match text.rsplit_once(':') {
        Some((_, "")) => Err("no port number specified in ''".to_owned()),
        Some((host, number)) => {
            let host = if host == "*" { String::new() } else { host.to_lowercase() };
            Ok((host, port(number)?))
        }
        // Supervisor's text ends with a space.
        None => port(text)
            .map(|port| (String::new(), port))
            .map_err(|_| format!("not a valid port number: {} ", repr(text))),
    }
}
