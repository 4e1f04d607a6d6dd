//! One client and its daemon.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;
use nix::unistd::Pid;
use visor_tests::{METHODS, ON_SOCKET, Running, Stage, binary, skip, wait_until};

use super::mask::masked;
use super::scenarios::{PROGRAMS, Step};
use crate::{both, shows};

/// Whose client it is.
#[derive(Clone)]
pub(crate) enum Client {
    /// A supervisorctl.
    Theirs(PathBuf),
    /// visorctl under that name.
    Ours,
}

/// The binaries of the reference.
pub(crate) fn reference() -> Option<PathBuf> {
    Some(crate::reference()?.parent()?.to_owned())
}

/// The supervisorctl of an older Supervisor, which is still what Debian has.
pub(super) fn older_client() -> Option<PathBuf> {
    let client = binary("visord").ancestors().nth(2)?.join("reference-4.2.5/bin/supervisorctl");
    if !client.exists() {
        skip(&format!("no supervisorctl 4.2.5 at {}; tests/run installs it", client.display()));
        return None;
    }
    Some(client)
}

/// A client, and a daemon that only this client talks to.
pub(crate) struct Side {
    stage: Stage,
    client: PathBuf,
}

impl Side {
    /// Starts the daemon.
    pub(crate) fn start(client: &Client, daemon: &Path) -> Self {
        let stage = both::stage(daemon);
        let client = match client {
            Client::Theirs(client) => client.clone(),
            Client::Ours => {
                let link = stage.path("supervisorctl");
                symlink(binary("visorctl"), &link).expect("a link");
                link
            }
        };
        let mut side = Self { stage, client };
        side.configure(PROGRAMS);
        side.stage.launch_listening();
        side
    }

    fn configure(&self, programs: &str) {
        let inet = self.inet();
        self.stage.configure(&format!(
            "{ON_SOCKET}[inet_http_server]\nport={inet}\nusername=u\npassword=p\n{METHODS}{programs}"
        ));
    }

    /// Does one thing; what is to be compared of it.
    pub(super) fn take(&mut self, step: &Step) -> String {
        match step {
            Step::Say(words, typed) => self.say(words, typed),
            Step::SayUnordered(words) => {
                let shown = self.say(words, "");
                let mut lines: Vec<&str> = shown.lines().collect();
                lines.sort_unstable();
                lines.join("\n") + "\n"
            }
            Step::Configure(programs) => {
                self.configure(programs);
                String::new()
            }
            Step::Reach(name, state) => {
                wait_until(&format!("{name} to be {state}"), || {
                    shows(&self.say(&["status"], ""), name, state).then_some(())
                });
                String::new()
            }
            Step::Written(file, text) => {
                self.stage.says(file, text);
                String::new()
            }
            Step::Follow(words, until) => self.follow(words, until),
            Step::Glimpse(words, until) => {
                let shown = self.follow(words, until);
                let first = shown.lines().next().unwrap_or_default();
                format!("{first}\n{}\n", shown.lines().next_back().unwrap_or_default())
            }
            Step::End => {
                assert_eq!(self.stage.ended(), 0);
                String::new()
            }
        }
    }

    /// Where its daemon and its files are.
    pub(crate) fn stage(&self) -> &Stage {
        &self.stage
    }

    /// Where it listens on TCP.
    pub(crate) fn inet(&self) -> String {
        format!("127.0.0.1:{}", self.stage.port())
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.client);
        // What the command line says of the file stands first, unless the words do so themselves.
        if !words.contains(&"-c") {
            command.args(["-c", "visord.conf"]);
        }
        command.args(words.iter().map(|word| word.replace("{inet}", &self.inet())));
        command.current_dir(self.stage.dir()).env("PYTHONUNBUFFERED", "1");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn say(&self, words: &[&str], typed: &str) -> String {
        let mut child = self.command(words).spawn().expect("a client");
        let mut input = child.stdin.take().expect("its input");
        // A client that reads nothing may be gone already.
        drop(input.write_all(typed.as_bytes()));
        drop(input);
        let output = child.wait_with_output().expect("its end");
        let code = output.status.code().unwrap_or(-1);
        self.shown(code, &output.stdout, &output.stderr)
    }

    /// Lets a client run until it has shown something, and ends it as Ctrl-C does.
    fn follow(&self, words: &[&str], until: &str) -> String {
        let file = fs::File::create(self.stage.path("shown")).expect("a file");
        let mut child = Running::start(self.command(words).stdout(file));
        self.stage.says("shown", until);
        // While it handles what came, Supervisor's client takes an interrupt for a failure of the connection.
        wait_until("the client to wait for more", || is_asleep(child.pid()).then_some(()));
        child.signal(Signal::SIGINT);
        let code = child.ended();
        self.shown(code, &fs::read(self.stage.path("shown")).expect("what it showed"), b"")
    }

    fn shown(&self, code: i32, out: &[u8], err: &[u8]) -> String {
        let text =
            format!("{}{}[{code}]\n", String::from_utf8_lossy(out), String::from_utf8_lossy(err));
        let text = text.replace(&self.client.display().to_string(), "CLIENT");
        masked(&self.stage.masked(&text).replace(&self.inet(), "INET"))
    }
}

/// Whether a process waits for something; proc_pid_stat(5), `state`.
fn is_asleep(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("a living client");
    stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('S'))
}
