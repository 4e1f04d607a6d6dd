//! From a message to what is asked for: which object, which interface, which method, and whether the arguments fit.

use zbus::message::Header;

use crate::fault::CallError;
use crate::path::{self, Node};
use crate::table::{
    INTROSPECTABLE, Interface, Introspectable, MANAGER, Manager, Method, OBJECT_MANAGER,
    ObjectManager, PEER, PROGRAM, PROPERTIES, Peer, Program, Properties, UNIT, Unit,
};

/// A method on an interface, found.
#[derive(Clone, Copy)]
pub(crate) enum Target {
    Peer(&'static Method<Peer>),
    Introspectable(&'static Method<Introspectable>),
    Properties(&'static Method<Properties>),
    ObjectManager(&'static Method<ObjectManager>),
    Manager(&'static Method<Manager>),
    Unit(&'static Method<Unit>),
    Program(&'static Method<Program>),
}

/// What a call names.
pub(crate) struct Named<'m> {
    path: &'m str,
    interface: Option<&'m str>,
    member: &'m str,
}

impl<'m> Named<'m> {
    /// Reads the header of a method call.
    pub(crate) fn read(header: &'m Header<'_>) -> Result<Self, CallError> {
        let (Some(path), Some(member)) = (header.path(), header.member()) else {
            return Err(CallError::invalid_args("a call needs a path and a member"));
        };
        let interface = header.interface().map(|name| name.as_str());
        Ok(Self { path: path.as_str(), interface, member: member.as_str() })
    }

    /// Finds the object (whether the process exists is not looked up) and the method.
    pub(crate) fn resolve(&self) -> Result<(Node, Target), CallError> {
        let node = match path::parse(self.path) {
            Some(node) => node,
            // Whether somebody is there may be asked of any path (D-Bus Specification, "org.freedesktop.DBus.Peer").
            None if self.interface == Some(PEER.name) => Node::Above("org"),
            None => return Err(unknown_object(self.path)),
        };
        let mut search = Search { named: self, known: false };
        let common = search
            .look(&PEER, Target::Peer)
            .or_else(|| search.look(&INTROSPECTABLE, Target::Introspectable));
        let own = common.or_else(|| match node {
            Node::Above(_) | Node::Programs => None,
            Node::Manager => search
                .look(&MANAGER, Target::Manager)
                .or_else(|| search.look(&OBJECT_MANAGER, Target::ObjectManager))
                .or_else(|| search.look(&PROPERTIES, Target::Properties)),
            Node::Program(_) => search
                .look(&UNIT, Target::Unit)
                .or_else(|| search.look(&PROGRAM, Target::Program))
                .or_else(|| search.look(&PROPERTIES, Target::Properties)),
        });
        let known = search.known;
        own.map(|target| (node, target)).ok_or_else(|| self.unknown(known))
    }

    fn unknown(&self, interface_known: bool) -> CallError {
        let Self { path, member, .. } = self;
        match self.interface {
            Some(interface) if !interface_known => unknown_interface(path, interface),
            _ => CallError::new(
                "org.freedesktop.DBus.Error.UnknownMethod",
                format!("no method {member} on {path}"),
            ),
        }
    }
}

/// A walk over the interfaces of an object.
struct Search<'a, 'm> {
    named: &'a Named<'m>,
    known: bool,
}

impl Search<'_, '_> {
    fn look<S, M>(
        &mut self,
        interface: &'static Interface<S, M>,
        found: fn(&'static Method<M>) -> Target,
    ) -> Option<Target> {
        if self.named.interface.is_some_and(|name| name != interface.name) {
            return None;
        }
        self.known = true;
        interface.method(self.named.member).map(found)
    }
}

impl Target {
    /// Refuses arguments of other types than the method takes.
    pub(crate) fn check(self, signature: &zbus::Signature) -> Result<(), CallError> {
        let (name, wanted) = match self {
            Self::Peer(method) => (method.name, method.signature()),
            Self::Introspectable(method) => (method.name, method.signature()),
            Self::Properties(method) => (method.name, method.signature()),
            Self::ObjectManager(method) => (method.name, method.signature()),
            Self::Manager(method) => (method.name, method.signature()),
            Self::Unit(method) => (method.name, method.signature()),
            Self::Program(method) => (method.name, method.signature()),
        };
        let given = signature.to_string_no_parens();
        if given == wanted {
            return Ok(());
        }
        Err(CallError::invalid_args(format!("{name} takes ({wanted}), not ({given})")))
    }

    /// The right its caller needs.
    pub(crate) const fn action(self) -> Option<crate::Action> {
        match self {
            Self::Peer(_) | Self::Introspectable(_) | Self::Properties(_) => None,
            Self::ObjectManager(method) => method.action,
            Self::Manager(method) => method.action,
            Self::Unit(method) => method.action,
            Self::Program(method) => method.action,
        }
    }
}

impl Target {
    /// Whether the answer grows with the number of processes.
    pub(crate) const fn is_large(self) -> bool {
        matches!(self, Self::ObjectManager(_))
            || matches!(self, Self::Manager(method) if matches!(method.id, Manager::ListUnits))
    }
}

/// Nothing is at that path.
pub(crate) fn unknown_object(path: &str) -> CallError {
    CallError::new("org.freedesktop.DBus.Error.UnknownObject", format!("no object at {path}"))
}

/// The object has no such interface.
pub(crate) fn unknown_interface(path: &str, interface: &str) -> CallError {
    CallError::new(
        "org.freedesktop.DBus.Error.UnknownInterface",
        format!("no interface {interface} on {path}"),
    )
}
