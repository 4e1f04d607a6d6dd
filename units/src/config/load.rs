//! From a request to what came of it.

use std::collections::BTreeMap;
use std::io;

use super::host::Host;
use super::include::{include, is_native, read_file, warn_of_nested};
use super::lint::lint;
use super::machine::Machine;
use super::options::SectionKind;
use super::python::{abspath, dirname};
use super::reader::Context;
use super::source::Place;
use super::text::Document;
use super::{Loaded, Plan, Request, translate};
use crate::order::Graph;
use crate::unit::{Ctl, HttpServer, RpcInterface, Visord};

/// Reads a configuration and everything it includes. Never fails: what is wrong is among the diagnostics.
#[must_use]
pub fn load(request: &Request, host: &dyn Host) -> Loaded {
    let mut cx = context(request, host);
    let mut document = Document::default();
    let plan = match read_file(&mut cx, host, &mut document, &request.file) {
        None => understand(&mut cx, host, &mut document, request),
        Some(error) => {
            unreadable(&mut cx, request, &error);
            None
        }
    };
    let (diagnostics, sources, refusal) = cx.report.finish();
    let plan = plan.filter(|_| refusal.is_none());
    Loaded { plan, diagnostics, sources: sources.into_files(), refusal }
}

/// Reads of a configuration what a client of the daemon must know, `[visord]`. What is wrong with other sections, or needs
/// the daemon's environment, does not matter to it.
///
/// # Errors
/// Supervisor's text for the first thing that does matter.
pub fn load_visord(request: &Request, host: &dyn Host) -> Result<Visord, String> {
    let mut cx = context(request, host);
    let mut document = Document::default();
    let mut visord = Visord::default();
    match read_file(&mut cx, host, &mut document, &request.file) {
        None => {
            include(&mut cx, host, &mut document);
            visord = translate::visord(&mut cx, &document);
        }
        Some(error) => unreadable(&mut cx, request, &error),
    }
    let (_, _, refusal) = cx.report.finish();
    refusal.map_or(Ok(visord), Err)
}

/// Reads of a configuration what supervisorctl reads of it: `[supervisorctl]` of that one file.
///
/// # Errors
/// Supervisor's text for the first thing that is wrong with it.
pub fn load_ctl(request: &Request, host: &dyn Host) -> Result<Ctl, String> {
    let mut cx = context(request, host);
    let mut document = Document::default();
    let mut ctl = None;
    match read_file(&mut cx, host, &mut document, &request.file) {
        None => ctl = translate::ctl(&mut cx, &document, false),
        Some(error) => unreadable(&mut cx, request, &error),
    }
    let (_, _, refusal) = cx.report.finish();
    let missing = || ".ini file does not include supervisorctl section".to_owned();
    refusal.map_or_else(|| ctl.ok_or_else(missing), Err)
}

fn context<'h>(request: &Request, host: &'h dyn Host) -> Context<'h> {
    let directory = host.working_directory();
    let environment: BTreeMap<String, String> =
        host.environment().into_iter().map(|(key, value)| (format!("ENV_{key}"), value)).collect();
    Context {
        machine: Machine::new(host, !request.no_host),
        environment,
        here: abspath(dirname(&request.file), &directory),
        directory,
        host_name: host.host_name(),
        overrides: request.overrides.clone(),
        ..Context::empty()
    }
}

fn unreadable(cx: &mut Context<'_>, request: &Request, error: &io::Error) {
    let what = if error.kind() == io::ErrorKind::NotFound { "find" } else { "read" };
    let message = format!("could not {what} config file {}", request.file);
    cx.report.error(None, message, &error.to_string());
}

fn understand(
    cx: &mut Context<'_>,
    host: &dyn Host,
    document: &mut Document,
    request: &Request,
) -> Option<Plan> {
    if is_native(&request.file) {
        document.open("supervisord", Place { source: 0, start: 0, end: 0 });
    }
    let snippet = request.fragment && document.section("supervisord").is_none();
    let ctl = translate::ctl(cx, document, true);
    if snippet {
        let here = cx.here.clone();
        document.replace_here(&here);
        warn_of_nested(cx, document, None);
    } else {
        include(cx, host, document);
        require_supervisord(cx, document);
    }
    let plan = translate::plan(cx, document, ctl);
    lint(document, &mut cx.report);
    if !snippet {
        warn_without_interface(cx, document);
        translate::judge_exit_when(cx, document, &plan);
        warn_of_open(cx, document, &plan);
    }
    judge_order(cx, &plan, snippet);
    Some(plan)
}

/// Finds cycles, and names that name nothing; a snippet may name what stands in another file.
fn judge_order(cx: &mut Context<'_>, plan: &Plan, snippet: bool) {
    let (_, problems) = Graph::resolve(&plan.groups);
    for problem in problems {
        let is_cycle = !problem.related.is_empty();
        if is_cycle || !snippet {
            cx.report.adopt(problem);
        }
    }
}

fn require_supervisord(cx: &mut Context<'_>, document: &Document) {
    if document.section("supervisord").is_none() {
        let message = ".ini file does not include supervisord section";
        let hint = "add a line `[supervisord]`, or judge a snippet by itself with --fragment";
        cx.report.error(None, message, hint);
    }
}

/// What lets everybody in is not served.
fn warn_of_open(cx: &mut Context<'_>, document: &Document, plan: &Plan) {
    for server in plan.servers.iter().filter(|server| server.is_refused(&plan.visord)) {
        if let Some(section) = document.section(&server.section) {
            let message = format!("[{}] lets anyone on the network in: not served", server.section);
            cx.report.warn(section.header, message, HttpServer::OPEN_HINT);
        }
    }
}

/// Methods of the server come from `[rpcinterface:supervisor]`; without it supervisorctl gets no answer.
fn warn_without_interface(cx: &mut Context<'_>, document: &Document) {
    let is_server = |name: &str| {
        matches!(
            SectionKind::of(name),
            Some(SectionKind::UnixHttpServer | SectionKind::InetHttpServer)
        )
    };
    let server = document.sections.iter().find(|section| is_server(&section.name));
    if let (Some(server), None) = (server, document.section("rpcinterface:supervisor")) {
        let message =
            format!("[{}] serves no methods, so supervisorctl cannot use it", server.name);
        let hint = format!(
            "add [rpcinterface:supervisor] with {}={}",
            super::options::FACTORY,
            RpcInterface::MAIN
        );
        cx.report.warn(server.header, message, &hint);
    }
}
