//! A real browser, driven over WebDriver (<https://www.w3.org/TR/webdriver2/>).

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::http::http;
use crate::{skip, wait_until};

/// A headless Chromium with one page. Dropping it ends it.
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
    profile: tempfile::TempDir,
}

/// How the browser is to be.
#[derive(Clone, Copy, Debug, Default)]
pub struct Looks {
    /// Whether scripts run.
    pub without_script: bool,
    /// Whether the window is that of a telephone.
    pub is_narrow: bool,
}

/// What a browser of a test does not need, and should not do.
const SWITCHES: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--hide-scrollbars",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

impl Browser {
    /// A browser; `None`, and a line that says so, where there is none.
    ///
    /// # Panics
    /// If there is one that does not start.
    #[must_use]
    pub fn open(looks: Looks) -> Option<Self> {
        let Some((driver, port)) = driver() else {
            skip("no chromedriver; install chromium-driver");
            return None;
        };
        let profile = tempfile::tempdir().expect("a temporary directory");
        let mut browser = Self { driver, port, session: String::new(), profile };
        browser.begin(looks);
        Some(browser)
    }

    fn begin(&mut self, looks: Looks) {
        let mut switches: Vec<String> = SWITCHES.map(str::to_owned).to_vec();
        switches.push(format!("--user-data-dir={}", self.profile.path().display()));
        let size = if looks.is_narrow { "390,844" } else { "1280,900" };
        switches.push(format!("--window-size={size}"));
        let scripts = if looks.without_script { 2 } else { 1 };
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": {
                "args": switches,
                "prefs": { "profile.managed_default_content_settings.javascript": scripts },
            },
            "goog:loggingPrefs": { "performance": "ALL", "browser": "ALL" },
        }}});
        let begun = self.call("POST", "/session", &wanted);
        self.session = begun["sessionId"].as_str().expect("a session").to_owned();
    }

    /// Opens a page and waits until it is loaded.
    pub fn go(&self, url: &str) {
        drop(self.ask("/url", &json!({ "url": url })));
    }

    /// Loads the page again.
    pub fn reload(&self) {
        drop(self.ask("/refresh", &json!({})));
    }

    /// Runs a function body in the page and gives what it returns.
    #[must_use]
    pub fn run(&self, script: &str) -> Value {
        self.ask("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Waits until a function body in the page returns something true.
    pub fn wait(&self, script: &str) {
        wait_until(script, || self.run(script).as_bool().unwrap_or(false).then_some(()));
    }

    /// Clicks on what a selector finds, as a person does: it must be there to be seen.
    pub fn click(&self, selector: &str) {
        let id = wait_until(selector, || self.find(selector));
        drop(self.ask(&format!("/element/{id}/click"), &json!({})));
    }

    /// The text that is seen of what a selector finds; empty if it finds nothing.
    #[must_use]
    pub fn text(&self, selector: &str) -> String {
        let found = self.find(selector);
        found.map_or_else(String::new, |id| text(&self.read(&format!("/element/{id}/text"))))
    }

    /// Waits until the text that is seen of something contains `part`.
    pub fn wait_for(&self, selector: &str, part: &str) {
        wait_until(&format!("{part:?} in {selector}"), || {
            // What changes while it is looked at is looked at again.
            self.text(selector).contains(part).then_some(())
        });
    }

    /// Types into whatever has the focus.
    pub fn press(&self, keys: &str) {
        let actions: Vec<Value> = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key })))
            .collect();
        let sources = json!({ "actions": [{ "type": "key", "id": "keys", "actions": actions }] });
        drop(self.ask("/actions", &sources));
    }

    /// Every address it has asked for since this was last called.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        let entries = self.ask("/se/log", &json!({ "type": "performance" }));
        let entries = entries.as_array().cloned().unwrap_or_default();
        let events = entries
            .iter()
            .filter_map(|entry| serde_json::from_str::<Value>(entry["message"].as_str()?).ok())
            .map(|event| event["message"].clone());
        events
            .filter(|event| event["method"] == "Network.requestWillBeSent")
            .map(|event| text(&event["params"]["request"]["url"]))
            .collect()
    }

    /// What its console says is wrong.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let entries = self.ask("/se/log", &json!({ "type": "browser" }));
        let entries = entries.as_array().cloned().unwrap_or_default();
        entries.iter().map(|entry| text(&entry["message"])).collect()
    }

    fn find(&self, selector: &str) -> Option<String> {
        let wanted = json!({ "using": "css selector", "value": selector });
        let found = self.ask("/elements", &wanted);
        let first = found.as_array()?.first()?.as_object()?.values().next()?;
        Some(text(first))
    }

    fn ask(&self, what: &str, body: &Value) -> Value {
        self.call("POST", &format!("/session/{}{what}", self.session), body)
    }

    fn read(&self, what: &str) -> Value {
        self.call("GET", &format!("/session/{}{what}", self.session), &Value::Null)
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let reply = http(self.port, method, path, &["Content-Type: application/json"], &body);
        let said: Value = serde_json::from_str(&reply.body).unwrap_or(Value::Null);
        // An element that was replaced meanwhile is looked for again by whoever waits for it.
        let is_stale = said["value"]["error"] == "stale element reference";
        assert!(reply.status == 200 || is_stale, "{path}: {}", reply.body);
        if is_stale { Value::Null } else { said["value"].clone() }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver takes its browser with it when the session ends.
        if !self.session.is_empty() {
            drop(http(self.port, "DELETE", &format!("/session/{}", self.session), &[], ""));
        }
        drop(self.driver.kill());
        drop(self.driver.wait());
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A driver that listens, and its port.
fn driver() -> Option<(Child, u16)> {
    // It takes a free port of IPv4 and wants the same of IPv6, where somebody may have it; then it ends.
    for _ in 0..10 {
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut driver = command.spawn().ok()?;
        if let Some(port) = port_of(&mut driver) {
            return Some((driver, port));
        }
        driver.wait().expect("the end of the driver");
    }
    panic!("no port for chromedriver");
}

/// The port that the driver says it has; `None` once it has ended.
fn port_of(driver: &mut Child) -> Option<u16> {
    let output = driver.stdout.take().expect("its output");
    let mut lines = BufReader::new(output).lines().map_while(Result::ok);
    let port = lines
        .find_map(|line| line.strip_suffix('.')?.rsplit_once("on port ")?.1.parse::<u16>().ok());
    // Whatever else it says is not kept from being said.
    std::thread::spawn(move || lines.for_each(drop));
    port
}
