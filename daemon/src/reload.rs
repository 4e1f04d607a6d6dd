//! Beginning again with another configuration, without another process.

use visor_units::config::Plan;
use visor_units::unit::{Daemon, LogLevel};

use crate::clock;
use crate::core::Core;
use crate::log::clear_auto_logs;
use crate::pidfile::Pidfile;
use crate::settings::Settings;

/// Settings that hold from start to end, as they were at start: key and value.
pub(crate) struct Fixed(Vec<(&'static str, String)>);

impl Fixed {
    /// Those of this plan.
    pub(crate) fn of(plan: &Plan) -> Self {
        let (daemon, visord) = (&plan.daemon, &plan.visord);
        Self(vec![
            ("[supervisord] user", format!("{:?}", daemon.user)),
            ("[supervisord] umask", format!("{:o}", daemon.umask)),
            ("[supervisord] directory", format!("{:?}", daemon.directory)),
            ("[supervisord] nodaemon", daemon.nodaemon.to_string()),
            ("[supervisord] minfds", daemon.minfds.to_string()),
            ("[supervisord] minprocs", daemon.minprocs.to_string()),
            ("[visord] socket", format!("{:?}", visord.socket)),
            ("[visord] bus", format!("{:?}", visord.bus)),
            ("[visord] journal", format!("{:?}", visord.journal)),
        ])
    }

    /// Keys that are another in `plan`.
    fn changed(&self, plan: &Plan) -> Vec<&'static str> {
        let other = Self::of(plan).0;
        let pairs = self.0.iter().zip(&other).filter(|(old, new)| old != new);
        pairs.map(|((key, _), _)| *key).collect()
    }
}

impl Core {
    /// Takes over what of a plan may change while programs run.
    pub(crate) fn adopt(&mut self, plan: &Plan) {
        self.settings.adopt(plan);
        self.engine.set_exit_when(plan.visord.exit_when.clone());
        self.pump.set_strip_ansi(plan.daemon.strip_ansi);
        self.publish_manager();
    }

    /// Begins again with the plan that was found sound when that was asked for.
    pub(crate) fn begin_again(&mut self) {
        let Some(plan) = self.next.take() else { return };
        self.clear_auto_logs(&plan.daemon);
        self.pump.configure(&plan.daemon);
        self.adopt(&plan);
        self.clear_auto_logs(&plan.daemon);
        self.servers.adopt(&plan, &self.door);
        self.servers.announce(&self.door);
        self.move_pidfile(&plan.daemon.pidfile);
        for key in self.fixed.changed(&plan) {
            let text = format!("{key} has changed; that takes effect when visord is started anew");
            self.say(LogLevel::Warn, &text);
        }
        // Whoever was not answered has asked about processes that are no more.
        self.asked.clear();
        self.announcer.begin_again(&self.settings.identifier);
        let mut effects = Vec::new();
        self.engine.begin_again(plan.groups, clock::now(), &mut effects);
        self.perform_all(effects);
        self.say_started();
        self.boot();
    }

    /// Removes the AUTO logs that were made under the present settings, unless the new ones want them left.
    fn clear_auto_logs(&self, daemon: &Daemon) {
        if !daemon.nocleanup {
            let Settings { childlogdir, identifier, .. } = &self.settings;
            clear_auto_logs(childlogdir, identifier).into_iter().for_each(|r| self.pump.say(r));
        }
    }

    /// Writes the process id where it is to be from now on.
    pub(crate) fn move_pidfile(&mut self, path: &str) {
        if self.pidfile.as_ref().is_some_and(|file| file.is_at(path)) {
            return;
        }
        self.pidfile = None;
        match Pidfile::write(path) {
            Ok(file) => self.pidfile = Some(file),
            Err(text) => self.say(LogLevel::Critical, &text),
        }
    }
}
