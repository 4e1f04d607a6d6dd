//! `org.visord1.Unit`: what everything that can be started has in common.

use visor_units::engine::State;
use zbus::Variant;

use super::{Arg, Emits, Interface, Method, Property, View, names, paths, text};
use crate::authority::Action;

/// Methods of `org.visord1.Unit`.
pub(crate) enum Unit {
    Start,
    Stop,
    Restart,
}

/// On every process object.
pub(crate) static UNIT: Interface<View, Unit> = Interface {
    name: "org.visord1.Unit",
    doc: "What can be started, stopped and be in a state.",
    methods: &[
        Method {
            id: Unit::Start,
            name: "Start",
            doc: "Starts it, and what it requires. Options: wait b (true): answer when it is up or has failed.",
            takes: &[Arg("options", "a{sv}")],
            gives: &[Arg("jobs", "ao")],
            action: Some(Action::ManageUnits),
        },
        Method {
            id: Unit::Stop,
            name: "Stop",
            doc: "Stops it, and what requires it. Options: wait b (true): answer when it is down.",
            takes: &[Arg("options", "a{sv}")],
            gives: &[Arg("jobs", "ao")],
            action: Some(Action::ManageUnits),
        },
        Method {
            id: Unit::Restart,
            name: "Restart",
            doc: "Stops it if it runs, then starts it. Options: wait b (true).",
            takes: &[Arg("options", "a{sv}")],
            gives: &[Arg("jobs", "ao")],
            action: Some(Action::ManageUnits),
        },
    ],
    properties: &[
        Property {
            name: "Id",
            signature: "s",
            emits: Emits::Const,
            doc: "group:process, or one name where both are equal.",
            get: |view| text(view.row.program.name.to_string()),
        },
        Property {
            name: "Kind",
            signature: "s",
            emits: Emits::Const,
            doc: "program, listener or fcgi.",
            get: |view| text(view.kind),
        },
        Property {
            name: "State",
            signature: "s",
            emits: Emits::Value,
            doc: "STOPPED, STARTING, RUNNING, BACKOFF, STOPPING, EXITED, FATAL or UNKNOWN.",
            get: |view| text(view.row.state.name()),
        },
        Property {
            name: "SubState",
            signature: "s",
            emits: Emits::Value,
            doc: "What the state does not say, as settling, waiting-dependency, stop-killed.",
            get: |view| text(view.row.sub_state.name()),
        },
        Property {
            name: "Result",
            signature: "s",
            emits: Emits::Value,
            doc: "What became of the last run: success, exit-code, signal, core-dump, timeout, resources, start-limit-hit, dependency.",
            get: |view| text(view.row.result.name()),
        },
        Property {
            name: "Cause",
            signature: "s",
            emits: Emits::Value,
            doc: "Why the state last changed, for people.",
            get: |view| text(view.row.cause.as_ref().map_or_else(String::new, ToString::to_string)),
        },
        Property {
            name: "WaitingFor",
            signature: "as",
            emits: Emits::Value,
            doc: "Names of what it waits for before it starts.",
            get: |view| names(&view.row.waiting_for),
        },
        Property {
            name: "Requires",
            signature: "ao",
            emits: Emits::Value,
            doc: "What it cannot do without.",
            get: |view| paths(&view.row.links.requires),
        },
        Property {
            name: "Wants",
            signature: "ao",
            emits: Emits::Value,
            doc: "What is started along with it.",
            get: |view| paths(&view.row.links.wants),
        },
        Property {
            name: "After",
            signature: "ao",
            emits: Emits::Value,
            doc: "What it starts after; what it requires and wants is among them.",
            get: |view| paths(&view.row.links.after),
        },
        Property {
            name: "RequiredBy",
            signature: "ao",
            emits: Emits::Value,
            doc: "What cannot do without it.",
            get: |view| paths(&view.row.links.required_by),
        },
        Property {
            name: "StateChangeTimestamp",
            signature: "t",
            emits: Emits::Value,
            doc: "When the state last changed, in µs since 1970 (CLOCK_REALTIME).",
            get: |view| Variant::U64(view.row.changed.wall.0),
        },
        Property {
            name: "StateChangeTimestampMonotonic",
            signature: "t",
            emits: Emits::Value,
            doc: "The same in µs of CLOCK_MONOTONIC.",
            get: |view| Variant::U64(view.row.changed.time.0),
        },
        Property {
            name: "CanStart",
            signature: "b",
            emits: Emits::Value,
            doc: "Whether Start would do something.",
            get: |view| Variant::Bool(view.row.state.is_stopped()),
        },
        Property {
            name: "CanStop",
            signature: "b",
            emits: Emits::Value,
            doc: "Whether Stop would do something.",
            get: |view| {
                Variant::Bool(!view.row.state.is_stopped() && view.row.state != State::Stopping)
            },
        },
        Property {
            name: "Autostart",
            signature: "b",
            emits: Emits::Const,
            doc: "Whether it starts with the daemon.",
            get: |view| Variant::Bool(view.row.program.autostart),
        },
        Property {
            name: "Priority",
            signature: "x",
            emits: Emits::Const,
            doc: "Order among what is not ordered otherwise; lower starts first.",
            get: |view| Variant::I64(view.row.program.priority),
        },
    ],
    signals: &[],
};
