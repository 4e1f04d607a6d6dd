//! `[visord] exit_when`, against the programs there are.

use crate::config::kinds::Kind;
use crate::config::options::SectionKind;
use crate::config::plan::Plan;
use crate::config::reader::{Context, Reader};
use crate::config::spelling;
use crate::config::text::Document;
use crate::unit::{Autorestart, ExitWhen, Program};

/// Refuses a name that nothing has, and warns of a program that never ends.
pub(in crate::config) fn judge_exit_when(cx: &mut Context<'_>, document: &Document, plan: &Plan) {
    let (Some(section), Some(condition)) = (document.section("visord"), &plan.visord.exit_when)
    else {
        return;
    };
    if matches!(condition, ExitWhen::AnyFatal | ExitWhen::AllExited) {
        return;
    }
    let programs = plan.groups.iter().flat_map(|group| &group.programs);
    let mut meant = programs.filter(|program| condition.watches(&program.name)).peekable();
    let mut reader = Reader::new(cx, document, section, SectionKind::Visord);
    if meant.peek().is_none() {
        let hint = nearest(plan, condition);
        reader.refuse("exit_when", format!("exit_when names unknown process {condition}"), &hint);
    } else if meant.any(|program| is_always_restarted(program)) {
        let place = reader.place("exit_when");
        let message = format!("{condition} is started again whenever it ends (autorestart=true)");
        let hint = "visord ends only when it is given up; set autorestart=false on it";
        reader.cx.report.warn(place, message, hint);
    }
}

fn is_always_restarted(program: &Program) -> bool {
    program.autorestart == Autorestart::Always
}

fn nearest(plan: &Plan, condition: &ExitWhen) -> String {
    if let ExitWhen::Process(name) = condition
        && plan.groups.iter().any(|group| group.name == name.group)
    {
        return format!("write `{}:*`, or one of its processes", name.group);
    }
    let groups = plan.groups.iter().map(|group| format!("{}:*", group.name));
    let programs = plan.groups.iter().flat_map(|group| &group.programs);
    let names = programs.map(|program| program.name.to_string()).chain(groups);
    let names: Vec<String> =
        names.chain([ExitWhen::AnyFatal, ExitWhen::AllExited].map(|c| c.to_string())).collect();
    spelling::hint(&condition.to_string(), names.iter().map(String::as_str))
        .unwrap_or_else(|| Kind::ExitWhen.expects().to_owned())
}
