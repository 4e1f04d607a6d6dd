//! What is said of a program whose setup failed.

use nix::errno::Errno;
use visor_units::unit::Program;

use super::command::CommandLine;
use super::resources;
use super::spawn::Step;
use crate::privilege::PrivilegeError;

/// What Supervisor's child says when its program could not be run.
pub(super) fn explain(step: Step, errno: Errno, program: &Program, line: &CommandLine) -> String {
    let uid = program.user.as_ref().map_or(0, |user| user.uid);
    let user = |error: PrivilegeError| format!("couldn't setuid to {uid}: {error}");
    match step {
        Step::NotRoot => user(PrivilegeError::NotRoot),
        // Of groups of its own Supervisor knows nothing.
        Step::Groups if !program.groups.is_empty() => format!("couldn't set groups: {errno:?}"),
        Step::Group if !program.groups.is_empty() => format!("couldn't set group: {errno:?}"),
        Step::Groups => user(PrivilegeError::Groups),
        Step::Group => user(PrivilegeError::Group),
        Step::User => user(PrivilegeError::User(errno)),
        Step::Directory => {
            let directory = program.directory.as_deref().unwrap_or_default();
            format!("couldn't chdir to {directory}: {errno:?}")
        }
        Step::Execute => {
            let word = line.words.first().map_or(c"", |word| word.as_c_str());
            format!("couldn't exec {}: {errno:?}", word.to_string_lossy())
        }
        Step::ProcessGroup => format!("couldn't set process group: {errno:?}"),
        Step::Descriptors => format!("couldn't unshare file descriptors: {errno:?}"),
        Step::Streams => format!("couldn't set standard streams: {errno:?}"),
        Step::Limit(resource) => {
            let what = resources::refusal(resource, &program.resources);
            format!("couldn't set {what}: {errno:?}")
        }
        Step::Nice => {
            let nice = program.resources.nice.unwrap_or_default();
            format!("couldn't set nice value {nice}: {errno:?}")
        }
    }
}
