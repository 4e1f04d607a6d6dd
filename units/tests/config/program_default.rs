//! `[program-default]`.

use visor_units::config::{Loaded, Request};
use visor_units::unit::{Autorestart, Program};

use crate::host::{Table, accepted, refused, warnings};

const DEFAULTS: &str = "[supervisord]\n[program-default]\nstartsecs=7\nautorestart=true\nuser=www\n\
                        environment=A=\"1\",B=\"2\"\nstdout_logfile=/tmp/%(program_name)s.log\nnice=3\n";

fn program(lines: &str, name: &str) -> Program {
    let plan = accepted(&format!("{DEFAULTS}{lines}"));
    let group = plan.groups.iter().find(|group| &*group.name == name).expect(name);
    (*group.programs[0]).clone()
}

#[test]
fn a_program_has_what_it_does_not_say_otherwise() {
    let web = program("[program:web]\ncommand=x\nstartsecs=2\nenvironment=C=\"3\"\n", "web");
    assert_eq!((web.startsecs, web.autorestart), (2, Autorestart::Always));
    assert_eq!(web.user.map(|user| user.uid), Some(33));
    assert_eq!(web.resources.nice, Some(3));
    assert_eq!(web.environment.keys().collect::<Vec<_>>(), ["C"], "replaced as a whole");
    let path = serde_json::to_value(&web.stdout.logfile).expect("JSON");
    assert_eq!(path["path"], "/tmp/web.log", "expanded for the program");
}

#[test]
fn it_counts_for_fcgi_programs_and_members_of_groups_and_not_for_listeners() {
    let lines = "[fcgi-program:f]\ncommand=x\nsocket=tcp://h:1\n[program:m]\ncommand=x\n[group:g]\nprograms=m\n\
                 [eventlistener:l]\ncommand=x\nevents=TICK_5\n";
    for (name, startsecs) in [("f", 7), ("g", 7), ("l", 1)] {
        assert_eq!(program(lines, name).startsecs, startsecs, "{name}");
    }
}

#[test]
fn it_goes_before_default_and_may_stand_anywhere() {
    let plan = accepted(
        "[DEFAULT]\nstartsecs=3\nstopwaitsecs=4\n[supervisord]\n[program:x]\ncommand=x\n\
         [program-default]\nstartsecs=7\n",
    );
    let program = &plan.groups[0].programs[0];
    assert_eq!((program.startsecs, program.stopwaitsecs), (7, 4));
}

#[test]
fn what_is_wrong_in_it_is_said_once_and_there() {
    let text = "[supervisord]\n[program-default]\nstartsecs=soon\nautorstart=1\n[program:a]\ncommand=x\n\
                [program:b]\ncommand=x\n";
    let loaded = Table::new(text).load();
    let shown: Vec<String> = loaded
        .diagnostics
        .iter()
        .map(|found| format!("{}: {}", found.span.as_ref().expect("a place").line, found.message))
        .collect();
    assert_eq!(
        shown,
        [
            "3: invalid literal for int() with base 10: 'soon' in section 'program:a' (file: '/etc/sv/main.conf')",
            "4: unknown option `autorstart` in [program-default]",
        ]
    );
    assert!(refused(text).ends_with("in section 'program:a' (file: '/etc/sv/main.conf')"));
}

#[test]
fn a_slip_in_its_name_is_found() {
    let [(message, hint)] = &warnings("[supervisord]\n[program-defaults]\nnice=1\n")[..] else {
        panic!("one warning is due")
    };
    assert_eq!(message, "unknown section [program-defaults]");
    assert_eq!(hint, "did you mean [program-default]?");
}

#[test]
fn the_native_form_has_it_too() {
    let file = "/etc/visord/visord.toml";
    let load = |text: &str| -> Loaded {
        let request = Request { file: file.into(), ..Request::default() };
        Table::new("").with(file, text).load_as(&request)
    };
    let plan = load("[program-default]\nstartsecs = 7\n[program.x]\ncommand = \"x\"\n").plan;
    assert_eq!(plan.expect("accepted").groups[0].programs[0].startsecs, 7);
    let wrong = load("[program-default]\nstartsecz = 7\n");
    assert_eq!(wrong.diagnostics[0].message, "unknown key `startsecz` in [program-default]");
}
