//! The commands: one table, from which they are found, completed and listed.

mod avail;
mod clear;
mod configure;
mod fg;
pub(super) mod help;
mod logs;
mod open;
mod order;
mod pid;
mod quit;
mod server;
mod signal;
mod start;
mod status;
mod stop;
mod update;

use super::exception::Exception;
use super::session::Session;

/// What a command comes to; what it does not handle is shown by the session.
pub(super) type Done = Result<(), Exception>;

/// A command of the shell and the command line.
pub(super) struct Command {
    /// What is typed.
    pub(super) name: &'static str,
    /// What it does with the rest of the line.
    pub(super) run: fn(&mut Session, &str) -> Done,
    /// What `help` says of it.
    pub(super) help: &'static str,
}

/// Every command, sorted, but for `help` and the end of the input.
pub(super) const COMMANDS: [Command; 21] = [
    Command {
        name: "add",
        run: configure::add,
        help: "add <name> [...]\tActivates any updates in config for process/group",
    },
    Command { name: "avail", run: avail::run, help: "avail\t\t\tDisplay all configured processes" },
    Command {
        name: "clear",
        run: clear::run,
        help: "clear <name>\t\tClear a process' log files.\n\
               clear <name> <name>\tClear multiple process' log files\n\
               clear all\t\tClear all process' log files",
    },
    Command { name: "exit", run: quit::run, help: "exit\tExit the supervisor shell." },
    Command {
        name: "fg",
        run: fg::run,
        help: "fg <process>\tConnect to a process in foreground mode\n\t\tCtrl-C to exit",
    },
    Command {
        name: "maintail",
        run: logs::maintail,
        help: "maintail -f \tContinuous tail of supervisor main log file (Ctrl-C to exit)\n\
               maintail -100\tlast 100 *bytes* of supervisord main log file\n\
               maintail\tlast 1600 *bytes* of supervisor main log file\n",
    },
    Command {
        name: "open",
        run: open::run,
        help: "open <url>\tConnect to a remote supervisord process.\n\
               \t\t(for UNIX domain socket, use unix:///socket/path)",
    },
    Command {
        name: "pid",
        run: pid::run,
        help: "pid\t\t\tGet the PID of supervisord.\n\
               pid <name>\t\tGet the PID of a single child process by name.\n\
               pid all\t\t\tGet the PID of every child process, one per line.",
    },
    Command { name: "quit", run: quit::run, help: "quit\tExit the supervisor shell." },
    Command {
        name: "reload",
        run: server::reload,
        help: "reload \t\tRestart the remote supervisord.",
    },
    Command {
        name: "remove",
        run: configure::remove,
        help: "remove <name> [...]\tRemoves process/group from active config",
    },
    Command {
        name: "reread",
        run: configure::reread,
        help: "reread \t\t\tReload the daemon's configuration files without add/remove",
    },
    Command {
        name: "restart",
        run: order::restart,
        help: "restart <name>\t\tRestart a process\n\
               restart <gname>:*\tRestart all processes in a group\n\
               restart <name> <name>\tRestart multiple processes or groups\n\
               restart all\t\tRestart all processes\n\
               Note: restart does not reread config files. For that, see reread and update.",
    },
    Command {
        name: "shutdown",
        run: server::shutdown,
        help: "shutdown \tShut the remote supervisord down.",
    },
    Command {
        name: "signal",
        run: signal::run,
        help: "signal <signal name> <name>\t\tSignal a process\n\
               signal <signal name> <gname>:*\t\tSignal all processes in a group\n\
               signal <signal name> <name> <name>\tSignal multiple processes or groups\n\
               signal <signal name> all\t\tSignal all processes",
    },
    Command {
        name: "start",
        run: start::run,
        help: "start <name>\t\tStart a process\n\
               start <gname>:*\t\tStart all processes in a group\n\
               start <name> <name>\tStart multiple processes or groups\n\
               start all\t\tStart all processes",
    },
    Command {
        name: "status",
        run: status::run,
        help: "status <name>\t\tGet status for a single process\n\
               status <gname>:*\tGet status for all processes in a group\n\
               status <name> <name>\tGet status for multiple named processes\n\
               status\t\t\tGet all process status info",
    },
    Command {
        name: "stop",
        run: stop::run,
        help: "stop <name>\t\tStop a process\n\
               stop <gname>:*\t\tStop all processes in a group\n\
               stop <name> <name>\tStop multiple processes or groups\n\
               stop all\t\tStop all processes",
    },
    Command {
        name: "tail",
        run: logs::tail,
        help: "tail [-f] <name> [stdout|stderr] (default stdout)\n\
               Ex:\n\
               tail -f <name>\t\tContinuous tail of named process stdout\n\
               \t\t\tCtrl-C to exit.\n\
               tail -100 <name>\tlast 100 *bytes* of process stdout\n\
               tail <name> stderr\tlast 1600 *bytes* of process stderr",
    },
    Command {
        name: "update",
        run: update::run,
        help: "update\t\t\tReload config and add/remove as necessary, and will restart affected programs\n\
               update all\t\tReload config and add/remove as necessary, and will restart affected programs\n\
               update <gname> [...]\tUpdate specific groups",
    },
    Command {
        name: "version",
        run: server::version,
        help: "version\t\t\tShow the version of the remote supervisord process",
    },
];

const HELP: Command = Command { name: "help", run: help::run, help: "" };

/// What the end of the input is to the shell, and can be typed as well.
const END: Command = Command { name: "EOF", run: quit::run, help: "" };

/// The command of that name.
pub(super) fn find(name: &str) -> Option<&'static Command> {
    COMMANDS.iter().chain([&HELP, &END]).find(|command| command.name == name)
}
