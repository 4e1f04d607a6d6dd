//! The listeners that people really run: superlance's, each doing what it is for.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::thread;

use visor_tests::{METHODS, ON_SOCKET, Stage, skip, wait_until};

fn configuration(stage: &Stage, bin: &str, smtp: u16) -> String {
    let here = stage.dir().display();
    let mail = format!("-m admin@example.com -s {here}/sendmail");
    format!(
        "{ON_SOCKET}{METHODS}\
         [eventlistener:crashmail]\ncommand={bin}/crashmail -a {mail}\nevents=PROCESS_STATE_EXITED\n\
         [eventlistener:memmon]\ncommand={bin}/memmon -p hungry=1KB {mail}\nevents=TICK_5\n\
         [eventlistener:httpok]\ncommand={bin}/httpok -p web -t 1 {mail} http://127.0.0.1:1/\nevents=TICK_5\n\
         [eventlistener:fatalmailbatch]\nevents=PROCESS_STATE,TICK_5\n\
         command={bin}/fatalmailbatch -t admin@example.com -f visord@example.com -H 127.0.0.1:{smtp} -e TICK_5 -i 0.01\n\
         [program:crash]\ncommand=sh -c 'sleep 2; exit 7'\nautorestart=false\n\
         [program:hungry]\ncommand=sleep 1000\n\
         [program:web]\ncommand=sleep 1000\n\
         [program:broken]\ncommand=sh -c 'exit 1'\nstartretries=1\nstartsecs=60\n"
    )
}

/// Takes one mail as an SMTP server does, and gives its text.
fn take_mail(client: TcpStream) -> String {
    let mut answers = client.try_clone().expect("a second descriptor");
    let mut say = |line: &str| write!(answers, "{line}\r\n").expect("an answer");
    say("220 here");
    let (mut mail, mut in_data) = (String::new(), false);
    for line in BufReader::new(client).lines() {
        let line = line.expect("a line");
        match line.as_str() {
            "." if in_data => {
                say("250 taken");
                in_data = false;
            }
            _ if in_data => mail.extend([line.as_str(), "\n"]),
            "data" | "DATA" => {
                say("354 go on");
                in_data = true;
            }
            "quit" | "QUIT" => break,
            _ => say("250 well"),
        }
    }
    mail
}

#[test]
fn superlances_listeners_do_what_they_are_for() {
    let Some(python) = super::reference() else { return };
    let bin = python.parent().expect("a directory").display().to_string();
    if !python.with_file_name("memmon").exists() {
        return skip("no superlance in the reference; tests/run installs it");
    }
    let server = TcpListener::bind("127.0.0.1:0").expect("a port");
    let smtp = server.local_addr().expect("an address").port();
    let mailed = thread::spawn(move || take_mail(server.accept().expect("a client").0));
    let stage = Stage::new("");
    let sendmail = format!("#!/bin/sh\ncat >> {}/mails\n", stage.dir().display());
    stage.write("sendmail", &sendmail);
    std::fs::set_permissions(stage.path("sendmail"), PermissionsExt::from_mode(0o755))
        .expect("chmod");
    stage.configure(&configuration(&stage, &bin, smtp));
    let stage = stage.started();
    let first = |name: &str| stage.wait_for(name, "RUNNING")["pid"].as_i64();
    let (hungry, web) = (first("hungry"), first("web"));
    for (name, first) in [("hungry", hungry), ("web", web)] {
        wait_until(&format!("{name} to be restarted"), || {
            stage.row(name).filter(|row| row["state"] == "RUNNING" && row["pid"].as_i64() != first)
        });
    }
    for text in ["Process crash in group crash exited unexpectedly", "memmon", "httpok"] {
        stage.says("mails", text);
    }
    let mail = mailed.join().expect("a mail");
    assert!(mail.contains("Process broken:broken failed to start too many times"), "{mail}");
    for listener in ["crashmail", "memmon", "httpok", "fatalmailbatch"] {
        stage.reaches(listener, "RUNNING");
    }
    let log = stage.read("visord.log");
    assert!(!log.contains("UNKNOWN") && !log.contains("rejected"), "{log}");
}
