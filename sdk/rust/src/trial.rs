//! Runs a plugin in a plain `cargo test`, without WebAssembly or a wheel. Key order, limits and policies are the wheel's
//! and not part of it.
//!
//! ```
//! use pelton::trial::{self, Sample};
//! use pelton::{Message, Out, Verdict};
//!
//! fn handle(m: &Message, out: &mut Out) -> Verdict {
//!     out.emit("loud", m.key(), m.payload().to_ascii_uppercase());
//!     Verdict::ack()
//! }
//!
//! pelton::handler!(handle, ["loud"]);
//!
//! let results = trial::handle::<FunctionPlugin>("", &[Sample { payload: b"hello", ..Sample::default() }]).unwrap();
//! assert_eq!(results[0].emits[0].payload, b"HELLO");
//! ```

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::host;
use crate::message::Message;
use crate::value::{Kind, Value};
use crate::verdict::ACK;
use crate::{Handler, Out, Reducer, Request, Response, Setup, Verdict};

/// A message for a trial. The default of each field is what a message without it has; attempt 0 counts as 1.
#[derive(Clone, Copy, Default)]
pub struct Sample<'a> {
    /// The message's bytes.
    pub payload: &'a [u8],
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// What the decode layer would have located; the raw bytes are found in the payload.
    pub fields: &'a [(&'a str, Value<'a>)],
    /// Upstream headers.
    pub headers: &'a [(&'a str, &'a str)],
    /// The attempt.
    pub attempt: u32,
    /// How often it was deferred.
    pub defers: u32,
    /// Its time, nanoseconds since 1970.
    pub time: Option<i64>,
    /// When it was first offered, nanoseconds since 1970.
    pub first_seen: Option<i64>,
    /// Its place in its lane.
    pub position: u64,
    /// To the request that the message made before.
    pub response: Option<&'a Response>,
    /// Its id; also the hold token, with "/" and the attempt behind it.
    pub id: &'a str,
}

/// A located field that holds a number.
pub fn number(digits: &str) -> Value<'_> {
    Value { kind: Kind::Number, raw: digits.as_bytes() }
}

/// A located field that holds a text.
pub fn text(text: &str) -> Value<'_> {
    Value { kind: Kind::String, raw: text.as_bytes() }
}

/// What a handler did with one sample.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trial {
    /// Its decision.
    pub verdict: Verdict,
    /// What it asked for with [`Out::fetch`].
    pub request: Option<Request>,
    /// The plugin's [`crate::Kv`] after it. A trial begins with none, and a sample that is not acked changes nothing.
    pub state: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Its emits.
    pub emits: Vec<Emitted>,
    /// Its decisions on held messages.
    pub settlements: Vec<Settled>,
}

/// One emit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emitted {
    /// The output's name.
    pub output: String,
    /// The content type; empty is the output's.
    pub content_type: String,
    /// The key.
    pub key: Option<Vec<u8>>,
    /// The bytes.
    pub payload: Vec<u8>,
}

/// One decision on a held message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// What names the held message.
    pub token: String,
    /// The decision.
    pub verdict: Verdict,
    /// Emits on its behalf.
    pub emits: Vec<Emitted>,
}

#[derive(Default)]
struct Recorder {
    outputs: Vec<String>,
    names: Vec<String>,
    fields: Vec<(String, u32, Vec<u8>)>,
    headers: Vec<(String, String)>,
    payload: Vec<u8>,
    id: String,
    attempt: u32,
    response: Option<Response>,
    trial: Trial,
    error: Option<String>,
    lines: Vec<String>,
}

thread_local! {
    static RECORDER: RefCell<Recorder> = RefCell::new(Recorder::default());
}

fn start<T>(config: &str, start: fn(&mut Setup) -> Result<T, String>) -> Result<T, String> {
    RECORDER.with(|r| *r.borrow_mut() = Recorder::default());
    host::reset();
    let mut setup = Setup::new(if config.is_empty() { "{}" } else { config })?;
    let plugin = start(&mut setup)?;
    setup.finish()?;
    Ok(plugin)
}

/// Starts the handler with this config (a JSON object, "" for none) and gives it the samples one by one. An emit to an
/// undeclared output is an error, as it is in the wheel.
pub fn handle<P: Handler>(config: &str, samples: &[Sample]) -> Result<Vec<Trial>, String> {
    let mut plugin = start(config, P::start)?;
    if host::outputs() == 0 {
        host::declare("default", "");
    }
    let mut trials: Vec<Trial> = Vec::new();
    for (i, s) in samples.iter().enumerate() {
        let attempt = s.attempt.max(1);
        let state = trials.last().map(|t| t.state.clone()).unwrap_or_default();
        RECORDER.with(|r| r.borrow_mut().prepare(s, attempt, state.clone()));
        let message = Message {
            payload: s.payload,
            key: s.key,
            attempt,
            defers: s.defers,
            time: s.time.unwrap_or(i64::MIN),
            first_seen: s.first_seen.unwrap_or(i64::MIN),
            position: s.position,
            located: &[],
            index: 0,
            answered: s.response.is_some(),
        };
        let verdict = plugin.handle(&message, &mut Out::of(0));
        let (mut trial, error) = RECORDER.with(|r| {
            let mut r = r.borrow_mut();
            (std::mem::take(&mut r.trial), r.error.take())
        });
        if let Some(words) = error {
            return Err(format!("sample {}: {}", i, words));
        }
        if verdict.decision != ACK {
            trial.state = state;
        }
        trial.verdict = verdict;
        trials.push(trial);
    }
    Ok(trials)
}

/// Starts the reducer with this config and folds the emits of one key from no state. Gives the state after each emit.
pub fn reduce<P: Reducer>(config: &str, key: &str, emits: &[&[u8]]) -> Result<Vec<Vec<u8>>, String> {
    let mut plugin = start(config, P::start)?;
    let mut states: Vec<Vec<u8>> = Vec::new();
    for (i, emit) in emits.iter().enumerate() {
        let state = states.last().map_or(&[] as &[u8], |s| s);
        let next = plugin.reduce(key.as_bytes(), state, emit).map_err(|e| format!("emit {}: {}", i, e))?;
        states.push(next);
    }
    Ok(states)
}

/// The lines that the plugin of this thread logged since it started, as "info: LINE".
pub fn log() -> Vec<String> {
    RECORDER.with(|r| r.borrow().lines.clone())
}

impl Recorder {
    fn prepare(&mut self, s: &Sample, attempt: u32, state: BTreeMap<Vec<u8>, Vec<u8>>) {
        let own = |v: &Value| (v.kind as u32 + 1, v.raw.to_vec());
        self.fields = s.fields.iter().map(|(n, v)| ((*n).to_owned(), own(v).0, own(v).1)).collect();
        self.headers = s.headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        self.payload = s.payload.to_vec();
        self.id = s.id.to_owned();
        self.attempt = attempt;
        self.response = s.response.cloned();
        self.trial.state = state;
    }
}

/// The wheel of a trial.
pub(crate) mod recorder {
    use super::{Emitted, Request, Response, Settled, Verdict, RECORDER};
    use crate::message::Location;

    pub(crate) fn declare(name: &str, _content_type: &str) -> i32 {
        RECORDER.with(|r| {
            let outputs = &mut r.borrow_mut().outputs;
            outputs.push(name.to_owned());
            outputs.len() as i32 - 1
        })
    }

    pub(crate) fn output(name: &str) -> i32 {
        RECORDER.with(|r| {
            let mut r = r.borrow_mut();
            let words = format!(
                "emit to output {:?}, which the plugin does not declare (it declares {})",
                name,
                r.outputs.join(", ")
            );
            r.error.get_or_insert(words);
        });
        -1
    }

    pub(crate) fn field(name: &str) -> i32 {
        RECORDER.with(|r| {
            let names = &mut r.borrow_mut().names;
            names.push(name.to_owned());
            names.len() as i32 - 1
        })
    }

    /// Finds the field's bytes in the payload, of which a located field is always a part.
    pub(crate) fn locate(_delivery: i32, field: i32) -> Location {
        RECORDER.with(|r| {
            let mut r = r.borrow_mut();
            let name = r.names[field as usize].clone();
            let (kind, raw) = match r.fields.iter().find(|f| f.0 == name) {
                Some(f) => (f.1, f.2.clone()),
                None => return Location::default(),
            };
            let size = raw.len();
            match (0..=r.payload.len().saturating_sub(size)).find(|&at| r.payload[at..].starts_with(&raw)) {
                Some(at) => Location { offset: at as u32, size: size as u32, kind },
                None => {
                    r.error = Some(format!("field {:?}: its value is not part of the payload", name));
                    Location::default()
                }
            }
        })
    }

    pub(crate) fn emit(delivery: i32, output: i32, key: Option<&[u8]>, payload: &[u8], content_type: &str) {
        RECORDER.with(|r| {
            let mut r = r.borrow_mut();
            let output = match r.outputs.get(output as usize) {
                Some(name) => name.clone(),
                None => return,
            };
            let emitted = Emitted {
                output,
                content_type: content_type.to_owned(),
                key: key.map(|k| k.to_vec()),
                payload: payload.to_vec(),
            };
            if delivery < 0 {
                r.trial.settlements[(-1 - delivery) as usize].emits.push(emitted);
            } else {
                r.trial.emits.push(emitted);
            }
        })
    }

    pub(crate) fn settle(_delivery: i32, token: &str, verdict: &Verdict) -> i32 {
        RECORDER.with(|r| {
            let settlements = &mut r.borrow_mut().trial.settlements;
            settlements.push(Settled { token: token.to_owned(), verdict: verdict.clone(), emits: Vec::new() });
            -(settlements.len() as i32)
        })
    }

    fn answer(into: &mut [u8], text: &str) -> i32 {
        let n = text.len().min(into.len());
        into[..n].copy_from_slice(&text.as_bytes()[..n]);
        text.len() as i32
    }

    pub(crate) fn text(_delivery: i32, what: i32, into: &mut [u8]) -> i32 {
        RECORDER.with(|r| {
            let r = r.borrow();
            match what {
                1 => answer(into, &format!("{}/{}", r.id, r.attempt)),
                2 => answer(into, &r.id),
                _ => 0,
            }
        })
    }

    pub(crate) fn header(_delivery: i32, name: &str, into: &mut [u8]) -> i32 {
        RECORDER.with(|r| r.borrow().headers.iter().find(|h| h.0 == name).map_or(-1, |h| answer(into, &h.1)))
    }

    pub(crate) fn kv_get(_delivery: i32, key: &[u8]) -> Option<Vec<u8>> {
        RECORDER.with(|r| r.borrow().trial.state.get(key).cloned())
    }

    pub(crate) fn kv_put(_delivery: i32, key: &[u8], value: &[u8]) {
        RECORDER.with(|r| r.borrow_mut().trial.state.insert(key.to_vec(), value.to_vec()));
    }

    pub(crate) fn kv_delete(_delivery: i32, key: &[u8]) {
        RECORDER.with(|r| r.borrow_mut().trial.state.remove(key));
    }

    pub(crate) fn kv_next(_delivery: i32, prefix: &[u8], after: &[u8]) -> Option<Vec<u8>> {
        RECORDER.with(|r| {
            let r = r.borrow();
            let mut keys = r.trial.state.keys();
            keys.find(|k| k.starts_with(prefix) && k.as_slice() > after).cloned()
        })
    }

    pub(crate) fn http_request(_delivery: i32, request: &Request) {
        RECORDER.with(|r| r.borrow_mut().trial.request = Some(request.clone()));
    }

    pub(crate) fn http_response(_delivery: i32) -> Response {
        RECORDER.with(|r| r.borrow().response.clone().unwrap_or_default())
    }

    pub(crate) fn log(level: i32, line: &str) {
        let level = ["debug", "info", "warn", "error"][level as usize];
        RECORDER.with(|r| r.borrow_mut().lines.push(format!("{}: {}", level, line)));
    }

    pub(crate) fn now() -> i64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.map_or(0, |d| d.as_nanos() as i64)
    }

    pub(crate) fn random() -> u64 {
        use std::hash::{BuildHasher, Hasher};
        std::collections::hash_map::RandomState::new().build_hasher().finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ErrorKind, ResponseError};

    struct Names;

    impl Handler for Names {
        fn start(_setup: &mut Setup) -> Result<Self, String> {
            Ok(Names)
        }

        fn handle(&mut self, m: &Message, out: &mut Out) -> Verdict {
            let kv = out.kv();
            kv.put("tries", "1");
            let name = match (kv.get(m.payload()), m.response()) {
                (Some(name), _) => name,
                (None, None) => return out.fetch(&Request::get("https://a/").header("A", "b")),
                (None, Some(r)) if r.error.is_some() => return Verdict::dead(r.error.unwrap().to_string()),
                (None, Some(r)) => r.body,
            };
            kv.put(m.payload(), name);
            kv.delete("tries");
            for key in out.kv().keys("") {
                out.emit("", None, key);
            }
            Verdict::ack()
        }
    }

    #[test]
    fn state_and_requests_are_tried() {
        let answer = Response {
            status: 200,
            headers: vec![("Content-Type".to_owned(), "text/plain".to_owned())],
            body: b"Ann".to_vec(),
            error: None,
        };
        assert_eq!(answer.header("content-type"), Some("text/plain"));
        let late = ResponseError { kind: ErrorKind::Timeout, reason: "10s".to_owned() };
        let failure = Response { error: Some(late), ..Response::default() };
        let sample = |payload, response| Sample { payload, response, ..Sample::default() };
        let t = handle::<Names>(
            "",
            &[sample(b"a", None), sample(b"a", Some(&failure)), sample(b"a", Some(&answer)), sample(b"a", None)],
        )
        .unwrap();
        assert_eq!(t[0].request, Some(Request::get("https://a/").header("A", "b")));
        assert_eq!((t[0].verdict.to_string().as_str(), t[0].state.len()), ("await", 0));
        assert_eq!((t[1].verdict.to_string().as_str(), t[1].state.len()), ("dead(timeout: 10s)", 0));
        assert_eq!(t[2].state, BTreeMap::from([(b"a".to_vec(), b"Ann".to_vec())]));
        assert_eq!((t[3].emits.len(), t[3].emits[0].payload.as_slice()), (1, b"a".as_slice()));
        assert_eq!((t[3].request.is_none(), &t[3].state), (true, &t[2].state));
    }
}
