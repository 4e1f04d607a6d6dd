//! The web page in a real browser: what a person sees and clicks.

use std::fs;

use visor_tests::{Browser, Looks, Stage, wait_until};

use super::web_page::{served, talking};

/// A pair that runs, one that is alone, and one that cannot.
const TABLE: &str = "[program:pair]\ncommand=sleep 1000\nstartsecs=0\nnumprocs=2\nprocess_name=%(process_num)d\n\
     [program:alone]\ncommand=sleep 1000\nstartsecs=0\n\
     [program:broken]\ncommand=/no/such/file\nstartretries=0\n";

/// A daemon with these programs, and a browser that shows its table and is told what changes.
fn shown(programs: &str, looks: Looks) -> Option<(Stage, u16, Browser)> {
    let browser = Browser::open(looks)?;
    let (stage, port) = served(programs);
    browser.go(&format!("http://127.0.0.1:{port}/"));
    if !looks.without_script {
        browser.wait_for("#live", "live");
    }
    Some((stage, port, browser))
}

fn line(name: &str) -> String {
    format!("tr[data-name='{name}']")
}

fn state(name: &str) -> String {
    format!("{} .state", line(name))
}

#[test]
fn clicks_stop_start_and_restart_and_the_table_is_live() {
    let Some((stage, _, browser)) = shown(TABLE, Looks::default()) else { return };
    browser.wait_for(&state("alone"), "running");
    // What would be gone after a reload.
    drop(browser.run("window.here = true"));

    browser.click(&format!("{} button.stop", line("alone")));
    browser.wait_for(&state("alone"), "stopped");
    browser.wait_for("#toasts", "Process alone stopped");
    stage.reaches("alone", "STOPPED");
    browser.click(&format!("{} button.start", line("alone")));
    browser.wait_for(&state("alone"), "running");
    stage.reaches("alone", "RUNNING");
    let old = stage.pid_of("alone");
    browser.click(&format!("{} button.restart", line("alone")));
    browser.wait_for("#toasts", "Process alone restarted");
    let new = wait_until("a successor", || {
        Some(stage.pid_of("alone")).filter(|pid| ![0, old].contains(pid))
    });
    browser.wait_for(&format!("{} .pid", line("alone")), &new.to_string());

    // What somebody else does is seen as well.
    assert_eq!(stage.ctl(&["stop", "pair:0"]).code, 0);
    browser.wait_for(&state("pair:0"), "stopped");
    browser.wait_for("tbody[data-group=pair] .group", "1 of 2 running");
    browser.wait_for(&format!("{} .why", line("broken")), "can't find command");
    browser.click(&format!("{} button.start", line("broken")));
    browser.wait_for("#toasts .bad", "ERROR: Process broken: ");
    assert_eq!(browser.run("return window.here"), true);
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
fn what_concerns_many_is_asked_first() {
    let Some((stage, _, browser)) = shown(TABLE, Looks::default()) else { return };
    browser.wait_for(&state("pair:1"), "running");
    browser.click("tbody[data-group=pair] a.stop");
    browser.wait_for("dialog h1", "Stop every program of pair?");
    browser.click("dialog button[value='']");
    browser.click("tbody[data-group=pair] a.stop");
    browser.click("dialog button[value=yes]");
    browser.wait_for("#toasts", "All of pair stopped");
    stage.reaches("pair:1", "STOPPED");
    stage.reaches("alone", "RUNNING");
    browser.click("a[href*=stopall]");
    browser.click("dialog button[value=yes]");
    browser.wait_for(&state("alone"), "stopped");
}

#[test]
fn groups_that_come_and_go_do_so_in_the_open_page() {
    let Some((stage, port, browser)) = shown(TABLE, Looks::default()) else { return };
    let server = format!("[inet_http_server]\nport=127.0.0.1:{port}\n");
    stage.configure(&format!("{server}[program:new]\ncommand=sleep 1000\nstartsecs=0\n"));
    assert_eq!(stage.ctl(&["update"]).code, 0);
    browser.wait_for(&state("new"), "running");
    browser.wait("return !document.querySelector(\"[data-group=pair]\")");
    stage.configure(&server);
    assert_eq!(stage.ctl(&["update"]).code, 0);
    browser.wait_for("main", "No programs to manage");
}

#[test]
fn filter_selection_order_and_keys() {
    let Some((stage, _, browser)) = shown(TABLE, Looks::default()) else { return };
    browser.wait_for(&state("broken"), "fatal");
    let seen = || {
        let names = browser.run(
            "return [...document.querySelectorAll('tr.line:not([hidden])')].map(line => line.dataset.name).join(' ')",
        );
        names.as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(seen(), "alone broken pair:0 pair:1");
    browser.press("/pair");
    assert_eq!(seen(), "pair:0 pair:1");
    // Escape.
    browser.press("\u{e00c}");
    assert_eq!(seen(), "alone broken pair:0 pair:1");
    browser.click("button[data-show=bad]");
    assert_eq!(seen(), "broken");
    // It survives a reload, and holds for what changes.
    browser.reload();
    browser.wait_for("#live", "live");
    assert_eq!(seen(), "broken");
    browser.click("button[data-show='']");
    browser.click("th[data-sort=state] button");
    assert_eq!(seen(), "broken alone pair:0 pair:1");
    browser.click("th[data-sort=state] button");
    assert_eq!(seen().split(' ').next_back(), Some("broken"));
    browser.click("th[data-sort=name] button");

    // Down to the first line and stop it.
    drop(browser.run("document.activeElement.blur()"));
    browser.press("js");
    stage.reaches("alone", "STOPPED");
    browser.wait_for(&state("alone"), "stopped");
    // The focus stays where it was although the line was replaced.
    browser.press("s");
    stage.reaches("alone", "RUNNING");
    browser.press("?");
    browser.wait_for("dialog", "clear the filter");
}

#[test]
fn a_log_is_followed_and_its_markup_is_text() {
    let Some(browser) = Browser::open(Looks::default()) else { return };
    let (mut stage, port) = talking(":");
    stage.write("fifo", "<script>window.harm=1</script><img src=x onerror='window.harm=1'>\n");
    let url = format!("http://127.0.0.1:{port}/tail.html?processname=talker");
    browser.go(&url);
    browser.wait_for("#log", "<script>window.harm=1</script>");
    browser.wait_for("#live", "live");
    stage.write("fifo", "\u{1b}[1;31mred\u{1b}[0m plain \u{1b}]0;title\u{7}\n<b>later</b>");
    browser.wait_for("#log", "<b>later</b>");
    browser.wait_for("#log .c1.b", "red");
    assert!(!browser.text("#log").contains("title"));
    browser.press("/later");
    browser.wait("return !document.querySelector('#log div').offsetParent");
    assert_eq!(browser.text("#log"), "<b>later</b>");
    assert_eq!(browser.run("return window.harm ?? null"), serde_json::Value::Null);

    // The end of the daemon is seen, and its successor.
    stage.end();
    browser.wait_for("#live", "not connected");
}

#[test]
fn no_request_leaves_the_server_and_the_page_runs_no_foreign_script() {
    let Some((_stage, port, browser)) = shown(TABLE, Looks::default()) else { return };
    browser.go(&format!("http://127.0.0.1:{port}/tail.html?processname=alone"));
    browser.go(&format!("http://127.0.0.1:{port}/?action=stopall"));
    browser.wait_for("h1", "Stop every program?");
    let home = format!("http://127.0.0.1:{port}/");
    let requests = browser.requests();
    assert!(requests.iter().any(|url| url.ends_with("/live")), "{requests:?}");
    // What the browser shows before is its own.
    for url in requests.iter().skip_while(|url| !url.starts_with(&home)) {
        assert!(url.starts_with(&home), "{url}");
    }
    drop(browser.run(
        "const script = document.createElement('script'); script.textContent = 'window.harm = 1'; \
         document.body.append(script)",
    ));
    assert_eq!(browser.run("return window.harm ?? null"), serde_json::Value::Null);
}

#[test]
fn another_sites_form_is_not_done() {
    let Some((stage, port, browser)) = shown(TABLE, Looks::default()) else { return };
    stage.reaches("alone", "RUNNING");
    let pid = stage.pid_of("alone");
    let evil = stage.path("evil.html");
    let form = format!(
        "<form method=post action='http://127.0.0.1:{port}/index.html?action=stop&processname=alone'>\
         <button id=go>Win</button></form>"
    );
    fs::write(&evil, form).expect("a page");
    browser.go(&format!("file://{}", evil.display()));
    browser.click("#go");
    browser.wait_for("h1", "Stop alone?");
    assert!(browser.text(".reason").contains("Another site"), "{}", browser.text("main"));
    assert_eq!(stage.pid_of("alone"), pid);
    // The person may still want it.
    browser.click("form button.stop");
    browser.wait_for(".status_msg", "Process alone stopped");
    stage.reaches("alone", "STOPPED");
}

#[test]
fn without_script_forms_and_links_do_the_basics() {
    let looks = Looks { without_script: true, ..Looks::default() };
    let Some((stage, _, browser)) = shown(TABLE, looks) else { return };
    stage.reaches("alone", "RUNNING");
    browser.click(&format!("{} button.stop", line("alone")));
    browser.wait_for(".status_msg", "Process alone stopped");
    browser.wait_for(&state("alone"), "stopped");
    browser.click("a[href*=restartall]");
    browser.wait_for("h1", "Restart every program?");
    browser.click("button.restartall");
    browser.wait_for(".status_msg", "All restarted");
    browser.wait_for(&state("alone"), "running");
    browser.click(&format!("{} .name a", line("alone")));
    browser.wait_for("h1", "alone");
}

#[test]
fn a_password_that_stands_in_the_address_does_no_harm() {
    let Some(browser) = Browser::open(Looks::default()) else { return };
    let (stage, port) = served(&format!("username=user\npassword=pw\n{TABLE}"));
    stage.reaches("alone", "RUNNING");
    browser.go(&format!("http://user:pw@127.0.0.1:{port}/"));
    browser.wait_for("#live", "live");
    browser.click(&format!("{} button.stop", line("alone")));
    browser.wait_for("#toasts", "Process alone stopped");
    browser.click(&format!("{} .name a", line("alone")));
    browser.wait_for("#live", "live");
}

#[test]
fn a_narrow_window_shows_all_there_is() {
    let looks = Looks { is_narrow: true, ..Looks::default() };
    let Some((stage, _, browser)) = shown(TABLE, looks) else { return };
    browser.wait_for(&state("broken"), "fatal");
    assert_eq!(browser.run("return document.documentElement.scrollWidth <= innerWidth"), true);
    drop(browser.run(
        "const sort = document.querySelector('.sort select'); sort.value = 'state'; \
         sort.dispatchEvent(new Event('change'))",
    ));
    browser.wait("return document.querySelector('tr.line').dataset.name === 'broken'");
    browser.click(&format!("{} button.stop", line("alone")));
    browser.wait_for(&state("alone"), "stopped");
    stage.reaches("alone", "STOPPED");
    browser.click(&format!("{} .name a", line("alone")));
    browser.wait_for("h1", "alone");
}

#[test]
fn output_without_line_breaks_does_not_fill_the_browser() {
    let flood = "[program:flood]\nstdout_logfile_maxbytes=0\n\
                 command=sh -c 'while head -c 262144 /dev/zero | tr \"\\0\" x; do sleep 0.02; done'\n";
    let Some(browser) = Browser::open(Looks::default()) else { return };
    let (_stage, port) = served(flood);
    browser.go(&format!("http://127.0.0.1:{port}/tail.html?processname=flood"));
    browser.wait_for("#live", "live");
    browser.wait("return document.querySelector('#log div') !== null");
    drop(browser.run("window.first = document.querySelector('#log div')"));
    browser.wait("return !window.first.isConnected");
    let length = browser.run("return document.querySelector('#log').textContent.length");
    assert!(length.as_u64().is_some_and(|length| length < 6_000_000), "{length}");
}
