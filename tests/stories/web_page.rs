//! The web page as a client of HTTP sees it: addresses, forms, and who may change something.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;

use visor_tests::{METHODS, Reply, Stage, http, wait_until};

/// A daemon with the page and these sections, before which more settings of its server may stand.
pub(crate) fn served(sections: &str) -> (Stage, u16) {
    serve(Stage::new(""), sections)
}

/// A daemon with the page and a program `talker`, which runs a script and then says what is written to `fifo`.
pub(crate) fn talking(script: &str) -> (Stage, u16) {
    let stage = Stage::new("");
    nix::unistd::mkfifo(&stage.path("fifo"), nix::sys::stat::Mode::S_IRWXU).expect("a fifo");
    // It holds the other end as well, so that nothing is lost between two who write.
    let command = format!("sh -c '{script}; exec cat <>%(here)s/fifo'");
    serve(stage, &format!("[program:talker]\nstartsecs=0\ncommand={command}\n"))
}

fn serve(stage: Stage, sections: &str) -> (Stage, u16) {
    let port = stage.port();
    stage.configure(&format!("[inet_http_server]\nport=127.0.0.1:{port}\n{sections}{METHODS}"));
    (stage.started(), port)
}

const SLEEPER: &str = "[program:sleeper]\ncommand=sleep 1000\nstartsecs=0\n";

fn get(port: u16, target: &str) -> Reply {
    http(port, "GET", target, &[], "")
}

/// Posts a form without a browser, with the token that the page gives.
fn post(port: u16, target: &str, headers: &[&str], fields: &str) -> Reply {
    let mut lines = vec!["Content-Type: application/x-www-form-urlencoded"];
    lines.extend(headers);
    http(port, "POST", target, &lines, &format!("token={}&{fields}", token(port)))
}

fn token(port: u16) -> String {
    let page = get(port, "/").body;
    let from = page.split_once("name=\"token\" value=\"").expect("a form").1;
    from.split('"').next().expect("a token").to_owned()
}

#[test]
fn the_addresses_are_supervisors() {
    let (stage, port) = served(SLEEPER);
    stage.reaches("sleeper", "RUNNING");
    for (target, status, kind, part) in [
        ("/", 200, "text/html;charset=utf-8", "<title>Supervisor Status</title>"),
        ("/index.html", 200, "text/html;charset=utf-8", "<span class=\"statusrunning\">running"),
        ("//index.html?message=a%3Cb", 200, "text/html;charset=utf-8", "a&#60;b"),
        ("/ok.html", 200, "text/plain", "OK"),
        ("/tail.html", 200, "text/html;charset=utf-8", "No process name found"),
        (
            "/tail.html?processname=nobody",
            200,
            "text/html;charset=utf-8",
            "ERROR: unexpected rpc fault [10]",
        ),
        (
            "/tail.html?processname=sleeper",
            200,
            "text/html;charset=utf-8",
            "<title>Supervisor tail of process sleeper</title>",
        ),
        ("/stylesheets/supervisor.css", 200, "text/css; charset=utf-8", "prefers-color-scheme"),
        ("/images/icon.png", 200, "image/png", "PNG"),
        ("/images/state0.gif", 200, "image/png", "PNG"),
        ("/nothing", 404, "text/html", "Error code 404"),
        ("/index.html?action=explode", 400, "text/html", "Error code 400"),
        ("/index.html?action=stop", 400, "text/html", "Error code 400"),
    ] {
        let reply = get(port, target);
        assert_eq!((reply.status, reply.header("Content-Type")), (status, kind), "{target}");
        assert!(reply.body.contains(part), "{part} in {target}: {}", reply.body);
    }
    let page = get(port, "/");
    assert_eq!(page.header("Expires"), "Thu, 01 Jan 1970 00:00:00 GMT");
    assert_eq!((page.header("Pragma"), page.header("Cache-Control")), ("no-cache", "no-cache"));
    let policy = page.header("Content-Security-Policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
}

#[test]
fn a_file_that_the_browser_has_is_not_sent_again() {
    let (_stage, port) = served(SLEEPER);
    let etag = get(port, "/scripts/visord.js").header("ETag").to_owned();
    let again = http(port, "GET", "/scripts/visord.js", &[&format!("If-None-Match: {etag}")], "");
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    assert_eq!(http(port, "POST", "/scripts/visord.js", &[], "").status, 400);
}

#[test]
fn a_get_asks_and_changes_nothing() {
    let (stage, port) = served(SLEEPER);
    stage.reaches("sleeper", "RUNNING");
    let pid = stage.pid_of("sleeper");
    for action in ["stop", "restart", "clearlog"] {
        let page = get(port, &format!("/index.html?processname=sleeper&action={action}"));
        assert_eq!(page.status, 200);
        assert!(
            page.body.contains(&format!("name=\"action\" value=\"{action}\"")),
            "{}",
            page.body
        );
    }
    for action in ["stopall", "restartall"] {
        assert_eq!(get(port, &format!("/?action={action}")).status, 200);
    }
    assert_eq!(stage.pid_of("sleeper"), pid);
    let refreshed = get(port, "/index.html?action=refresh");
    let beginning = format!("http://127.0.0.1:{port}/?message=Page%20refreshed%20at%20");
    assert_eq!(refreshed.status, 301);
    assert!(refreshed.header("Location").starts_with(&beginning), "{}", refreshed.head);
}

#[test]
fn a_form_does_it_waits_and_leads_back_with_supervisors_message() {
    let broken = "[program:broken]\ncommand=/no/such/file\nstartretries=0\n";
    let (stage, port) = served(&format!("{SLEEPER}{broken}"));
    stage.reaches("sleeper", "RUNNING");
    stage.reaches("broken", "FATAL");
    let old = stage.pid_of("sleeper");
    let home = format!("http://127.0.0.1:{port}/?message=");
    let posted = |fields: &str| {
        let reply = post(port, "/index.html", &[], fields);
        assert_eq!(reply.status, 301, "{}", reply.body);
        reply.header("Location").strip_prefix(&home).expect("the way home").to_owned()
    };
    assert_eq!(posted("action=stop&processname=sleeper"), "Process%20sleeper%20stopped");
    assert_eq!(stage.row("sleeper").expect("a row")["state"], "STOPPED");
    assert_eq!(posted("action=start&processname=sleeper"), "Process%20sleeper%20started");
    assert_eq!(
        posted("action=start&processname=sleeper"),
        "ERROR%3A%20Process%20sleeper%3A%20already%20started"
    );
    assert_eq!(posted("action=restart&processname=sleeper"), "Process%20sleeper%20restarted");
    assert!(![0, old].contains(&stage.pid_of("sleeper")));
    assert_eq!(posted("action=clearlog&processname=sleeper"), "Log%20for%20sleeper%20cleared");
    assert_eq!(
        posted("action=start&processname=broken"),
        "ERROR%3A%20Process%20broken%3A%20no%20such%20file"
    );
    assert_eq!(posted("action=stop&processname=no"), "No%20such%20process%20named%20no");
    assert_eq!(
        posted("action=restartall"),
        "ERROR%3A%20All%20restarted%2C%20except%20broken%20%28spawn%20error%29"
    );
    assert!(posted("action=stopall").starts_with("All%20stopped%20at%20"));
    assert_eq!(stage.row("sleeper").expect("a row")["state"], "STOPPED");
}

#[test]
fn a_group_is_told_as_one() {
    let (stage, port) = served(
        "[program:w]\ncommand=sleep 1000\nstartsecs=0\nnumprocs=3\nprocess_name=%(process_num)d\n",
    );
    stage.reaches("w:2", "RUNNING");
    let reply =
        post(port, "/index.html?processname=w:*&action=stop", &["Accept: application/json"], "");
    assert!(reply.body.contains("All of w stopped at "), "{}", reply.body);
    assert!(stage.rows().iter().all(|row| row["state"] == "STOPPED"));
}

#[test]
fn a_forged_form_is_not_done_but_asked_about() {
    let (stage, port) = served(SLEEPER);
    stage.reaches("sleeper", "RUNNING");
    let pid = stage.pid_of("sleeper");
    let stop = "action=stop&processname=sleeper";
    let form = "Content-Type: application/x-www-form-urlencoded";
    for reply in [
        http(port, "POST", "/index.html", &[form], stop),
        http(port, "POST", "/index.html", &[form], &format!("token=0123&{stop}")),
        post(port, "/index.html", &["Sec-Fetch-Site: cross-site"], stop),
        post(port, "/index.html", &["Sec-Fetch-Site: same-site"], stop),
        post(port, "/index.html", &["Origin: http://evil.example"], stop),
        post(port, "/index.html", &["Origin: null"], stop),
    ] {
        assert_eq!(reply.status, 403, "{}", reply.body);
        assert!(reply.body.contains("Stop sleeper?"), "{}", reply.body);
    }
    assert_eq!(stage.pid_of("sleeper"), pid);
    let own = format!("Origin: http://127.0.0.1:{port}");
    assert_eq!(post(port, "/index.html", &[&own], stop).status, 301);
    assert_eq!(stage.row("sleeper").expect("a row")["state"], "STOPPED");
}

#[test]
fn a_page_elsewhere_reaches_nothing_through_a_browser() {
    let (stage, port) = served(SLEEPER);
    stage.reaches("sleeper", "RUNNING");
    let call = "<methodCall><methodName>supervisor.getState</methodName></methodCall>";
    let rpc = |headers: &[&str]| http(port, "POST", "/RPC2", headers, call).status;
    assert_eq!(rpc(&[]), 200);
    assert_eq!(rpc(&["Content-Type: text/plain", "Origin: http://evil.example"]), 403);
    assert_eq!(rpc(&["Sec-Fetch-Site: cross-site"]), 403);
    // Under a name that leads here, it is the same site to a browser.
    let rebound = format!("Host: evil.example:{port}");
    for target in ["/", "/live", "/logtail/sleeper", "/tail.html?processname=sleeper"] {
        assert_eq!(http(port, "GET", target, &[&rebound], "").status, 403, "{target}");
    }
    assert_eq!(rpc(&[&rebound]), 403);
    assert_eq!(http(port, "GET", "/", &[&format!("Host: localhost:{port}")], "").status, 200);
    assert_eq!(http(port, "GET", "/", &["Host: proxy.example"], "").status, 200);
}

/// Begins to read something without an end, and gives its lines.
fn stream(port: u16, target: &str) -> impl Iterator<Item = String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a server");
    let request = format!("GET {target} HTTP/1.0\r\nHost: here\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("a server that reads");
    BufReader::new(stream).lines().map_while(Result::ok)
}

#[test]
fn an_open_page_is_told_the_table_then_what_changes_and_then_the_end() {
    let (mut stage, port) = served(SLEEPER);
    stage.reaches("sleeper", "RUNNING");
    let mut told = stream(port, "/live").filter(|line| line.starts_with("data: "));
    let all = told.next().expect("the table");
    assert!(all.contains("\"table\":") && all.contains("data-state=\\\"running\\\""), "{all}");
    assert_eq!(stage.ctl(&["stop", "sleeper"]).code, 0);
    let stopped = told.find(|line| line.contains("data-state=\\\"stopped\\\"")).expect("news");
    assert!(stopped.contains("\"rows\":[") && !stopped.contains("\"table\""), "{stopped}");
    stage.signal(nix::sys::signal::Signal::SIGTERM);
    assert!(told.any(|line| line.contains("\"mood\":\"SHUTDOWN\"")));
    assert_eq!(stage.ended(), 0);
}

#[test]
fn no_more_pages_are_kept_up_to_date_than_there_are_seats() {
    let (_stage, port) = served(SLEEPER);
    let open: Vec<_> = (0..32)
        .map(|_| {
            let mut told = stream(port, "/live");
            assert!(told.any(|line| line.starts_with("data: ")));
            told
        })
        .collect();
    assert_eq!(get(port, "/live").status, 503);
    drop(open);
    wait_until("a seat", || {
        stream(port, "/live").next().is_some_and(|line| line.contains("200")).then_some(())
    });
}

#[test]
fn the_end_of_a_log_is_shown_as_text_and_followed() {
    let (stage, port) = talking("echo \"<script>alert(1)</script>\"");
    let page = wait_until("the line", || {
        Some(get(port, "/tail.html?processname=talker")).filter(|page| page.body.contains("alert"))
    });
    assert!(page.body.contains("&#60;script&#62;alert(1)&#60;/script&#62;"), "{}", page.body);
    let mut lines = stream(port, "/log?processname=talker");
    assert!(lines.any(|line| line == "<script>alert(1)</script>"));
    stage.write("fifo", "later\n");
    assert!(lines.any(|line| line == "later"));
    assert_eq!(get(port, "/log?processname=nobody").status, 404);
}
