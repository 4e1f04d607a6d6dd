//! The log pump, as the launcher sees it.

use nix::errno::Errno;
use visor_units::unit::LogLevel;

use crate::child::launcher::{Launch, Output, OutputRoom};
use crate::log::{Attachment, Prepared, Pump, Record};

impl OutputRoom for Pump {
    type Prepared = (Prepared, visor_units::name::ProcessName);

    fn prepare(&self, launch: &Launch) -> Result<Self::Prepared, Errno> {
        let (stdout, stderr) = (launch.stdout_log.as_deref(), launch.stderr_log.as_deref());
        let prepared =
            Self::prepare(self, launch.key, &launch.program, launch.is_listener, stdout, stderr);
        let prepared =
            prepared.map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO)))?;
        Ok((prepared, launch.program.name.clone()))
    }

    fn attach(&self, (prepared, name): Self::Prepared, output: Output) {
        let Output { key, pid, invocation, stdout, stderr } = output;
        Self::attach(self, prepared, Attachment { key, name, pid, invocation, stdout, stderr });
    }

    fn say(&self, level: LogLevel, text: &str) {
        Self::say(self, Record::new(level, text));
    }
}
