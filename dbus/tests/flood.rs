//! A peer that asks and never reads costs little, and nobody else notices. One test, alone in its process, because it
//! weighs the process.
#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

mod fixture;

use std::collections::HashMap;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;

use fixture::{Table, attach, own_uid, run};
use visor_dbus::Ended;
use visor_units::engine::{Cause, State};
use zbus::{Message, Variant};

/// What the flood may add, in bytes: a full inbox of changes, queues and sockets, and room for the allocator.
const ADDED: usize = 12 << 20;
/// What the peer tries to send.
const FLOOD: usize = 64 << 20;

fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// Begins a connection by hand.
fn greet(stream: &mut UnixStream) {
    let uid: String = own_uid().to_string().bytes().map(|b| format!("{b:02x}")).collect();
    write!(stream, "\0AUTH EXTERNAL {uid}\r\nBEGIN\r\n").unwrap();
    stream.set_nonblocking(true).unwrap();
}

/// Sends the same call until nobody takes it any more; how many bytes were taken.
async fn flood(stream: &mut UnixStream, call: &[u8]) -> usize {
    const QUIET: usize = 2_000;
    let (mut taken, mut at, mut quiet) = (0, 0, 0);
    while quiet < QUIET && taken < FLOOD {
        match stream.write(&call[at..]) {
            Ok(count) => {
                taken += count;
                at = (at + count) % call.len();
                quiet = 0;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                quiet += 1;
                // The server's turn.
                tokio::task::yield_now().await;
            }
            Err(error) => panic!("{error}"),
        }
    }
    taken
}

#[test]
fn a_peer_that_never_reads_is_held_back_then_let_go() {
    run(async {
        let table = Table::many(200);
        let (client, _directory) = fixture::client(&table, own_uid()).await;
        client.list().await.unwrap();
        let none: HashMap<&str, Variant<'_>> = HashMap::new();
        let call = Message::method_call("/org/visord1", "ListUnits")
            .interface("org.visord1.Manager")
            .build(&none)
            .unwrap();
        let before = resident();
        let (mut stream, serving) = attach(&table, own_uid());
        greet(&mut stream);
        let taken = flood(&mut stream, call.data()).await;
        assert!(taken < 4 << 20, "{taken} bytes were taken");
        for round in 0..120 {
            let state = if round % 2 == 0 { State::Running } else { State::Exited };
            for index in 0..200 {
                table.change(index, state, Cause::Autorestart);
            }
            tokio::task::yield_now().await;
        }
        assert_eq!(client.list().await.unwrap().len(), 200);
        let added = resident().saturating_sub(before);
        println!("taken {taken} bytes, resident memory grew by {added} bytes");
        assert!(added < ADDED, "resident memory grew by {added} bytes");
        // Time runs on by itself while everybody waits.
        tokio::time::pause();
        assert_eq!(serving.await.unwrap(), Ended::Stuck);
    });
}
