//! The native form: the same units, strictly.

use visor_units::config::{Loaded, Request};
use visor_units::unit::{GroupKind, WhichBus};

use crate::host::{Table, accepted};

const FILE: &str = "/etc/visord/visord.toml";

fn load(text: &str) -> Loaded {
    let request = Request { file: FILE.into(), ..Request::default() };
    Table::new("").with(FILE, text).load_as(&request)
}

/// Each problem with its line.
fn problems(text: &str) -> Vec<String> {
    let loaded = load(text);
    assert!(loaded.plan.is_none(), "{text}\nis accepted");
    let shown = loaded.diagnostics.iter().map(|found| {
        let line = found.span.as_ref().map_or(0, |span| span.line);
        format!("{line}: {}", found.message)
    });
    shown.collect()
}

#[test]
fn both_forms_mean_the_same() {
    let native = load(include_str!("samples/shop.toml"));
    assert_eq!(native.diagnostics, []);
    let native = native.plan.expect("accepted");
    let other = accepted(include_str!("samples/shop.conf"));
    assert_eq!(native.groups.len(), other.groups.len());
    for (a, b) in native.groups.iter().zip(&other.groups) {
        assert!(a.means_the_same(b), "{a:#?}\ndiffers from\n{b:#?}");
    }
    assert_eq!(native.daemon, other.daemon);
    assert_eq!(native.visord.bus, WhichBus::Session);
    assert_eq!(native.visord, other.visord);
    assert_eq!(format!("{:?}", native.servers), format!("{:?}", other.servers));
    assert_eq!(native.rpc_interfaces, other.rpc_interfaces);
}

#[test]
fn an_empty_file_is_a_daemon_without_programs() {
    let plan = load("").plan.expect("accepted");
    assert!(plan.groups.is_empty());
}

#[test]
fn unknown_keys_and_wrong_types_are_errors_all_at_once() {
    assert_eq!(
        problems(
            "incldue = []\n[visord]\nlogfile = 1\nlogfiel = \"x\"\n[program.x]\ncommand = [\"a\"]\n\
             autostart = \"yes\"\nexitcodes = \"0\"\nstartsecs = 1.5\numask = 22\nenvironment = \"A=1\"\n\
             requires = [\"a b\"]\nautorstart = true\n[program.y]\n[progam.z]\n"
        ),
        [
            "1: unknown key `incldue` at the top level",
            "3: expected a string, found an integer",
            "4: unknown key `logfiel` in [visord]",
            "6: expected a string, found an array",
            "7: expected a boolean, found a string",
            "8: expected an array of integers, found a string",
            "9: expected an integer, found a float",
            "10: expected an octal integer such as 0o022, or a string, found an integer",
            "11: expected a table of strings, found a string",
            "12: expected an array of strings without commas or white space, found an array",
            "13: unknown key `autorstart` in [program.x]",
            "14: program section program:y does not specify a command in section 'program:y' \
             (file: '/etc/visord/visord.toml')",
            "15: unknown key `progam` at the top level",
        ]
    );
    let hints: Vec<String> = load("[program.x]\ncommand=\"c\"\nautorstart = 1\n")
        .diagnostics
        .into_iter()
        .filter_map(|d| d.hint)
        .collect();
    assert_eq!(hints, ["did you mean `autostart` or `autorestart`?"]);
}

#[test]
fn every_syntax_error_is_reported() {
    let found = problems("[program.x\ncommand = \"c\"\n[program.y]\ncommand = c\n");
    let lines: Vec<&str> = found.iter().filter_map(|text| text.split(':').next()).collect();
    assert!(lines.contains(&"1") && lines.contains(&"4"), "{found:?}");
}

#[test]
fn values_are_judged_as_in_the_other_form() {
    let found = problems(
        "[program.x]\ncommand = \"%(nope)s\"\nstdout_logfile = \"/no/x\"\nuser = \"nosuch\"\n",
    );
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(
        found[0].contains("contains names ('nope')")
            && found[2].contains("Invalid user name nosuch")
    );
}

#[test]
fn files_are_included_and_may_not_repeat_each_other() {
    let request = Request { file: FILE.into(), ..Request::default() };
    let table = Table::new("")
        .with(FILE, "include = [\"conf.d/*\"]\n[program.a]\ncommand = \"a\"\n")
        .with("/etc/visord/conf.d/b.toml", "[program.b]\ncommand = \"%(here)s\"\n")
        .with("/etc/visord/conf.d/c.conf", "[program:c]\ncommand=c\n");
    let plan = table.load_as(&request).plan.expect("accepted");
    let commands: Vec<&str> = plan.groups.iter().map(|g| g.programs[0].command.as_str()).collect();
    assert_eq!(commands, ["a", "/etc/visord/conf.d", "c"]);
    let table = table.with("/etc/visord/conf.d/d.toml", "[program.a]\ncommand = \"again\"\n");
    assert_eq!(table.load_as(&request).refusal.as_deref(), Some("[program.a] is defined twice"));
}

#[test]
fn the_environment_is_a_table_and_is_expanded_once() {
    let text = "[program.x]\ncommand = \"c\"\nenvironment = { A = \"it's \\\"50%%\\\"\", B = \"%(ENV_HOME)s\" }\n";
    let plan = load(text).plan.expect("accepted");
    let pairs: Vec<_> =
        plan.groups[0].programs[0].environment.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(pairs, ["A=it's \"50%\"", "B=/root"]);
}

#[test]
fn listeners_and_fastcgi_programs_have_their_own_tables() {
    let plan = load(
        "[eventlistener.l]\ncommand = \"l\"\nevents = [\"TICK_5\"]\nbuffer_size = 3\n\
         [fcgi-program.f]\ncommand = \"f\"\nsocket = \"tcp://h:1\"\nsocket_backlog = 4\n",
    )
    .plan
    .expect("accepted");
    assert!(matches!(&plan.groups[0].kind, GroupKind::EventListener { buffer_size: 3, .. }));
    assert!(
        matches!(&plan.groups[1].kind, GroupKind::FastCgi(socket) if socket.backlog == Some(4))
    );
}
