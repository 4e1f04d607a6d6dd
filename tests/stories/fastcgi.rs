//! FastCGI programs and the socket that they share.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;

use visor_tests::{Stage, wait_until};

/// Says its name to everyone who connects to descriptor 0, until somebody asks it to end.
const SERVER: &str = "import os, socket\nserver = socket.socket(fileno=0)\nwhile True:\n    \
     client = server.accept()[0]\n    asked = client.recv(100)\n    \
     client.sendall(os.environ['SUPERVISOR_PROCESS_NAME'].encode())\n    client.close()\n    \
     if asked == b'end': os._exit(3)\n";

/// A program of two processes on a unix socket.
fn configuration(stage: &Stage, section: &str, lines: &str) -> String {
    let here = stage.dir().display();
    format!(
        "{section}[fcgi-program:app]\ncommand=python3 {here}/server.py\nsocket=unix://{here}/app.sock\n\
         numprocs=2\nprocess_name=p%(process_num)d\nstartsecs=0\nautorestart=true\n{lines}"
    )
}

fn stage(section: &str, lines: &str) -> Stage {
    let stage = Stage::new("");
    stage.write("server.py", SERVER);
    stage.configure(&configuration(&stage, section, lines));
    stage
}

fn ask(stage: &Stage, text: &str) -> String {
    let mut client = UnixStream::connect(stage.path("app.sock")).expect("connect");
    client.write_all(text.as_bytes()).expect("ask");
    let mut answer = String::new();
    client.read_to_string(&mut answer).expect("an answer");
    answer
}

fn said(stage: &Stage, text: &str) -> usize {
    stage.read("visord.log").matches(text).count()
}

/// Waits until the log says something so many times.
fn is_said(stage: &Stage, text: &str, times: usize) {
    wait_until(&format!("{text:?} {times} times"), || (said(stage, text) == times).then_some(()));
}

#[test]
fn its_processes_share_the_socket_and_come_and_go() {
    for section in ["", "[group:app]\nprograms=app\n"] {
        let mut stage = stage(section, "socket_mode=0751\n").started();
        let line =
            |verb: &str| format!("INFO {verb} socket unix://{}/app.sock\n", stage.dir().display());
        for process in ["app:p0", "app:p1"] {
            stage.reaches(process, "RUNNING");
        }
        let mode = stage.path("app.sock").metadata().expect("the socket").permissions().mode();
        assert_eq!(mode & 0o7777, 0o751);
        for _ in 0..10 {
            assert!(["p0", "p1"].contains(&&*ask(&stage, "who")));
        }
        // Every process ends again and again, and nobody who connects is turned away.
        for _ in 0..10 {
            assert!(["p0", "p1"].contains(&&*ask(&stage, "end")));
        }
        assert_eq!(stage.ctl(&["restart", "app:*"]).code, 0);
        assert!(["p0", "p1"].contains(&&*ask(&stage, "who")));
        // Once to try, as Supervisor does, and once for good.
        is_said(&stage, &line("Closing"), 1);
        is_said(&stage, &line("Creating"), 2);

        assert_eq!(stage.ctl(&["stop", "app:p0"]).code, 0);
        assert_eq!(ask(&stage, "who"), "p1");
        assert_eq!(stage.ctl(&["stop", "app:p1"]).code, 0);
        is_said(&stage, &line("Closing"), 2);
        assert!(UnixStream::connect(stage.path("app.sock")).is_err());
        assert_eq!(stage.ctl(&["start", "app:*"]).code, 0);
        assert!(["p0", "p1"].contains(&&*ask(&stage, "who")));
        let closing = line("Closing");
        stage.end();
        assert_eq!(said(&stage, &closing), 3, "{}", stage.read("visord.log"));
    }
}

#[test]
fn another_mode_of_its_socket_is_seen_and_taken_over() {
    let stage = stage("", "").started();
    stage.reaches("app:p0", "RUNNING");
    stage.configure(&configuration(&stage, "", "socket_mode=0777\n"));
    assert_eq!(stage.ctl(&["reread"]).out, "app: changed\n");
    assert_eq!(stage.ctl(&["update"]).code, 0);
    stage.reaches("app:p0", "RUNNING");
    let mode = stage.path("app.sock").metadata().expect("the socket").permissions().mode();
    assert_eq!(mode & 0o7777, 0o777);
    assert!(["p0", "p1"].contains(&&*ask(&stage, "who")));
}

#[test]
fn a_socket_that_cannot_be_made_is_said_and_harms_nobody_else() {
    let stage = Stage::new(
        "[fcgi-program:app]\ncommand=true\nsocket=unix:///no/such/place\nstartretries=0\n\
         [program:up]\ncommand=sleep 1000\nstartsecs=0\n",
    )
    .started();
    let row = stage.wait_for("app", "FATAL");
    let text = "Could not create FastCGI socket unix:///no/such/place: No such file or directory";
    assert!(row.to_string().contains(text), "{row}");
    stage.reaches("up", "RUNNING");
    is_said(&stage, &format!("ERRO {text}"), 1);
    is_said(&stage, &format!("INFO spawnerr: {text}"), 1);
}
