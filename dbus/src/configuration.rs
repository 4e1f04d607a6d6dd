//! The methods of `org.visord1.Manager` about the configuration and the groups that are made of it.

use std::collections::HashMap;

use visor_units::engine::{Answer, Command};
use zbus::{Message, ObjectPath, OwnedVariant};

use crate::bodies::ConfiguredList;
use crate::calls::{NO_JOBS, settle};
use crate::fault::CallError;
use crate::options::Options;
use crate::server::{Call, LARGE, Server, write};
use crate::{Authority, Backend};

const NO_CHECKPOINT: ObjectPath<'static> = ObjectPath::from_static_str_unchecked("/");

impl<B: Backend, A: Authority> Server<B, A> {
    pub(crate) async fn reread(&self, call: &Call) -> Result<Message, CallError> {
        let found = self.backend.reread().await?;
        let groups = HashMap::from([
            ("available", &found.added),
            ("changed", &found.changed),
            ("disappeared", &found.removed),
        ]);
        call.reply(&groups)
    }

    pub(crate) async fn list_configured(&self, call: &Call) -> Result<Message, CallError> {
        let body = call.message.body();
        Options::new(body.deserialize()?).finish()?;
        let list = ConfiguredList(self.backend.configured().await?);
        write(call, list.processes() > LARGE, list).await
    }

    pub(crate) async fn update(&self, call: &Call) -> Result<Message, CallError> {
        let body = call.message.body();
        let (groups, options): (Vec<&str>, _) = body.deserialize()?;
        settle(self.apply(&groups, options, call).await?)?;
        call.reply(&(NO_JOBS, NO_CHECKPOINT))
    }

    /// What `Update` does, and `Execute` with that verb.
    pub(crate) async fn apply(
        &self,
        groups: &[&str],
        options: HashMap<String, OwnedVariant>,
        call: &Call,
    ) -> Result<Answer, CallError> {
        Options::new(options).finish()?;
        let groups = groups.iter().map(|&group| group.to_owned()).collect();
        Ok(self.backend.update(call.who.clone(), groups).await)
    }

    pub(crate) async fn add_group(&self, call: &Call) -> Result<Message, CallError> {
        let group = group_of(call)?;
        settle(self.backend.add_group(call.who.clone(), &group).await)?;
        call.reply(&())
    }

    pub(crate) async fn remove_group(&self, call: &Call) -> Result<Message, CallError> {
        let command = Command::RemoveGroup(group_of(call)?);
        settle(self.backend.command(call.who.clone(), command).await)?;
        call.reply(&())
    }
}

/// The group that a call names, beside options of which there are none yet.
fn group_of(call: &Call) -> Result<String, CallError> {
    let body = call.message.body();
    let (group, options): (String, _) = body.deserialize()?;
    Options::new(options).finish()?;
    Ok(group)
}
