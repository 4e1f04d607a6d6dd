//! What may stand in a page: the tags of the templates, and addresses of our own. Whatever else came into it is text.

const TAGS: &str = "a b body button caption div footer form h1 head header html img input kbd label link main meta nav p \
                    pre script span table tbody td th thead time title tr";

/// No event handler is among them, and no style.
const ATTRIBUTES: &str = "action alt aria-current aria-label aria-live aria-pressed aria-sort autocomplete autofocus \
     charset class colspan content data-ask data-at data-clear data-count data-group data-live \
     data-name data-now data-refresh data-show data-slot data-sort data-state data-stream data-tone \
     data-until data-up formaction height hidden href id lang method name placeholder rel role \
     scope spellcheck src tabindex title type value width";

/// How every address in a page begins.
const ADDRESSES: [&str; 7] =
    ["index.html", "tail.html", "logtail/", "log?", "images/", "stylesheets/", "scripts/"];

/// The one script, after its name.
const SCRIPT: &str = " type=\"module\" src=\"scripts/visord.js\"></script>";

/// A text as it stands in a page.
pub fn escaped(text: &str) -> String {
    let escapes = [('&', "&#38;"), ('<', "&#60;"), ('>', "&#62;"), ('"', "&#34;"), ('\'', "&#39;")];
    escapes.iter().fold(text.to_owned(), |text, (raw, escape)| text.replace(*raw, escape))
}

/// What is there once at most.
const ONCE: [&str; 6] = ["<html", "<body", "<main", "<pre", "</pre>", "<script"];

/// Judges a page.
pub fn judge(page: &str) {
    for part in ONCE {
        assert!(page.matches(part).count() <= 1, "{part} twice: {page}");
    }
    let script = page.split_once("<script").map_or(SCRIPT, |(_, rest)| rest);
    assert!(script.starts_with(SCRIPT), "{page}");
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        rest = tag(&rest[at + 1..]);
    }
}

/// Judges a tag after its `<`. Gives what follows it.
fn tag(text: &str) -> &str {
    if let Some(rest) = text.strip_prefix("!doctype html>") {
        return rest;
    }
    let (name, mut rest) = word(text.strip_prefix('/').unwrap_or(text));
    assert!(is_among(TAGS, name), "<{name}");
    loop {
        rest = rest.trim_start_matches(' ');
        if let Some(rest) = rest.strip_prefix('>') {
            return rest;
        }
        let (attribute, after) = word(rest);
        assert!(is_among(ATTRIBUTES, attribute), "<{name} {attribute}");
        rest = after;
        if let Some(quoted) = after.strip_prefix("=\"") {
            let (value, after) = quoted.split_once('"').expect("the end of a value");
            assert!(!value.contains(['<', '>', '\'']), "<{name} {attribute}={value:?}");
            if matches!(attribute, "href" | "src" | "action" | "formaction" | "data-stream") {
                let is_ours = ADDRESSES.iter().any(|address| value.starts_with(address));
                assert!(is_ours, "<{name} {attribute}={value:?}");
            }
            rest = after;
        }
    }
}

fn is_among(words: &str, word: &str) -> bool {
    words.split(' ').any(|known| known == word)
}

/// The letters, digits and dashes at the beginning, and the rest.
fn word(text: &str) -> (&str, &str) {
    let is_of_it = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    text.split_at(text.find(|c| !is_of_it(c)).unwrap_or(text.len()))
}
