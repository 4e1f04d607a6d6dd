//! The dependency graph by itself.

use std::sync::Arc;

use proptest::prelude::*;
use visor_units::config::{Diagnostic, Severity};
use visor_units::name::ProcessName;
use visor_units::order::{Graph, Strength};
use visor_units::unit::Group;

use crate::stage::{Script, group, program};

fn alone(scripts: impl IntoIterator<Item = Script>) -> Vec<Arc<Group>> {
    scripts.into_iter().map(Script::alone).collect()
}

fn order(graph: &Graph) -> Vec<String> {
    let names = graph.start_order().iter().filter_map(|at| graph.name(*at));
    names.map(ToString::to_string).collect()
}

/// `visord.conf:3 web requires db`, for every place a problem has to do with.
fn places(problem: &Diagnostic) -> Vec<String> {
    let places = problem.related.iter();
    places.map(|(span, text)| format!("{}:{} {text}", span.file, span.line)).collect()
}

#[test]
fn dependencies_are_first_and_priority_orders_the_rest() {
    let graph = Graph::build(&alone([
        program("web").priority(1).requires("db"),
        program("other").priority(2),
        program("db").priority(900).after("disk"),
        program("disk").priority(999),
    ]))
    .expect("no priority makes a cycle");
    assert_eq!(order(&graph), ["other", "disk", "db", "web"]);
}

#[test]
fn both_ends_of_a_dependency_know_of_it_with_its_strongest_key() {
    let script = program("web").after("db").requires("db").wants("db");
    let graph = Graph::build(&alone([script, program("db")])).expect("sound");
    let position = |name| graph.position(&ProcessName::new(name, name)).expect("is there");
    let (web, db) = (position("web"), position("db"));
    let [link] = graph.dependencies_of(web) else { panic!("one link") };
    assert_eq!((link.other, link.strength), (db, Strength::Requires));
    let [link] = graph.dependents_of(db) else { panic!("one link") };
    assert_eq!((link.other, link.strength), (web, Strength::Requires));
    assert_eq!(graph.dependents_of(web), []);
}

#[test]
fn a_cycle_is_refused_with_the_whole_way_round_and_every_place() {
    let problems = Graph::build(&alone([
        program("outside").requires("a"),
        program("a").at_line(10).requires("b"),
        program("b").at_line(20).wants("outside_too").after("c"),
        program("c").at_line(30).wants("a"),
        program("outside_too"),
    ]))
    .expect_err("a cycle");
    let [problem] = &problems[..] else { panic!("one problem: {problems:?}") };
    assert_eq!(problem.severity, Severity::Error);
    assert_eq!(problem.message, "dependency order has a cycle: a -> b -> c -> a");
    assert_eq!(problem.span.as_ref().map(|span| span.line), Some(11));
    assert_eq!(
        places(problem),
        ["visord.conf:11 a requires b", "visord.conf:22 b after c", "visord.conf:31 c wants a",]
    );
}

#[test]
fn what_was_written_with_before_is_told_as_it_was_written() {
    let scripts = [
        program("a").at_line(10).requires("b"),
        program("b").at_line(20).before("x"),
        program("x").at_line(30).before("b"),
    ];
    let problems = Graph::build(&alone(scripts)).expect_err("a cycle");
    assert_eq!(problems[0].message, "dependency order has a cycle: b -> x -> b");
    assert_eq!(places(&problems[0]), ["visord.conf:31 x before b", "visord.conf:21 b before x"]);
}

#[test]
fn a_program_that_needs_itself_is_the_smallest_cycle() {
    let problems = Graph::build(&alone([program("a").after("a")])).expect_err("a cycle");
    assert_eq!(problems[0].message, "dependency order has a cycle: a -> a");
}

#[test]
fn a_cycle_through_a_group_names_its_members() {
    let groups = [
        group("g", 1, [program("x"), program("y").after("db")]),
        program("db").requires("g").alone(),
    ];
    let problems = Graph::build(&groups).expect_err("a cycle");
    assert_eq!(problems[0].message, "dependency order has a cycle: g:y -> db -> g:y");
}

#[test]
fn every_cycle_is_reported_and_the_rest_stays_ordered() {
    let groups = alone([
        program("a").requires("b"),
        program("b").requires("a"),
        program("x").after("y"),
        program("y").after("x"),
        program("web").requires("late"),
        program("late"),
    ]);
    let (graph, problems) = Graph::resolve(&groups);
    assert_eq!(problems.len(), 2);
    assert!(graph.is_cyclic());
    assert_eq!(order(&graph), ["a", "b", "x", "y", "late", "web"]);
}

#[test]
fn a_name_that_is_nothing_is_an_error_where_it_is_required_and_else_a_warning() {
    let script =
        program("web").at_line(7).requires("dbb").wants("cache").after("g:*").before("g:x");
    let problems = Graph::build(&alone([script, program("db")])).expect_err("dbb is nothing");
    let told: Vec<_> = problems
        .iter()
        .map(|p| (p.severity, p.span.as_ref().map_or(0, |span| span.line), p.message.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (
                Severity::Error,
                8,
                "[program:web] requires \"dbb\", which is no process, program or group"
            ),
            (
                Severity::Warning,
                9,
                "[program:web] wants \"cache\", which is no process, program or group"
            ),
            (
                Severity::Warning,
                10,
                "[program:web] after \"g:*\", which is no process, program or group"
            ),
            (
                Severity::Warning,
                11,
                "[program:web] before \"g:x\", which is no process, program or group"
            ),
        ]
    );
    assert_eq!(problems[0].hint.as_deref(), Some("did you mean `db`?"));

    let graph = Graph::build(&alone([program("web").wants("cache")])).expect("usable");
    assert_eq!(graph.warnings().len(), 1);
}

#[test]
fn a_chain_of_ten_thousand_is_a_loop_and_not_a_recursion() {
    let name = |n: u32| format!("p{n:05}");
    let link = |n| program(&name(n)).requires(&name(n + 1));
    let mut scripts: Vec<Script> = (0..10_000).map(link).collect();
    scripts.push(program(&name(10_000)));
    let graph = Graph::build(&alone(scripts.clone())).expect("a chain");
    assert_eq!(order(&graph).first(), Some(&name(10_000)));

    scripts[5_000] = program(&name(5_000)).requires(&name(0));
    let problems = Graph::build(&alone(scripts)).expect_err("a ring");
    assert_eq!(problems[0].related.len(), 5_001);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Either every dependency stands before what needs it, or a cycle is shown that is really there.
    #[test]
    fn there_is_an_order_or_a_cycle(
        edges in proptest::collection::vec((0..8usize, 0..8usize, 0..4u8), 0..14),
    ) {
        let name = |n: usize| format!("p{n}");
        let mut scripts: Vec<Script> = (0..8).map(|n| program(&name(n))).collect();
        for (from, to, key) in &edges {
            let script = scripts[*from].clone();
            scripts[*from] = match key {
                0 => script.requires(&name(*to)),
                1 => script.wants(&name(*to)),
                2 => script.after(&name(*to)),
                _ => script.before(&name(*to)),
            };
        }
        let waits = |from: &str, to: &str| edges.iter().any(|(a, b, key)| {
            let (a, b) = if *key == 3 { (b, a) } else { (a, b) };
            name(*a) == from && name(*b) == to
        });
        match Graph::build(&alone(scripts)) {
            Ok(graph) => {
                let order = order(&graph);
                prop_assert_eq!(order.len(), 8);
                for (at, early) in order.iter().enumerate() {
                    prop_assert!(order[at..].iter().all(|late| !waits(early, late)));
                }
            }
            Err(problems) => for problem in problems {
                let (_, round) = problem.message.split_once(": ").expect("a way round");
                let round: Vec<&str> = round.split(" -> ").collect();
                prop_assert_eq!(round.first(), round.last());
                prop_assert!(round.windows(2).all(|pair| waits(pair[0], pair[1])));
            }
        }
    }
}
