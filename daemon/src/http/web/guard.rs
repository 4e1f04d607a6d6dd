//! Who may change something: a form that this daemon made, sent from a page of this daemon.
//!
//! A browser adds the password of a site to every request there, whoever causes it. So a password alone does not show
//! that a person wanted it: another site's page could post a form here. It cannot read the token, and browsers say where
//! a request comes from.

use subtle::ConstantTimeEq as _;

/// The secret in every form of this daemon, new with every start of it.
#[derive(Clone)]
pub(super) struct Token(String);

/// Where a request says it comes from.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Source<'a> {
    /// `Sec-Fetch-Site`. Only browsers send it, and no page can change it.
    pub(super) site: Option<&'a str>,
    /// `Origin`.
    pub(super) origin: Option<&'a str>,
    /// `Host`.
    pub(super) host: Option<&'a str>,
}

impl Token {
    /// A new one. Where there is no randomness to be had there is none, and no form has it.
    pub(super) fn new() -> Self {
        let mut bytes = [0; 16];
        let is_random = getrandom::fill(&mut bytes).is_ok();
        let bytes = bytes.iter().filter(|_| is_random);
        Self(bytes.map(|byte| format!("{byte:02x}")).collect())
    }

    /// Its text, for forms.
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// Whether a form has it. Takes the same time whatever was sent.
    pub(super) fn is(&self, sent: &str) -> bool {
        !self.0.is_empty() && bool::from(self.0.as_bytes().ct_eq(sent.as_bytes()))
    }
}

impl Source<'_> {
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_again_and_another_daemons_is_not() {
        let (own, other) = (Token::new(), Token::new());
        assert!(own.is(own.text()) && own.text().len() == 32);
        for sent in [other.text(), "", &own.text()[1..]] {
            assert!(!own.is(sent), "{sent}");
        }
        assert!(!Token(String::new()).is(""));
    }

    #[test]
    fn a_form_of_another_site_is_told_apart() {
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
}
