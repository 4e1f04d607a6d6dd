//! Who asks a Supervisor over HTTP: user name and password, from wherever they are said.

use std::env;

use percent_encoding::percent_decode_str;

use crate::input;

/// The variables of Supervisor's own Python clients.
const VARIABLES: [&str; 2] = ["SUPERVISOR_USERNAME", "SUPERVISOR_PASSWORD"];

/// What is known of who asks.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Login {
    name: Option<String>,
    password: Option<String>,
}

impl Login {
    /// What the command line says.
    pub(crate) fn new(name: Option<String>, password: Option<String>) -> Self {
        Self { name, password }
    }

    /// What the environment says.
    pub(crate) fn from_environment() -> Self {
        let [name, password] = VARIABLES.map(|variable| env::var(variable).ok());
        Self { name, password }
    }

    /// Takes from `other` what is not known here.
    pub(crate) fn or(self, other: Self) -> Self {
        Self { name: self.name.or(other.name), password: self.password.or(other.password) }
    }

    /// User name and password, if both are known.
    pub(crate) fn pair(&self) -> Option<(String, String)> {
        self.name.clone().zip(self.password.clone())
    }

    /// Asks a person for what is not known; `None` if nobody answers. That is done on the terminal itself: standard input
    /// may be for the program.
    pub(crate) async fn asked(self, url: &str) -> Option<(String, String)> {
        let name = match self.name {
            Some(name) => name,
            None => input::person(&format!("User name for {url}: ")).await.ok()??,
        };
        let password = match self.password {
            Some(password) => password,
            None => input::password(&format!("Password of {name}: ")).await.ok()??,
        };
        Some((name, password))
    }
}

/// A URL without what it says of who asks, so that it can be shown, and that.
pub(crate) fn split(url: &str) -> (String, Login) {
    let Some(rest) = url.strip_prefix("http://") else { return (url.to_owned(), Login::default()) };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (place, path) = rest.split_at(end);
    let Some((who, place)) = place.rsplit_once('@') else {
        return (url.to_owned(), Login::default());
    };
    let plain = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let (name, password) = match who.split_once(':') {
        Some((name, password)) => (name, Some(plain(password))),
        None => (who, None),
    };
    let name = Some(plain(name)).filter(|name| !name.is_empty());
    (format!("http://{place}{path}"), Login { name, password })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_url_says_of_who_asks_is_taken_out_of_it() {
        let login = |name: Option<&str>, password: Option<&str>| {
            Login::new(name.map(str::to_owned), password.map(str::to_owned))
        };
        for (url, shown, who) in [
            ("http://h:1", "http://h:1", login(None, None)),
            ("http://u:p@h:1/x@y", "http://h:1/x@y", login(Some("u"), Some("p"))),
            ("http://u@h", "http://h", login(Some("u"), None)),
            ("http://u%40x:a%3Ab:c@h", "http://h", login(Some("u@x"), Some("a:b:c"))),
            ("http://:p@h", "http://h", login(None, Some("p"))),
            ("unix:///a@b", "unix:///a@b", login(None, None)),
        ] {
            assert!(split(url) == (shown.to_owned(), who), "{url}");
        }
    }

    #[test]
    fn what_is_known_first_counts() {
        let known = Login::new(Some("a".to_owned()), None);
        let other = Login::new(Some("b".to_owned()), Some("p".to_owned()));
        assert_eq!(known.or(other).pair(), Some(("a".to_owned(), "p".to_owned())));
    }
}
