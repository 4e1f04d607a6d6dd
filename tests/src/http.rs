//! A client that says exactly what it is told to say.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use crate::PATIENCE;

/// What a server answered.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The lines of the head after the first.
    pub head: String,
    /// The body, as it came.
    pub body: String,
}

impl Reply {
    /// A header; empty if it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(header, _)| header.eq_ignore_ascii_case(name))
            .map_or("", |(_, value)| value.trim())
    }
}

/// Sends one request to 127.0.0.1 and reads the answer, to its length or until the server closes. `headers` are whole lines; `Host`, `Content-Length`
/// and `Connection: close` are added unless they are there.
///
/// # Panics
/// If nobody answers.
#[must_use]
pub fn http(port: u16, method: &str, target: &str, headers: &[&str], body: &str) -> Reply {
    let mut request = format!("{method} {target} HTTP/1.1\r\n");
    let has = |name: &str| headers.iter().any(|line| line.starts_with(name));
    if !has("Host:") {
        request += &format!("Host: 127.0.0.1:{port}\r\n");
    }
    if !has("Content-Length:") && (method == "POST" || !body.is_empty()) {
        request += &format!("Content-Length: {}\r\n", body.len());
    }
    for line in headers {
        request += &format!("{line}\r\n");
    }
    request += &format!("Connection: close\r\n\r\n{body}");
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a server");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    stream.write_all(request.as_bytes()).expect("a server that reads");
    let mut answer = BufReader::new(stream);
    let mut first = String::new();
    answer.read_line(&mut first).expect("an answer");
    let status = first.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
    let mut reply = Reply { status, head: String::new(), body: String::new() };
    while answer.read_line(&mut reply.head).is_ok_and(|count| count > 2) {}
    let mut body = Vec::new();
    // Not every server closes when it is asked to.
    let length = reply.header("Content-Length").parse().unwrap_or(u64::MAX);
    answer.take(length).read_to_end(&mut body).expect("a body");
    reply.body = String::from_utf8_lossy(&body).into_owned();
    reply
}
