//! What is on the wire, seen by a client that knows nothing of visord: standard interfaces, errors, order.
#![expect(clippy::unwrap_used, reason = "what cannot be set up fails the test")]

mod fixture;

use std::collections::HashMap;
use std::sync::Arc;

use fixture::{Table, attach, own_uid, run};
use visor_units::engine::{Cause, Links, State};
use visor_units::invocation::InvocationId;
use zbus::connection::Builder;
use zbus::message::Flags;
use zbus::{
    Connection, DynamicType, Message, MessageStream, OwnedObjectPath, OwnedVariant, Variant,
};

const ROOT: &str = "/org/visord1";
const MANAGER: &str = "org.visord1.Manager";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
const MANAGED: &str = "org.freedesktop.DBus.ObjectManager";
const INTROSPECTABLE: &str = "org.freedesktop.DBus.Introspectable";
const WEB: &str = "/org/visord1/program/web_3aweb";

async fn connect(table: &Table) -> Connection {
    let (stream, _serving) = attach(table, own_uid());
    Builder::unix_stream(stream).p2p().build().await.unwrap()
}

/// Calls; the error's name where there is one.
async fn call<T>(
    connection: &Connection,
    (path, interface, method): (&str, &str, &str),
    arguments: &T,
) -> Result<Message, String>
where
    T: serde::Serialize + DynamicType,
{
    let interface = Some(interface).filter(|name| !name.is_empty());
    let answer = connection.call_method(None::<&str>, path, interface, method, arguments).await;
    answer.map_err(|error| match error {
        zbus::Error::MethodError(name, ..) => name.to_string(),
        zbus::Error::FDO(error) => zbus::DBusError::name(&*error).to_string(),
        other => panic!("{other}"),
    })
}

/// The next signal, and its arguments.
async fn signal(stream: &mut MessageStream) -> Message {
    loop {
        let message = std::future::poll_fn(|context| {
            futures_core::Stream::poll_next(std::pin::Pin::new(&mut *stream), context)
        });
        let message = message.await.unwrap().unwrap();
        if message.message_type() == zbus::message::Type::Signal {
            return message;
        }
    }
}

fn member(message: &Message) -> String {
    message.header().member().unwrap().to_string()
}

#[test]
fn what_does_not_exist_or_does_not_fit_has_the_standard_error() {
    run(async {
        let table = Table::of(&["web"]);
        let connection = connect(&table).await;
        let unknown = |what: &str| format!("org.freedesktop.DBus.Error.Unknown{what}");
        let invalid = "org.freedesktop.DBus.Error.InvalidArgs".to_owned();
        for (path, interface, method, error) in [
            ("/nowhere", MANAGER, "ListUnits", unknown("Object")),
            ("/org/visord1/program/gone_3agone", PROPERTIES, "GetAll", unknown("Object")),
            ("/org/visord1/program/_7", "org.visord1.Unit", "Start", unknown("Object")),
            (ROOT, "org.example.Odd", "Odd", unknown("Interface")),
            (ROOT, "org.visord1.Unit", "Start", unknown("Interface")),
            ("/org", PROPERTIES, "GetAll", unknown("Interface")),
            (ROOT, MANAGER, "Odd", unknown("Method")),
            (ROOT, "", "Odd", unknown("Method")),
            (ROOT, MANAGER, "Start", invalid.clone()),
            (WEB, "org.visord1.Unit", "Start", invalid.clone()),
            (WEB, PROPERTIES, "Get", invalid),
        ] {
            let got = call(&connection, (path, interface, method), &"").await.unwrap_err();
            assert_eq!(got, error, "{path} {interface} {method}");
        }
    });
}

#[test]
fn options_are_checked_by_name_and_type() {
    run(async {
        let table = Table::of(&["web"]);
        let connection = connect(&table).await;
        let bad = "org.visord1.Error.BadArguments";
        let start = (WEB, "org.visord1.Unit", "Start");
        for (key, value, error) in [
            ("wiat", Variant::from(true), Some(bad)),
            ("wait", Variant::from("yes"), Some(bad)),
            ("x-note", Variant::from("anything"), None),
        ] {
            let got = call(&connection, start, &HashMap::from([(key, value)])).await;
            assert_eq!(got.err().as_deref(), error, "{key}");
        }
        let no_options: HashMap<&str, Variant<'_>> = HashMap::new();
        let odd = HashMap::from([("force", Variant::from(true))]);
        for (method, error) in [
            (
                call(&connection, (ROOT, MANAGER, "OpenLog"), &("web", "stdin", no_options)).await,
                bad,
            ),
            (
                call(&connection, (ROOT, MANAGER, "Signal"), &(["web"].as_slice(), 15, "all"))
                    .await,
                bad,
            ),
            (
                call(&connection, (ROOT, MANAGER, "Signal"), &(["web"].as_slice(), -1, "main"))
                    .await,
                "org.visord1.Error.BadSignal",
            ),
            (call(&connection, (ROOT, MANAGER, "AddGroup"), &("new", &odd)).await, bad),
            (call(&connection, (ROOT, MANAGER, "RemoveGroup"), &("new", &odd)).await, bad),
            (
                call(&connection, (ROOT, MANAGER, "ClearLog"), &(["web"].as_slice(), &odd)).await,
                bad,
            ),
            (call(&connection, (ROOT, MANAGER, "ListConfigured"), &odd).await, bad),
            (
                call(&connection, (ROOT, MANAGER, "GetUnitByPID"), &0_u32).await,
                "org.visord1.Error.NoSuchUnit",
            ),
        ] {
            assert_eq!(method.unwrap_err(), error);
        }
    });
}

#[test]
fn answers_have_the_types_that_introspection_shows() {
    run(async {
        let table = Table::of(&["web"]);
        table.change(0, State::Running, Cause::StayedUp);
        let connection = connect(&table).await;
        let none: HashMap<&str, Variant<'_>> = HashMap::new();
        let web = ["web"].as_slice();
        let manager = |method| (ROOT, MANAGER, method);
        let signature = |message: Result<Message, String>| {
            message.unwrap().body().signature().to_string_no_parens()
        };
        assert_eq!(signature(call(&connection, manager("GetUnit"), &"web").await), "oa{sv}");
        assert_eq!(
            signature(call(&connection, manager("GetUnitByPID"), &1001_u32).await),
            "oa{sv}"
        );
        assert_eq!(signature(call(&connection, manager("ListUnits"), &none).await), "aa{sv}");
        assert_eq!(signature(call(&connection, manager("Stop"), &(web, &none)).await), "ao");
        assert_eq!(signature(call(&connection, manager("Start"), &(web, &none)).await), "ao");
        assert_eq!(signature(call(&connection, manager("Restart"), &(web, &none)).await), "ao");
        assert_eq!(signature(call(&connection, manager("Signal"), &(web, 10, "main")).await), "");
        assert_eq!(
            signature(call(&connection, manager("Execute"), &("stop", web, &none)).await),
            "aa{sv}"
        );
        assert_eq!(signature(call(&connection, manager("Reread"), &()).await), "a{sas}");
        assert_eq!(signature(call(&connection, manager("Update"), &(web, &none)).await), "aoo");
        assert_eq!(signature(call(&connection, manager("ListConfigured"), &none).await), "aa{sv}");
        assert_eq!(signature(call(&connection, manager("AddGroup"), &("new", &none)).await), "");
        assert_eq!(signature(call(&connection, manager("RemoveGroup"), &("old", &none)).await), "");
        assert_eq!(signature(call(&connection, manager("ClearLog"), &(web, &none)).await), "");
        assert_eq!(
            signature(call(&connection, manager("OpenLog"), &("", "stdout", &none)).await),
            "h"
        );
        assert_eq!(signature(call(&connection, manager("Shutdown"), &()).await), "");
        let unit = |method| (WEB, "org.visord1.Unit", method);
        assert_eq!(signature(call(&connection, unit("Start"), &none).await), "ao");
        assert_eq!(signature(call(&connection, unit("Restart"), &none).await), "ao");
        assert_eq!(signature(call(&connection, unit("Stop"), &none).await), "ao");
        let log = (WEB, "org.visord1.Program", "OpenLog");
        assert_eq!(signature(call(&connection, log, &("stderr", &none)).await), "h");
        let ping = ("/anything", "org.freedesktop.DBus.Peer", "Ping");
        assert_eq!(signature(call(&connection, ping, &()).await), "");
        let machine = (ROOT, "org.freedesktop.DBus.Peer", "GetMachineId");
        assert_eq!(signature(call(&connection, machine, &()).await), "s");
        assert_eq!(
            signature(call(&connection, (ROOT, MANAGED, "GetManagedObjects"), &()).await),
            "a{oa{sa{sv}}}"
        );
        assert_eq!(
            signature(
                call(&connection, (WEB, PROPERTIES, "Get"), &("org.visord1.Unit", "State")).await
            ),
            "v"
        );
    });
}

#[test]
fn what_a_process_needs_is_named_by_the_paths_of_objects() {
    run(async {
        let table = Table::of(&["web", "db"]);
        let db = table.rows.borrow()[1].program.name.clone();
        let links = Links { requires: vec![db], ..Links::default() };
        table.rows.borrow_mut()[0].links = Arc::new(links);
        table.rows.borrow_mut()[0].invocation = InvocationId([0xab; 16]);
        let connection = connect(&table).await;
        let get = async |interface: &str, name: &str| {
            let answer = call(&connection, (WEB, PROPERTIES, "Get"), &(interface, name)).await;
            OwnedVariant::try_from(answer.unwrap().body().deserialize::<Variant<'_>>().unwrap())
                .unwrap()
        };
        let requires = get("org.visord1.Unit", "Requires").await;
        assert_eq!(requires.to_string(), "[objectpath \"/org/visord1/program/db_3adb\"]");
        let invocation = get("org.visord1.Program", "InvocationId").await;
        let shown = visor_dbus::Value::from(&Variant::from(invocation));
        assert_eq!(shown.to_string(), "ab".repeat(16), "as in the journal");
    });
}

#[test]
fn every_property_has_the_type_that_introspection_shows() {
    run(async {
        let table = Table::of(&["web"]);
        let connection = connect(&table).await;
        for (path, interface) in
            [(ROOT, MANAGER), (WEB, "org.visord1.Unit"), (WEB, "org.visord1.Program")]
        {
            let answer = call(&connection, (path, PROPERTIES, "GetAll"), &interface).await.unwrap();
            let values: HashMap<String, OwnedVariant> = answer.body().deserialize().unwrap();
            let xml = visor_dbus::interfaces();
            let (_, xml) = xml.iter().find(|(name, _)| *name == interface).unwrap();
            let shown = xml.matches("<property ").count();
            assert_eq!(values.len(), shown, "{interface}");
            for (name, value) in values {
                let signature = value.value_signature();
                let line =
                    format!("<property name=\"{name}\" type=\"{signature}\" access=\"read\">");
                assert!(xml.contains(&line), "{line}");
                let one = call(&connection, (path, PROPERTIES, "Get"), &(interface, &name))
                    .await
                    .unwrap();
                assert_eq!(
                    OwnedVariant::try_from(one.body().deserialize::<Variant<'_>>().unwrap())
                        .unwrap(),
                    value
                );
            }
        }
    });
}

#[test]
fn no_property_can_be_set() {
    run(async {
        let table = Table::of(&["web"]);
        let connection = connect(&table).await;
        let set = (WEB, PROPERTIES, "Set");
        let value = Variant::from("RUNNING");
        let got = call(&connection, set, &("org.visord1.Unit", "State", &value)).await;
        assert_eq!(got.unwrap_err(), "org.freedesktop.DBus.Error.PropertyReadOnly");
        let got = call(&connection, set, &("org.visord1.Unit", "Odd", &value)).await;
        assert_eq!(got.unwrap_err(), "org.freedesktop.DBus.Error.UnknownProperty");
    });
}

#[test]
fn introspection_goes_one_step_at_a_time() {
    run(async {
        let table = Table::of(&["web", "g:p"]);
        let connection = connect(&table).await;
        let introspect = async |path: &str| -> String {
            let answer =
                call(&connection, (path, INTROSPECTABLE, "Introspect"), &()).await.unwrap();
            answer.body().deserialize().unwrap()
        };
        let children = |xml: &str| -> Vec<String> {
            xml.lines()
                .filter_map(|line| line.trim().strip_prefix("<node name=\"")?.strip_suffix("\"/>"))
                .map(str::to_owned)
                .collect()
        };
        assert_eq!(children(&introspect("/").await), ["org"]);
        assert_eq!(children(&introspect("/org").await), ["visord1"]);
        let root = introspect(ROOT).await;
        assert_eq!(children(&root), ["program"]);
        assert!(root.contains("<interface name=\"org.visord1.Manager\">"));
        assert_eq!(children(&introspect("/org/visord1/program").await), ["web_3aweb", "g_3ap"]);
        let web = introspect(WEB).await;
        assert!(children(&web).is_empty());
        assert!(web.contains("<interface name=\"org.visord1.Program\">"));
        let gone =
            call(&connection, ("/org/visord1/program/x_3ax", INTROSPECTABLE, "Introspect"), &());
        assert_eq!(gone.await.unwrap_err(), "org.freedesktop.DBus.Error.UnknownObject");
    });
}

#[test]
fn managed_objects_are_every_process_without_counters() {
    run(async {
        type Objects = HashMap<OwnedObjectPath, HashMap<String, HashMap<String, OwnedVariant>>>;
        let table = Table::of(&["web", "g:p"]);
        let connection = connect(&table).await;
        let answer = call(&connection, (ROOT, MANAGED, "GetManagedObjects"), &()).await.unwrap();
        let objects: Objects = answer.body().deserialize().unwrap();
        assert_eq!(objects.len(), 2);
        let web = &objects[&OwnedObjectPath::try_from(WEB).unwrap()];
        assert_eq!(
            web["org.visord1.Unit"]["State"],
            OwnedVariant::try_from(Variant::from("STOPPED")).unwrap()
        );
        assert!(web["org.visord1.Program"].contains_key("MainPID"));
        assert!(!web["org.visord1.Program"].contains_key("MemoryCurrent"));
    });
}

#[test]
fn a_call_that_wants_no_answer_is_done_and_not_answered() {
    run(async {
        let table = Table::of(&["web"]);
        let connection = connect(&table).await;
        let none: HashMap<&str, Variant<'_>> = HashMap::new();
        let start = Message::method_call(WEB, "Start")
            .interface("org.visord1.Unit")
            .with_flags(Flags::NO_REPLY_EXPECTED)
            .build(&none)
            .unwrap();
        let mut stream = MessageStream::from(&connection);
        connection.send(&start).await.unwrap();
        assert_eq!(member(&signal(&mut stream).await), "UnitStateChanged");
        call(&connection, (ROOT, "org.freedesktop.DBus.Peer", "Ping"), &()).await.unwrap();
        assert_eq!(table.rows.borrow()[0].state, State::Running);
    });
}

#[test]
fn calls_of_one_connection_are_answered_in_the_order_they_came() {
    run(async {
        let table = Table::of(&["web"]);
        let connection = connect(&table).await;
        let mut stream = MessageStream::from(&connection);
        let calls: Vec<Message> = (0..50)
            .map(|n| {
                let member = if n % 2 == 0 { "Start" } else { "Stop" };
                let none: HashMap<&str, Variant<'_>> = HashMap::new();
                Message::method_call(WEB, member)
                    .interface("org.visord1.Unit")
                    .build(&none)
                    .unwrap()
            })
            .collect();
        let sending = connection.clone();
        let serials: Vec<_> = calls.iter().map(|m| m.primary_header().serial_num()).collect();
        tokio::task::spawn_local(async move { sending.send_all(&calls).await.unwrap() });
        let mut answered = Vec::new();
        while answered.len() < serials.len() {
            let message = std::future::poll_fn(|context| {
                futures_core::Stream::poll_next(std::pin::Pin::new(&mut stream), context)
            });
            let message = message.await.unwrap().unwrap();
            if let Some(serial) = message.header().reply_serial() {
                assert_eq!(message.message_type(), zbus::message::Type::MethodReturn);
                answered.push(serial);
            }
        }
        assert_eq!(answered, serials);
    });
}

#[test]
fn changes_are_told_one_by_one_and_properties_once_for_all_of_them() {
    run(async {
        let table = Table::of(&["web", "db"]);
        let connection = connect(&table).await;
        let mut stream = MessageStream::from(&connection);
        // The answer shows that the connection listens to the table.
        call(&connection, (ROOT, "org.freedesktop.DBus.Peer", "Ping"), &()).await.unwrap();
        for state in [State::Starting, State::Running, State::Exited] {
            table.change(0, state, Cause::Autorestart);
        }
        table.change(1, State::Fatal, Cause::GaveUp);
        let mut told = Vec::new();
        while told.len() < 9 {
            let message = signal(&mut stream).await;
            told.push(match member(&message).as_str() {
                "UnitStateChanged" => {
                    let body = message.body();
                    let (_, id, from, to, _): (
                        OwnedObjectPath,
                        String,
                        String,
                        String,
                        HashMap<String, OwnedVariant>,
                    ) = body.deserialize().unwrap();
                    format!("{id}: {from} -> {to}")
                }
                "PropertiesChanged" => {
                    let body = message.body();
                    let (interface, changed, gone): (
                        String,
                        HashMap<String, OwnedVariant>,
                        Vec<String>,
                    ) = body.deserialize().unwrap();
                    assert!(gone.is_empty());
                    let value = |name: &str| changed.get(name).map(|value| (**value).to_string());
                    let shown = value("State").or_else(|| value("MainPID"));
                    format!("{} {interface}: {}", message.header().path().unwrap(), shown.unwrap())
                }
                other => panic!("{other}"),
            });
        }
        let db = "/org/visord1/program/db_3adb";
        assert_eq!(
            told,
            [
                "web: STOPPED -> STARTING".to_owned(),
                "web: STARTING -> RUNNING".to_owned(),
                "web: RUNNING -> EXITED".to_owned(),
                format!("{WEB} org.visord1.Unit: \"EXITED\""),
                format!("{WEB} org.visord1.Program: uint32 0"),
                "db: STOPPED -> FATAL".to_owned(),
                format!("{db} org.visord1.Unit: \"FATAL\""),
                format!("{db} org.visord1.Program: uint32 0"),
                format!("{ROOT} org.visord1.Manager: \"RUNNING\""),
            ]
        );
    });
}

#[test]
fn coming_and_going_of_processes_is_told() {
    run(async {
        let table = Table::of(&["web"]);
        let connection = connect(&table).await;
        let mut stream = MessageStream::from(&connection);
        call(&connection, (ROOT, "org.freedesktop.DBus.Peer", "Ping"), &()).await.unwrap();
        let group =
            std::sync::Arc::new(fixture::group("new", visor_units::unit::GroupKind::Program));
        let row = fixture::row(9, fixture::program("new", "new"));
        let name = row.program.name.clone();
        table.notices.publish(visor_dbus::Notice::Added(group.clone(), vec![row]));
        table.notices.publish(visor_dbus::Notice::Removed(group, vec![name]));
        let added = signal(&mut stream).await;
        assert_eq!(member(&added), "InterfacesAdded");
        assert_eq!(added.body().signature().to_string_no_parens(), "oa{sa{sv}}");
        let removed = signal(&mut stream).await;
        assert_eq!(member(&removed), "InterfacesRemoved");
        let body = removed.body();
        let (path, interfaces): (OwnedObjectPath, Vec<String>) = body.deserialize().unwrap();
        assert_eq!(path.as_str(), "/org/visord1/program/new_3anew");
        assert_eq!(interfaces, ["org.visord1.Unit", "org.visord1.Program"]);
    });
}

#[test]
fn a_group_of_many_is_told_whole() {
    run(async {
        let table = Table::of(&["web"]);
        let connection = connect(&table).await;
        let mut stream = MessageStream::from(&connection);
        call(&connection, (ROOT, "org.freedesktop.DBus.Peer", "Ping"), &()).await.unwrap();
        let group = std::sync::Arc::new(fixture::group("g", visor_units::unit::GroupKind::Group));
        let rows: Vec<_> =
            (0..200).map(|n| fixture::row(n, fixture::program("g", &format!("p{n}")))).collect();
        let expected: Vec<String> =
            rows.iter().map(|row| visor_dbus::program_path(&row.program.name)).collect();
        let names = rows.iter().map(|row| row.program.name.clone()).collect();
        table.notices.publish(visor_dbus::Notice::Added(group.clone(), rows));
        table.notices.publish(visor_dbus::Notice::Removed(group, names));
        for kind in ["InterfacesAdded", "InterfacesRemoved"] {
            for path in &expected {
                let message = signal(&mut stream).await;
                assert_eq!(member(&message), kind);
                let body = message.body();
                let values: zbus::Structure<'_> = body.deserialize().unwrap();
                assert_eq!(
                    values.fields()[0],
                    Variant::from(zbus::ObjectPath::try_from(path.as_str()).unwrap())
                );
            }
        }
    });
}

#[test]
fn a_new_configuration_and_a_new_mood_are_told() {
    use visor_dbus::{Backend as _, Notice};
    run(async {
        let table = Table::of(&[]);
        let connection = connect(&table).await;
        let mut stream = MessageStream::from(&connection);
        call(&connection, (ROOT, "org.freedesktop.DBus.Peer", "Ping"), &()).await.unwrap();
        let mut row = table.manager().await;
        row.config_revision = 2;
        table.notices.publish(Notice::Manager(row.clone()));
        row.mood = visor_units::engine::Mood::Restarting;
        table.notices.publish(Notice::Manager(row));
        let mut told = Vec::new();
        for _ in 0..4 {
            told.push(member(&signal(&mut stream).await));
        }
        assert_eq!(told, ["UnitsReloaded", "PropertiesChanged", "Reloading", "PropertiesChanged"]);
    });
}

#[test]
fn bytes_that_are_no_protocol_end_the_connection_and_nothing_else() {
    use std::io::Write;
    run(async {
        let table = Table::of(&["web"]);
        let uid: String = own_uid().to_string().bytes().map(|b| format!("{b:02x}")).collect();
        let greeting = format!("\0AUTH EXTERNAL {uid}\r\nBEGIN\r\n").into_bytes();
        let claim =
            [b"l\x01\x00\x01\x00\x00\x00\x07\x01\x00\x00\x00".as_slice(), &[0, 0, 0, 1]].concat();
        let cut = Message::method_call(ROOT, "Ping").build(&()).unwrap();
        let mut forged = cut.data().to_vec();
        let last = forged.len() - 1;
        forged[last] ^= 0xff;
        for bytes in [
            b"\n".to_vec(),
            b"GET / HTTP/1.1\r\n\r\n".to_vec(),
            b"\0AUTH EXTERNAL 31\r\nBEGIN\r\n".to_vec(),
            vec![0xff; 100_000],
            [greeting.clone(), claim].concat(),
            [greeting.clone(), vec![0; 64]].concat(),
            [greeting.clone(), vec![b'l'; 200]].concat(),
            [greeting.clone(), cut.data()[..cut.data().len() - 3].to_vec()].concat(),
            [greeting, forged].concat(),
        ] {
            let (mut stream, serving) = attach(&table, own_uid());
            // The other side may close before it has taken all of it.
            let sent = stream.write_all(&bytes);
            drop(sent);
            drop(stream);
            let ended = serving.await.expect("a panic");
            assert!(matches!(ended, visor_dbus::Ended::Closed(_)), "{bytes:?}: {ended:?}");
        }
        drop(connect(&table).await);
    });
}
