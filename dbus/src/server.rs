//! The answering side, and what each standard call is answered with. Calls of visord's own are in [`crate::calls`].

use visor_units::engine::{Requester, Row};
use visor_units::name::ProcessName;
use zbus::message::Header;
use zbus::{DynamicType, Message, Variant};

use crate::bodies::{Columns, Entry, Interfaces, Kinds, ManagedObjects};
use crate::dispatch::{Named, Target, unknown_interface, unknown_object};
use crate::fault::CallError;
use crate::notices::Notices;
use crate::path::{self, Node, escape, object_path, program_path};
use crate::table::{self, MANAGER, PROGRAM, Property, UNIT, Values, View};
use crate::{Authority, Backend, ManagerRow};

/// More rows than this are written on a thread of their own, so that a large table does not hold up the daemon.
pub(crate) const LARGE: usize = 256;

/// Serves the interfaces over any number of connections. Cloning shares it.
#[derive(Clone)]
pub struct Server<B, A> {
    pub(crate) backend: B,
    pub(crate) authority: A,
    pub(crate) notices: Notices,
}

/// One method call and who made it.
pub(crate) struct Call {
    pub(crate) message: Message,
    pub(crate) who: Requester,
}

impl Call {
    /// The successful answer.
    pub(crate) fn reply<T>(&self, body: &T) -> Result<Message, CallError>
    where
        T: serde::Serialize + DynamicType,
    {
        reply(&self.message, body)
    }
}

/// The successful answer to a call.
pub(crate) fn reply<T>(call: &Message, body: &T) -> Result<Message, CallError>
where
    T: serde::Serialize + DynamicType,
{
    let unwritable = |error: zbus::Error| {
        CallError::new("org.freedesktop.DBus.Error.Failed", format!("answer not written: {error}"))
    };
    Message::method_return(&call.header()).build(body).map_err(unwritable)
}

/// The error answer to a call; `None` if even that cannot be written.
pub(crate) fn refuse(call: &Header<'_>, error: &CallError) -> Option<Message> {
    let text = error.text.replace('\0', "\u{fffd}");
    Message::error(call, error.name).build(&text).ok()
}

impl<B: Backend, A: Authority> Server<B, A> {
    /// A server of this backend. The core publishes what happens in `notices`.
    pub fn new(backend: B, authority: A, notices: Notices) -> Self {
        Self { backend, authority, notices }
    }

    /// Does what a call asks for and makes the answer; `None` where the caller wants none.
    pub(crate) async fn answer(self, call: Call) -> Option<Message> {
        let header = call.message.header();
        let quiet = header.primary().flags().contains(zbus::message::Flags::NO_REPLY_EXPECTED);
        let answer = self.route(&call, &header).await;
        if quiet {
            return None;
        }
        answer.map_or_else(|error| refuse(&header, &error), Some)
    }

    async fn route(&self, call: &Call, header: &Header<'_>) -> Result<Message, CallError> {
        let (node, target) = Named::read(header)?.resolve()?;
        target.check(call.message.body().signature())?;
        if let Some(action) = target.action() {
            self.authority.judge(&call.who, action).await?;
        }
        match (target, node) {
            (Target::Peer(method), _) => peer(&method.id, call),
            (Target::Introspectable(_), node) => self.introspect(&node, call).await,
            (Target::Properties(method), node) => self.properties(&method.id, &node, call).await,
            (Target::ObjectManager(_), _) => self.managed_objects(call).await,
            (Target::Manager(method), _) => self.manager_call(&method.id, call).await,
            (Target::Unit(method), Node::Program(name)) => {
                self.unit_call(&method.id, name, call).await
            }
            (Target::Program(_), Node::Program(name)) => self.program_open_log(name, call).await,
            // `resolve` finds these interfaces on processes only.
            (Target::Unit(_) | Target::Program(_), _) => Err(unknown_object("this path")),
        }
    }

    async fn introspect(&self, node: &Node, call: &Call) -> Result<Message, CallError> {
        let xml = match node {
            Node::Above(child) => table::node(node, [*child]),
            Node::Manager => table::node(node, ["program"]),
            Node::Programs => {
                let rows = self.backend.rows().await;
                let labels: Vec<String> =
                    rows.iter().map(|row| escape(&row.program.name.qualified())).collect();
                table::node(node, labels.iter().map(String::as_str))
            }
            Node::Program(name) => {
                self.existing(name).await?;
                table::node(node, [])
            }
        };
        call.reply(&xml)
    }

    async fn properties(
        &self,
        method: &table::Properties,
        node: &Node,
        call: &Call,
    ) -> Result<Message, CallError> {
        let body = call.message.body();
        match method {
            table::Properties::Get => {
                let (interface, name): (&str, &str) = body.deserialize()?;
                self.get(node, interface, name, call).await
            }
            table::Properties::GetAll => self.get_all(node, body.deserialize()?, call).await,
            table::Properties::Set => {
                let (interface, name, _): (&str, &str, Variant<'_>) = body.deserialize()?;
                self.find(node, interface, name)?;
                let text = format!("property {name} of {interface} is read-only");
                Err(CallError::new("org.freedesktop.DBus.Error.PropertyReadOnly", text))
            }
        }
    }

    async fn get(
        &self,
        node: &Node,
        interface: &str,
        name: &str,
        call: &Call,
    ) -> Result<Message, CallError> {
        match (self.find(node, interface, name)?, node) {
            (Found::Manager(property), _) => {
                call.reply(&(property.get)(&self.backend.manager().await))
            }
            (Found::Program(property), Node::Program(name)) => {
                let view = self.view(name, property.emits == table::Emits::Never).await?;
                call.reply(&(property.get)(&view))
            }
            (Found::Program(_), _) => Err(unknown_object("this path")),
        }
    }

    /// The property of that name. An empty interface stands for any.
    fn find(&self, node: &Node, interface: &str, name: &str) -> Result<Found, CallError> {
        let is = |known: &str| interface.is_empty() || interface == known;
        let found = match node {
            Node::Manager if is(MANAGER.name) => MANAGER.property(name).map(Found::Manager),
            Node::Program(_) if is(UNIT.name) || is(PROGRAM.name) => {
                let unit = UNIT.property(name).filter(|_| is(UNIT.name));
                let program = || PROGRAM.property(name).filter(|_| is(PROGRAM.name));
                unit.or_else(program).map(Found::Program)
            }
            _ => return Err(unknown_interface("this object", interface)),
        };
        let unknown = || {
            let text = format!("no property {name} of {interface}");
            CallError::new("org.freedesktop.DBus.Error.UnknownProperty", text)
        };
        found.ok_or_else(unknown)
    }

    async fn get_all(
        &self,
        node: &Node,
        interface: &str,
        call: &Call,
    ) -> Result<Message, CallError> {
        match node {
            Node::Manager if interface.is_empty() || interface == MANAGER.name => {
                call.reply(&Values::all(&MANAGER, &self.backend.manager().await))
            }
            Node::Program(name) if interface == UNIT.name => {
                call.reply(&Values::all(&UNIT, &self.view(name, false).await?))
            }
            Node::Program(name) if interface == PROGRAM.name => {
                call.reply(&Values::all(&PROGRAM, &self.view(name, true).await?))
            }
            Node::Program(name) if interface.is_empty() => {
                let view = self.view(name, true).await?;
                call.reply(&Entry { view: &view, columns: &Columns::all() })
            }
            _ if is_common(interface) => call.reply(&Values::<()>::all(&table::PEER, &())),
            _ => Err(unknown_interface("this object", interface)),
        }
    }

    async fn managed_objects(&self, call: &Call) -> Result<Message, CallError> {
        let rows = self.backend.rows().await;
        let kinds = self.kinds().await;
        let views = rows.into_iter().map(|row| kinds.view(row)).collect::<Vec<_>>();
        let large = views.len() > LARGE;
        write(call, large, ManagedObjects(views)).await
    }

    /// The kinds of all groups.
    pub(crate) async fn kinds(&self) -> Kinds {
        Kinds::of(&self.backend.groups().await)
    }

    /// A process with its kind and, if asked for, its counters.
    pub(crate) async fn view(&self, name: &ProcessName, usage: bool) -> Result<View, CallError> {
        let row = self.existing(name).await?;
        let mut view = self.kinds().await.view(row);
        if usage {
            view.usage = self.backend.usage(view.row.key).await;
        }
        Ok(view)
    }

    async fn existing(&self, name: &ProcessName) -> Result<Row, CallError> {
        let row = self.backend.row(name).await;
        row.ok_or_else(|| unknown_object(&program_path(name)))
    }
}

/// A property, and what it is a property of.
enum Found {
    Manager(&'static Property<ManagerRow>),
    Program(&'static Property<View>),
}

/// Writes an answer; a large one on another thread.
pub(crate) async fn write<T>(call: &Call, large: bool, body: T) -> Result<Message, CallError>
where
    T: serde::Serialize + DynamicType + Send + 'static,
{
    if !large {
        return call.reply(&body);
    }
    let message = call.message.clone();
    let written = tokio::task::spawn_blocking(move || reply(&message, &body)).await;
    written.unwrap_or_else(|gone| {
        Err(CallError::new("org.freedesktop.DBus.Error.Failed", gone.to_string()))
    })
}

fn peer(method: &table::Peer, call: &Call) -> Result<Message, CallError> {
    match method {
        table::Peer::Ping => call.reply(&()),
        table::Peer::GetMachineId => {
            let unreadable = |error: std::io::Error| {
                let text = format!("cannot read /etc/machine-id: {error}");
                CallError::new("org.freedesktop.DBus.Error.FileNotFound", text)
            };
            let id = std::fs::read_to_string("/etc/machine-id").map_err(unreadable)?;
            call.reply(&id.trim())
        }
    }
}

/// Whether an interface is one of D-Bus's own, which have no properties.
fn is_common(interface: &str) -> bool {
    [table::PEER.name, table::INTROSPECTABLE.name, table::PROPERTIES.name].contains(&interface)
        || interface == table::OBJECT_MANAGER.name
}

/// The message that a process is there now.
pub(crate) fn added(view: &View) -> zbus::Result<Message> {
    Message::signal(crate::ROOT_PATH, table::OBJECT_MANAGER.name, "InterfacesAdded")
        .build(&(object_path(&view.row.program.name), Interfaces(view)))
}

/// The message that a process is there no more.
pub(crate) fn removed(name: &ProcessName) -> zbus::Result<Message> {
    let path = zbus::ObjectPath::from_string_unchecked(path::program_path(name));
    Message::signal(crate::ROOT_PATH, table::OBJECT_MANAGER.name, "InterfacesRemoved")
        .build(&(path, [UNIT.name, PROGRAM.name].as_slice()))
}
