//! Any events in any order: the laws of the engine hold at every step, and every question is answered in the end.
#![no_main]

#[path = "../../../units/tests/engine/stage.rs"]
#[expect(dead_code, reason = "a fixture of more tests than this one")]
mod stage;
#[path = "../../../units/tests/engine/world.rs"]
mod world;

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use visor_units::name::{ProcessName, Selector};
use visor_units::unit::{Autorestart, ExitWhen, Group};

use stage::{Script, group, program};
use world::{Act, PROGRAMS, full_name, plays_out};

/// Enough for any story; longer ones only take longer.
const ACTS: usize = 200;

/// Bytes that choose; zero once there are no more.
struct Choices<'a>(std::slice::Iter<'a, u8>);

impl Choices<'_> {
    fn next(&mut self) -> usize {
        self.0.next().copied().map_or(0, usize::from)
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.next() % choices.len()]
    }

    fn selector(&mut self) -> Selector {
        match self.next() % 10 {
            n if n < PROGRAMS => Selector::parse(&full_name(n)),
            6 => Selector::All,
            7 => Selector::Group("g".into()),
            8 => Selector::Pattern("p[2-4]".into()),
            _ => Selector::parse("nobody"),
        }
    }

    fn script(&mut self, n: usize) -> Script {
        let mut script = program(&format!("p{n}"))
            .startsecs(self.of(&[0, 1, 3]))
            .startretries(self.of(&[0, 1, 2]))
            .autorestart(self.of(&[
                Autorestart::Never,
                Autorestart::Unexpected,
                Autorestart::Always,
            ]))
            .autostart(self.of(&[false, true]))
            .stopwaitsecs(self.of(&[0, 2]))
            .priority(self.of(&[0, 1, 2]));
        // Upwards only, so that there is no cycle.
        for other in 0..n {
            script = match self.next() % 8 {
                0 | 1 => script.requires(&full_name(other)),
                2 => script.wants(&full_name(other)),
                3 => script.after(&full_name(other)),
                _ => script,
            };
        }
        script
    }

    fn groups(&mut self) -> Vec<Arc<Group>> {
        let [a, b, c, d, e, f] = std::array::from_fn(|n| self.script(n));
        let mut groups = vec![group("g", 2, [a, b])];
        groups.extend([c, d, e, f].map(Script::alone));
        groups.sort_by_key(|group| group.priority);
        groups
    }

    fn condition(&mut self) -> ExitWhen {
        match self.next() % 4 {
            0 => ExitWhen::AnyFatal,
            1 => ExitWhen::AllExited,
            2 => ExitWhen::Group("g".into()),
            _ => ExitWhen::Process(ProcessName::new("p3", "p3")),
        }
    }

    fn act(&mut self) -> Option<Act> {
        let which = usize::from(*self.0.next()?);
        Some(match which % 24 {
            0 => Act::Boot,
            1..=5 => Act::Launches(self.next()),
            6 => Act::FailsToLaunch(self.next()),
            7..=9 => Act::Exits(self.next(), self.of(&[0, 1])),
            10 => Act::CannotBeSignalled(self.next()),
            11 => Act::Passes(self.next() as u64 * 20),
            12 | 13 => Act::Wakes,
            14 => Act::Starts(self.selector(), self.of(&[false, true])),
            15 => Act::Stops(self.selector(), self.of(&[false, true])),
            16 => Act::Restarts(self.selector(), self.of(&[false, true])),
            17 => Act::Signals(self.selector()),
            18 => Act::Updates {
                without: self.next(),
                slower: self.next(),
                only: self.of(&[&[][..], &["p3"][..]]).iter().map(ToString::to_string).collect(),
            },
            19 => Act::Adds(self.next()),
            20 => Act::Removes(self.next()),
            21 => Act::Withdraws(self.next()),
            22 => Act::IsSaved,
            _ if which < 48 => Act::Ends { restart: which > 24 },
            _ if which < 96 => Act::ExitsWhen(self.condition()),
            _ => Act::Strays(self.next() as u32 % 9, 90 + self.next() as u32 % 20),
        })
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut choices = Choices(bytes.iter());
    let groups = choices.groups();
    let acts: Vec<Act> = std::iter::from_fn(|| choices.act()).take(ACTS).collect();
    plays_out(groups, acts);
});
