//! Among the other services of a machine: bus, journal, service manager. Inside a namespace of its own, with real ones.

use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use visor_tests::{Sandbox, Stage, run, sandboxed, wait_until};

/// A stage whose daemon uses the bus and the journal of the sandbox.
fn on_the_machine(programs: &str) -> Stage {
    let stage = Stage::new("");
    let text = stage.read("visord.conf").replace("bus=off\njournal=off", "bus=system\njournal=on");
    stage.write("visord.conf", &format!("{text}{programs}"));
    stage
}

fn owned(sandbox: &Sandbox) -> Option<()> {
    (sandbox.busctl(&["status", "org.visord1"]).code == 0).then_some(())
}

#[test]
fn every_line_is_found_in_the_journal_by_unit_and_by_field() {
    sandboxed("system::every_line_is_found_in_the_journal_by_unit_and_by_field", |sandbox| {
        let stage = on_the_machine(
            "[program:web]\nstartsecs=0\ncommand=python3 -c \"import os,time; os.write(1,b'hello\\n<3>broken\\nraw \\xff\\n'); os.write(2,b'oops\\n'); time.sleep(1000)\"\n",
        )
        .started();
        let pid = stage.wait_for("web", "RUNNING")["pid"].to_string();
        let lines = wait_until("four lines", || {
            Some(sandbox.journal(&["-u", "visord@web"])).filter(|found| {
                found.iter().filter(|l| l["VISORD_STREAM"].is_string()).count() >= 4
            })
        });
        let first = lines.iter().find(|line| line["MESSAGE"] == "hello").expect("the first line");
        for (field, value) in [
            ("SYSLOG_IDENTIFIER", "web"),
            ("VISORD_PROGRAM", "web"),
            ("VISORD_GROUP", "web"),
            ("VISORD_STREAM", "stdout"),
            ("PRIORITY", "6"),
            ("OBJECT_PID", pid.as_str()),
        ] {
            assert_eq!(first[field], value, "{field} of {first}");
        }
        let broken =
            lines.iter().find(|line| line["MESSAGE"] == "broken").expect("the prefixed line");
        assert_eq!(broken["PRIORITY"], "3");
        assert!(
            lines.iter().any(|line| line["MESSAGE"].is_array()),
            "a line that is not UTF-8 is kept as bytes"
        );
        assert!(!sandbox.journal(&["VISORD_PROGRAM=web", "VISORD_STREAM=stderr"]).is_empty());
    });
}

#[test]
fn the_table_is_on_the_system_bus_for_everyone_and_orders_are_for_root() {
    sandboxed(
        "system::the_table_is_on_the_system_bus_for_everyone_and_orders_are_for_root",
        |sandbox| {
            let stage =
                on_the_machine("[program:web]\nstartsecs=0\ncommand=sleep 1000\n").started();
            stage.reaches("web", "RUNNING");
            wait_until("the name on the bus", || owned(sandbox));

            let tree = sandbox.busctl(&["tree", "org.visord1"]);
            assert!(
                tree.out.contains("/org/visord1/program/web_3aweb"),
                "{}{}",
                tree.out,
                tree.err
            );
            let path = "/org/visord1/program/web_3aweb";
            let state =
                sandbox.busctl(&["get-property", "org.visord1", path, "org.visord1.Unit", "State"]);
            assert_eq!(state.out, "s \"RUNNING\"\n", "{}", state.err);

            let as_nobody = |words: &[&str]| {
                run(Command::new("setpriv")
                    .args([
                        "--reuid=65534",
                        "--regid=65534",
                        "--clear-groups",
                        "busctl",
                        "--system",
                    ])
                    .args(words))
            };
            let read =
                as_nobody(&["get-property", "org.visord1", path, "org.visord1.Program", "MainPID"]);
            assert_eq!(read.code, 0, "{}", read.err);
            let call = [
                "call",
                "org.visord1",
                "/org/visord1",
                "org.visord1.Manager",
                "Stop",
                "asa{sv}",
                "1",
                "web",
                "0",
            ];
            let denied = as_nobody(&call);
            assert!(denied.code != 0 && denied.err.contains("denied"), "{}", denied.err);
            assert_eq!(stage.row("web").expect("a row")["state"], "RUNNING");

            let signals = std::fs::File::create(stage.path("signals")).expect("a file");
            let mut monitor = Command::new("busctl")
                .args(["--system", "monitor", "org.visord1"])
                .stdout(signals.try_clone().expect("a second descriptor"))
                .stderr(signals)
                .spawn()
                .expect("busctl");
            // What tells of itself before it listens would miss the signal.
            stage.says("signals", "Monitoring bus message stream.");
            assert_eq!(sandbox.busctl(&call).code, 0);
            wait_until("the signal", || {
                let seen = stage.read("signals");
                (seen.contains("UnitStateChanged") && seen.contains("STOPPED")).then_some(())
            });
            drop(monitor.kill());
            drop(monitor.wait());
        },
    );
}

#[test]
fn a_bus_that_dies_and_comes_back_is_joined_again() {
    sandboxed("system::a_bus_that_dies_and_comes_back_is_joined_again", |sandbox| {
        let stage = on_the_machine("[program:web]\nstartsecs=0\ncommand=sleep 1000\n").started();
        wait_until("the name on the bus", || owned(sandbox));
        let bus = std::env::var("VISOR_TESTS_BUS").expect("the bus of the sandbox");
        run(Command::new("kill").args(["-9", &bus]));
        let pid = stage.wait_for("web", "RUNNING")["pid"].clone();

        let mut again = Command::new("dbus-daemon")
            .args(["--system", "--nofork", "--nopidfile"])
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon");
        wait_until("the name on the new bus", || owned(sandbox));
        assert_eq!(stage.row("web").expect("a row")["pid"], pid);
        drop(again.kill());
        drop(again.wait());
    });
}

#[test]
fn the_service_manager_hears_ready_status_watchdog_and_the_end() {
    let stage = Stage::new("[program:web]\nstartsecs=1\ncommand=sleep 1000\n");
    let manager = UnixDatagram::bind(stage.path("notify")).expect("a socket");
    manager.set_read_timeout(Some(Duration::from_secs(60))).expect("a timeout");
    let address = stage.path("notify").display().to_string();
    let mut stage =
        stage.with_env("NOTIFY_SOCKET", &address).with_env("WATCHDOG_USEC", "200000").started();

    let hear_until = |wanted: &str| {
        let mut heard = Vec::new();
        loop {
            let mut bytes = [0; 4096];
            let count = manager
                .recv(&mut bytes)
                .unwrap_or_else(|error| panic!("no {wanted} after {heard:?}: {error}"));
            let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
            heard.push(text.clone());
            if text.contains(wanted) {
                return heard;
            }
        }
    };
    let before = hear_until("READY=1");
    assert!(before.iter().any(|text| text.contains("WATCHDOG=1")), "{before:?}");
    hear_until("STATUS=1 of 1 programs running");
    stage.signal(Signal::SIGHUP);
    hear_until("RELOADING=1");
    hear_until("READY=1");
    stage.signal(Signal::SIGTERM);
    hear_until("STOPPING=1");
    hear_until("EXTEND_TIMEOUT_USEC=30000000");
    assert_eq!(stage.ended(), 0);
}
