//! Ending by itself: `exit_when`.

use std::sync::Arc;

use visor_units::announce::Topic;
use visor_units::engine::{Effect, Ending, Event, Mood, State};
use visor_units::exit::ExitStatus;
use visor_units::name::ProcessName;
use visor_units::signal::Signal;
use visor_units::unit::{Autorestart, ExitWhen, Group, GroupKind};

use crate::stage::{Scene, Stage, group, one_shot, program};

fn process(name: &str) -> ExitWhen {
    ExitWhen::Process(ProcessName::new(name, name))
}

/// A moment after the daemon came up.
fn running(groups: impl IntoIterator<Item = Arc<Group>>, condition: ExitWhen) -> Stage {
    let mut stage = Stage::of(groups);
    stage.engine.set_exit_when(Some(condition));
    stage.boot();
    stage.passes(1);
    stage
}

/// The code it ended with, if it did.
fn code(scene: &Scene) -> Option<u8> {
    scene.0.iter().find_map(|effect| match effect {
        Effect::Finished(Ending::Exit(code)) => Some(*code),
        _ => None,
    })
}

/// A program whose end is its end.
fn once(name: &str) -> crate::stage::Script {
    program(name).autorestart(Autorestart::Never)
}

#[test]
fn it_ends_with_the_code_of_the_named_program_after_an_orderly_stop() {
    let groups = [program("db").priority(1).alone(), once("web").alone(), program("side").alone()];
    let mut stage = running(groups, process("web"));
    let scene = stage.exits("web", 3);
    assert_eq!(
        scene.log(),
        [
            "Warn exited: web (exit status 3; not expected)",
            "Warn exit_when=web: web is EXITED (exit status 3); stopping everything, to end with exit code 3",
            "Debug killing side (pid 103) with signal SIGTERM",
            "Info waiting for db, side to die",
        ]
    );
    assert_eq!(scene.kills(&stage), ["side SIGTERM"]);
    assert_eq!((code(&scene), stage.engine.mood()), (None, Mood::Shutdown));
    assert_eq!(stage.dies("side").kills(&stage), ["db SIGTERM"]);
    assert_eq!(code(&stage.dies("db")), Some(3));
}

#[test]
fn a_signal_counts_from_128_and_an_expected_end_is_one_too() {
    let mut stage = running([once("web").alone()], process("web"));
    let killed = ExitStatus::Killed { signal: Signal(9), core: false };
    assert_eq!(code(&stage.ends("web", killed)), Some(137));

    let mut stage = running([program("web").alone()], process("web"));
    assert_eq!(code(&stage.exits("web", 0)), Some(0));
}

#[test]
fn a_program_that_is_started_again_has_not_ended() {
    let mut stage = running([program("web").alone()], process("web"));
    assert_eq!(stage.exits("web", 3).spawns(), ["web"]);
    for tries in 1..=3 {
        stage.exits("web", 4);
        stage.passes_millis(1_000 * tries);
    }
    assert_eq!(stage.engine.mood(), Mood::Running);
    let scene = stage.exits("web", 5);
    assert_eq!((code(&scene), stage.state("web")), (Some(5), State::Fatal));
}

#[test]
fn what_was_stopped_by_order_is_where_somebody_wants_it() {
    for condition in [process("web"), ExitWhen::AllExited, ExitWhen::Group("web".into())] {
        let mut stage = running([once("web").alone()], condition);
        let (stopped, _) = stage.stop("web");
        assert_eq!(code(&stage.dies("web")), None);
        assert_eq!(stage.outcomes(stopped), ["web: stopped"]);
        stage.start("web");
        assert_eq!(code(&stage.exits("web", 1)), None, "too quickly: there will be another try");
        assert_eq!(stage.engine.mood(), Mood::Running);
    }
}

#[test]
fn a_restart_is_no_end() {
    let mut stage = running([once("web").alone()], process("web"));
    stage.restart("web");
    assert_eq!(stage.exits("web", 0).spawns(), ["web"]);
    assert_eq!(stage.engine.mood(), Mood::Running);
}

#[test]
fn any_program_that_is_given_up_ends_it_and_never_with_success() {
    let groups = || [program("web").alone(), program("x").startretries(0).alone()];
    for (exit, expected) in [(7, 7), (0, 1)] {
        let mut stage = Stage::of(groups());
        stage.engine.set_exit_when(Some(ExitWhen::AnyFatal));
        stage.boot();
        assert_eq!(stage.exits("x", exit).kills(&stage), ["web SIGTERM"]);
        assert_eq!(code(&stage.dies("web")), Some(expected));
    }
    let mut stage = Stage::of(groups());
    stage.engine.set_exit_when(Some(ExitWhen::AnyFatal));
    stage.broken.insert("x".to_owned());
    stage.boot();
    assert_eq!(code(&stage.dies("web")), Some(1), "it never had a code");
    assert_eq!(stage.engine.mood(), Mood::Shutdown);
}

#[test]
fn an_end_that_is_not_fatal_is_none_for_any_fatal() {
    let mut stage = running([once("web").alone()], ExitWhen::AnyFatal);
    stage.exits("web", 3);
    assert_eq!((stage.state("web"), stage.engine.mood()), (State::Exited, Mood::Running));
}

#[test]
fn when_all_have_exited_the_worst_code_counts() {
    let groups = [
        once("a").alone(),
        one_shot("b").alone(),
        program("c").autostart(false).alone(),
        one_shot("d").requires("b").alone(),
    ];
    let mut stage = running(groups, ExitWhen::AllExited);
    assert_eq!(stage.exits("a", 3).kills(&stage), [""; 0]);
    assert_eq!(stage.exits("b", 0).spawns(), ["d"], "there is more to come");
    assert_eq!(code(&stage.exits("d", 2)), Some(3));
}

#[test]
fn event_listeners_do_not_keep_it_up_and_are_stopped_last() {
    let listener = |script: crate::stage::Script| {
        let mut group = (*script.priority(-1).alone()).clone();
        group.kind = GroupKind::EventListener {
            buffer_size: 10,
            events: vec![Topic::Event],
            result_handler: String::new(),
        };
        Arc::new(group)
    };
    let groups = || [listener(once("ears")), listener(once("eyes")), once("web").alone()];
    let mut stage = running(groups(), ExitWhen::AllExited);
    stage.exits("eyes", 9);
    assert_eq!(stage.exits("web", 4).kills(&stage), ["ears SIGTERM"]);
    assert_eq!(code(&stage.dies("ears")), Some(4), "a listener's code says nothing of the work");

    let mut stage = running(groups(), ExitWhen::AllExited);
    stage.stop("web");
    stage.dies("web");
    stage.exits("ears", 1);
    stage.exits("eyes", 1);
    assert_eq!(stage.engine.mood(), Mood::Running, "nobody's work has ended");
}

#[test]
fn a_group_has_ended_when_all_of_it_has() {
    let groups = [group("work", 5, [once("x"), once("y")]), program("web").alone()];
    let mut stage = running(groups, ExitWhen::Group("work".into()));
    assert_eq!(stage.exits("work:y", 6).kills(&stage), [""; 0]);
    assert_eq!(stage.exits("work:x", 2).kills(&stage), ["web SIGTERM"]);
    assert_eq!(code(&stage.dies("web")), Some(6));
}

#[test]
fn on_the_way_down_nothing_is_judged_any_more() {
    let mut stage = running([once("web").alone(), once("x").alone()], process("web"));
    stage.ask(visor_units::engine::Command::Shutdown);
    stage.dies("x");
    let scene = stage.exits("web", 3);
    assert!(scene.has(&Effect::Finished(Ending::Shutdown)), "{scene:?}");
}

#[test]
fn it_is_remembered_by_a_successor_and_through_a_fresh_start() {
    let mut stage = running([once("web").alone()], process("web"));
    let text = serde_json::to_string(&stage.engine).expect("serialises");
    stage.engine = serde_json::from_str(&text).expect("is read back");
    stage.ask(visor_units::engine::Command::RestartDaemon);
    stage.dies("web");
    stage.engine.begin_again(vec![once("web").alone()], stage.now, &mut Vec::new());
    stage.tell(Event::Boot);
    stage.passes(1);
    assert_eq!(code(&stage.exits("web", 8)), Some(8));
}
