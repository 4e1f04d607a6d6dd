//! Any log, and any numbers that ask for a part of it, at every address where logs are read: what comes is what
//! Supervisor's rules give, found by the plainest means.
#![no_main]

use std::fs;
use std::mem::ManuallyDrop;

use libfuzzer_sys::fuzz_target;
use visor_fuzz::answer::{Answer, position, read};
use visor_fuzz::html;
use visor_fuzz::stage::{Stage, server};
use visor_units::unit::HttpServer;
use visor_units::xmlrpc::{MethodResponse, Value};

/// The daemon says nothing in its log, and nobody runs: the logs are ours.
const CONFIGURATION: &str = "
[supervisord]
logfile=%(here)s/main.log
loglevel=critical
pidfile=%(here)s/pid
childlogdir=%(here)s
[visord]
bus=off
journal=off
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[program:cat]
command=cat
autostart=false
stdout_logfile=%(here)s/cat.out
stderr_logfile=%(here)s/cat.err
";

/// What `/logtail` begins with, and the least that the page shows.
const HEAD: usize = 1024;

/// The most that the page shows.
const MOST: usize = 1024 * 1024;

/// Bytes of the input before the log: where, how numbers are written, how often the log is repeated, two numbers.
const CHOICES: usize = 3 + 2 * 9;

/// Where a log is asked for.
#[derive(Clone, Copy, Debug)]
enum Place {
    Read(&'static str, Log),
    Tail(&'static str, Log),
    Page(Log),
    Follow(Log),
    LogTail(&'static str, Log),
}

#[derive(Clone, Copy, Debug)]
enum Log {
    Out,
    Err,
    Main,
}

const PLACES: [Place; 16] = [
    Place::Read("readProcessStdoutLog", Log::Out),
    Place::Read("readProcessLog", Log::Out),
    Place::Read("readProcessStderrLog", Log::Err),
    Place::Read("readLog", Log::Main),
    Place::Read("readMainLog", Log::Main),
    Place::Tail("tailProcessStdoutLog", Log::Out),
    Place::Tail("tailProcessLog", Log::Out),
    Place::Tail("tailProcessStderrLog", Log::Err),
    Place::Page(Log::Out),
    Place::Page(Log::Err),
    Place::Follow(Log::Out),
    Place::Follow(Log::Err),
    Place::LogTail("/logtail/cat", Log::Out),
    Place::LogTail("/logtail/cat:cat/stdout", Log::Out),
    Place::LogTail("/logtail/cat/stderr", Log::Err),
    Place::LogTail("/mainlogtail", Log::Main),
];

impl Log {
    fn file(self) -> &'static str {
        match self {
            Self::Out => "cat.out",
            Self::Err => "cat.err",
            Self::Main => "main.log",
        }
    }

    fn query(self, limit: i64) -> String {
        let channel = if matches!(self, Self::Err) { "&channel=stderr" } else { "" };
        format!("processname=cat&limit={limit}{channel}")
    }
}

/// The bytes from `offset` on, `length` of them or all; or the last ones. `None` if that means nothing.
fn part(log: &[u8], offset: i64, length: i64) -> Option<&[u8]> {
    let size = log.len() as i128;
    let (begin, end) = match (i128::from(offset), i128::from(length)) {
        (offset @ ..0, 0) => (size + offset, size),
        (offset @ 0.., 0) => (offset, size),
        (offset @ 0.., length @ 1..) => (offset, offset + length),
        _ => return None,
    };
    let within = |at: i128| at.clamp(0, size) as usize;
    Some(&log[within(begin)..within(end)])
}

/// The end of a log, and whether there was more than was asked for.
fn end(log: &[u8], offset: i64, length: i64) -> (&[u8], bool) {
    let size = log.len() as i128;
    let (mut offset, mut length) = (i128::from(offset), i128::from(length));
    let is_more = size > offset + length;
    if is_more {
        offset = size - 1;
    }
    if offset + length > size {
        if offset > size - 1 {
            length = 0;
        }
        offset = size - length;
    }
    let begin = offset.max(0);
    let within = |at: i128| at.clamp(0, size) as usize;
    (&log[within(begin)..within(begin + length.max(0))], is_more)
}

fn last(log: &[u8], count: usize) -> &[u8] {
    &log[log.len().saturating_sub(count)..]
}

fn shown(limit: i64) -> usize {
    usize::try_from(limit).map_or(HEAD, |limit| limit.clamp(HEAD, MOST))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

struct Theatre {
    stage: Stage,
    server: HttpServer,
}

impl Theatre {
    fn new() -> Self {
        let stage = Stage::new(CONFIGURATION);
        for log in [Log::Out, Log::Err, Log::Main] {
            fs::write(stage.path(log.file()), "").expect("a log");
        }
        Self { stage, server: server(None) }
    }

    /// Sends a request, and has so many bytes of a body that goes on.
    fn ask(&self, request: &str, least: usize) -> Answer {
        let is_enough = |told: &[u8]| {
            let answer = read(told).0;
            answer.status != 200 || answer.body.len() >= least
        };
        let told =
            self.stage.told_until(&self.server, std::iter::once(request.as_bytes()), is_enough);
        read(&told).0
    }

    /// The same, again if those who read before are still seen reading.
    fn follow(&self, path: &str, least: usize) -> Vec<u8> {
        loop {
            let answer = self.ask(&format!("GET {path} HTTP/1.1\r\n\r\n"), least);
            if answer.status != 503 {
                assert_eq!(answer.status, 200, "{answer:?}");
                return answer.body;
            }
            std::thread::yield_now();
        }
    }

    fn call(&self, method: &str, log: Log, numbers: [String; 2]) -> String {
        let name = match log {
            Log::Main => "",
            _ => "<param><value>cat</value></param>",
        };
        let numbers = numbers.map(|number| format!("<param><value>{number}</value></param>"));
        let call = format!(
            "<methodCall><methodName>supervisor.{method}</methodName><params>{name}{}</params></methodCall>",
            numbers.concat()
        );
        let length = call.len();
        let request = format!("POST /RPC2 HTTP/1.1\r\nContent-Length: {length}\r\n\r\n{call}");
        text(&self.ask(&request, 0).body)
    }

    fn judge(&self, place: Place, log: &[u8], (offset, length): (i64, i64), spelling: u8) {
        let spelled = [offset, length].map(|number| match spelling % 4 {
            0 => format!("<int>{number}</int>"),
            1 => format!("<i8>{number}</i8>"),
            2 => number.to_string(),
            _ => format!("<string> {number}\n</string>"),
        });
        match place {
            Place::Read(method, which) => {
                let expected = part(log, offset, length).map_or_else(
                    || MethodResponse::Fault { code: 3, string: "BAD_ARGUMENTS".to_owned() },
                    |bytes| MethodResponse::Ok(text(bytes).into()),
                );
                assert_eq!(self.call(method, which, spelled), expected.write());
            }
            Place::Tail(method, which) => {
                let (bytes, is_more) = end(log, offset, length);
                let size = i64::try_from(log.len()).expect("a size");
                let expected = Value::Array(vec![text(bytes).into(), size.into(), is_more.into()]);
                let expected = MethodResponse::Ok(expected);
                assert_eq!(self.call(method, which, spelled), expected.write());
            }
            Place::Page(which) => self.judge_page(&which.query(offset), last(log, shown(offset))),
            Place::Follow(which) => {
                let expected = last(log, shown(offset));
                let path = format!("/log?{}", which.query(offset));
                assert_eq!(self.follow(&path, expected.len()), expected);
            }
            Place::LogTail(path, _) => {
                let expected = last(log, HEAD);
                assert_eq!(self.follow(path, expected.len()), expected);
            }
        }
    }

    fn judge_page(&self, query: &str, expected: &[u8]) {
        let page = text(&self.follow(&format!("/tail.html?{query}"), 0));
        html::judge(&page);
        let begin = position(page.as_bytes(), b"<pre ").expect("a place for the text");
        let (_, rest) = page[begin..].split_once('>').expect("the end of a tag");
        let (found, _) = rest.split_once("</pre>").expect("the end of the text");
        assert_eq!(found, html::escaped(&text(expected)));
    }
}

/// A number of any size: its first byte says how large.
fn number(bytes: &[u8]) -> i64 {
    let number = i64::from_le_bytes(bytes[1..9].try_into().expect("eight bytes"));
    number >> (8 * (bytes[0] % 8))
}

thread_local! {
    // Not dropped at the end of the thread: tokio cannot be, then.
    static THEATRE: ManuallyDrop<Theatre> = ManuallyDrop::new(Theatre::new());
}

fuzz_target!(|data: &[u8]| {
    let Some((choices, log)) = data.split_at_checked(CHOICES) else { return };
    let [place, spelling, times] = [choices[0], choices[1], choices[2]];
    let numbers = (number(&choices[3..]), number(&choices[12..]));
    let place = PLACES[usize::from(place) % PLACES.len()];
    let log = log.repeat(usize::from(times % 64));
    THEATRE.with(|theatre| {
        let (Place::Read(_, which)
        | Place::Tail(_, which)
        | Place::Page(which)
        | Place::Follow(which)
        | Place::LogTail(_, which)) = place;
        fs::write(theatre.stage.path(which.file()), &log).expect("a log");
        theatre.judge(place, &log, numbers, spelling);
    });
});
