//! Neighbours that misbehave: a peer that does not read, a bus and a journal that hang, a name that is not to be had.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use visor_tests::{Sandbox, Stage, sandboxed, wait_until};

/// How long a socket takes nothing when the daemon has stopped reading from it.
const FULL: Duration = Duration::from_millis(200);

/// A peer that speaks D-Bus as far as it has to.
struct Peer(UnixStream);

impl Peer {
    /// Connects and introduces itself (D-Bus Specification, "Authentication Protocol").
    fn connect(stage: &Stage) -> Self {
        let mut stream = UnixStream::connect(stage.path("bus")).expect("the socket");
        stream.write_all(b"\0AUTH EXTERNAL\r\nDATA\r\n").expect("greeting");
        let mut heard = Vec::new();
        while !String::from_utf8_lossy(&heard).contains("OK ") {
            let mut bytes = [0; 256];
            let count = stream.read(&mut bytes).expect("an answer");
            assert_ne!(count, 0, "refused: {}", String::from_utf8_lossy(&heard));
            heard.extend_from_slice(&bytes[..count]);
        }
        stream.write_all(b"BEGIN\r\n").expect("greeting");
        Self(stream)
    }

    /// A call without arguments, in the wire format (D-Bus Specification, "Message Format").
    fn call(serial: u32, path: &str, interface: &str, member: &str) -> Vec<u8> {
        let mut fields = Vec::new();
        for (code, kind, value) in [(1, b'o', path), (2, b's', interface), (3, b's', member)] {
            fields.resize(fields.len().next_multiple_of(8), 0);
            fields.extend([code, 1, kind, 0]);
            fields.extend((value.len() as u32).to_le_bytes());
            fields.extend(value.bytes().chain([0]));
        }
        let mut message = vec![b'l', 1, 0, 1, 0, 0, 0, 0];
        message.extend(serial.to_le_bytes());
        message.extend((fields.len() as u32).to_le_bytes());
        message.extend(fields);
        message.resize(message.len().next_multiple_of(8), 0);
        message
    }

    /// Asks for the whole table until nothing more can be sent; how often.
    fn flood(&mut self) -> u32 {
        const PATH: &str = "/org/visord1";
        const INTERFACE: &str = "org.freedesktop.DBus.ObjectManager";
        self.0.set_write_timeout(Some(FULL)).expect("a timeout");
        let mut calls = 1..;
        let sent = calls.find(|serial| {
            let call = Self::call(*serial, PATH, INTERFACE, "GetManagedObjects");
            self.0.write_all(&call).is_err()
        });
        sent.unwrap_or_default() - 1
    }
}

#[test]
fn peers_that_ask_and_never_read_cost_little_and_harm_nobody() {
    let stage = Stage::new(
        "[program:many]\ncommand=sleep 1000\nnumprocs=200\nprocess_name=p_%(process_num)03d\nautostart=false\n\
         stdout_logfile=NONE\nstderr_logfile=NONE\n[program:up]\ncommand=sleep 1000\nstartsecs=0\n",
    )
    .started();
    stage.reaches("up", "RUNNING");
    let before = stage.memory();
    let mut peers: Vec<Peer> = (0..8).map(|_| Peer::connect(&stage)).collect();
    let sent: u32 = peers.iter_mut().map(Peer::flood).sum();
    assert!(sent > 100, "only {sent} calls were taken");
    for _ in 0..10 {
        let restarted = stage.ctl(&["restart", "up"]);
        assert_eq!(restarted.code, 0, "{}{}", restarted.out, restarted.err);
    }
    let grown = stage.memory().saturating_sub(before);
    assert!(grown < 32 * 1024, "{sent} calls cost {grown} KiB");
}

/// A process that hangs; dropping this lets it go on.
struct Stopped(Pid);

impl Stopped {
    /// Stops the process whose id is in this variable of the sandbox.
    fn new(variable: &str) -> Self {
        let pid = std::env::var(variable).expect("set in the sandbox").parse().expect("a pid");
        kill(Pid::from_raw(pid), Signal::SIGSTOP).expect("a living process");
        Self(Pid::from_raw(pid))
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        // It may have ended.
        let _gone = kill(self.0, Signal::SIGCONT);
    }
}

fn owned(sandbox: &Sandbox) -> Option<()> {
    (sandbox.busctl(&["status", "org.visord1"]).code == 0).then_some(())
}

/// A stage with these lines in `[visord]`.
fn stage_with(visord: &str, programs: &str) -> Stage {
    let stage = Stage::new("");
    let text = stage.read("visord.conf").replace("bus=off\njournal=off", visord);
    stage.write("visord.conf", &format!("{text}{programs}"));
    stage
}

const MANY: &str = "[program:many]\ncommand=sleep 1000\nnumprocs=50\nprocess_name=p_%(process_num)02d\nstartsecs=0\n\
     stdout_logfile=NONE\nstderr_logfile=NONE\n";

#[test]
fn a_bus_that_hangs_is_not_waited_for() {
    sandboxed("neighbours::a_bus_that_hangs_is_not_waited_for", |sandbox| {
        let mut stage = stage_with("bus=system\njournal=off", MANY).started();
        wait_until("the name on the bus", || owned(sandbox));
        let hanging = Stopped::new("VISOR_TESTS_BUS");
        // More signals than the bus's socket holds.
        for _ in 0..10 {
            let restarted = stage.ctl(&["restart", "many:*"]);
            assert_eq!(restarted.code, 0, "{}{}", restarted.out, restarted.err);
        }
        drop(hanging);
        let running = stage.pid_of("many:p_49").to_string();
        let path = "/org/visord1/program/many_3ap_5f49";
        wait_until("the truth on the bus", || {
            let pid = sandbox.busctl(&[
                "get-property",
                "org.visord1",
                path,
                "org.visord1.Program",
                "MainPID",
            ]);
            (pid.out.trim() == format!("u {running}")).then_some(())
        });
        let hanging = Stopped::new("VISOR_TESTS_BUS");
        stage.end();
        drop(hanging);
    });
}

#[test]
fn a_bus_that_refuses_the_name_is_said_and_the_socket_serves() {
    sandboxed("neighbours::a_bus_that_refuses_the_name_is_said_and_the_socket_serves", |sandbox| {
        let stage = stage_with("bus=system\njournal=off", MANY);
        nix::unistd::chown(stage.dir(), Some(65534.into()), Some(65534.into())).expect("chown");
        let stage =
            stage.started_under(&["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]);
        let said = wait_until("the refusal in the log", || {
            let log = stage.read("visord.log");
            log.contains("the system bus does not give us its name").then_some(log)
        });
        assert!(said.contains("org.visord1.conf"), "{said}");
        assert_eq!(said.matches("does not give us").count(), 1, "{said}");
        stage.reaches("many:p_49", "RUNNING");
        assert!(owned(sandbox).is_none());
    });
}

#[test]
fn a_name_that_another_has_comes_to_us_when_that_one_ends() {
    sandboxed("neighbours::a_name_that_another_has_comes_to_us_when_that_one_ends", |sandbox| {
        let mut first = stage_with("bus=system\njournal=off", "").started();
        wait_until("the name on the bus", || owned(sandbox));
        let second = stage_with("bus=system\njournal=off", MANY).started();
        wait_until("the wait in the log", || {
            let log = second.read("visord.log");
            log.contains("another process owns org.visord1, waiting for it").then_some(())
        });
        first.end();
        wait_until("the second on the bus", || {
            let pid = sandbox.busctl(&[
                "get-property",
                "org.visord1",
                "/org/visord1",
                "org.visord1.Manager",
                "PID",
            ]);
            (pid.out.trim() == format!("u {}", second.pid())).then_some(())
        });
    });
}

#[test]
fn a_journal_that_hangs_slows_no_file_and_what_it_misses_is_counted() {
    sandboxed(
        "neighbours::a_journal_that_hangs_slows_no_file_and_what_it_misses_is_counted",
        |_| {
            let mut stage = stage_with(
            "bus=off\njournal=on",
            "[program:chatty]\nstartsecs=0\nstdout_logfile=%(here)s/out\nstdout_logfile_maxbytes=0\n\
             command=python3 -c \"import sys,time; [print('line', n, 'x' * 100) for n in range(20000)]; sys.stdout.flush(); time.sleep(1000)\"\n\
             autostart=false\n",
        )
        .started();
            let hanging = Stopped::new("VISOR_TESTS_JOURNALD");
            assert_eq!(stage.ctl(&["start", "chatty"]).code, 0);
            stage.says("out", "line 19999 ");
            assert_eq!(stage.read("out").lines().count(), 20_000);
            let dropped = wait_until("the count", || {
                stage
                    .row("chatty")
                    .and_then(|row| row["log_dropped"].as_u64())
                    .filter(|count| *count > 0)
            });
            assert!(dropped < 20_000, "some of it was on its way");
            let shown = stage.ctl(&["status", "chatty"]);
            assert!(shown.out.contains("lines missing in the journal"), "{}", shown.out);
            stage.end();
            drop(hanging);
        },
    );
}
