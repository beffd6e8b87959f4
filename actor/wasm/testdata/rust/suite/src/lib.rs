//! Plugin suite is the suite plugin of package actortest, as a Rust guest: its doc describes the commands. The tests
//! of this runtime add some: about, value, again and later.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use pelton::{Handler, Keeper, Message, Out, Setup, State, Verdict};

#[derive(Default)]
struct Suite {
    count: u64,
    hoard: Vec<Vec<u8>>,
    saves: String,
}

pelton::handler!(Suite, keep);

impl Handler for Suite {
    fn start(setup: &mut Setup) -> Result<Self, String> {
        setup.output("out", "text/plain");
        setup.output("echo", "");
        match setup.text("fail", "")? {
            words if words.is_empty() => Ok(Suite::default()),
            words => Err(words),
        }
    }

    fn handle(&mut self, m: &Message, out: &mut Out) -> Verdict {
        self.count += 1;
        let mut verdict = Verdict::ack();
        for command in String::from_utf8_lossy(m.payload()).split(';') {
            let (word, rest) = command.split_once(' ').unwrap_or((command, ""));
            if let Some(v) = decide(word, rest) {
                verdict = v;
            } else if !self.act(m, out, word, rest) {
                return Verdict::dead(format!("unknown command {}", word));
            }
        }
        verdict
    }
}

impl Keeper for Suite {
    fn save(&mut self) -> Result<State, String> {
        let (word, rest) = self.saves.split_once(' ').unwrap_or((&self.saves, ""));
        let mut state = State { version: 1, bytes: self.count.to_string().into_bytes() };
        match word {
            "refuse" => return Err(rest.to_owned()),
            "big" => state.bytes.resize(rest.parse().unwrap_or(0), b' '),
            "version" => state.version = rest.parse().unwrap_or(0),
            "trap" => panic!("the suite's trap"),
            "loop" => spin(),
            _ => {}
        }
        Ok(state)
    }

    fn load(&mut self, version: u32, state: &[u8]) -> Result<(), String> {
        match version {
            1 => self.count = String::from_utf8_lossy(state).trim().parse().map_err(|_| "it is no number")?,
            3 => panic!("the suite's trap"),
            _ => return Err(format!("version {} is too new", version)),
        }
        Ok(())
    }
}

/// One number with a unit of ms, s, m or h.
fn duration(text: &str) -> Duration {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let n = text[..digits].parse().unwrap_or(0);
    match &text[digits..] {
        "ms" => Duration::from_millis(n),
        "m" => Duration::from_secs(n * 60),
        "h" => Duration::from_secs(n * 3600),
        _ => Duration::from_secs(n),
    }
}

/// The commands that give a verdict.
fn decide(word: &str, rest: &str) -> Option<Verdict> {
    Some(match word {
        "ack" => Verdict::ack(),
        "retry" => Verdict::retry(duration(rest)),
        "defer" => Verdict::defer(pelton::now() + duration(rest)),
        "dead" => Verdict::dead(rest.to_owned()),
        "hold" => Verdict::hold(duration(rest)),
        "again" => Verdict::retry(Duration::from_secs(1)).because("busy"),
        "later" => Verdict::defer(pelton::Time::from_nanos(3_600_000_000_000)).and_pass(),
        "none" => Verdict::default(),
        _ => return None,
    })
}

impl Suite {
    /// The commands that have an effect; false says that there is no such command.
    fn act(&mut self, m: &Message, out: &mut Out, word: &str, rest: &str) -> bool {
        match word {
            "emit" => emit(out, rest),
            "emit-undeclared" => out.emit("nowhere", None, "x"),
            "echo" => echo(m, out),
            "type" => out.emit_as("out", rest, None, "typed"),
            "count" => out.emit("out", None, self.count.to_string()),
            "token" => out.emit("out", None, m.hold_token()),
            "settle" => {
                let (token, word) = rest.split_once(' ').unwrap_or((rest, ""));
                let verdict = if word == "dead" { Verdict::dead("settled") } else { Verdict::ack() };
                out.settle(token, verdict).emit("out", None, "settled");
            }
            "saves" => self.saves = rest.to_owned(),
            "log" => pelton::info(rest),
            "about" => {
                let header = m.header("h").unwrap_or_default();
                out.emit("out", None, [m.id(), m.source(), m.lane(), header, m.trace()].join("|"));
            }
            "value" => {
                let or = |n: Option<i64>| n.map_or("-".to_owned(), |n| n.to_string());
                let f = m.field("f");
                let float = f.and_then(|f| f.float()).map(|x| (x * 1000.0).round() as i64);
                let text = f.map(|f| f.text()).unwrap_or_default();
                out.emit("out", None, format!("{}|{}|{}", or(f.and_then(|f| f.int())), or(float), text));
            }
            "trap" => panic!("the suite's trap"),
            "loop" => spin(),
            "hog" => hog(&mut self.hoard),
            "flood" => flood(out, &[0; 1024]),
            "drip" => flood(out, &[]),
            _ => return false,
        }
        true
    }
}

fn emit(out: &mut Out, args: &str) {
    let (n, size) = args.split_once(' ').unwrap_or((args, ""));
    let (n, size): (usize, usize) = (n.parse().unwrap_or(0), size.parse().unwrap_or(0));
    let mut payload = vec![0; size];
    for i in 0..n {
        payload.fill(b'a' + (i % 26) as u8);
        out.emit("out", Some(i.to_string().as_bytes()), &payload);
    }
}

fn echo(m: &Message, out: &mut Out) {
    let text = String::from_utf8_lossy;
    let f = m.field("f").map_or("-".into(), |v| v.text());
    let line = format!("{}|{}|{}|{}", text(m.payload()), text(m.key().unwrap_or_default()), m.attempt(), f);
    out.emit("echo", m.key(), line);
}

fn flood(out: &mut Out, payload: &[u8]) -> ! {
    loop {
        out.emit("out", None, payload);
    }
}

/// What loops work on, so that the compiler can't drop them.
static COUNTER: AtomicUsize = AtomicUsize::new(0);

fn spin() -> ! {
    loop {
        COUNTER.fetch_add(1, Relaxed);
    }
}

fn hog(hoard: &mut Vec<Vec<u8>>) -> ! {
    loop {
        hoard.push(vec![1; 1 << 20]);
        COUNTER.store(hoard.last().map_or(0, |b| b.as_ptr() as usize), Relaxed);
    }
}
