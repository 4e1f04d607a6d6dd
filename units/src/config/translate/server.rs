//! `[unix_http_server]`, `[inet_http_server]` and `[rpcinterface:x]`.

use crate::config::options::{FACTORY, SectionKind};
use crate::config::python::strip;
use crate::config::reader::{Context, Reader};
use crate::config::text::{Document, Section};
use crate::unit::{HttpServer, Listen, RpcInterface};

/// Every HTTP server: inet first, then unix, each in file order.
pub(super) fn servers(cx: &mut Context<'_>, document: &Document) -> Vec<HttpServer> {
    let mut servers = Vec::new();
    for (section, _) in document.with_prefix("inet_http_server") {
        servers.extend(inet(cx, document, section));
    }
    for (section, _) in document.with_prefix("unix_http_server") {
        servers.extend(unix(cx, document, section));
    }
    servers
}

fn inet(cx: &mut Context<'_>, document: &Document, section: &Section) -> Option<HttpServer> {
    let mut reader = Reader::new(cx, document, section, SectionKind::InetHttpServer);
    let (username, password) = credentials(&mut reader);
    if reader.entry("port").is_none() {
        let message = format!("section [{}] has no port value", section.name);
        reader.refuse_missing(message, "add a line such as `port=127.0.0.1:9001`");
    }
    let (host, port): (String, u16) = reader.get("port")?;
    Some(HttpServer {
        section: section.name.clone(),
        origin: reader.origin(),
        listen: Listen::Inet { host, port },
        username,
        password,
    })
}

fn unix(cx: &mut Context<'_>, document: &Document, section: &Section) -> Option<HttpServer> {
    let file = unix_path(cx, document, section);
    let mut reader = Reader::new(cx, document, section, SectionKind::UnixHttpServer);
    let (username, password) = credentials(&mut reader);
    let chown = reader.get_called("chown", "sockchown");
    let chmod = reader.get_called("chmod", "chmod").unwrap_or_default();
    Some(HttpServer {
        section: section.name.clone(),
        origin: reader.origin(),
        listen: Listen::Unix { file: file?, chmod, chown },
        username,
        password,
    })
}

fn unix_path(cx: &mut Context<'_>, document: &Document, section: &Section) -> Option<String> {
    let mut reader = Reader::new(cx, document, section, SectionKind::UnixHttpServer).with_here();
    if reader.entry("file").is_none() {
        let message = format!("section [{}] has no file value", section.name);
        reader.refuse_missing(message, "add a line such as `file=/run/supervisor.sock`");
    }
    let file: String = reader.get("file")?;
    Some(cx.absolute(strip(&file)))
}

/// User name and password: both or none.
fn credentials(reader: &mut Reader<'_, '_>) -> (Option<String>, Option<String>) {
    let credentials = (reader.get("username"), reader.get("password"));
    let given = |key| reader.entry(key).is_some();
    if given("username") != given("password") {
        let message = format!(
            "Section [{}] contains incomplete authentication: If a username or a password is \
             specified, both the username and password must be specified",
            reader.section.name
        );
        let (key, other) =
            if given("username") { ("username", "password") } else { ("password", "username") };
        reader.refuse(key, message, &format!("add a line `{other}=`, or remove this one"));
    }
    credentials
}

/// RPC interfaces in file order. visord has Supervisor's own methods built in and loads no Python.
pub(super) fn rpc_interfaces(cx: &mut Context<'_>, document: &Document) -> Vec<RpcInterface> {
    let sections = document.with_prefix("rpcinterface:");
    sections.filter_map(|(section, name)| rpc_interface(cx, document, section, name)).collect()
}

/// Supervisor's own methods take no options; Supervisor finds out when it makes its servers.
pub(super) fn refuse_options(
    cx: &mut Context<'_>,
    document: &Document,
    interfaces: &[RpcInterface],
) {
    for interface in interfaces.iter().filter(|interface| interface.is_main()) {
        let section = document.section(&format!("rpcinterface:{}", interface.name));
        let (Some(section), Some(extra)) = (section, interface.options.keys().next()) else {
            continue;
        };
        let mut reader = Reader::new(cx, document, section, SectionKind::RpcInterface);
        let hint = format!("remove `{extra}` from this section and from [DEFAULT]");
        reader.refuse(extra, format!("Could not make {} rpc interface", interface.name), &hint);
    }
}

fn rpc_interface(
    cx: &mut Context<'_>,
    document: &Document,
    section: &Section,
    name: &str,
) -> Option<RpcInterface> {
    let mut reader = Reader::new(cx, document, section, SectionKind::RpcInterface);
    if reader.entry(FACTORY).is_none() {
        let message = format!("section [{}] does not specify a {FACTORY}", section.name);
        reader.refuse_missing(message, &format!("add a line `{FACTORY}={}`", RpcInterface::MAIN));
    }
    let factory: String = reader.get(FACTORY)?;
    let mut options = std::collections::BTreeMap::new();
    for entry in document.entries(section).filter(|entry| entry.key != FACTORY) {
        options.insert(entry.key.clone(), reader.text(&entry.key).unwrap_or_default());
    }
    if factory != RpcInterface::MAIN {
        let message = format!("{factory} is a Python plugin, which visord does not load");
        let hint = "what this section adds to the XML-RPC interface is missing";
        reader.cx.report.warn(reader.place(FACTORY), message, hint);
    }
    Some(RpcInterface { name: name.to_owned(), factory, options })
}
