use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crate::time::{nanos, Time};

/// A plugin's one decision on one message. The default verdict decides nothing and is an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Verdict {
    pub(crate) decision: u32,
    pub(crate) pass: bool,
    pub(crate) nanos: i64,
    pub(crate) reason: Cow<'static, str>,
}

pub(crate) const ACK: u32 = 1;
const RETRY: u32 = 2;
const DEFER: u32 = 3;
pub(crate) const DEAD: u32 = 4;
const HOLD: u32 = 5;
const AWAIT: u32 = 6;

impl Verdict {
    fn of(decision: u32, nanos: i64) -> Verdict {
        Verdict { decision, nanos, ..Verdict::default() }
    }

    /// Accepts the message: its emits take effect.
    pub fn ack() -> Verdict {
        Verdict::of(ACK, 0)
    }

    /// Asks for another attempt, not before `after`; zero leaves the delay to the configured policy. It never overrides
    /// the configured number of attempts.
    pub fn retry(after: Duration) -> Verdict {
        Verdict::of(RETRY, nanos(after))
    }

    /// Asks for the message again at a time at least 100 ms ahead (see [`crate::now`]). It spends no attempt. Later
    /// messages of the key wait for it; see [`Verdict::and_pass`].
    pub fn defer(until: Time) -> Verdict {
        Verdict::of(DEFER, until.nanos())
    }

    /// Gives the message up: it is kept as a dead letter with the reason, to be looked at and replayed.
    pub fn dead(reason: impl Into<Cow<'static, str>>) -> Verdict {
        Verdict::of(DEAD, 0).because(reason)
    }

    /// Keeps the message open until it is settled by its token (see [`crate::Message::hold_token`]) or the lease ends,
    /// which offers it again.
    pub fn hold(lease: Duration) -> Verdict {
        Verdict::of(HOLD, nanos(lease))
    }

    /// What [`crate::Out::fetch`] gives.
    pub(crate) fn awaiting() -> Verdict {
        Verdict::of(AWAIT, 0)
    }

    /// The verdict with a reason, which [`Verdict::retry`] keeps for the record of the message's last failure.
    pub fn because(mut self, reason: impl Into<Cow<'static, str>>) -> Verdict {
        self.reason = reason.into();
        self
    }

    /// Lets later messages of the key overtake a deferred one.
    pub fn and_pass(mut self) -> Verdict {
        self.pass = true;
        self
    }
}

impl fmt::Display for Verdict {
    /// The verdict in a line, for example "retry(2s)" or "dead(no delay)".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wait = Duration::from_nanos(self.nanos.max(0) as u64);
        match self.decision {
            ACK => write!(f, "ack"),
            RETRY => write!(f, "retry({:?})", wait),
            DEFER => write!(f, "defer({} ns)", self.nanos),
            DEAD => write!(f, "dead({})", self.reason),
            HOLD => write!(f, "hold({:?})", wait),
            AWAIT => write!(f, "await"),
            _ => write!(f, "none"),
        }
    }
}
