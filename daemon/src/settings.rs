//! What a plan says that is not about one program, and what is known of the daemon itself.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use visor_dbus::ManagerRow;
use visor_units::config::Plan;
use visor_units::engine::{Counts, Mood};
use visor_units::time::Stamp;
use visor_units::unit::{Daemon, Group, HttpServer, Listen, MainLog};

use crate::child::environment;
use crate::child::launcher;
use crate::log::default_auto_dir;

/// The facts that faces show and launches use.
pub(crate) struct Settings {
    /// What every launch gets.
    pub(crate) launch: Arc<launcher::Settings>,
    /// `identifier`.
    pub(crate) identifier: String,
    /// Where AUTO logs go.
    pub(crate) childlogdir: PathBuf,
    /// The daemon's own log, where it is a file.
    pub(crate) logfile: Option<PathBuf>,
    /// The groups of the configuration that was read last, whether they run or not.
    pub(crate) groups: Vec<Arc<Group>>,
    environment: Vec<(OsString, OsString)>,
    nofile: Option<(u64, u64)>,
    config_file: String,
    started: Stamp,
    revision: u64,
}

/// What this version can, for clients that meet several.
const FEATURES: [&str; 4] = ["dependencies", "journal", "notify", "peer-socket"];

impl Settings {
    /// The settings of the first plan. `nofile` are the limits on descriptors that programs get back.
    pub(crate) fn new(
        plan: &Plan,
        config_file: &str,
        nofile: Option<(u64, u64)>,
        started: Stamp,
    ) -> Self {
        let mut settings = Self {
            launch: Arc::default(),
            identifier: String::new(),
            childlogdir: PathBuf::new(),
            logfile: None,
            groups: Vec::new(),
            environment: environment::inherited(),
            nofile,
            config_file: config_file.to_owned(),
            started,
            revision: 0,
        };
        settings.adopt(plan);
        settings
    }

    /// Takes over what may change while the daemon runs; counts as a new revision of the configuration.
    pub(crate) fn adopt(&mut self, plan: &Plan) {
        self.revision += 1;
        self.identifier.clone_from(&plan.daemon.identifier);
        self.childlogdir = auto_dir(&plan.daemon);
        self.logfile = match &plan.daemon.logfile {
            MainLog::Path(path) => Some(path.into()),
            MainLog::Syslog => None,
        };
        self.groups.clone_from(&plan.groups);
        self.launch = Arc::new(launcher::Settings {
            server_url: server_url(&plan.servers_to_open()),
            environment: self.environment.clone(),
            nofile: self.nofile,
        });
    }

    /// What the manager object shows.
    pub(crate) fn manager_row(&self, mood: Mood, counts: Counts) -> ManagerRow {
        ManagerRow {
            identifier: self.identifier.clone(),
            mood,
            counts,
            pid: std::process::id(),
            started: self.started,
            config_revision: self.revision,
            config_file: self.config_file.clone(),
            features: FEATURES.map(str::to_owned).to_vec(),
        }
    }
}

/// Where AUTO logs go.
pub(crate) fn auto_dir(daemon: &Daemon) -> PathBuf {
    daemon.childlogdir.as_ref().map_or_else(default_auto_dir, PathBuf::from)
}

/// The URL that programs are given: the first unix server, else the last inet one (Supervisor's rule).
fn server_url(servers: &[&HttpServer]) -> Option<String> {
    let unix = servers.iter().find_map(|server| match &server.listen {
        Listen::Unix { file, .. } => Some(format!("unix://{file}")),
        Listen::Inet { .. } => None,
    });
    let inet = || {
        servers.iter().rev().find_map(|server| match &server.listen {
            Listen::Inet { host, port } if host.is_empty() => {
                Some(format!("http://localhost:{port}"))
            }
            Listen::Inet { host, port } if host.contains(':') && !host.starts_with('[') => {
                Some(format!("http://[{host}]:{port}"))
            }
            Listen::Inet { host, port } => Some(format!("http://{host}:{port}")),
            Listen::Unix { .. } => None,
        })
    };
    unix.or_else(inet)
}

#[cfg(test)]
mod tests {
    use visor_units::unit::Origin;

    use super::*;

    #[test]
    fn programs_are_given_a_url_that_is_one() {
        for (host, url) in [
            ("", "http://localhost:9001"),
            ("127.0.0.1", "http://127.0.0.1:9001"),
            ("::1", "http://[::1]:9001"),
            ("[::1]", "http://[::1]:9001"),
        ] {
            let server = HttpServer {
                section: "inet_http_server".to_owned(),
                origin: Origin::default(),
                listen: Listen::Inet { host: host.to_owned(), port: 9001 },
                username: None,
                password: None,
            };
            assert_eq!(server_url(&[&server]).as_deref(), Some(url));
        }
    }
}
