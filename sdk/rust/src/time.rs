use std::ops::{Add, Sub};
use std::time::Duration;

/// A time, as nanoseconds since 1970 UTC. (`std::time` has no clock in WebAssembly.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl Time {
    /// The time so many nanoseconds after 1970 UTC.
    pub const fn from_nanos(nanos: i64) -> Time {
        Time(nanos)
    }

    /// Nanoseconds since 1970 UTC.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// What the ABI's smallest number stands for.
    pub(crate) fn known(nanos: i64) -> Option<Time> {
        if nanos == i64::MIN {
            None
        } else {
            Some(Time(nanos))
        }
    }
}

pub(crate) fn nanos(d: Duration) -> i64 {
    i64::try_from(d.as_nanos()).unwrap_or(i64::MAX)
}

impl Add<Duration> for Time {
    type Output = Time;

    fn add(self, d: Duration) -> Time {
        Time(self.0.saturating_add(nanos(d)))
    }
}

impl Sub<Duration> for Time {
    type Output = Time;

    fn sub(self, d: Duration) -> Time {
        Time(self.0.saturating_sub(nanos(d)))
    }
}

impl Sub for Time {
    type Output = Duration;

    /// How long `earlier` is ago; zero if it is not earlier.
    fn sub(self, earlier: Time) -> Duration {
        Duration::from_nanos(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}
