//! A line that says what is being waited for, while somebody watches.

use std::borrow::Borrow;
use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use crate::render::printable;
use crate::render::quantity::span;
use crate::render::table::cut;
use crate::screen::Screen;

/// How often the line is written anew; what is done sooner is never announced.
const PERIOD: Duration = Duration::from_secs(1);
/// So many names are spelt out.
const NAMED: usize = 3;

/// The line. Without a terminal on standard error it never appears.
#[derive(Debug)]
pub(crate) struct Progress {
    begun: Instant,
    ticks: Option<Interval>,
    shown: bool,
}

impl Progress {
    /// Begins to count.
    pub(crate) fn new(screen: &Screen) -> Self {
        let begun = Instant::now();
        let ticks = (screen.watched && !screen.json).then(|| {
            let mut ticks = interval_at(begun + PERIOD, PERIOD);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
            ticks
        });
        Self { begun, ticks, shown: false }
    }

    /// Returns when the line is due; never, if nobody watches.
    pub(crate) async fn due(&mut self) {
        match &mut self.ticks {
            Some(ticks) => {
                ticks.tick().await;
            }
            None => std::future::pending().await,
        }
    }

    /// Writes the line.
    pub(crate) fn show(&mut self, screen: &Screen, pending: &[String], verb: &str) {
        let text = text(pending, verb, self.begun.elapsed().as_secs());
        let shown = cut(&text, screen.watched_width().unwrap_or(usize::MAX));
        screen.remark(&format!("\r\u{1b}[K{shown}"));
        self.shown = true;
    }

    /// Takes the line away, so that something else can be written.
    pub(crate) fn clear(&mut self, screen: &Screen) {
        if std::mem::take(&mut self.shown) {
            screen.remark("\r\u{1b}[K");
        }
    }
}

fn text(pending: &[String], verb: &str, seconds: u64) -> String {
    let names = some_of(pending);
    format!("waiting for {} to {verb} … {}", printable(&names), span(seconds))
}

/// A few of these names, and how many more there are.
pub(crate) fn some_of(names: &[impl Borrow<str>]) -> String {
    let (named, rest) = names.split_at(names.len().min(NAMED));
    let rest = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
    named.join(", ") + &rest
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn a_few_names_are_spelt_out() {
        let names = ["a", "b", "c", "d", "e"].map(str::to_owned);
        assert_eq!(text(&names[..1], "start", 3), "waiting for a to start … 3 s");
        assert_eq!(text(&names, "stop", 75), "waiting for a, b, c and 2 more to stop … 1 min 15 s");
    }
}
