//! `[fcgi-program:x]`: the socket that its processes share.

use std::sync::Arc;

use crate::config::expand::Object;
use crate::config::kinds::port;
use crate::config::options::SectionKind;
use crate::config::python::{normpath, strip};
use crate::config::reader::{Context, Reader};
use crate::config::text::{Document, Section};
use crate::unit::{FcgiSocket, User};

/// The socket of a program in a `[group:x]`. There Supervisor never looks at it, so what is wrong with it is a warning,
/// and the program runs without.
pub(super) fn of_member(
    cx: &mut Context<'_>,
    document: &Document,
    section: &Section,
) -> Option<Arc<FcgiSocket>> {
    let mut reader =
        Reader::new(cx, document, section, SectionKind::FcgiProgram).with_here().lenient();
    let name = section.name.split_once(':').map_or("", |(_, name)| name);
    socket(&mut reader, strip(name))
}

/// The socket. `program` is the section's own name.
pub(super) fn socket(reader: &mut Reader<'_, '_>, program: &str) -> Option<Arc<FcgiSocket>> {
    // Supervisor looks at it first; it is the owner of the socket if nobody else is.
    let _user: Option<User> = reader.get("user");
    let backlog = backlog(reader);
    let owner: Option<User> = reader.get_called("socket_owner", "socket_owner");
    let mode: Option<u32> = reader.get_called("socket_mode", "socket_mode");
    reader.define("program_name", Object::Text(program.to_owned()));
    let section = reader.section.name.clone();
    let url = reader.get("socket").filter(|url: &String| !url.is_empty());
    let Some(url) = url else {
        if reader.entry("socket").is_none_or(|entry| entry.text().is_empty()) {
            let message = format!("[{section}] section requires a \"socket\" line");
            reader.refuse_missing(message, "add a line such as `socket=unix:///run/app.sock`");
        }
        return None;
    };
    let socket = match url.strip_prefix("unix://") {
        Some(path) => unix(reader, path).map(|url| FcgiSocket {
            url,
            owner,
            mode: mode.or(Some(0o700)),
            backlog,
        }),
        None if owner.is_some() || mode.is_some() => {
            Err("socket_owner and socket_mode params should only be used with a Unix domain socket"
                .to_owned())
        }
        None => tcp(&url).map(|url| FcgiSocket { url, owner: None, mode: None, backlog }),
    };
    match socket {
        Ok(socket) => Some(Arc::new(socket)),
        Err(message) => {
            let hint = "write `unix:///path` or `tcp://host:port`";
            reader.refuse("socket", format!("{message} in [{section}] socket"), hint);
            None
        }
    }
}

fn backlog(reader: &mut Reader<'_, '_>) -> Option<i64> {
    let backlog: i64 = reader.get("socket_backlog")?;
    if !(1..=65535).contains(&backlog) {
        let message = format!("Invalid socket_backlog value {backlog}");
        reader.refuse("socket_backlog", message, "write a number from 1 to 65535");
    }
    Some(backlog)
}

fn unix(reader: &Reader<'_, '_>, path: &str) -> Result<String, String> {
    if !path.starts_with('/') {
        return Err(format!("Unix socket path {path} is not an absolute path"));
    }
    Ok(format!("unix://{}", normpath(&reader.cx.machine.expand_home(path))))
}

fn tcp(url: &str) -> Result<String, String> {
    let bad = || format!("Bad socket format {url}");
    let (host, number) =
        url.strip_prefix("tcp://").and_then(|rest| rest.split_once(':')).ok_or_else(bad)?;
    let is_number = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit());
    if host.is_empty() || host.contains(char::is_whitespace) || !is_number {
        return Err(bad());
    }
    Ok(format!("tcp://{}:{}", strip(host).to_lowercase(), port(number)?))
}
