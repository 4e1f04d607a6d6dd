//! Any bytes on a connection to the daemon, as any server has it. Whatever they are, answers are HTTP, pages are ours, what
//! is secret is told nobody, and nothing is done for who may not ask for it.
#![no_main]

use std::cell::RefCell;
use std::mem::ManuallyDrop;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use libfuzzer_sys::fuzz_target;
use visor_fuzz::answer::{Answer, position, read_all};
use visor_fuzz::html;
use visor_fuzz::stage::{Stage, server};
use visor_units::unit::{HttpServer, Listen};
use visor_units::xmlrpc::{MethodResponse, Value};

/// Nobody runs unless asked to, and nobody is long in between.
const CONFIGURATION: &str = "
[supervisord]
logfile=%(here)s/main.log
logfile_maxbytes=64KB
logfile_backups=0
loglevel=trace
silent=true
pidfile=%(here)s/pid
childlogdir=%(here)s
[visord]
bus=off
journal=off
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[program:cat]
command=cat
environment=SECRET=never-to-be-told
autostart=false
autorestart=false
startsecs=0
stopsignal=KILL
stdout_logfile=%(here)s/cat.log
stdout_logfile_maxbytes=64KB
stdout_logfile_backups=0
stderr_logfile=%(here)s/cat.err
[program:absent]
command=/nowhere/absent
process_name=%(process_num)s
numprocs=2
autostart=false
startsecs=0
startretries=0
stdout_logfile=%(here)s/absent-%(process_num)s.log
redirect_stderr=true
";

const SECRET: &[u8] = b"never-to-be-told";

/// What is in the logs before anything runs.
const LOGGED: &[u8] = b"<script>alert(1)</script>\"'&\xff\xc3 \x1b[31m\0\r\n]]>--></pre>\n";

/// The one way to write the name and the password that are right.
const CREDENTIALS: &[u8] = b"dXNlcjpzZWNyZXQ=";

/// Stands for the token of the pages, which no input can know.
const TOKEN: &[u8; 32] = b"0123456789abcdef0123456789abcdef";

/// The port of the server that asks nobody.
const PORT: u16 = 9001;

/// A daemon after many requests is as good as a new one; a new one is better to find out what went wrong.
const REQUESTS: u32 = 20_000;

/// A call that does no harm.
const STATE: &str = "<methodCall><methodName>supervisor.getState</methodName></methodCall>";

/// A process: its name, its state, its pid.
type Process = (String, String, i64);

struct Theatre {
    stage: Stage,
    token: Vec<u8>,
    open: HttpServer,
    servers: [HttpServer; 4],
    processes: Vec<Process>,
    left: u32,
}

impl Theatre {
    fn new() -> Self {
        let stage = Stage::new(CONFIGURATION);
        for log in ["cat.log", "cat.err", "absent-0.log", "absent-1.log"] {
            std::fs::write(stage.path(log), LOGGED).expect("a log");
        }
        let open = server(None);
        let hash = "{SHA}e5e9fa1ba31ecd1ae84f75caaa474f3a663f05f4";
        let listen = Listen::Inet { host: "127.0.0.1".to_owned(), port: PORT };
        let loopback = HttpServer { listen, ..server(None) };
        let servers = [open.clone(), loopback, server(Some("secret")), server(Some(hash))];
        let mut theatre =
            Self { stage, token: Vec::new(), open, servers, processes: Vec::new(), left: REQUESTS };
        theatre.token = theatre.find_token();
        theatre.processes = theatre.settled().expect("a daemon that answers");
        theatre
    }

    fn ask(&self, request: &str) -> Answer {
        let told = self.stage.told(&self.open, std::iter::once(request.as_bytes()));
        read_all(&told).pop().expect("an answer")
    }

    fn find_token(&self) -> Vec<u8> {
        let page = self.ask("GET / HTTP/1.1\r\n\r\n").body;
        let mark = b"name=\"token\" value=\"";
        let at = position(&page, mark).expect("a token") + mark.len();
        page[at..at + TOKEN.len()].to_vec()
    }

    /// The processes, once none is between two states; `None` if the daemon ends.
    fn settled(&self) -> Option<Vec<Process>> {
        loop {
            let processes = self.look()?;
            let is_settled =
                |(_, state, _): &Process| !matches!(&**state, "STARTING" | "STOPPING" | "BACKOFF");
            if processes.iter().all(is_settled) {
                return Some(processes);
            }
            std::thread::yield_now();
        }
    }

    /// Lets the daemon end as it wants to, with its threads.
    fn end(&self) {
        while !self.stage.has_ended() {
            self.call("shutdown");
            std::thread::yield_now();
        }
    }

    fn call(&self, method: &str) -> MethodResponse {
        let call = format!("<methodCall><methodName>supervisor.{method}</methodName></methodCall>");
        let length = call.len();
        let request = format!("POST /RPC2 HTTP/1.1\r\nContent-Length: {length}\r\n\r\n{call}");
        MethodResponse::read(&self.ask(&request).body).expect("an answer")
    }

    fn look(&self) -> Option<Vec<Process>> {
        let answer = self.call("getAllProcessInfo");
        let MethodResponse::Ok(Value::Array(processes)) = answer else { return None };
        let process = |value: &Value| {
            let Value::Struct(members) = value else { panic!("{value:?}") };
            let text = |name: &str| match members.iter().find(|(found, _)| found == name) {
                Some((_, Value::String(text))) => text.clone(),
                Some((_, Value::Int(number))) => number.to_string(),
                found => panic!("{name}: {found:?}"),
            };
            let pid = text("pid").parse().expect("a pid");
            (format!("{}:{}", text("group"), text("name")), text("statename"), pid)
        };
        Some(processes.iter().map(process).collect())
    }

    fn play(&mut self, data: &[u8]) {
        let &[which, choice, ref bytes @ ..] = data else { return };
        match which % 8 {
            which @ 0..4 => self.speak(usize::from(which), choice, bytes),
            4 => self.say(choice, bytes),
            5 => self.attack_by_name(bytes),
            6 => self.attack_by_site(choice, bytes),
            _ => self.knock(choice, bytes),
        }
    }

    /// These bytes, in pieces of this size, to one of the servers.
    fn speak(&mut self, which: usize, size: u8, bytes: &[u8]) {
        let server = &self.servers[which];
        let is_known = !server.asks_for_password() || position(bytes, CREDENTIALS).is_some();
        // XML-RPC needs its tags, and a form the token.
        let is_meant = is_known && (bytes.contains(&b'<') || position(bytes, TOKEN).is_some());
        let request = self.with_token(bytes);

        let pieces = request.chunks(usize::from(size).max(1));
        let told = self.stage.told(server, pieces);
        let answers = read_all(&told);
        for answer in &answers {
            judge(answer);
            if !is_known {
                judge_refusal(answer);
            }
        }
        if position(bytes, SECRET).is_none() {
            assert!(position(&told, SECRET).is_none(), "{}", String::from_utf8_lossy(&told));
        }
        if !is_meant {
            let whole = read_all(&self.stage.told(server, std::iter::once(&request[..])));
            // A head in pieces is not looked at before its end is there, and a body in pieces that nobody wants ends the
            // connection.
            assert!(statuses(&whole).starts_with(&statuses(&answers)), "{whole:?}\n{answers:?}");
        }
        self.judge_processes(is_meant);
    }

    /// A text comes back in the page as it was, in whatever way it was written in a form.
    fn say(&self, choice: u8, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        if text.is_empty() {
            return;
        }
        let form = format!("processname=x&message={}", written(&text, choice));
        let answer = if choice.is_multiple_of(2) {
            self.ask(&format!("GET /?{form} HTTP/1.1\r\n\r\n"))
        } else {
            let length = form.len();
            self.ask(&format!("POST / HTTP/1.1\r\nContent-Length: {length}\r\n\r\n{form}"))
        };
        judge(&answer);
        let page = str::from_utf8(&answer.body).expect("a page of text");
        let (_, rest) = page.split_once("<p class=\"status_msg").expect("a message");
        let (_, rest) = rest.split_once('>').expect("the end of a tag");
        let (found, _) = rest.split_once("</p>").expect("the end of a message");
        assert_eq!(found, html::escaped(&text));
    }

    /// Only the right name and password open, and only as they are written.
    fn knock(&self, choice: u8, bytes: &[u8]) {
        let text = if choice.is_multiple_of(2) { bytes } else { b"user:secret" };
        let right = STANDARD.encode(text);
        let bare = right.trim_end_matches('=');
        let (first, second) = right.split_at(right.len() / 2);
        let written = match choice / 2 % 6 {
            0 => right.clone(),
            1 => bare.to_owned(),
            // The same bytes, with bits that are not looked at.
            2 => bare.replace('Q', "R") + "=",
            3 => format!("{first} {second}"),
            4 => format!("{right}="),
            _ => right.to_ascii_uppercase(),
        };
        let is_right = text == b"user:secret" && written == right;
        let request = format!("GET /ok.html HTTP/1.1\r\nAuthorization: Basic {written}\r\n\r\n");
        for server in &self.servers[2..] {
            let told = self.stage.told(server, std::iter::once(request.as_bytes()));
            let answer = read_all(&told).pop().expect("an answer");
            if is_right {
                assert_eq!(answer.status, 200, "{request}");
            } else {
                judge_refusal(&answer);
            }
        }
    }

    /// A page of a name that leads here, as only its owner wants it: nobody is in but by a name of ours.
    fn attack_by_name(&self, bytes: &[u8]) {
        let (name, path) = bytes.split_at(bytes.len() / 2);
        let host = format!("{}.example:{PORT}", letters(name, is_of_a_name));
        let path = letters(path, |byte| is_of_a_name(byte) || b"/%?&=".contains(&byte));
        for method in ["GET", "POST"] {
            let request = format!("{method} /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
            let told = self.stage.told(&self.servers[1], std::iter::once(request.as_bytes()));
            assert_eq!(statuses(&read_all(&told)), [403], "{request}");
        }
    }

    /// A page of another site calls, and the browser says so in one of its ways: that is refused. Nor is a browser led to
    /// that site by us.
    fn attack_by_site(&self, choice: u8, bytes: &[u8]) {
        let said = letters(bytes, |byte| byte.is_ascii_graphic() || byte == b' ');
        let said = said.trim();
        let is_ours = ["same-origin", "none", "http://localhost:9001", "https://localhost:9001"];
        if is_ours.contains(&said) {
            return;
        }
        let header = if choice.is_multiple_of(2) { "Origin" } else { "Sec-Fetch-Site" };
        let from = format!("HTTP/1.1\r\nHost: localhost:9001\r\n{header}: {said}");
        let length = STATE.len();
        let call = format!("POST /RPC2 {from}\r\nContent-Length: {length}\r\n\r\n{STATE}");
        let order = format!("GET /?action=refresh {from}\r\n\r\n");
        for server in [&self.open, &self.servers[1]] {
            let told = self.stage.told(server, [call.as_bytes(), order.as_bytes()].into_iter());
            let answers = read_all(&told);
            assert_eq!(statuses(&answers), [403, 301], "{call}");
            let location = answers[1].header("location").expect("the way back");
            assert!(location.starts_with("http://localhost:9001/?"), "{said}: {location}");
        }
    }

    fn with_token(&self, bytes: &[u8]) -> Vec<u8> {
        let mut request = bytes.to_vec();
        while let Some(at) = position(&request, TOKEN) {
            request[at..at + TOKEN.len()].copy_from_slice(&self.token);
        }
        request
    }

    /// Nothing has happened to anybody unless it was `is_meant`.
    fn judge_processes(&mut self, is_meant: bool) {
        let processes = self.settled();
        if is_meant {
            self.left -= 1;
            let is_complete =
                processes.as_ref().is_some_and(|now| now.len() == self.processes.len());
            self.processes = processes.unwrap_or_default();
            if !is_complete || self.left == 0 {
                self.end();
                *self = Self::new();
            }
        } else {
            let now = processes.expect("a daemon that goes on");
            assert!(now.iter().zip(&self.processes).all(is_untouched), "{now:?}");
            assert_eq!(now.len(), self.processes.len());
            self.processes = now;
        }
    }
}

/// Whether a process is as it was, or has died of what it was sent before.
fn is_untouched((now, before): (&Process, &Process)) -> bool {
    let has_died = before.1 == "RUNNING" && now.1 == "EXITED";
    now == before || (now.0 == before.0 && has_died)
}

/// A text as a form may have it; `choice` says how.
fn written(text: &str, choice: u8) -> String {
    let one = |byte: u8| match byte {
        b' ' if choice & 2 == 0 => "+".to_owned(),
        _ if byte.is_ascii_alphanumeric() && choice & 4 == 0 => char::from(byte).to_string(),
        _ if choice & 8 == 0 => format!("%{byte:02x}"),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

/// Bytes as a text of what is allowed in it.
fn letters(bytes: &[u8], is_allowed: impl Fn(u8) -> bool) -> String {
    let letter = |byte: &u8| char::from(if is_allowed(*byte) { *byte } else { b'a' + byte % 26 });
    bytes.iter().map(letter).collect()
}

/// What names and paths are made of.
fn is_of_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// In their order. What is all taken by clients who have just gone is not there yet.
fn statuses(answers: &[Answer]) -> Vec<u16> {
    let status = |answer: &Answer| if answer.status == 503 { 200 } else { answer.status };
    answers.iter().map(status).collect()
}

/// What every answer is like.
fn judge(answer: &Answer) {
    let known = [100, 200, 301, 304, 400, 401, 403, 404, 408, 411, 413, 414, 431, 503];
    assert!(known.contains(&answer.status), "{answer:?}");
    for (name, _) in &answer.headers {
        assert!(HEADERS.split(' ').any(|known| known == name), "{name}: {answer:?}");
    }
    let is_endless = answer.header("content-length").is_none();
    assert!(answer.is_whole || is_endless, "{answer:?}");
    let kind = answer.header("content-type").unwrap_or("text/plain");
    assert!(KINDS.contains(&kind), "{answer:?}");
    if kind.starts_with("text/html") {
        html::judge(str::from_utf8(&answer.body).expect("a page of text"));
    }
    if kind.starts_with("text/xml") {
        MethodResponse::read(&answer.body).expect("an answer that can be read");
    }
    if let Some(location) = answer.header("location") {
        let (_, message) = location.split_once("/?message=").expect("the way back");
        let is_quoted = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-~/%".contains(&byte);
        assert!(message.bytes().all(is_quoted), "{location}");
    }
}

const KINDS: [&str; 11] = [
    "application/json",
    "image/png",
    "image/svg+xml",
    "text/css; charset=utf-8",
    "text/event-stream",
    "text/html",
    "text/html;charset=utf-8",
    "text/javascript; charset=utf-8",
    "text/plain",
    "text/plain;charset=utf-8",
    "text/xml",
];

const HEADERS: &str = "cache-control connection content-length content-security-policy content-type date etag expires \
                       last-modified location pragma referrer-policy server transfer-encoding www-authenticate \
                       x-accel-buffering x-content-type-options x-frame-options";

/// What somebody is told who has not shown who it is: nothing.
fn judge_refusal(answer: &Answer) {
    assert!(matches!(answer.status, 400 | 401 | 414 | 431), "{answer:?}");
    let body = String::from_utf8_lossy(&answer.body);
    let (before, after) = ("<head>\r\n<title>Error response</title>", "\r\n</body>\r\n");
    let is_plain = body.starts_with(before) && body.ends_with(after) && body.len() < 200;
    assert!(body.is_empty() || is_plain, "{body}");
}

thread_local! {
    // Not dropped at the end of the thread: tokio cannot be, then.
    static THEATRE: RefCell<ManuallyDrop<Theatre>> =
        RefCell::new(ManuallyDrop::new(Theatre::new()));
}

// The first byte chooses the server or the game, the second how it is played: most often how long the pieces are.
fuzz_target!(|data: &[u8]| THEATRE.with_borrow_mut(|theatre| theatre.play(data)));
