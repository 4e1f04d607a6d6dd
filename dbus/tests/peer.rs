//! Every method over a socket, with no bus: what is asked, what is answered, and who may ask.

mod fixture;

use std::io::Read;

use fixture::{Table, client, own_uid, run};
use visor_dbus::{ConfiguredRow, LogRequest, Value};
use visor_units::engine::{Cause, Command, State};
use visor_units::fault::{Fault, Refusal};
use visor_units::name::{ProcessName, Selector};
use visor_units::signal::Signal;

fn ids(rows: &[visor_dbus::UnitRow]) -> Vec<&str> {
    rows.iter().map(|row| row.id.as_str()).collect()
}

#[test]
fn a_list_is_in_start_order_and_carries_what_a_status_shows() {
    run(async {
        let table = Table::of(&["web", "workers:w_0", "listeners:l"]);
        table.change(1, State::Running, Cause::StayedUp);
        let (client, _directory) = client(&table, own_uid()).await;
        let rows = client.list().await.unwrap();
        assert_eq!(ids(&rows), ["web", "workers:w_0", "listeners:l"]);
        let worker = &rows[1];
        assert_eq!(worker.state, "RUNNING");
        assert_eq!((worker.group.as_str(), worker.name.as_str()), ("workers", "w_0"));
        assert_eq!(worker.pid, 1002);
        assert_eq!(worker.path, "/org/visord1/program/workers_3aw_5f0");
        assert_eq!(worker.cause, "stayed up for startsecs");
        assert_eq!((worker.exit_code, worker.priority, worker.autostart), (-1, 999, true));
        assert_eq!(rows[2].kind, "listener");
        assert_eq!(worker.memory, 0, "counters are asked for");
        let rows = client.list_with_usage().await.unwrap();
        assert_eq!((rows[1].memory, rows[1].tasks, rows[1].log_dropped), (8192, 1, 7));
    });
}

#[test]
fn names_with_hostile_characters_are_listed_found_and_started() {
    run(async {
        let names =
            ["a b:\u{202e}x", "ä:🦀", "q\"\\:<&>", "nul\0:n\0l", "slash:../..", "percent:%n%s"];
        let table = Table::of(&names);
        let (client, _directory) = client(&table, own_uid()).await;
        let rows = client.list().await.unwrap();
        let shown: Vec<String> = names.iter().map(|name| name.replace('\0', "\u{fffd}")).collect();
        assert_eq!(ids(&rows), shown);
        for (row, name) in rows.iter().zip(names) {
            let (group, process) = name.split_once(':').unwrap();
            let found = visor_dbus::program_name(&row.path);
            assert_eq!(found, Some(ProcessName::new(group, process)), "{}", row.path);
        }
        client.start("ä:🦀").await.unwrap();
        assert_eq!(table.rows.borrow()[1].state, State::Running);
    });
}

#[test]
fn start_stop_and_restart_are_done_once_and_refused_when_they_are_so_already() {
    run(async {
        let table = Table::of(&["web"]);
        let (client, _directory) = client(&table, own_uid()).await;
        client.start("web").await.unwrap();
        assert_eq!(client.start("web").await, Err(Fault::AlreadyStarted.into()));
        client.restart("web").await.unwrap();
        client.stop("web").await.unwrap();
        assert_eq!(client.stop("web").await, Err(Fault::NotRunning.into()));
        assert_eq!(client.start("nobody").await, Err(Fault::NoSuchUnit.into()));
    });
}

#[test]
fn several_names_answer_one_by_one() {
    run(async {
        let table = Table::of(&["a", "b"]);
        let (client, _directory) = client(&table, own_uid()).await;
        client.start("b").await.unwrap();
        let outcomes = client.start_all(&["*", "c"], true).await.unwrap();
        let expected = vec![
            ("a".to_owned(), Ok("started".to_owned())),
            ("b".to_owned(), Err(Refusal::from(Fault::AlreadyStarted))),
            ("c".to_owned(), Err(Refusal::from(Fault::NoSuchUnit))),
        ];
        assert_eq!(outcomes, expected);
        let stopped = client.stop_all(&["all"], true).await.unwrap();
        assert!(stopped.iter().all(|(_, result)| result.is_ok()), "{stopped:?}");
        assert_eq!(client.stop_all(&[], true).await.unwrap_err().fault, Fault::BadArguments);
    });
}

#[test]
fn one_error_stands_for_several_failures_and_names_each() {
    run(async {
        let table = Table::of(&["a", "b"]);
        let (client, _directory) = client(&table, own_uid()).await;
        client.start("b").await.unwrap();
        let refusal = client.start("*").await.unwrap_err();
        assert_eq!(refusal, Refusal::new(Fault::Failed, "b: already started"));
    });
}

#[test]
fn a_signal_goes_to_the_process_or_to_its_group() {
    run(async {
        let table = Table::of(&["web"]);
        let (client, _directory) = client(&table, own_uid()).await;
        assert_eq!(client.signal("web", Signal(10), false).await, Err(Fault::NotRunning.into()));
        client.start("web").await.unwrap();
        client.signal("web", Signal(10), true).await.unwrap();
        let (who, order) = table.orders.borrow().last().cloned().unwrap();
        let names = vec![Selector::Process("web".into(), "web".into())];
        let whom = visor_units::engine::Whom::Group;
        assert_eq!(order, Command::Signal { names, signal: Signal(10), whom });
        assert_eq!((who.uid, who.pid), (Some(own_uid()), Some(std::process::id())));
        let odd = client.signal("web", Signal(77), false).await.unwrap_err();
        assert_eq!(odd.fault, Fault::BadSignal);
    });
}

#[test]
fn reread_tells_and_update_does() {
    run(async {
        let table = Table::of(&["web"]);
        let (client, _directory) = client(&table, own_uid()).await;
        let difference = client.reread().await.unwrap();
        assert_eq!(difference.added, ["new".into()]);
        assert_eq!(difference.changed, ["web".into()]);
        assert_eq!(difference.removed, ["old".into()]);
        client.update(&["web".to_owned()]).await.unwrap();
        let done = client.update_outcomes(&[]).await.unwrap();
        assert_eq!(done[0], ("old".to_owned(), Ok("removed process group".to_owned())));
        let asked: Vec<Vec<String>> = (table.orders.borrow().iter())
            .map(|(_, order)| match order {
                Command::Update { only, .. } => only.clone(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(asked, [vec!["web".to_owned()], vec![]]);
    });
}

#[test]
fn groups_are_listed_added_and_removed_by_name() {
    run(async {
        let table = Table::of(&["web"]);
        let (client, _directory) = client(&table, own_uid()).await;
        let configured = client.configured().await.unwrap();
        let new = ConfiguredRow {
            id: "new:p".into(),
            group: "new".into(),
            name: "p".into(),
            in_use: false,
            autostart: true,
            group_priority: 5,
            priority: 999,
        };
        assert_eq!(configured[0], new);
        assert_eq!((configured[1].id.as_str(), configured[1].in_use), ("web", true));
        client.add_group("new").await.unwrap();
        assert_eq!(client.add_group("web").await, Err(Fault::AlreadyAdded.into()));
        client.remove_group("old").await.unwrap();
        assert_eq!(client.remove_group("web").await, Err(Fault::StillRunning.into()));
        let asked: Vec<String> = (table.orders.borrow().iter())
            .map(|(who, order)| match order {
                _ if who.uid != Some(own_uid()) => panic!("{who:?}"),
                Command::AddGroup(group) => format!("+{}", group.name),
                Command::RemoveGroup(name) => format!("-{name}"),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(asked, ["+new", "+web", "-old", "-web"]);
    });
}

#[test]
fn logs_are_emptied_of_whom_the_names_mean() {
    run(async {
        let table = Table::of(&["web", "g:a", "g:b"]);
        let (client, _directory) = client(&table, own_uid()).await;
        client.clear_log("g:*").await.unwrap();
        let both = ["a", "b"].map(|process| ProcessName::new("g", process));
        assert_eq!(*table.cleared.borrow(), both);
        assert_eq!(client.clear_log("nobody").await, Err(Fault::NoSuchUnit.into()));
    });
}

#[test]
fn the_daemon_is_reloaded_and_ended() {
    run(async {
        let table = Table::of(&[]);
        let (client, _directory) = client(&table, own_uid()).await;
        let refusal = client.reload_daemon().await.unwrap_err();
        assert_eq!(refusal.fault, Fault::ConfigInvalid);
        assert_eq!(refusal.text, "visord.conf:3:1: unknown section");
        client.shutdown().await.unwrap();
        assert_eq!(table.orders.borrow().last().unwrap().1, Command::Shutdown);
    });
}

#[test]
fn a_log_is_a_descriptor() {
    run(async {
        let table = Table::of(&["g:p"]);
        let (client, _directory) = client(&table, own_uid()).await;
        let request = LogRequest {
            name: Some(ProcessName::new("g", "p")),
            stderr: true,
            follow: true,
            lines: Some(10),
            offset: None,
            length: Some(5),
        };
        for request in [request, LogRequest::default()] {
            let mut log = std::fs::File::from(client.open_log(&request).await.unwrap());
            let mut text = String::new();
            log.read_to_string(&mut text).unwrap();
            assert_eq!(text, format!("{request:?}\n"));
        }
    });
}

#[test]
fn standard_input_is_written_as_it_is() {
    run(async {
        let table = Table::of(&["g:p"]);
        let (client, _directory) = client(&table, own_uid()).await;
        client.send_stdin("g:p", b"one\0\xff\n").await.unwrap();
        let written = (ProcessName::new("g", "p"), b"one\0\xff\n".to_vec());
        assert_eq!(*table.inputs.borrow(), [written]);
        for nobody in ["q", "g:*", "all"] {
            let refusal = client.send_stdin(nobody, b"x").await.unwrap_err();
            assert_eq!(refusal.fault, Fault::NoSuchUnit, "{nobody}");
        }
    });
}

#[test]
fn properties_are_shown_by_name() {
    run(async {
        let table = Table::of(&["web"]);
        let (client, _directory) = client(&table, own_uid()).await;
        let shown = client.properties("web").await.unwrap();
        let get = |name: &str| shown.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        assert_eq!(get("State"), Some(&Value::Text("STOPPED".into())));
        assert_eq!(get("MemoryCurrent"), Some(&Value::Unsigned(4096)));
        assert_eq!(get("CanStart"), Some(&Value::Flag(true)));
        assert_eq!(get("WaitingFor"), Some(&Value::List(vec![])));
        let text = client.show("web").await.unwrap();
        assert!(text.contains(&("ExitCode".to_owned(), "-1".to_owned())));
        assert_eq!(client.show("x").await.unwrap_err().fault, Fault::NoSuchUnit);
        assert_eq!(client.show("w*").await.unwrap_err().fault, Fault::NoSuchUnit);
        assert_eq!(client.manager_property("State").await.unwrap(), "RUNNING");
        let pid = std::process::id().to_string();
        assert_eq!(client.manager_property("PID").await.unwrap(), pid);
        let unknown = client.manager_property("Nothing").await.unwrap_err();
        assert_eq!(unknown.fault, Fault::Failed);
    });
}

#[test]
fn who_may_not_act_may_read() {
    run(async {
        let table = Table::of(&["web"]);
        let (client, _directory) = client(&table, own_uid() + 1).await;
        assert_eq!(client.list().await.unwrap().len(), 1);
        assert_eq!(client.manager_property("NUnits").await.unwrap(), "1");
        let refusals = [
            client.start("web").await.unwrap_err(),
            client.stop("web").await.unwrap_err(),
            client.restart("web").await.unwrap_err(),
            client.signal("web", Signal::TERM, false).await.unwrap_err(),
            client.start_all(&["web"], true).await.unwrap_err(),
            client.reread().await.unwrap_err(),
            client.configured().await.unwrap_err(),
            client.add_group("web").await.unwrap_err(),
            client.remove_group("web").await.unwrap_err(),
            client.clear_log("web").await.unwrap_err(),
            client.send_stdin("web", b"x").await.unwrap_err(),
            client.update(&[]).await.unwrap_err(),
            client.update_outcomes(&[]).await.unwrap_err(),
            client.reload_daemon().await.unwrap_err(),
            client.shutdown().await.unwrap_err(),
            client.open_log(&LogRequest::default()).await.unwrap_err(),
        ];
        for refusal in refusals {
            assert_eq!(refusal.fault, Fault::NotAuthorized, "{refusal:?}");
        }
        assert!(table.orders.borrow().is_empty() && table.cleared.borrow().is_empty());
    });
}

#[test]
fn every_transition_is_told_in_order_with_its_reason() {
    run(async {
        let table = Table::of(&["web"]);
        let (client, _directory) = client(&table, own_uid()).await;
        let mut changes = client.subscribe().await.unwrap();
        client.start("web").await.unwrap();
        table.change(0, State::Exited, Cause::Autorestart);
        let mut told = Vec::new();
        for _ in 0..3 {
            let change = changes.next().await.unwrap();
            assert_eq!(change.id, "web");
            told.push((change.from, change.to, change.exit_code));
        }
        let step = |from: &str, to: &str, code| (from.to_owned(), to.to_owned(), code);
        assert_eq!(
            told,
            [
                step("STOPPED", "STARTING", None),
                step("STARTING", "RUNNING", None),
                step("RUNNING", "EXITED", Some(3)),
            ]
        );
    });
}

#[test]
fn a_call_that_waits_holds_up_nothing_else_on_its_connection() {
    run(async {
        let table = Table::of(&["web", "db"]);
        table.held.set(true);
        let (client, _directory) = client(&table, own_uid()).await;
        let asking = client.clone();
        let waiting = tokio::task::spawn_local(async move { asking.start("web").await });
        // Orders reach the table in the order they were given, and reading goes on meanwhile.
        while table.orders.borrow().is_empty() {
            client.list().await.unwrap();
        }
        assert!(!waiting.is_finished());
        table.held.set(false);
        table.released.notify_waiters();
        waiting.await.unwrap().unwrap();
    });
}

#[test]
fn too_many_waiting_calls_are_refused_and_the_others_answered() {
    run(async {
        let table = Table::of(&["web"]);
        table.held.set(true);
        let (client, _directory) = client(&table, own_uid()).await;
        let calls: Vec<_> = (0..100)
            .map(|_| {
                let client = client.clone();
                tokio::task::spawn_local(
                    async move { client.signal("web", Signal(1), false).await },
                )
            })
            .collect();
        while table.orders.borrow().len() < 64
            || calls.iter().filter(|c| c.is_finished()).count() < 36
        {
            client.list().await.unwrap();
        }
        table.held.set(false);
        table.released.notify_waiters();
        let mut refused = 0;
        for call in calls {
            match call.await.unwrap().unwrap_err().fault {
                Fault::RateLimited => refused += 1,
                fault => assert_eq!(fault, Fault::NotRunning),
            }
        }
        assert_eq!((refused, table.orders.borrow().len()), (36, 64));
    });
}

#[test]
fn with_no_daemon_every_place_that_was_tried_is_named() {
    run(async {
        let directory = tempfile::tempdir().unwrap();
        let missing = directory.path().join("bus").to_str().unwrap().to_owned();
        let stale = directory.path().join("stale").to_str().unwrap().to_owned();
        drop(std::os::unix::net::UnixListener::bind(&stale).unwrap());
        let places = [missing, stale].map(visor_dbus::Place::Socket);
        let error = visor_dbus::Client::connect(&places).await.unwrap_err();
        let reasons: Vec<&str> = error.tried.iter().map(|(_, reason)| reason.as_str()).collect();
        assert_eq!(reasons, ["No such file or directory", "Connection refused"]);
    });
}
