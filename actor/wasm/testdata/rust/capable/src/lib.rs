//! Plugin capable is the capable plugin of package actortest, as a Rust guest: its doc describes the commands. The tests
//! of this runtime add one: header.

use std::time::Duration;

use pelton::{Handler, Message, Out, Request, Setup, Verdict};

#[derive(Default)]
struct Capable {
    /// What fetch gives, without a request.
    waits: Verdict,
}

pelton::handler!(Capable);

impl Handler for Capable {
    fn start(setup: &mut Setup) -> Result<Self, String> {
        setup.output("out", "text/plain");
        Ok(Capable::default())
    }

    fn handle(&mut self, m: &Message, out: &mut Out) -> Verdict {
        let mut verdict = Verdict::ack();
        for command in String::from_utf8_lossy(m.payload()).split(';') {
            let (word, rest) = cut(command);
            match word {
                "ack" => verdict = Verdict::ack(),
                "retry" => {
                    verdict = Verdict::retry(Duration::from_secs(rest.trim_end_matches('s').parse().unwrap_or(0)))
                }
                "dead" => verdict = Verdict::dead(rest.to_owned()),
                "emit" => out.emit("out", None, "a"),
                "trap" => panic!("the trap"),
                "fetch" => {
                    self.waits = fetch(out, rest);
                    verdict = self.waits.clone();
                }
                "await" => verdict = self.waits.clone(),
                _ if state(out, word, rest) || response(m, out, word, rest) => {}
                _ => return Verdict::dead(format!("unknown command {}", word)),
            }
        }
        verdict
    }
}

fn cut(text: &str) -> (&str, &str) {
    text.split_once(' ').unwrap_or((text, ""))
}

/// The commands that use kv.
fn state(out: &mut Out, word: &str, rest: &str) -> bool {
    let kv = out.kv();
    let (key, value) = cut(rest);
    match word {
        "get" => out.emit("out", None, kv.get(rest).unwrap_or_else(|| b"-".to_vec())),
        "put" => kv.put(key, value),
        "del" => kv.delete(rest),
        "keys" => out.emit("out", None, kv.keys(rest).collect::<Vec<_>>().join(&b'+')),
        "fill" => {
            let value = vec![0; value.parse().unwrap_or(0)];
            for i in 0..key.parse().unwrap_or(0) {
                kv.put(i.to_string(), &value);
            }
        }
        _ => return false,
    }
    true
}

fn fetch(out: &mut Out, args: &str) -> Verdict {
    let (method, rest) = cut(args);
    let (url, body) = cut(rest);
    let request = Request { method: method.to_owned(), ..Request::post(url, body) };
    out.fetch(&request.header("X-One", "1").header("X-Two", "a: b"))
}

/// The commands that read a response.
fn response(m: &Message, out: &mut Out, word: &str, rest: &str) -> bool {
    let r = m.response();
    let text = match (word, &r) {
        ("length", _) => r.map_or(0, |r| r.body.len()).to_string(),
        ("header", _) => r.as_ref().and_then(|r| r.header(rest)).unwrap_or("-").to_owned(),
        ("response", None) => "-".to_owned(),
        ("response", Some(r)) => {
            let mut text = format!("{} {}", r.status, String::from_utf8_lossy(&r.body));
            for (name, value) in &r.headers {
                text += &format!(" {}={}", name, value);
            }
            if let Some(e) = &r.error {
                text += &format!(" {} {}", e.kind, e.reason);
            }
            text
        }
        _ => return false,
    };
    out.emit("out", None, text);
    true
}
