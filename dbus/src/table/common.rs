//! The interfaces that D-Bus itself describes (D-Bus Specification, "Standard Interfaces").

use super::{Arg, Interface, Method, Signal};

/// Methods of `org.freedesktop.DBus.Peer`.
pub(crate) enum Peer {
    Ping,
    GetMachineId,
}

/// Methods of `org.freedesktop.DBus.Introspectable`.
pub(crate) enum Introspectable {
    Introspect,
}

/// Methods of `org.freedesktop.DBus.Properties`.
pub(crate) enum Properties {
    Get,
    GetAll,
    Set,
}

/// Methods of `org.freedesktop.DBus.ObjectManager`.
pub(crate) enum ObjectManager {
    GetManagedObjects,
}

/// On every object.
pub(crate) static PEER: Interface<(), Peer> = Interface {
    name: "org.freedesktop.DBus.Peer",
    doc: "Whether somebody is there.",
    methods: &[
        Method {
            id: Peer::Ping,
            name: "Ping",
            doc: "Answers.",
            takes: &[],
            gives: &[],
            action: None,
        },
        Method {
            id: Peer::GetMachineId,
            name: "GetMachineId",
            doc: "The machine-id(5).",
            takes: &[],
            gives: &[Arg("machine_uuid", "s")],
            action: None,
        },
    ],
    properties: &[],
    signals: &[],
};

/// On every object.
pub(crate) static INTROSPECTABLE: Interface<(), Introspectable> = Interface {
    name: "org.freedesktop.DBus.Introspectable",
    doc: "What is there. Children are named, not described: ask them.",
    methods: &[Method {
        id: Introspectable::Introspect,
        name: "Introspect",
        doc: "This object as XML.",
        takes: &[],
        gives: &[Arg("xml_data", "s")],
        action: None,
    }],
    properties: &[],
    signals: &[],
};

/// On every object that has properties.
pub(crate) static PROPERTIES: Interface<(), Properties> = Interface {
    name: "org.freedesktop.DBus.Properties",
    doc: "Reading of properties. None can be written.",
    methods: &[
        Method {
            id: Properties::Get,
            name: "Get",
            doc: "One property.",
            takes: &[Arg("interface_name", "s"), Arg("property_name", "s")],
            gives: &[Arg("value", "v")],
            action: None,
        },
        Method {
            id: Properties::GetAll,
            name: "GetAll",
            doc: "Every property of an interface; of all where the interface is empty.",
            takes: &[Arg("interface_name", "s")],
            gives: &[Arg("properties", "a{sv}")],
            action: None,
        },
        Method {
            id: Properties::Set,
            name: "Set",
            doc: "Always refused.",
            takes: &[Arg("interface_name", "s"), Arg("property_name", "s"), Arg("value", "v")],
            gives: &[],
            action: None,
        },
    ],
    properties: &[],
    signals: &[Signal {
        name: "PropertiesChanged",
        doc: "Properties have these values now. Several changes of one object may be told at once.",
        carries: &[
            Arg("interface_name", "s"),
            Arg("changed_properties", "a{sv}"),
            Arg("invalidated_properties", "as"),
        ],
    }],
};

/// On the manager.
pub(crate) static OBJECT_MANAGER: Interface<(), ObjectManager> = Interface {
    name: "org.freedesktop.DBus.ObjectManager",
    doc: "Every process object. Counters (annotated \"false\") are left out here.",
    methods: &[Method {
        id: ObjectManager::GetManagedObjects,
        name: "GetManagedObjects",
        doc: "All processes with their properties.",
        takes: &[],
        gives: &[Arg("objects", "a{oa{sa{sv}}}")],
        action: None,
    }],
    properties: &[],
    signals: &[
        Signal {
            name: "InterfacesAdded",
            doc: "A process is there now.",
            carries: &[Arg("object", "o"), Arg("interfaces", "a{sa{sv}}")],
        },
        Signal {
            name: "InterfacesRemoved",
            doc: "A process is there no more.",
            carries: &[Arg("object", "o"), Arg("interfaces", "as")],
        },
    ],
};
