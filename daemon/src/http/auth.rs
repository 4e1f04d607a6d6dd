//! Basic authentication (RFC 7617), as Supervisor does it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::HeaderValue;
use sha1::{Digest as _, Sha1};
use subtle::ConstantTimeEq as _;
use visor_units::unit::HttpServer;

/// What marks a password of the configuration as a SHA-1 in hex.
const SHA: &str = "{SHA}";

/// The name and password that clients of a server must give.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    username: String,
    password: String,
}

/// Whether a client is let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is; under this name.
    Welcome(String),
    /// It gave no name and password, or wrong ones.
    Unknown,
    /// What it gave cannot be read.
    Malformed,
}

impl Credentials {
    /// Those of this server; `None` if it asks for none.
    pub(super) fn of(server: &HttpServer) -> Option<Self> {
        server.asks_for_password().then(|| Self {
            username: server.username.clone().unwrap_or_default(),
            password: server.password.clone().unwrap_or_default(),
        })
    }

    /// Judges an `Authorization` header.
    pub(super) fn judge(&self, header: Option<&HeaderValue>) -> Verdict {
        let Some(encoded) = header.and_then(|header| basic(header.as_bytes())) else {
            return Verdict::Unknown;
        };
        let decoded = STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let Some((username, password)) = decoded.as_deref().and_then(|text| text.split_once(':'))
        else {
            return Verdict::Malformed;
        };
        if self.are(username, password) {
            Verdict::Welcome(username.to_owned())
        } else {
            Verdict::Unknown
        }
    }

    /// Compares both, however the first came out, in a time that does not depend on what is in them.
    fn are(&self, username: &str, password: &str) -> bool {
        let is_name = self.username.as_bytes().ct_eq(username.as_bytes());
        let is_password = match self.password.strip_prefix(SHA) {
            Some(hash) => hash.as_bytes().ct_eq(hex(&Sha1::digest(password)).as_bytes()),
            None => self.password.as_bytes().ct_eq(password.as_bytes()),
        };
        (is_name & is_password).into()
    }
}

/// What follows the word `Basic`, in any case.
fn basic(header: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = header.trim_ascii().split_at_checked(5)?;
    let is_apart = rest.first().is_some_and(u8::is_ascii_whitespace);
    (is_apart && scheme.eq_ignore_ascii_case(b"basic")).then(|| rest.trim_ascii())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_is_given_lets_nobody_in_by_chance(header: Vec<u8>, text in "\\PC*") {
            let ours = Credentials { username: "user".into(), password: "a long secret".into() };
            let encoded = format!("Basic {}", STANDARD.encode(text));
            for bytes in [header, encoded.into_bytes()] {
                let Ok(header) = HeaderValue::from_bytes(&bytes) else { continue };
                prop_assert_ne!(ours.judge(Some(&header)), Verdict::Welcome("user".into()));
            }
        }
    }

    fn judged(password: &str, header: &str) -> Verdict {
        let ours = Credentials { username: "user".into(), password: password.into() };
        ours.judge(Some(&HeaderValue::from_str(header).unwrap()))
    }

    #[test]
    fn a_name_and_its_password_are_welcome_clear_or_hashed() {
        let welcome = Verdict::Welcome("user".into());
        let hashed = "{SHA}e5e9fa1ba31ecd1ae84f75caaa474f3a663f05f4";
        for (password, header) in [
            ("secret", "Basic dXNlcjpzZWNyZXQ="),
            ("secret", "bAsIc   dXNlcjpzZWNyZXQ="),
            (hashed, "Basic dXNlcjpzZWNyZXQ="),
            ("a:b", "Basic dXNlcjphOmI="),
            ("", "Basic dXNlcjo="),
        ] {
            assert_eq!(judged(password, header), welcome, "{password} {header}");
        }
    }

    #[test]
    fn anything_else_is_not() {
        let upper = "{SHA}E5E9FA1BA31ECD1AE84F75CAAA474F3A663F05F4";
        for (password, header, expected) in [
            ("secrets", "Basic dXNlcjpzZWNyZXQ=", Verdict::Unknown),
            ("secre", "Basic dXNlcjpzZWNyZXQ=", Verdict::Unknown),
            (upper, "Basic dXNlcjpzZWNyZXQ=", Verdict::Unknown),
            ("secret", "Basic VXNlcjpzZWNyZXQ=", Verdict::Unknown),
            ("secret", "Bearer dXNlcjpzZWNyZXQ=", Verdict::Unknown),
            ("secret", "BasicdXNlcjpzZWNyZXQ=", Verdict::Unknown),
            ("secret", "Basic", Verdict::Unknown),
            ("secret", "", Verdict::Unknown),
            ("secret", "Basic !!!", Verdict::Malformed),
            ("secret", "Basic dXNlcg==", Verdict::Malformed),
            ("secret", "Basic dXNlcjr/", Verdict::Malformed),
        ] {
            assert_eq!(judged(password, header), expected, "{password} {header}");
        }
        assert_eq!(
            Credentials { username: "u".into(), password: String::new() }.judge(None),
            Verdict::Unknown
        );
    }
}
