//! `http://host[:port]` and `unix:///path`, taken apart as Python's urlsplit does.

use super::CallError;

/// The port of a URL that names none.
const HTTP: u16 = 80;

/// Where to connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// Over TCP.
    Tcp {
        /// Name or number; without the brackets of IPv6.
        host: String,
        /// Port.
        port: u16,
    },
    /// A unix socket.
    Unix(String),
}

impl Address {
    /// The address that a URL means.
    pub(crate) fn parse(url: &str) -> Result<Self, CallError> {
        if let Some(path) = url.strip_prefix("unix://") {
            return Ok(Self::Unix(path.to_owned()));
        }
        let Some(rest) = url.strip_prefix("http://") else {
            return Err(CallError::Address(format!("Unknown protocol for serverurl {url}")));
        };
        let place = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let place = place.rsplit_once('@').map_or(place, |(_, place)| place);
        let (host, port) = split_port(place);
        let port = match port {
            None | Some("") => HTTP,
            Some(port) => port.parse().map_err(|_| {
                CallError::Address(format!("Port could not be cast to integer value as '{port}'"))
            })?,
        };
        let host = if host.is_empty() { "localhost" } else { host };
        Ok(Self::Tcp { host: host.to_ascii_lowercase(), port })
    }

    /// What the `Host` header says.
    pub(super) fn host(&self) -> String {
        match self {
            Self::Tcp { host, port: HTTP } => host.clone(),
            Self::Tcp { host, port } if host.contains(':') => format!("[{host}]:{port}"),
            Self::Tcp { host, port } => format!("{host}:{port}"),
            Self::Unix(_) => "localhost".to_owned(),
        }
    }
}

fn split_port(place: &str) -> (&str, Option<&str>) {
    if let Some((host, rest)) = place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (host, rest.strip_prefix(':'));
    }
    match place.rsplit_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (place, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        let tcp = |host: &str, port| Address::Tcp { host: host.to_owned(), port };
        for (url, address, host) in [
            ("http://localhost:9001", tcp("localhost", 9001), "localhost:9001"),
            ("http://LocalHost", tcp("localhost", 80), "localhost"),
            ("http://10.0.0.1:9001/RPC2", tcp("10.0.0.1", 9001), "10.0.0.1:9001"),
            ("http://u:p@x:1?a", tcp("x", 1), "x:1"),
            ("http://[::1]:9001", tcp("::1", 9001), "[::1]:9001"),
            ("http://:9001", tcp("localhost", 9001), "localhost:9001"),
            ("http://x:", tcp("x", 80), "x"),
            ("unix:///run/s.sock", Address::Unix("/run/s.sock".to_owned()), "localhost"),
        ] {
            let parsed = Address::parse(url).expect(url);
            assert_eq!(parsed, address, "{url}");
            assert_eq!(parsed.host(), host, "{url}");
        }
        for url in ["localhost:9001", "https://x", "ftp://x", "http://x:y", "http://x:70000"] {
            assert!(Address::parse(url).is_err(), "{url}");
        }
    }
}
