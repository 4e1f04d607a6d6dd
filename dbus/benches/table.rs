//! What large tables cost, in figures: `cargo bench -p visor-dbus`. Client and server are one process on one thread, so
//! times are those of both together.
#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

#[path = "../tests/fixture/mod.rs"]
mod fixture;

use std::time::{Duration, Instant};

use fixture::{Table, own_uid, run};
use visor_dbus::{Client, Place};
use visor_units::engine::{Cause, State};

fn main() {
    run(async {
        println!(
            "{:>8} {:>14} {:>14} {:>14} {:>14} {:>12}",
            "programs", "connect+list", "list", "objects", "signals/s", "RSS"
        );
        for count in [10, 1_000, 10_000] {
            measure(count).await;
        }
    });
}

async fn measure(count: u32) {
    let table = Table::many(count);
    let (client, directory) = fixture::client(&table, own_uid()).await;
    let place = Place::Socket(directory.path().join("bus").to_str().unwrap().to_owned());
    let whole = best(async || {
        let client = Client::connect(std::slice::from_ref(&place)).await.unwrap();
        assert_eq!(client.list().await.unwrap().len(), count as usize);
    });
    let whole = whole.await;
    let list = best(async || assert_eq!(client.list().await.unwrap().len(), count as usize)).await;
    let objects =
        best(async || assert_eq!(managed_objects(&directory).await, count as usize)).await;
    let signals = signals(&table, &client).await;
    println!(
        "{count:>8} {:>11.2} ms {:>11.2} ms {:>11.2} ms {signals:>14.0} {:>9} kB",
        whole.as_secs_f64() * 1e3,
        list.as_secs_f64() * 1e3,
        objects.as_secs_f64() * 1e3,
        resident()
    );
}

/// The shortest of several runs.
async fn best(work: impl AsyncFn()) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..20 {
        let began = Instant::now();
        work().await;
        best = best.min(began.elapsed());
    }
    best
}

/// Fetches every object and counts the paths, without reading their values.
async fn managed_objects(directory: &tempfile::TempDir) -> usize {
    type Objects<'m> = std::collections::HashMap<zbus::ObjectPath<'m>, Interfaces<'m>>;
    type Interfaces<'m> =
        std::collections::HashMap<&'m str, std::collections::HashMap<&'m str, zbus::Variant<'m>>>;
    let stream = std::os::unix::net::UnixStream::connect(directory.path().join("bus")).unwrap();
    let connection = zbus::connection::Builder::unix_stream(stream).p2p().build().await.unwrap();
    let managed = Some("org.freedesktop.DBus.ObjectManager");
    let answer = connection
        .call_method(None::<&str>, "/org/visord1", managed, "GetManagedObjects", &())
        .await
        .unwrap();
    let body = answer.body();
    body.deserialize::<Objects<'_>>().unwrap().len()
}

/// Transitions that reach a listener in a second.
async fn signals(table: &Table, client: &Client) -> f64 {
    const CHANGES: usize = 10_000;
    let mut changes = client.subscribe().await.unwrap();
    let count = table.rows.borrow().len();
    let began = Instant::now();
    for n in 0..CHANGES {
        let state = if n % 2 == 0 { State::Running } else { State::Exited };
        table.change(n % count, state, Cause::Autorestart);
    }
    for _ in 0..CHANGES {
        changes.next().await.unwrap();
    }
    CHANGES as f64 / began.elapsed().as_secs_f64()
}

fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4
}
