//! Plugin reducer is the suite reducer of package actortest, as a Rust guest: its doc describes the commands.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use pelton::{Reducer, Setup};

struct Suite;

/// What loops work on, so that the compiler can't drop them.
static COUNTER: AtomicUsize = AtomicUsize::new(0);

pelton::reducer!(Suite);

impl Reducer for Suite {
    fn start(setup: &mut Setup) -> Result<Self, String> {
        match setup.text("fail", "")? {
            words if words.is_empty() => Ok(Suite),
            words => Err(words),
        }
    }

    fn reduce(&mut self, _key: &[u8], state: &[u8], emit: &[u8]) -> Result<Vec<u8>, String> {
        let emit = String::from_utf8_lossy(emit);
        let (word, rest) = emit.split_once(' ').unwrap_or((&emit, ""));
        match word {
            "refuse" => return Err(rest.to_owned()),
            "big" => return Ok(vec![b'x'; rest.parse().unwrap_or(0)]),
            "trap" => panic!("the reducer's trap"),
            "loop" => loop {
                COUNTER.fetch_add(1, Relaxed);
            },
            "hog" => {
                let mut hoard = Vec::new();
                loop {
                    hoard.push(vec![1_u8; 1 << 20]);
                    COUNTER.store(hoard.last().map_or(0, |b| b.as_ptr() as usize), Relaxed);
                }
            }
            _ => {}
        }
        let n: i64 = word.parse().map_err(|_| format!("{} is no number", word))?;
        let old: i64 = std::str::from_utf8(state).unwrap_or_default().parse().unwrap_or(0);
        Ok((old + n).to_string().into_bytes())
    }
}
