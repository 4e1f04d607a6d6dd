//! Answers, read as a strict client reads them: what is not HTTP panics.

/// One answer.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// As much of the body as there is.
    pub body: Vec<u8>,
    /// Whether that is all of it.
    pub is_whole: bool,
}

impl Answer {
    /// A header, if it is there once.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(found, _)| found == name);
        let value = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} twice: {self:?}");
        value
    }
}

/// Reads everything that was said on a connection.
pub fn read_all(mut said: &[u8]) -> Vec<Answer> {
    let mut answers = Vec::new();
    while !said.is_empty() {
        let (answer, rest) = read(said);
        answers.push(answer);
        said = rest;
    }
    answers
}

/// Reads the first answer, and gives the rest.
pub fn read(said: &[u8]) -> (Answer, &[u8]) {
    let end = position(said, b"\r\n\r\n").expect("the end of a head");
    let (head, body) = (&said[..end], &said[end + 4..]);
    let head = str::from_utf8(head).expect("a head of text");
    let is_allowed = |c: char| !c.is_control() || matches!(c, '\r' | '\n' | '\t');
    assert!(head.chars().all(is_allowed), "{head:?}");
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(status).expect("a status line");
    let headers = lines.map(header).collect();
    let mut answer = Answer { status, headers, ..Answer::default() };
    let rest = if answer.header("transfer-encoding") == Some("chunked") {
        chunks(&mut answer, body)
    } else if let Some(length) = answer.header("content-length") {
        let length: usize = length.parse().expect("a length");
        // The answer to a HEAD has none of it.
        let has_body = !body.is_empty() && !body.starts_with(b"HTTP/1.");
        let length = if has_body { length } else { 0 };
        let (own, rest) = body.split_at(length.min(body.len()));
        answer.is_whole = own.len() == length;
        answer.body = own.to_vec();
        rest
    } else if matches!(status, 100 | 304) {
        answer.is_whole = true;
        body
    } else {
        answer.body = body.to_vec();
        &[]
    };
    (answer, rest)
}

fn status(line: &str) -> Option<u16> {
    let rest = line.strip_prefix("HTTP/1.1 ").or_else(|| line.strip_prefix("HTTP/1.0 "))?;
    rest.split(' ').next()?.parse().ok()
}

fn header(line: &str) -> (String, String) {
    let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("no header: {line:?}"));
    (name.to_ascii_lowercase(), value.to_owned())
}

/// Takes pieces of a body that says of each how long it is.
fn chunks<'s>(answer: &mut Answer, mut said: &'s [u8]) -> &'s [u8] {
    while !said.is_empty() {
        let end = position(said, b"\r\n").expect("the length of a piece");
        let length = str::from_utf8(&said[..end]).ok();
        let length = length.and_then(|digits| usize::from_str_radix(digits, 16).ok());
        let length = length.unwrap_or_else(|| panic!("no length: {:?}", &said[..end]));
        let piece = &said[end + 2..];
        answer.body.extend_from_slice(&piece[..length]);
        assert_eq!(&piece[length..length + 2], b"\r\n");
        said = &piece[length + 2..];
        if length == 0 {
            answer.is_whole = true;
            break;
        }
    }
    said
}

/// Where `part` stands first.
pub fn position(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}
