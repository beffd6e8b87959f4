use std::fmt;

use crate::host;
use crate::verdict::Verdict;
use crate::{Message, Out};

/// What a plugin asks of the world by HTTP. The config grants it by `capabilities: {http: {allow: [HOST:PORT]}}`; a plugin
/// that uses it and was not granted it does not start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The method; empty means GET.
    pub method: String,
    /// The place, absolute; its host and port must be allowed.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The bytes that go with it.
    pub body: Vec<u8>,
}

impl Request {
    /// A request by GET, without headers and body.
    pub fn get(url: impl Into<String>) -> Request {
        Request { url: url.into(), ..Request::default() }
    }

    /// A request by POST, without headers.
    pub fn post(url: impl Into<String>, body: impl Into<Vec<u8>>) -> Request {
        Request { method: "POST".to_owned(), url: url.into(), body: body.into(), ..Request::default() }
    }

    /// The request with one header more.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Request {
        self.headers.push((name.into(), value.into()));
        self
    }
}

impl Out<'_> {
    /// Makes a request and gives the verdict to return. The instance does not wait: the message is offered again when the
    /// response is there, which [`Message::response`] gives then, and spends no attempt. Emits of the message so far are
    /// discarded.
    ///
    /// The response is lost with a restart or a swap, and the handler sees the message without one again: it starts over,
    /// so a request may be made more than once. A handler may fetch again after a response, up to `max_requests` times.
    pub fn fetch(&mut self, request: &Request) -> Verdict {
        host::http_request(self.delivery, request);
        Verdict::awaiting()
    }
}

/// The answer to a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The status; of a request that failed, 0 unless it was read.
    pub status: u16,
    /// Names and values, in the order of the answer.
    pub headers: Vec<(String, String)>,
    /// The bytes; all of them if there is no error.
    pub body: Vec<u8>,
    /// Why the request failed.
    pub error: Option<ResponseError>,
}

impl Response {
    /// The first header of that name, in whatever case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|h| h.0.eq_ignore_ascii_case(name)).map(|h| h.1.as_str())
    }
}

/// Why a request failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseError {
    /// What kind of failure it is.
    pub kind: ErrorKind,
    /// More about it, for people.
    pub reason: String,
}

impl fmt::Display for ResponseError {
    /// The failure in a line, for example "timeout: no answer within 10s".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.reason)
    }
}

impl std::error::Error for ResponseError {}

/// The kinds of failure. It may help to try again after a timeout, or where nobody answered; return [`Verdict::retry`] for
/// that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The config does not allow it, or where it was redirected to.
    Refused,
    /// It is no request that can be made.
    Invalid,
    /// No whole answer in time.
    Timeout,
    /// Nobody answered, or not to the end.
    Unreachable,
    /// The answer is larger than the config allows.
    TooLarge,
    /// One that this version of the crate does not know.
    Other,
}

const KINDS: [(&str, ErrorKind); 6] = [
    ("refused", ErrorKind::Refused),
    ("invalid", ErrorKind::Invalid),
    ("timeout", ErrorKind::Timeout),
    ("unreachable", ErrorKind::Unreachable),
    ("too_large", ErrorKind::TooLarge),
    ("other", ErrorKind::Other),
];

impl fmt::Display for ErrorKind {
    /// The ABI's word for it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(KINDS.iter().find(|k| k.1 == *self).map_or("", |k| k.0))
    }
}

impl Message<'_> {
    /// The answer to the request that this message made with [`Out::fetch`]; `None` while there is none.
    pub fn response(&self) -> Option<Response> {
        if self.answered {
            Some(host::http_response(self.index))
        } else {
            None
        }
    }
}

/// The lines "NAME: VALUE" of the ABI.
#[cfg(target_arch = "wasm32")]
pub(crate) fn lines(headers: &[(String, String)]) -> String {
    headers.iter().map(|(name, value)| format!("{}: {}\n", name, value)).collect()
}

/// A response of the ABI's parts.
#[cfg(target_arch = "wasm32")]
pub(crate) fn read(status: i32, body: Vec<u8>, error: &str, reason: String, headers: &str) -> Response {
    let split = |line: &str| line.split_once(": ").map(|(n, v)| (n.to_owned(), v.to_owned()));
    let kind = KINDS.iter().find(|k| k.0 == error).map_or(ErrorKind::Other, |k| k.1);
    Response {
        status: u16::try_from(status).unwrap_or(0),
        headers: headers.split('\n').filter_map(split).collect(),
        body,
        error: if error.is_empty() { None } else { Some(ResponseError { kind, reason }) },
    }
}
