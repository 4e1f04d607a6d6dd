//! The one description of every interface: what introspection shows, what calls are checked with, and which property
//! changes are announced how, is read from these tables.

mod common;
mod manager;
mod program;
mod unit;
mod view;
mod xml;

pub(crate) use common::{
    INTROSPECTABLE, Introspectable, OBJECT_MANAGER, ObjectManager, PEER, PROPERTIES, Peer,
    Properties,
};
pub(crate) use manager::{MANAGER, Manager};
pub(crate) use program::{PROGRAM, Program};
pub(crate) use unit::{UNIT, Unit};
pub(crate) use view::{View, kind_name};
pub(crate) use xml::node;

pub use xml::interfaces;

use serde::ser::{Serialize, SerializeMap, Serializer};
use visor_units::name::ProcessName;
use zbus::{ObjectPath, Signature, Str, Type, Variant};

use crate::authority::Action;
use crate::path::object_path;

/// An interface: its methods by `M`, which the dispatcher matches without a gap, and properties of an `S`.
pub(crate) struct Interface<S: 'static, M: 'static> {
    /// `org.visord1.…`
    pub(crate) name: &'static str,
    /// What it is for.
    pub(crate) doc: &'static str,
    /// What can be called.
    pub(crate) methods: &'static [Method<M>],
    /// What can be read.
    pub(crate) properties: &'static [Property<S>],
    /// What it tells without being asked.
    pub(crate) signals: &'static [Signal],
}

/// A method.
pub(crate) struct Method<M> {
    /// Which.
    pub(crate) id: M,
    /// The member name.
    pub(crate) name: &'static str,
    /// What it does.
    pub(crate) doc: &'static str,
    /// What it takes.
    pub(crate) takes: &'static [Arg],
    /// What it returns.
    pub(crate) gives: &'static [Arg],
    /// The right that its caller needs; `None` is open to everyone.
    pub(crate) action: Option<Action>,
}

/// An argument or result: its name and D-Bus type.
pub(crate) struct Arg(pub(crate) &'static str, pub(crate) &'static str);

/// A signal.
pub(crate) struct Signal {
    /// The member name.
    pub(crate) name: &'static str,
    /// When it is sent.
    pub(crate) doc: &'static str,
    /// What it carries.
    pub(crate) carries: &'static [Arg],
}

/// A read-only property. No property can be written.
pub(crate) struct Property<S> {
    /// The member name.
    pub(crate) name: &'static str,
    /// The D-Bus type.
    pub(crate) signature: &'static str,
    /// What `PropertiesChanged` tells of it.
    pub(crate) emits: Emits,
    /// What it is.
    pub(crate) doc: &'static str,
    /// Its value.
    pub(crate) get: for<'a> fn(&'a S) -> Variant<'a>,
}

/// What `PropertiesChanged` tells of a property (`org.freedesktop.DBus.Property.EmitsChangedSignal`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Emits {
    /// The new value.
    Value,
    /// Nothing: it never changes while the object is there.
    Const,
    /// Nothing: it changes all the time and must be asked for.
    Never,
}

impl Emits {
    /// The value of the annotation.
    pub(crate) const fn annotation(self) -> &'static str {
        match self {
            Self::Value => "true",
            Self::Const => "const",
            Self::Never => "false",
        }
    }
}

impl<S, M> Interface<S, M> {
    /// The method of that name.
    pub(crate) fn method(&self, name: &str) -> Option<&Method<M>> {
        self.methods.iter().find(|method| method.name == name)
    }

    /// The property of that name.
    pub(crate) fn property(&self, name: &str) -> Option<&Property<S>> {
        self.properties.iter().find(|property| property.name == name)
    }
}

impl<M> Method<M> {
    /// The signature its arguments must have together.
    pub(crate) fn signature(&self) -> String {
        self.takes.iter().map(|arg| arg.1).collect()
    }
}

/// Some properties of one subject, written as `a{sv}` without collecting them first.
pub(crate) struct Values<'a, S: 'static> {
    properties: &'static [Property<S>],
    subject: &'a S,
    which: fn(Emits) -> bool,
}

impl<'a, S> Values<'a, S> {
    /// Every property.
    pub(crate) fn all<M>(interface: &'static Interface<S, M>, subject: &'a S) -> Self {
        Self { properties: interface.properties, subject, which: |_| true }
    }

    /// Every property but the counters, which cost a look at the process each.
    pub(crate) fn settled<M>(interface: &'static Interface<S, M>, subject: &'a S) -> Self {
        Self { which: |emits| emits != Emits::Never, ..Self::all(interface, subject) }
    }

    /// What `PropertiesChanged` carries.
    pub(crate) fn changing<M>(interface: &'static Interface<S, M>, subject: &'a S) -> Self {
        Self { which: |emits| emits == Emits::Value, ..Self::all(interface, subject) }
    }

    /// Writes the entries into a dictionary that is being written.
    pub(crate) fn write<T: SerializeMap>(&self, map: &mut T) -> Result<(), T::Error> {
        for property in self.properties.iter().filter(|p| (self.which)(p.emits)) {
            map.serialize_entry(property.name, &(property.get)(self.subject))?;
        }
        Ok(())
    }
}

impl<S> Serialize for Values<'_, S> {
    fn serialize<T: Serializer>(&self, serializer: T) -> Result<T::Ok, T::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.write(&mut map)?;
        map.end()
    }
}

impl<S> Type for Values<'_, S> {
    const SIGNATURE: &'static Signature = &zbus::signature!("a{sv}");
}

/// A string as a value. D-Bus strings cannot hold NUL; it is shown as U+FFFD.
pub(crate) fn text<'a>(text: impl Into<Str<'a>>) -> Variant<'a> {
    let text = text.into();
    if text.contains('\0') {
        return Variant::from(text.replace('\0', "\u{fffd}"));
    }
    Variant::Str(text)
}

/// The objects of processes as an array of paths.
pub(crate) fn paths<'a>(processes: &[ProcessName]) -> Variant<'a> {
    let paths: Vec<ObjectPath<'_>> = processes.iter().map(object_path).collect();
    Variant::from(paths)
}

/// Names as an array of strings.
pub(crate) fn names<'a, N: ToString + 'a>(names: impl IntoIterator<Item = &'a N>) -> Variant<'a> {
    let names: Vec<String> =
        names.into_iter().map(|name| name.to_string().replace('\0', "\u{fffd}")).collect();
    Variant::from(names)
}
