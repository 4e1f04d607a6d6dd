//! The command line.

use clap::{Args, Parser, Subcommand};

use crate::exit;
use crate::login::Login;
use crate::verbs;

/// Asks visord, and shows what it answers.
///
/// A NAME is a process: `web`, or `workers:w_00` for a process of a group. `workers:*` is every process of a group, `all`
/// every process, and `w*`, `w?b`, `w[0-9]` are patterns. Several names may be given.
#[derive(Debug, Parser)]
#[command(
    name = "visorctl",
    version,
    subcommand_required = true,
    arg_required_else_help = true,
    max_term_width = 100,
    after_long_help = exit::help()
)]
pub(crate) struct CommandLine {
    /// Answer with one JSON document
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Where visord is.
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// What to do.
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// Where to look for visord; what is named here is the only place looked at.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Where visord is")]
pub(crate) struct PlaceArgs {
    /// The peer-to-peer socket at PATH, or the HTTP server of a Supervisor: `http://HOST:PORT`, `unix:///PATH`
    #[arg(short, long, global = true, value_name = "PATH|URL", conflicts_with_all = ["system", "session", "configuration"])]
    #[arg(value_hint = clap::ValueHint::FilePath)]
    pub(crate) socket: Option<String>,
    /// The system bus
    #[arg(long, global = true, conflicts_with_all = ["session", "configuration"])]
    pub(crate) system: bool,
    /// The session bus
    #[arg(long, global = true, conflicts_with = "configuration")]
    pub(crate) session: bool,
    /// The socket named in FILE, a supervisord.conf (`[visord] socket=`)
    #[arg(short = 'c', long, global = true, value_name = "FILE")]
    #[arg(value_hint = clap::ValueHint::FilePath)]
    pub(crate) configuration: Option<String>,
    /// User name for a URL; so are `http://NAME:PASSWORD@HOST:PORT` and SUPERVISOR_USERNAME
    #[arg(short, long, global = true, value_name = "NAME")]
    pub(crate) username: Option<String>,
    /// Password for a URL. Others see it in the list of processes; better in SUPERVISOR_PASSWORD, or typed when asked for it
    #[arg(long, global = true, value_name = "PASSWORD")]
    pub(crate) password: Option<String>,
}

impl PlaceArgs {
    /// Who asks, as far as it is said here.
    pub(crate) fn login(&self) -> Login {
        Login::new(self.username.clone(), self.password.clone())
    }

    /// What was meant for the URL of a Supervisor, and is none: `HOST:PORT`.
    pub(crate) fn almost_url(&self) -> Option<&str> {
        let place = self.socket.as_deref().filter(|place| !place.contains('/'))?;
        let (_, port) = place.rsplit_once(':')?;
        port.parse::<u16>().is_ok().then_some(place)
    }

    /// The URL of a Supervisor.
    pub(crate) fn url(&self) -> Option<&str> {
        self.socket.as_deref().filter(|place| place.contains("://"))
    }
}

/// What can be done, one file each in [`verbs`].
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Status(verbs::status::Status),
    List(verbs::list::List),
    Show(verbs::show::Show),
    Why(verbs::why::Why),
    Start(verbs::start::Start),
    Stop(verbs::stop::Stop),
    Restart(verbs::restart::Restart),
    Signal(verbs::signal::Send),
    Send(verbs::send::SendInput),
    Clear(verbs::clear::Clear),
    Reread(verbs::reread::Reread),
    Avail(verbs::avail::Avail),
    Update(verbs::update::Update),
    Add(verbs::add::Add),
    Remove(verbs::remove::Remove),
    Reload(verbs::reload::Reload),
    Shutdown(verbs::shutdown::Shutdown),
    Logs(verbs::logs::Logs),
    Pid(verbs::pid::Pid),
    Version(verbs::version::Version),
    Completion(verbs::completion::Completion),
}
