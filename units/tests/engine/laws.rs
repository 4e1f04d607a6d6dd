//! What holds whatever happens, in whatever order.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use visor_units::engine::TRANSITIONS;
use visor_units::name::{ProcessName, Selector};
use visor_units::unit::{Autorestart, EarlyExit, ExitWhen, Group, Pacing};

use crate::stage::{Script, group, program};
use crate::world::{Act, PROGRAMS, World, full_name, plays_out};

fn selector() -> impl Strategy<Value = Selector> {
    prop_oneof![
        4 => (0..PROGRAMS).prop_map(|n| Selector::parse(&full_name(n))),
        1 => Just(Selector::All),
        1 => Just(Selector::Group("g".into())),
        1 => Just(Selector::Pattern("p[2-4]".into())),
        1 => Just(Selector::parse("nobody")),
    ]
}

fn exit_when() -> impl Strategy<Value = ExitWhen> {
    prop_oneof![
        Just(ExitWhen::AnyFatal),
        Just(ExitWhen::AllExited),
        Just(ExitWhen::Group("g".into())),
        Just(ExitWhen::Process(ProcessName::new("p2", "p2"))),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let which = 0..100usize;
    prop_oneof![
        2 => Just(Act::Boot),
        20 => which.clone().prop_map(Act::Launches),
        3 => which.clone().prop_map(Act::FailsToLaunch),
        12 => (which.clone(), 0..2u8).prop_map(|(n, code)| Act::Exits(n, code)),
        1 => which.clone().prop_map(Act::CannotBeSignalled),
        4 => (0..5_000u64).prop_map(Act::Passes),
        8 => Just(Act::Wakes),
        5 => (selector(), any::<bool>()).prop_map(|(s, wait)| Act::Starts(s, wait)),
        5 => (selector(), any::<bool>()).prop_map(|(s, wait)| Act::Stops(s, wait)),
        4 => (selector(), any::<bool>()).prop_map(|(s, wait)| Act::Restarts(s, wait)),
        1 => selector().prop_map(Act::Signals),
        2 => (which.clone(), which.clone(), vec(Just("p3".to_owned()), 0..2)).prop_map(
            |(without, slower, only)| Act::Updates { without, slower, only }),
        1 => which.clone().prop_map(Act::Adds),
        1 => which.clone().prop_map(Act::Removes),
        1 => which.prop_map(Act::Withdraws),
        2 => Just(Act::IsSaved),
        1 => any::<bool>().prop_map(|restart| Act::Ends { restart }),
        1 => exit_when().prop_map(Act::ExitsWhen),
        1 => (0..9u32, 90..110u32).prop_map(|(key, pid)| Act::Strays(key, pid)),
    ]
}

fn script(n: usize) -> impl Strategy<Value = Script> {
    let dependency = (0..n.max(1), 0..4u8);
    let seconds = |n: u64| Some(Duration::from_secs(n));
    let pacing = (
        prop_oneof![2 => Just(None), 1 => Just(seconds(1)), 1 => Just(seconds(4))],
        prop_oneof![Just(None), Just(seconds(5))],
        prop_oneof![Just(EarlyExit::Failure), Just(EarlyExit::Ok)],
    );
    (
        prop_oneof![Just(0), Just(1), Just(3)],
        -1..3i64,
        prop_oneof![
            Just(Autorestart::Never),
            Just(Autorestart::Unexpected),
            Just(Autorestart::Always)
        ],
        any::<bool>(),
        prop_oneof![Just(0), Just(2)],
        0..3i64,
        vec(dependency, 0..3),
        pacing,
    )
        .prop_map(
            move |(startsecs, retries, autorestart, autostart, wait, priority, needs, pacing)| {
                let (delay, max_delay, early_exit) = pacing;
                let mut script = program(&format!("p{n}"))
                    .startsecs(startsecs)
                    .startretries(retries)
                    .autorestart(autorestart)
                    .autostart(autostart)
                    .stopwaitsecs(wait)
                    .priority(priority);
                script.0.pacing = Pacing { delay, max_delay, early_exit };
                let needs = needs.into_iter().filter(|(other, _)| *other != n);
                needs.fold(script, |script, (other, kind)| match kind {
                    0 | 1 => script.requires(&full_name(other)),
                    2 => script.wants(&full_name(other)),
                    _ => script.after(&full_name(other)),
                })
            },
        )
}

fn groups() -> impl Strategy<Value = Vec<Arc<Group>>> {
    (script(0), script(1), script(2), script(3), script(4), script(5)).prop_map(
        |(a, b, c, d, e, f)| {
            let mut groups = vec![group("g", 2, [a, b])];
            groups.extend([c, d, e, f].map(Script::alone));
            groups.sort_by_key(|group| group.priority);
            groups
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn laws_hold_and_every_question_is_answered(
        groups in groups(),
        acts in vec(act(), 1..150),
    ) {
        plays_out(groups, acts);
    }
}

#[test]
fn every_transition_of_the_table_happens() {
    let mut runner = TestRunner::deterministic();
    let scenes = (groups(), vec(act(), 100));
    let mut seen = BTreeSet::new();
    for _ in 0..300 {
        let (groups, acts) = scenes.new_tree(&mut runner).expect("a scene").current();
        seen.extend(World::after(groups, acts).edges);
    }
    assert_eq!(seen, BTreeSet::from(TRANSITIONS));
}
