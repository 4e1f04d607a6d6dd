//! `visorctl update`

use std::collections::BTreeSet;
use std::sync::Arc;

use clap::Args;
use serde_json::json;
use visor_units::config::Difference;
use visor_units::engine::Outcome;

use super::report::{exit_code, show, show_unknown};
use crate::complete;
use crate::context::Context;
use crate::daemon::Daemon;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::render::{difference, json};
use crate::screen::Screen;
use crate::select::{Unknown, nearest};

/// Apply the configuration: add, replace and remove groups
///
/// What has not changed is left alone. What will change is shown before it is done.
#[derive(Debug, Args)]
pub(crate) struct Update {
    /// Only these groups [default: all]
    #[arg(value_name = "GROUP", add = complete::groups())]
    groups: Vec<String>,
    /// Show what would change and leave it at that
    #[arg(short = 'n', long)]
    dry_run: bool,
}

impl Update {
    /// Carries it out.
    pub(crate) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let client = context.connect().await?;
        let screen = &context.screen;
        let (found, rows) = (client.reread().await?, client.list().await?);
        let mut groups: BTreeSet<&str> = rows.iter().map(|row| row.group.as_str()).collect();
        groups.extend(found.added.iter().map(|name| &**name));
        let (only, unknown) = self.sort_out(&groups);
        let plan = if self.means_all() { found } else { restrict(&found, &only) };
        if !screen.json {
            screen.print(&difference::plan(&plan, &rows))?;
        }
        let mut outcomes = show_unknown(screen, &unknown)?;
        if !self.dry_run && !plan.is_empty() {
            let done = apply(&client, screen, &only, &plan).await?;
            show(screen, &done)?;
            outcomes.extend(done);
        }
        self.conclude(screen, &plan, &outcomes)
    }

    fn means_all(&self) -> bool {
        self.groups.is_empty() || self.groups.iter().any(|group| group == "all")
    }

    /// The groups to keep to (none is all), and the words that name none.
    fn sort_out(&self, groups: &BTreeSet<&str>) -> (Vec<String>, Vec<Unknown>) {
        if self.means_all() {
            return (Vec::new(), Vec::new());
        }
        let (known, unknown): (Vec<&String>, Vec<&String>) =
            self.groups.iter().partition(|group| groups.contains(group.as_str()));
        let stranger = |name: &String| Unknown {
            name: name.clone(),
            group: true,
            hint: nearest(name, groups.iter().copied()),
        };
        (known.into_iter().cloned().collect(), unknown.into_iter().map(stranger).collect())
    }

    fn conclude(
        self,
        screen: &Screen,
        plan: &Difference,
        outcomes: &[Outcome],
    ) -> Result<Exit, Failure> {
        let exit = exit_code(outcomes, |refusal| refusal.fault.into());
        if screen.json {
            let results: Vec<_> = outcomes.iter().map(json::outcome).collect();
            let plan = json::difference(plan);
            screen
                .document(&json!({ "plan": plan, "dry_run": self.dry_run, "results": results }))?;
        } else if outcomes.is_empty() && plan.is_empty() {
            screen.print(difference::NOTHING)?;
        }
        Ok(exit)
    }
}

/// Only what concerns these groups.
fn restrict(whole: &Difference, only: &[String]) -> Difference {
    let within = |names: &[Arc<str>]| {
        names.iter().filter(|name| only.iter().any(|group| **group == ***name)).cloned().collect()
    };
    Difference {
        added: within(&whole.added),
        changed: within(&whole.changed),
        removed: within(&whole.removed),
    }
}

/// Has it done, and says meanwhile what is being waited for. Answers with what was done to each group.
async fn apply(
    client: &Daemon,
    screen: &Screen,
    only: &[String],
    plan: &Difference,
) -> Result<Vec<Outcome>, Failure> {
    let names = plan.removed.iter().chain(&plan.changed).chain(&plan.added);
    let pending: Vec<String> = names.map(|name| name.to_string()).collect();
    let mut progress = Progress::new(screen);
    let update = client.update_outcomes(only);
    tokio::pin!(update);
    let answer = loop {
        tokio::select! {
            answer = &mut update => break answer,
            () = progress.due() => progress.show(screen, &pending, "be updated"),
        }
    };
    progress.clear(screen);
    let outcome = |(name, result)| Outcome { name, result };
    Ok(answer?.into_iter().map(outcome).collect())
}
