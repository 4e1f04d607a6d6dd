//! Files that never change while the daemon runs: they are part of it.

/// One of them.
#[derive(Debug)]
pub(super) struct Asset {
    /// Its content type.
    pub(super) kind: &'static str,
    /// What is in it.
    pub(super) bytes: &'static [u8],
}

const STYLE: Asset =
    Asset { kind: "text/css; charset=utf-8", bytes: include_bytes!("assets/visord.css") };
const SCRIPT: Asset =
    Asset { kind: "text/javascript; charset=utf-8", bytes: include_bytes!("assets/visord.js") };
const ICON: Asset = Asset { kind: "image/svg+xml", bytes: include_bytes!("assets/icon.svg") };
/// For what asks for an image at one of Supervisor's addresses.
const BITMAP: Asset = Asset { kind: "image/png", bytes: include_bytes!("assets/icon.png") };

impl Asset {
    /// The file at a path, without its first slash.
    pub(super) fn at(path: &str) -> Option<&'static Self> {
        match path {
            "stylesheets/supervisor.css" => Some(&STYLE),
            "scripts/visord.js" => Some(&SCRIPT),
            "images/icon.svg" => Some(&ICON),
            "images/icon.png"
            | "images/rule.gif"
            | "images/state0.gif"
            | "images/state1.gif"
            | "images/state2.gif"
            | "images/state3.gif"
            | "images/supervisor.gif"
            | "favicon.ico" => Some(&BITMAP),
            _ => None,
        }
    }

    /// Names this content (FNV-1a).
    pub(super) fn etag(&self) -> String {
        let hash = self.bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        format!("\"{hash:016x}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Addresses in a file that is sent to browsers which lead away from this server.
    fn leads_away(text: &str) -> bool {
        let harmless = text.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
        ["http:", "https:", "//cdn", "url(", "@import", "import("]
            .iter()
            .any(|word| harmless.contains(word))
    }

    #[test]
    fn nothing_is_fetched_from_elsewhere() {
        let pages = [
            include_str!("templates/base.html"),
            include_str!("templates/status.html"),
            include_str!("templates/table.html"),
            include_str!("templates/row.html"),
            include_str!("templates/tail.html"),
            include_str!("templates/confirm.html"),
        ];
        let assets = [STYLE, SCRIPT, ICON].map(|asset| str::from_utf8(asset.bytes).unwrap());
        for text in pages.into_iter().chain(assets) {
            assert!(!leads_away(text), "{text}");
        }
        for page in pages {
            assert!(!page.contains("style=") && !page.contains("onclick"), "{page}");
            assert!(!page.contains("|safe") && !page.contains("escape"), "{page}");
        }
    }

    #[test]
    fn every_address_in_the_pages_and_every_old_one_has_its_file() {
        for path in [
            "stylesheets/supervisor.css",
            "scripts/visord.js",
            "images/icon.svg",
            "images/icon.png",
            "images/rule.gif",
            "images/state0.gif",
            "images/supervisor.gif",
        ] {
            assert!(!Asset::at(path).unwrap().bytes.is_empty(), "{path}");
        }
        assert!(Asset::at("images/../../etc/passwd").is_none());
        assert_ne!(STYLE.etag(), SCRIPT.etag());
    }
}
