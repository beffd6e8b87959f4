use std::marker::PhantomData;

use crate::host;
use crate::time::Time;
use crate::verdict::Verdict;

/// Takes what a handler puts out while it handles one message.
pub struct Out<'a> {
    pub(crate) delivery: i32,
    turn: PhantomData<&'a ()>,
}

impl<'a> Out<'a> {
    pub(crate) fn of(delivery: i32) -> Out<'a> {
        Out { delivery, turn: PhantomData }
    }

    /// Puts out one payload on a declared output; "" means "default". The bytes are copied. It takes effect only if the
    /// message is acked. An output that was not declared, or more bytes than `limits.output`, makes the message fail.
    pub fn emit(&mut self, output: &str, key: Option<&[u8]>, payload: impl AsRef<[u8]>) {
        self.emit_as(output, "", key, payload);
    }

    /// [`Out::emit`] with a content type other than the output's.
    pub fn emit_as(&mut self, output: &str, content_type: &str, key: Option<&[u8]>, payload: impl AsRef<[u8]>) {
        let output = host::output(if output.is_empty() { "default" } else { output });
        host::emit(self.delivery, output, key, payload.as_ref(), content_type);
    }

    /// Decides a message that was held earlier, by its token. It takes effect only if the message being handled is acked.
    /// A token that is expired or superseded is refused and counted by the wheel.
    pub fn settle(&mut self, token: &str, verdict: Verdict) -> Settlement<'a> {
        Settlement(Out::of(host::settle(self.delivery, token, &verdict)))
    }
}

/// A decision on a held message; what is emitted through it is an emit of that message.
pub struct Settlement<'a>(Out<'a>);

impl Settlement<'_> {
    /// [`Out::emit`] on behalf of the held message.
    pub fn emit(&mut self, output: &str, key: Option<&[u8]>, payload: impl AsRef<[u8]>) {
        self.0.emit(output, key, payload);
    }

    /// [`Out::emit_as`] on behalf of the held message.
    pub fn emit_as(&mut self, output: &str, content_type: &str, key: Option<&[u8]>, payload: impl AsRef<[u8]>) {
        self.0.emit_as(output, content_type, key, payload);
    }
}

/// How important a line of the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Of use to the plugin's author.
    Debug,
    /// News.
    Info,
    /// Something to look at.
    Warn,
    /// Something to repair.
    Error,
}

/// Writes a line to the plugin's log. The wheel bounds the length of a line and the lines a second.
pub fn log(level: Level, line: impl AsRef<str>) {
    host::log(level as i32, line.as_ref());
}

/// [`log`] at [`Level::Debug`].
pub fn debug(line: impl AsRef<str>) {
    log(Level::Debug, line);
}

/// [`log`] at [`Level::Info`].
pub fn info(line: impl AsRef<str>) {
    log(Level::Info, line);
}

/// [`log`] at [`Level::Warn`].
pub fn warn(line: impl AsRef<str>) {
    log(Level::Warn, line);
}

/// [`log`] at [`Level::Error`].
pub fn error(line: impl AsRef<str>) {
    log(Level::Error, line);
}

/// The time.
pub fn now() -> Time {
    Time::from_nanos(host::now())
}

/// 64 random bits, not for secrets.
pub fn random() -> u64 {
    host::random()
}
