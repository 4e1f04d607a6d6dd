//! Where a request comes from, as browsers say it.
//!
//! A browser adds the password of a site to every request there, whoever causes it, and reaches what listens on its own
//! machine. So neither a password nor the loopback address shows that a person wanted something: another site's page
//! could have sent it. But browsers say which page that was, and no page can change what they say. Other clients say
//! nothing, and are not doubted.

use std::net::IpAddr;

use hyper::HeaderMap;
use hyper::header::{HOST, HeaderName, ORIGIN};

/// What a request says of where it comes from.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Source<'a> {
    /// `Sec-Fetch-Site`. Only browsers send it.
    pub(super) site: Option<&'a str>,
    /// `Origin`.
    pub(super) origin: Option<&'a str>,
    /// `Host`.
    pub(super) host: Option<&'a str>,
}

impl<'a> Source<'a> {
    /// Reads the headers of a request.
    pub(super) fn of(headers: &'a HeaderMap) -> Self {
        let text = |name: HeaderName| headers.get(name)?.to_str().ok();
        Self {
            site: text(HeaderName::from_static("sec-fetch-site")),
            origin: text(ORIGIN),
            host: text(HOST),
        }
    }

    /// Whether it is a page of ours, or no browser at all.
    pub(super) fn is_own(&self) -> bool {
        match (self.site, self.origin) {
            (Some(site), _) => matches!(site, "same-origin" | "none"),
            (None, Some(origin)) => {
                let address = origin.strip_prefix("http://").or(origin.strip_prefix("https://"));
                address.is_some() && address == self.host
            }
            (None, None) => true,
        }
    }

    /// Whether it calls us, who listen on this port of the loopback address, by a name that somebody else's name server
    /// may have given us (DNS rebinding): to a browser a page of that name and we are one site. A proxy before us has
    /// another port.
    pub(super) fn is_rebound(&self, port: u16) -> bool {
        let Some((name, named_port)) = self.host.map(split) else { return false };
        let name = name.trim_end_matches('.');
        let is_ours = !name.contains('.')
            || name.ends_with(".localhost")
            || name.ends_with(".localdomain")
            || name.parse::<IpAddr>().is_ok();
        named_port == port && !is_ours && !name.starts_with('[')
    }
}

/// Name and port of a `Host`.
fn split(host: &str) -> (&str, u16) {
    let parts = host.rsplit_once(':').and_then(|(name, port)| Some((name, port.parse().ok()?)));
    parts.unwrap_or((host, 80))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_sites_page_is_told_apart() {
        let source = |site, origin| Source { site, origin, host: Some("box:9001") }.is_own();
        for (site, origin, is_own) in [
            (None, None, true),
            (None, Some("http://box:9001"), true),
            (None, Some("https://box:9001"), true),
            (None, Some("http://box"), false),
            (None, Some("http://evil.example"), false),
            (None, Some("null"), false),
            (None, Some("file://box:9001"), false),
            (Some("same-origin"), Some("https://proxy.example"), true),
            (Some("none"), None, true),
            (Some("cross-site"), None, false),
            (Some("cross-site"), Some("http://box:9001"), false),
            (Some("same-site"), Some("http://box:9001"), false),
        ] {
            assert_eq!(source(site, origin), is_own, "{site:?} {origin:?}");
        }
        assert!(!Source { origin: Some("http://box"), ..Source::default() }.is_own());
    }

    #[test]
    fn a_name_that_anybody_can_have_is_told_apart_from_ours() {
        let is_rebound = |host| Source { host, ..Source::default() }.is_rebound(9001);
        for host in [
            "localhost:9001",
            "app.localhost:9001",
            "localhost.localdomain:9001",
            "127.0.0.1:9001",
            "[::1]:9001",
            "box:9001",
            "proxy.example",
            "proxy.example:8443",
            "",
        ] {
            assert!(!is_rebound(Some(host)), "{host}");
        }
        assert!(!is_rebound(None));
        for host in ["evil.example:9001", "evil.example.:9001", "127.0.0.1.evil.example:9001"] {
            assert!(is_rebound(Some(host)), "{host}");
        }
        let host = Some("evil.example");
        assert!(Source { host, ..Source::default() }.is_rebound(80));
    }
}
