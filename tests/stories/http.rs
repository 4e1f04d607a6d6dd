//! HTTP servers: who is first, who is let in, and what clients cannot do to the daemon.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use nix::sys::signal::Signal;
use visor_tests::{METHODS, Stage, run, wait_until};

const CALL: &str = "<methodCall><methodName>supervisor.getAPIVersion</methodName></methodCall>";

/// Makes one request on a connection of its own, and gives everything that comes back.
fn ask(mut connection: impl Read + Write, request: &str) -> String {
    connection.write_all(request.as_bytes()).expect("a request");
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).expect("an answer");
    String::from_utf8_lossy(&answer).into_owned()
}

/// A call, with these headers beside its own.
fn call(headers: &str) -> String {
    let length = CALL.len();
    format!(
        "POST /RPC2 HTTP/1.1\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{CALL}"
    )
}

fn answers(socket: &Path) -> bool {
    UnixStream::connect(socket)
        .is_ok_and(|connection| ask(connection, &call("")).starts_with("HTTP/1.1 200 OK\r\n"))
}

fn with_server(settings: &str) -> Stage {
    Stage::new(&format!(
        "[unix_http_server]\nfile=%(here)s/http\n{settings}\n{METHODS}[program:cat]\ncommand=cat\n"
    ))
}

#[test]
fn a_second_daemon_on_the_same_socket_is_refused_before_it_touches_anything() {
    let first = with_server("").started();
    first.reaches("cat", "RUNNING");
    let logs = first.read_matching("cat-std").len();
    let place = first.dir().display();
    let second = Stage::new("");
    second.write(
        "visord.conf",
        &format!(
            "[supervisord]\nnodaemon=true\nchildlogdir={place}\nlogfile={place}/visord.log\n\
             pidfile={place}/visord.pid\n[visord]\nsocket={}\nbus=off\njournal=off\n\
             [unix_http_server]\nfile={place}/http\n",
            second.path("bus").display()
        ),
    );
    let pid = first.read("visord.pid");
    let output = run(&mut second.daemon_command());
    assert_eq!(output.code, 2, "{}", output.err);
    let expected = "Error: Another program is already listening on a port that one of our HTTP servers is \
                    configured to use.  Shut this program down first before starting supervisord.";
    assert!(output.err.contains(expected), "{}", output.err);
    assert!(answers(&first.path("http")));
    assert_eq!(first.read_matching("cat-std").len(), logs);
    let is_auto = |name: &str| name.starts_with("cat-std");
    let entries = fs::read_dir(first.dir()).expect("the stage");
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    assert_eq!(
        names.filter(|name| is_auto(name)).count(),
        2,
        "the first one's AUTO logs are there"
    );
    assert_eq!(first.read("visord.pid"), pid);
}

#[test]
fn a_socket_that_nobody_serves_is_replaced_and_goes_with_the_daemon() {
    let stage = with_server("chmod=0770");
    let socket = stage.path("http");
    drop(UnixListener::bind(&socket).expect("a socket"));
    let mut stage = stage.started();
    assert!(answers(&socket));
    let mode = fs::metadata(&socket).expect("a socket").permissions().mode();
    assert_eq!(mode & 0o7777, 0o770);
    let said = format!("Unlinking stale socket {}\n", socket.display());
    stage.says("terminal", &said);
    stage.end();
    assert!(!socket.exists());
}

#[test]
fn what_is_no_socket_is_left_alone() {
    let stage = with_server("");
    stage.write("http", "precious");
    let output = run(&mut stage.daemon_command());
    assert_eq!(output.code, 2, "{}", output.err);
    assert!(output.err.contains("http is there and is not a socket"), "{}", output.err);
    assert_eq!(stage.read("http"), "precious");
}

#[test]
fn a_port_that_lets_anyone_in_is_opened_only_if_that_is_meant() {
    let mut stage = Stage::new("");
    let port = stage.port();
    let server = format!("[inet_http_server]\nport=*:{port}\n{METHODS}");
    stage.configure(&server);
    stage = stage.started();
    stage.says("visord.log", "CRIT Server 'inet_http_server' would let anyone in");
    stage.says("visord.log", "allow_open=true in [visord]");
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());

    stage.end();
    stage.configure(&format!("allow_open=true\n{server}"));
    let stage = stage.started();
    let connection = TcpStream::connect(("127.0.0.1", port)).expect("an open port");
    assert!(ask(connection, &call("")).contains("<string>3.0</string>"));
    let warning = "CRIT Server 'inet_http_server' running without any HTTP authentication checking";
    stage.says("visord.log", warning);
}

#[test]
fn a_name_and_a_password_are_asked_for_everywhere() {
    let stage = Stage::new("");
    let port = stage.port();
    // The password is "secret".
    let hash = "{SHA}e5e9fa1ba31ecd1ae84f75caaa474f3a663f05f4";
    stage.configure(&format!(
        "[inet_http_server]\nport=*:{port}\nusername=user\npassword={hash}\n{METHODS}"
    ));
    let _stage = stage.started();
    let ask = |request: &str| {
        ask(TcpStream::connect(("127.0.0.1", port)).expect("an open port"), request)
    };
    for path in ["/", "/RPC2", "/logtail/x", "/mainlogtail", "/nope", "/stylesheets/supervisor.css"]
    {
        for header in ["", "Authorization: Basic dXNlcjp3cm9uZw==\r\n"] {
            let answer = ask(&format!("GET {path} HTTP/1.1\r\n{header}\r\n"));
            assert!(answer.starts_with("HTTP/1.1 401 Unauthorized\r\n"), "{path}: {answer}");
            let lower = answer.to_ascii_lowercase();
            assert!(
                lower.contains("\r\nwww-authenticate: basic realm=\"default\"\r\n"),
                "{answer}"
            );
        }
    }
    let answer = ask(&call("Authorization: Basic dXNlcjpzZWNyZXQ=\r\n"));
    assert!(answer.contains("<string>3.0</string>"), "{answer}");
}

#[test]
fn hostile_clients_keep_nobody_out() {
    let stage = with_server("").started();
    let socket = stage.path("http");
    let connect = || UnixStream::connect(&socket).expect("a connection");
    // More than are served at once: some say nothing, some never end what they began, some do not read what they asked.
    let held: Vec<UnixStream> = (0..300)
        .map(|number| {
            let mut connection = connect();
            let begun: &[u8] = match number % 4 {
                0 => b"",
                1 => b"POST /RPC2 HTTP/1.1\r\nX-Slow: ",
                2 => b"GET /nope HTTP/1.1\r\n\r\n",
                _ => b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
            };
            // It may have been sent away already.
            drop(connection.write_all(begun));
            connection
        })
        .collect();
    assert!(answers(&socket));
    for (what, request, code) in [
        (
            "a body without measure",
            "POST /RPC2 HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
            "413",
        ),
        ("a length that is none", "POST /RPC2 HTTP/1.1\r\nContent-Length: x\r\n\r\n", "400"),
        ("two lengths", "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "400"),
        ("no HTTP", "\x01\x02\x03\r\n\r\n", "400"),
    ] {
        let mut connection = connect();
        connection.write_all(request.as_bytes()).expect("a request");
        let mut answer = [0; 12];
        connection.read_exact(&mut answer).expect(what);
        assert_eq!(answer, *format!("HTTP/1.1 {code}").as_bytes(), "{what}");
    }
    let mut connection = connect();
    let head = format!("GET / HTTP/1.1\r\n{}", "X-Long: x\r\n".repeat(20_000));
    // It stops listening before the end of it.
    drop(connection.write_all(head.as_bytes()));
    assert!(answers(&socket));
    assert_eq!(stage.ctl(&["status"]).code, 0);
    drop(held);
}

/// Numbers that are the same in every run (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) >> 32).expect("32 bits") % bound
    }
}

/// A number from the environment, with which `tests/fuzz/run` asks for more of a story.
fn asked_for(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

#[test]
fn torn_and_twisted_requests_harm_nobody() {
    let stage = with_server("").started();
    stage.reaches("cat", "RUNNING");
    let socket = stage.path("http");
    let pid = stage.pid_of("cat");
    let good = [
        call(""),
        "GET /logtail/cat HTTP/1.1\r\n\r\n".to_owned(),
        "GET /mainlogtail HTTP/1.1\r\n\r\n".to_owned(),
        "GET /logtail/%2e%2e/%00/%ff HTTP/1.1\r\n\r\n".to_owned(),
        "GET /tail.html?processname=cat&limit=5 HTTP/1.1\r\n\r\n".to_owned(),
        "GET /index.html?action=stop&processname=cat HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(),
        "POST /index.html HTTP/1.1\r\nContent-Length: 32\r\nOrigin: http://x\r\n\r\n\
         action=stop&processname=cat&token".to_owned(),
        "GET /live HTTP/1.1\r\nAuthorization: Basic dXNlcjpzZWNyZXQ=\r\n\r\n".to_owned(),
        call("").replace("getAPIVersion</methodName>", "readLog</methodName><params><param><value><int>-9\
                          </int></value></param><param><value><int>0</int></value></param></params>"),
    ];
    let mut numbers = Numbers(asked_for("VISORD_SEED", 4));
    for _ in 0..asked_for("VISORD_TWISTED", 2000) {
        let mut request = good[numbers.below(good.len())].clone().into_bytes();
        for _ in 0..=numbers.below(4) {
            let at = numbers.below(request.len());
            match numbers.below(4) {
                0 => request.truncate(at + 1),
                1 => request[at] = u8::try_from(numbers.below(256)).expect("a byte"),
                2 => request.insert(at, u8::try_from(numbers.below(256)).expect("a byte")),
                _ => drop(request.remove(at)),
            }
            if request.is_empty() {
                request.push(b'x');
            }
        }
        // What comes back does not matter, nor whether all of it was wanted.
        if let Ok(mut connection) = UnixStream::connect(&socket) {
            drop(connection.write_all(&request));
        }
    }
    assert!(answers(&socket));
    assert_eq!(stage.pid_of("cat"), pid);
    let log = stage.read("visord.log");
    assert!(!log.contains("panicked") && !stage.read("terminal").contains("panicked"), "{log}");
}

#[test]
fn sighup_serves_what_the_file_says_now() {
    let stage = with_server("").started();
    let (old, new) = (stage.path("http"), stage.path("other"));
    let mut kept = UnixStream::connect(&old).expect("a connection");
    stage.configure(&format!(
        "[unix_http_server]\nfile=%(here)s/http\n[unix_http_server:b]\nfile=%(here)s/other\n{METHODS}"
    ));
    stage.signal(Signal::SIGHUP);
    wait_until("the other server", || answers(&new).then_some(()));
    let request = call("").replace("Connection: close\r\n", "");
    kept.write_all(request.as_bytes()).expect("the first connection, still there");
    let mut answer = [0; 15];
    kept.read_exact(&mut answer).expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 200 OK");

    stage.configure(&format!("[unix_http_server:b]\nfile=%(here)s/other\n{METHODS}"));
    stage.signal(Signal::SIGHUP);
    wait_until("the first server to go", || (!old.exists()).then_some(()));
    assert!(answers(&new));
}

#[test]
fn the_answer_to_shutdown_comes_before_the_end() {
    let mut stage =
        Stage::new(&format!("[unix_http_server]\nfile=%(here)s/http\n{METHODS}")).started();
    let body = CALL.replace("getAPIVersion", "shutdown");
    let request = format!("POST /RPC2 HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let answer = ask(UnixStream::connect(stage.path("http")).expect("a connection"), &request);
    assert!(answer.contains("<boolean>1</boolean>"), "{answer}");
    assert_eq!(stage.ended(), 0);
}

/// The daemon's own log is what is read, so that there is something to read without a program.
#[test]
fn many_calls_at_once_give_no_more_than_there_is_memory_for() {
    const MIB: usize = 1024 * 1024;
    let stage = with_server("").started();
    let log = fs::OpenOptions::new().append(true).open(stage.path("visord.log"));
    log.and_then(|mut log| log.write_all(&vec![b'x'; 8 * MIB])).expect("a long log");
    let number = "<value><int>0</int></value>";
    let params = format!("<value><array><data>{number}{number}</data></array></value>");
    let read = format!(
        "<value><struct><member><name>methodName</name><value>supervisor.readLog</value></member>\
         <member><name>params</name>{params}</member></struct></value>"
    );
    let calls = format!(
        "<methodCall><methodName>system.multicall</methodName><params><param><value><array><data>{}\
         </data></array></value></param></params></methodCall>",
        read.repeat(20)
    );
    let request = call("").replace(CALL, &calls);
    let request = request.replace(&format!(": {}\r", CALL.len()), &format!(": {}\r", calls.len()));
    let answer = ask(UnixStream::connect(stage.path("http")).expect("a connection"), &request);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer:.200}");
    assert!((64 * MIB..80 * MIB).contains(&answer.len()), "{}", answer.len());
    let refused = "FAILED: not called, the calls before it gave too much";
    assert_eq!(answer.matches(refused).count(), 12);
}
