//! A day in the life of a thousand programs, none of which works.

use std::collections::BTreeMap;

use visor_units::engine::{Effect, Engine, Event, Key};
use visor_units::exit::ExitStatus;
use visor_units::invocation::InvocationId;
use visor_units::time::{Moment, Stamp, Time};

use crate::stage::program;

const DAY: u64 = 24 * 3600 * 1_000_000;
const PROGRAMS: u32 = 1_000;

/// Every program is launched at once and crashes 100 ms later, all day long.
#[test]
fn a_day_of_crash_loops_over_a_thousand_programs() {
    let groups = (0..PROGRAMS).map(|n| program(&format!("p{n}")).startretries(i64::MAX).alone());
    let mut effects = Vec::new();
    let mut engine = Engine::new(groups.collect(), Moment::default(), &mut effects);
    let mut crashes: BTreeMap<(u64, Key), u32> = BTreeMap::new();
    let mut launches: BTreeMap<Key, u32> = BTreeMap::new();
    let (mut now, mut pid) = (0, 0);
    let mut event = Event::Boot;
    loop {
        effects.clear();
        engine.step(Moment { time: Time(now), wall: Stamp(now) }, event, &mut effects);
        for effect in &effects {
            if let Effect::Spawn { key, .. } = effect {
                pid += 1;
                *launches.entry(*key).or_default() += 1;
                crashes.insert((now + 100_000, *key), pid);
                let spawned =
                    Event::Spawned { key: *key, pid, invocation: InvocationId::default() };
                engine.step(Moment { time: Time(now), wall: Stamp(now) }, spawned, &mut Vec::new());
            }
        }
        let deadline = engine.deadline().map_or(u64::MAX, |due| due.0);
        event = match crashes.first_key_value() {
            Some((&(at, key), &pid)) if at <= deadline => {
                crashes.remove(&(at, key));
                now = at;
                Event::Exited { key, pid, status: ExitStatus::Exited(1) }
            }
            _ => {
                now = deadline;
                Event::Tick
            }
        };
        if now > DAY {
            break;
        }
    }
    // Launch n is after n - 1 runs of 0.1 s and waits of 1, 2, … n - 1 s.
    let expected = (1..).take_while(|n| (n - 1) * 100_000 + n * (n - 1) / 2 * 1_000_000 <= DAY);
    let expected = u32::try_from(expected.count()).expect("few");
    assert!(launches.len() == PROGRAMS as usize);
    assert!(launches.values().all(|count| *count == expected), "{expected} launches each");
}
