//! On a real dbus-daemon: the name, what busctl sees, who may do what, and a bus that stops.
#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

mod fixture;

use std::rc::Rc;

use fixture::bus::BusDaemon;
use fixture::{Only, Table, own_uid, run};
use tokio::task::JoinHandle;
use visor_dbus::{Client, Ended, Place};
use visor_units::engine::{Cause, State};
use visor_units::fault::Fault;

const NAME: &str = "org.visord1";
const WEB: &str = "/org/visord1/program/web_3aweb";

/// Serves `table` on `bus`; who is `acting` may act.
async fn join(table: &Table, bus: &BusDaemon, acting: u32) -> JoinHandle<Ended> {
    let joined = table.server(acting).join(bus.address()).await.unwrap();
    assert!(joined.owns_name);
    tokio::task::spawn_local(joined.run())
}

async fn client(bus: &BusDaemon) -> Client {
    Client::connect(&[Place::Address(bus.address().to_owned())]).await.unwrap()
}

fn is_root() -> bool {
    own_uid() == 0
}

#[test]
fn busctl_sees_the_tree_the_interfaces_and_the_properties() {
    run(async {
        let (bus, table) = (BusDaemon::start(), Table::of(&["web", "g:p"]));
        let _serving = join(&table, &bus, own_uid()).await;
        let (done, tree) = bus.busctl(false, &["tree", "--list", NAME]).await;
        assert!(done, "{tree}");
        let paths: Vec<&str> = tree.lines().collect();
        let expected = ["/", "/org", "/org/visord1", "/org/visord1/program"];
        assert_eq!(paths[..4], expected);
        assert_eq!(paths[4..], ["/org/visord1/program/g_3ap", WEB]);
        let (done, text) = bus.busctl(false, &["introspect", NAME, WEB]).await;
        assert!(done, "{text}");
        for line in
            ["org.visord1.Unit", ".Start", ".State", "emits-change", ".MainPID", ".CommandLine"]
        {
            assert!(text.contains(line), "{line} in {text}");
        }
        let get = ["get-property", NAME, WEB, "org.visord1.Unit", "State"];
        assert_eq!(bus.busctl(false, &get).await, (true, "s \"STOPPED\"\n".to_owned()));
        let start = [
            "call",
            NAME,
            "/org/visord1",
            "org.visord1.Manager",
            "Start",
            "asa{sv}",
            "1",
            "web",
            "0",
        ];
        assert_eq!(bus.busctl(false, &start).await, (true, "ao 0\n".to_owned()));
        assert_eq!(bus.busctl(false, &get).await, (true, "s \"RUNNING\"\n".to_owned()));
        let (done, text) = bus.busctl(false, &start).await;
        assert!(!done && text.contains("already started"), "{text}");
        let (who, _) = table.orders.borrow()[0].clone();
        assert_eq!(who.uid, Some(own_uid()));
        assert!(who.pid.is_some() && who.via.starts_with("bus :1."), "{who:?}");
    });
}

#[test]
fn a_client_on_the_bus_lists_starts_and_is_told() {
    run(async {
        let (bus, table) = (BusDaemon::start(), Table::of(&["web"]));
        let _serving = join(&table, &bus, own_uid()).await;
        let client = client(&bus).await;
        let mut changes = client.subscribe().await.unwrap();
        client.start("web").await.unwrap();
        for to in ["STARTING", "RUNNING"] {
            assert_eq!(changes.next().await.unwrap().to, to);
        }
        assert_eq!(client.list().await.unwrap()[0].state, "RUNNING");
        assert_eq!(client.start("web").await, Err(Fault::AlreadyStarted.into()));
        let log = client.open_log(&visor_dbus::LogRequest::default()).await.unwrap();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut std::fs::File::from(log), &mut text).unwrap();
        assert!(text.starts_with("LogRequest"));
    });
}

#[test]
fn a_bus_without_a_daemon_says_that_nobody_owns_the_name() {
    run(async {
        let bus = BusDaemon::start();
        let places = [Place::Address(bus.address().to_owned())];
        let error = Client::connect(&places).await.unwrap_err();
        assert_eq!(error.tried[0].1, "nobody owns the name org.visord1");
    });
}

#[test]
fn with_the_shipped_policy_root_acts_and_nobody_only_reads() {
    if !is_root() {
        eprintln!("not root: the policy of the system bus is not tried");
        return;
    }
    run(async {
        let (bus, table) = (BusDaemon::start_as_shipped(), Table::of(&["web"]));
        let _serving = join(&table, &bus, 0).await;
        let start = ["call", NAME, WEB, "org.visord1.Unit", "Start", "a{sv}", "0"];
        let (done, text) = bus.busctl(true, &start).await;
        assert!(!done, "{text}");
        assert!(
            text.contains("manage-units is for uid 0") || text.contains("Access denied"),
            "{text}"
        );
        assert!(table.orders.borrow().is_empty());
        assert_eq!(bus.busctl(false, &start).await, (true, "ao 0\n".to_owned()));
        let get = ["get-property", NAME, WEB, "org.visord1.Unit", "State"];
        assert_eq!(bus.busctl(true, &get).await, (true, "s \"RUNNING\"\n".to_owned()));
        let list = ["call", NAME, "/org/visord1", "org.visord1.Manager", "ListUnits", "a{sv}", "0"];
        assert!(bus.busctl(true, &list).await.0);
        let (done, text) = bus.busctl(true, &["tree", "--list", NAME]).await;
        assert!(done && text.contains(WEB), "{text}");
        let own = [
            "call",
            "org.freedesktop.DBus",
            "/",
            "org.freedesktop.DBus",
            "RequestName",
            "su",
            NAME,
            "0",
        ];
        assert!(!bus.busctl(true, &own).await.0);
    });
}

#[test]
fn a_caller_is_asked_for_once_and_its_calls_stay_in_order() {
    run(async {
        let (bus, table) = (BusDaemon::start(), Table::of(&["web"]));
        let _serving = join(&table, &bus, own_uid()).await;
        let client = Rc::new(client(&bus).await);
        let calls: Vec<_> = (0..20)
            .map(|n| {
                let client = Rc::clone(&client);
                tokio::task::spawn_local(async move {
                    if n % 2 == 0 { client.start("web").await } else { client.stop("web").await }
                })
            })
            .collect();
        for call in calls {
            call.await.unwrap().unwrap();
        }
        assert_eq!(table.orders.borrow().len(), 20);
    });
}

#[test]
fn a_bus_that_stands_still_holds_up_nobody_and_is_told_the_truth_when_it_goes_on() {
    run(async {
        let (bus, table) = (BusDaemon::start(), Table::many(100));
        let serving = join(&table, &bus, own_uid()).await;
        let watcher = client(&bus).await;
        let mut changes = watcher.subscribe().await.unwrap();
        bus.freeze();
        // More than the sockets and the inbox hold together.
        for round in 0..200 {
            let state = if round % 2 == 0 { State::Running } else { State::Exited };
            for index in 0..100 {
                table.change(index, state, Cause::Autorestart);
            }
            tokio::task::yield_now().await;
        }
        table.change(7, State::Fatal, Cause::GaveUp);
        let (peer, _directory) = fixture::client(&table, own_uid()).await;
        assert_eq!(peer.list().await.unwrap()[7].state, "FATAL");
        assert!(!serving.is_finished());
        bus.go_on();
        let mut told = 1;
        while changes.next().await.unwrap().to != "FATAL" {
            told += 1;
        }
        assert!(told < 20_001, "{told} changes were told, so none was left out");
        assert_eq!(watcher.list().await.unwrap().len(), 100);
    });
}

#[test]
fn a_bus_that_dies_ends_the_link_and_not_the_daemon() {
    run(async {
        let (mut bus, table) = (BusDaemon::start(), Table::of(&["web"]));
        let serving = join(&table, &bus, own_uid()).await;
        let client = client(&bus).await;
        bus.kill();
        assert!(matches!(serving.await.unwrap(), Ended::Closed(_)));
        assert_eq!(client.list().await.unwrap_err().fault, Fault::Failed);
        bus.restart();
        let _serving = join(&table, &bus, own_uid()).await;
    });
}

#[test]
fn who_may_not_act_is_told_so_by_the_standard_name() {
    run(async {
        let (bus, table) = (BusDaemon::start(), Table::of(&["web"]));
        let server =
            visor_dbus::Server::new(table.clone(), Only(own_uid() + 1), table.notices.clone());
        let joined = server.join(bus.address()).await.unwrap();
        let _serving = tokio::task::spawn_local(joined.run());
        let client = client(&bus).await;
        let refusal = client.start("web").await.unwrap_err();
        assert_eq!(refusal.fault, Fault::NotAuthorized);
        assert_eq!(client.list().await.unwrap().len(), 1);
    });
}
