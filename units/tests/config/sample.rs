//! The sample that `echo_supervisord_conf` prints.

use visor_units::config::sample;
use visor_units::unit::{Listen, LogLevel, MainLog};

use crate::host::{accepted, warnings};

#[test]
fn it_is_the_configuration_that_it_says_it_is() {
    let plan = accepted(&sample());
    assert_eq!(plan.daemon.logfile, MainLog::Path("/tmp/supervisord.log".into()));
    assert_eq!(plan.daemon.pidfile, "/tmp/supervisord.pid");
    assert_eq!((plan.daemon.loglevel, plan.daemon.minfds), (LogLevel::Info, 1024));
    let [server] = plan.servers.as_slice() else { panic!("one server") };
    assert!(matches!(&server.listen, Listen::Unix { file, .. } if file == "/tmp/supervisor.sock"));
    let ctl = plan.ctl.expect("the client's section");
    assert_eq!(ctl.serverurl, "unix:///tmp/supervisor.sock");
    assert_eq!(plan.rpc_interfaces.len(), 1);
    assert!(plan.groups.is_empty());
}

/// With its comments taken away every value is one that is accepted. What needs the machine is left out, and an order that
/// would contradict the one before it.
#[test]
fn the_values_in_its_comments_are_values() {
    let left_out =
        ["user=", "chown=", "socket_owner=", "group=", "groups=", "environment_file=", "before="];
    let ends_the_rest = ["[group:", "[include"];
    let mut text = String::new();
    for line in sample().lines().skip_while(|line| !line.contains('[')) {
        let line = line.trim_start_matches(';');
        if ends_the_rest.iter().any(|end| line.starts_with(end)) {
            break;
        }
        if !left_out.iter().any(|key| line.starts_with(key)) {
            text.push_str(&format!("{line}\n"));
        }
    }
    drop(warnings(&(text + "[program:OTHER]\ncommand=/bin/cat\n")));
}
