//! The socket file, and a real bus that comes, goes, stops and refuses.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use visor_dbus::{Bus, Client, Place};
use visor_units::unit::WhichBus;

use super::Report;
use super::join::Membership;
use crate::authority::Judge;
use crate::fixture::bus::BusDaemon;
use crate::fixture::{self, Table, run};
use crate::socket::{Access, Listener, SocketError};

fn socket_in(directory: &tempfile::TempDir) -> PathBuf {
    directory.path().join("run/visord/bus")
}

/// Serves a table on a socket and answers with a client of it.
async fn served(path: &Path) -> Client {
    let table = Table::of(&["web"]);
    let faces = (table.clone(), Judge::new(fixture::own_uid()), table.notices);
    let listener = Some(Listener::bind(path, Access::EVERYONE).unwrap());
    super::serve(listener, WhichBus::Off, faces, |report| panic!("{report:?}"));
    Client::connect(&[Place::Socket(path.to_str().unwrap().to_owned())]).await.unwrap()
}

#[test]
fn the_socket_comes_with_its_directory_is_open_to_all_and_goes_with_the_daemon() {
    let directory = tempfile::tempdir().unwrap();
    let path = socket_in(&directory);
    let listener = Listener::bind(&path, Access::EVERYONE).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o666);
    assert_eq!(mode(path.parent().unwrap()), 0o755);
    drop(listener);
    assert!(!path.exists());
    drop(Listener::bind(&path, Access::EVERYONE).unwrap());
}

#[test]
fn a_second_daemon_on_the_same_socket_is_refused_and_the_first_unharmed() {
    run(async {
        let directory = tempfile::tempdir().unwrap();
        let path = socket_in(&directory);
        let client = served(&path).await;
        client.start("web").await.unwrap();
        let refused = Listener::bind(&path, Access::EVERYONE).unwrap_err();
        assert!(refused.is_taken());
        let text = format!("another visord (pid {}) serves {}", std::process::id(), path.display());
        assert_eq!(refused.to_string(), text);
        assert_eq!(client.list().await.unwrap().len(), 1);
        let place = Place::Socket(path.to_str().unwrap().to_owned());
        Client::connect(&[place]).await.unwrap().list().await.unwrap();
    });
}

#[test]
fn a_socket_that_a_dead_daemon_left_is_replaced() {
    run(async {
        let directory = tempfile::tempdir().unwrap();
        let path = socket_in(&directory);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        drop(UnixListener::bind(&path).unwrap());
        drop(UnixListener::bind(path.with_file_name("bus.new")).unwrap());
        served(&path).await.list().await.unwrap();
    });
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("bus");
    std::fs::write(&path, "precious").unwrap();
    let refused = Listener::bind(&path, Access::EVERYONE).unwrap_err();
    assert!(refused.to_string().ends_with("bus is there and is not a socket"), "{refused}");
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
    std::fs::remove_file(&path).unwrap();
    let other = UnixListener::bind(&path).unwrap();
    let refused = Listener::bind(&path, Access::EVERYONE).unwrap_err();
    assert!(refused.to_string().ends_with("bus is served by another program"), "{refused}");
    drop(other);
}

#[test]
fn a_lock_file_that_is_a_link_is_not_followed() {
    let directory = tempfile::tempdir().unwrap();
    let victim = directory.path().join("victim");
    std::fs::write(&victim, "precious").unwrap();
    std::os::unix::fs::symlink(&victim, directory.path().join("bus.lock")).unwrap();
    let refused = Listener::bind(&directory.path().join("bus"), Access::EVERYONE).unwrap_err();
    assert!(matches!(refused, SocketError::System("open", ..)), "{refused}");
    assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
}

#[test]
fn a_path_too_long_for_a_socket_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let refused =
        Listener::bind(&directory.path().join("x".repeat(120)), Access::EVERYONE).unwrap_err();
    assert!(refused.to_string().starts_with("cannot bind "), "{refused}");
    assert!(!refused.is_taken());
}

#[test]
fn peers_that_only_connect_do_not_keep_others_out() {
    run(async {
        let directory = tempfile::tempdir().unwrap();
        let path = socket_in(&directory);
        let client = served(&path).await;
        let idle: Vec<UnixStream> = (0..100).map(|_| UnixStream::connect(&path).unwrap()).collect();
        client.list().await.unwrap();
        drop(idle);
        client.list().await.unwrap();
    });
}

/// A daemon that keeps on `address`, and what it reports.
fn keep(address: &str) -> mpsc::UnboundedReceiver<Report> {
    keep_table(&Table::of(&["web"]), address).0
}

fn keep_table(table: &Table, address: &str) -> (mpsc::UnboundedReceiver<Report>, AbortHandle) {
    let table = table.clone();
    let server =
        visor_dbus::Server::new(table.clone(), Judge::new(fixture::own_uid()), table.notices);
    let (send, reports) = mpsc::unbounded_channel();
    let membership = Membership { bus: Bus::System, address: address.to_owned(), required: false };
    let report = move |report| drop(send.send(report));
    (reports, tokio::task::spawn_local(membership.keep(server, report)).abort_handle())
}

/// The next report that begins so; others before it are skipped.
async fn reported(reports: &mut mpsc::UnboundedReceiver<Report>, beginning: &str) -> Report {
    loop {
        let report = reports.recv().await.unwrap();
        if report.text.starts_with(beginning) {
            return report;
        }
    }
}

const ON_IT: &str = "on the system bus as org.visord1 (";
const WENT: &str = "the system bus went away, waiting for it";

async fn answers(address: &str) {
    let client = Client::connect(&[Place::Address(address.to_owned())]).await.unwrap();
    assert_eq!(client.list().await.unwrap().len(), 1);
}

#[test]
fn a_bus_that_dies_and_comes_back_is_joined_again() {
    run(async {
        let mut bus = BusDaemon::start();
        let mut reports = keep(bus.address());
        reported(&mut reports, ON_IT).await;
        answers(bus.address()).await;
        for _ in 0..3 {
            bus.kill();
            reported(&mut reports, WENT).await;
            bus.restart();
            reported(&mut reports, ON_IT).await;
            answers(bus.address()).await;
        }
    });
}

#[test]
fn a_bus_that_comes_later_is_joined_when_it_comes() {
    run(async {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("dbus/system_bus_socket");
        let address = format!("unix:path={}", path.display());
        let mut reports = keep(&address);
        let report = reported(&mut reports, "no system bus, waiting for it").await;
        assert!(!report.is_warning, "{report:?}");
        std::fs::create_dir(path.parent().unwrap()).unwrap();
        let _bus = BusDaemon::start_at(&path);
        reported(&mut reports, ON_IT).await;
        answers(&address).await;
    });
}

#[test]
fn a_bus_that_refuses_the_name_is_said_once_and_joined_when_it_is_another() {
    run(async {
        let mut bus = BusDaemon::start_refusing();
        let mut reports = keep(bus.address());
        let report = reported(&mut reports, "the system bus does not give us its name").await;
        assert!(report.is_warning);
        assert!(report.text.contains("org.visord1"), "{report:?}");
        bus.kill();
        bus.allow();
        bus.restart();
        assert!(reports.recv().await.unwrap().text.starts_with(ON_IT));
    });
}

#[test]
fn a_name_that_another_owns_comes_to_us_when_that_one_goes() {
    run(async {
        let bus = BusDaemon::start();
        let (mut reports, first) = keep_table(&Table::of(&["web"]), bus.address());
        reported(&mut reports, ON_IT).await;
        let (mut reports, _second) = keep_table(&Table::of(&["web", "db"]), bus.address());
        let report = reports.recv().await.unwrap();
        assert!(report.is_warning);
        assert!(report.text.contains("another process owns org.visord1"), "{report:?}");
        answers(bus.address()).await;
        first.abort();
        let place = Place::Address(bus.address().to_owned());
        loop {
            // Until the bus has seen the first one go.
            let Ok(client) = Client::connect(std::slice::from_ref(&place)).await else { continue };
            if client.list().await.is_ok_and(|rows| rows.len() == 2) {
                break;
            }
        }
    });
}
