//! One client and its daemon.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use visor_tests::{binary, skip, wait_until};

use super::mask::masked;
use super::scenarios::{PROGRAMS, Step};

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

/// A client, a daemon, and a directory for both.
pub(crate) struct Side {
    directory: TempDir,
    client: PathBuf,
    daemon: Child,
    inet: String,
}

impl Side {
    /// Starts a daemon that only this client talks to.
    pub(crate) fn start(client: &Client, daemon: &Path) -> Self {
        let directory = tempfile::Builder::new().prefix("ctl").tempdir().expect("a directory");
        let place = directory.path();
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let inet = port.expect("a free port").to_string();
        let client = match client {
            Client::Theirs(client) => client.clone(),
            Client::Ours => {
                let link = place.join("supervisorctl");
                symlink(binary("visorctl"), &link).expect("a link");
                link
            }
        };
        configure(place, &inet, PROGRAMS);
        let daemon = Command::new(daemon)
            .arg("-n")
            .arg("-c")
            .arg(place.join("s.conf"))
            .current_dir(place)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("supervisord");
        wait_until("the daemon to listen", || place.join("s.sock").exists().then_some(()));
        Self { directory, client, daemon, inet }
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
                configure(self.directory.path(), &self.inet, programs);
                String::new()
            }
            Step::Reach(name, state) => {
                wait_until(&format!("{name} to be {state}"), || {
                    self.is_in(name, state).then_some(())
                });
                String::new()
            }
            Step::Written(file, text) => {
                let path = self.directory.path().join(file);
                wait_until(text, || {
                    fs::read_to_string(&path).ok().filter(|found| found.contains(text)).map(drop)
                });
                String::new()
            }
            Step::Follow(words, until) => self.follow(words, until),
            Step::Glimpse(words, until) => {
                let shown = self.follow(words, until);
                let first = shown.lines().next().unwrap_or_default();
                format!("{first}\n{}\n", shown.lines().next_back().unwrap_or_default())
            }
            Step::End => {
                wait_until("the daemon to end", || self.daemon.try_wait().expect("wait"));
                String::new()
            }
        }
    }

    /// The directory of the daemon.
    pub(crate) fn place(&self) -> &Path {
        self.directory.path()
    }

    /// Where it listens on TCP.
    pub(crate) fn inet(&self) -> &str {
        &self.inet
    }

    fn is_in(&self, name: &str, state: &str) -> bool {
        let table = self.say(&["status"], "");
        table.lines().any(|line| line.split_whitespace().take(2).eq([name, state]))
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.client);
        // What the command line says of the file stands first, unless the words do so themselves.
        if !words.contains(&"-c") {
            command.args(["-c", "s.conf"]);
        }
        command.args(words.iter().map(|word| word.replace("{inet}", &self.inet)));
        command.current_dir(self.directory.path()).env("PYTHONUNBUFFERED", "1");
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
        let shown = self.directory.path().join("shown");
        let file = fs::File::create(&shown).expect("a file");
        let mut child = self.command(words).stdout(file).spawn().expect("a client");
        wait_until(until, || {
            let text = fs::read(&shown).unwrap_or_default();
            String::from_utf8_lossy(&text).contains(until).then_some(())
        });
        let pid = Pid::from_raw(child.id().try_into().expect("a pid"));
        // While it handles what came, Supervisor's client takes an interrupt for a failure of the connection.
        wait_until("the client to wait for more", || is_asleep(pid).then_some(()));
        kill(pid, Signal::SIGINT).expect("a living client");
        let status = wait_until("the client to end", || child.try_wait().expect("wait"));
        let text = fs::read(&shown).expect("what it showed");
        self.shown(status.code().unwrap_or(-1), &text, b"")
    }

    fn shown(&self, code: i32, out: &[u8], err: &[u8]) -> String {
        let text =
            format!("{}{}[{code}]\n", String::from_utf8_lossy(out), String::from_utf8_lossy(err));
        let text = text.replace(&self.client.display().to_string(), "CLIENT");
        let text = text.replace(&self.directory.path().display().to_string(), "HERE");
        masked(&text.replace(&self.inet, "INET"))
    }
}

/// Whether a process waits for something; proc_pid_stat(5), `state`.
fn is_asleep(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("a living client");
    stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('S'))
}

fn configure(place: &Path, inet: &str, programs: &str) {
    let text = format!(
        "[unix_http_server]\nfile=%(here)s/s.sock\n\
         [inet_http_server]\nport={inet}\nusername=u\npassword=p\n\
         [supervisord]\nlogfile=%(here)s/d.log\npidfile=%(here)s/d.pid\nchildlogdir=%(here)s\n\
         [rpcinterface:supervisor]\nsupervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n\
         [supervisorctl]\nserverurl=unix://%(here)s/s.sock\n\
         [visord]\nsocket=%(here)s/bus\nbus=off\njournal=off\n{programs}"
    );
    fs::write(place.join("s.conf"), text).expect("a file");
}

impl Drop for Side {
    fn drop(&mut self) {
        if let Ok(pid) = self.daemon.id().try_into() {
            // It may have ended by itself; then there is nothing left to end.
            let _gone = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
        drop(self.daemon.wait());
    }
}
