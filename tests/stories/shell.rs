//! A terminal: the shell of supervisorctl with completion, history, and both ways to leave; the password that visorctl asks
//! for, and what it says while it waits.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};

use nix::pty::openpty;
use visor_tests::{METHODS, ON_SOCKET, Stage, binary, wait_until};

const PROGRAM: &str = "[program:upward]\ncommand=sleep 1000\nstartsecs=0\n";

/// A shell, and whoever types.
struct Terminal {
    shell: Child,
    keyboard: File,
    shown: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    fn open(stage: &Stage) -> Self {
        let program = stage.path("supervisorctl");
        if !program.exists() {
            symlink(binary("visorctl"), &program).expect("a link");
        }
        Self::run(Command::new(program).arg("-c").arg(stage.path("visord.conf")))
    }

    fn run(command: &mut Command) -> Self {
        let pair = openpty(None, None).expect("a terminal");
        let end = || pair.slave.try_clone().expect("a descriptor");
        let shell = command
            .env("TERM", "xterm")
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .expect("a shell");
        let keyboard = File::from(pair.master);
        let mut screen = keyboard.try_clone().expect("a descriptor");
        let shown = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&shown);
        // It ends with the last descriptor of the terminal's other end.
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = screen.read(&mut buffer) {
                seen.lock().expect("a screen").extend_from_slice(&buffer[..count]);
            }
        });
        Self { shell, keyboard, shown }
    }

    fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("a keyboard");
    }

    /// Waits until this has been shown after what was waited for before.
    fn sees(&self, text: &str) {
        wait_until(text, || {
            let mut shown = self.shown.lock().expect("a screen");
            let place = shown.windows(text.len()).position(|part| part == text.as_bytes())?;
            shown.drain(..place + text.len());
            Some(())
        });
    }

    fn ends(mut self) -> Option<i32> {
        wait_until("the shell to end", || self.shell.try_wait().expect("wait")).code()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It has ended, unless the story failed.
        drop(self.shell.kill());
        drop(self.shell.wait());
    }
}

#[test]
fn the_shell_completes_remembers_and_ends_well() {
    let sections =
        format!("{ON_SOCKET}prompt=there\nhistory_file=%(here)s/history\n{METHODS}{PROGRAM}");
    let stage = Stage::new(&sections).started();
    stage.reaches("upward", "RUNNING");

    let mut terminal = Terminal::open(&stage);
    terminal.sees("RUNNING");
    terminal.sees("there> ");
    terminal.press("pid u\t");
    terminal.sees("pid upward ");
    terminal.press("\r");
    terminal.sees(&format!("{}\r\n", stage.pid_of("upward")));
    terminal.sees("there> ");
    terminal.press("\x04");
    assert_eq!(terminal.ends(), Some(0));
    assert_eq!(stage.read("history"), "pid upward \n");

    let mut terminal = Terminal::open(&stage);
    terminal.sees("there> ");
    terminal.press("\x1b[A");
    terminal.sees("pid upward ");
    terminal.press("\r");
    terminal.sees(&format!("{}\r\n", stage.pid_of("upward")));
    terminal.sees("there> ");
    terminal.press("stop nonsense\r");
    terminal.sees("nonsense: ERROR (no such process)");
    terminal.sees("there> ");
    terminal.press("\x03");
    assert_eq!(terminal.ends(), Some(0), "whatever happened in it");
    assert_eq!(stage.read("history"), "pid upward \nstop nonsense\n");
}

#[test]
fn whoever_waits_for_a_daemon_that_is_silent_sees_for_what() {
    let stage = Stage::new("");
    let _silent = UnixListener::bind(stage.path("silent")).expect("a socket");
    for (place, waiting) in
        [("", "waiting for visord to answer"), ("unix://", "waiting for supervisord to answer")]
    {
        let place = format!("{place}{}", stage.path("silent").display());
        let mut command = Command::new(binary("visorctl"));
        let terminal = Terminal::run(command.args(["-s", &place, "status"]));
        terminal.sees(waiting);
    }
}

#[test]
fn a_password_that_is_wanted_is_asked_for_and_not_shown() {
    let secret = "[unix_http_server]\nusername=u\npassword=s3cret\n";
    let stage = Stage::new(&format!("{ON_SOCKET}{secret}{METHODS}{PROGRAM}")).started();
    stage.reaches("upward", "RUNNING");
    let url = stage.url();
    let ask = |words: &[&str]| {
        // The terminal is its own, so that there is one to ask on.
        let mut command = Command::new("setsid");
        command.args(["--ctty", "--wait"]).arg(binary("visorctl")).args(["-s", &url]).args(words);
        command.env_remove("SUPERVISOR_USERNAME").env_remove("SUPERVISOR_PASSWORD");
        Terminal::run(&mut command)
    };
    let mut terminal = ask(&["pid", "upward"]);
    terminal.sees(&format!("User name for {url}: "));
    terminal.press("u\n");
    terminal.sees("Password of u: ");
    terminal.press("s3cret\n");
    terminal.sees(&format!("{}\r\n", stage.pid_of("upward")));
    assert_eq!(terminal.ends(), Some(0));

    let mut terminal = ask(&["pid", "-u", "u"]);
    terminal.sees("Password of u: ");
    terminal.press("wr0ng\n");
    terminal.sees("is not that of");
    let shown = Arc::clone(&terminal.shown);
    assert_eq!(terminal.ends(), Some(4));
    let shown = String::from_utf8_lossy(&shown.lock().expect("a screen")).into_owned();
    assert!(!shown.contains("wr0ng"), "{shown}");
}
