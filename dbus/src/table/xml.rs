//! Introspection XML, written from the tables.

use std::fmt::Write as _;

use super::{
    Arg, INTROSPECTABLE, Interface, MANAGER, OBJECT_MANAGER, PEER, PROGRAM, PROPERTIES, UNIT,
};
use crate::path::Node;

const DOCTYPE: &str = "<!DOCTYPE node PUBLIC \"-//freedesktop//DTD D-BUS Object Introspection 1.0//EN\"\n \
                       \"http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd\">\n";

/// What an object is: its interfaces, and the names of its children.
pub(crate) fn node<'a>(node: &Node, children: impl IntoIterator<Item = &'a str>) -> String {
    let mut xml = Xml::new(false);
    xml.interface(&PEER);
    xml.interface(&INTROSPECTABLE);
    match node {
        Node::Above(_) | Node::Programs => {}
        Node::Manager => {
            xml.interface(&PROPERTIES);
            xml.interface(&OBJECT_MANAGER);
            xml.interface(&MANAGER);
        }
        Node::Program(_) => {
            xml.interface(&PROPERTIES);
            xml.interface(&UNIT);
            xml.interface(&PROGRAM);
        }
    }
    for child in children {
        xml.line(1, format_args!("<node name=\"{child}\"/>"));
    }
    xml.end()
}

/// Name and XML of every interface of visord's own, with its documentation, as checked in under `dbus/interface/`.
#[must_use]
pub fn interfaces() -> Vec<(&'static str, String)> {
    vec![documented(&MANAGER), documented(&UNIT), documented(&PROGRAM)]
}

fn documented<S, M>(interface: &Interface<S, M>) -> (&'static str, String) {
    let mut xml = Xml::new(true);
    xml.interface(interface);
    (interface.name, xml.end())
}

/// XML being written.
struct Xml {
    text: String,
    documented: bool,
}

impl Xml {
    fn new(documented: bool) -> Self {
        Self { text: format!("{DOCTYPE}<node>\n"), documented }
    }

    fn end(mut self) -> String {
        self.text.push_str("</node>\n");
        self.text
    }

    fn line(&mut self, depth: usize, line: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _written = writeln!(self.text, "{:1$}{line}", "", depth * 2);
    }

    fn doc(&mut self, depth: usize, doc: &str) {
        if self.documented {
            self.line(depth, format_args!("<!-- {doc} -->"));
        }
    }

    fn args(&mut self, args: &[Arg], direction: &str) {
        for Arg(name, signature) in args {
            self.line(3, format_args!("<arg type=\"{signature}\" name=\"{name}\"{direction}/>"));
        }
    }

    fn interface<S, M>(&mut self, interface: &Interface<S, M>) {
        self.doc(1, interface.doc);
        self.line(1, format_args!("<interface name=\"{}\">", interface.name));
        for method in interface.methods {
            self.doc(2, method.doc);
            self.line(2, format_args!("<method name=\"{}\">", method.name));
            self.args(method.takes, " direction=\"in\"");
            self.args(method.gives, " direction=\"out\"");
            self.line(2, format_args!("</method>"));
        }
        for signal in interface.signals {
            self.doc(2, signal.doc);
            self.line(2, format_args!("<signal name=\"{}\">", signal.name));
            self.args(signal.carries, "");
            self.line(2, format_args!("</signal>"));
        }
        for property in interface.properties {
            self.doc(2, property.doc);
            let (name, signature) = (property.name, property.signature);
            self.line(
                2,
                format_args!("<property name=\"{name}\" type=\"{signature}\" access=\"read\">"),
            );
            self.line(
                3,
                format_args!(
                    "<annotation name=\"org.freedesktop.DBus.Property.EmitsChangedSignal\" value=\"{}\"/>",
                    property.emits.annotation()
                ),
            );
            self.line(2, format_args!("</property>"));
        }
        self.line(1, format_args!("</interface>"));
    }
}
