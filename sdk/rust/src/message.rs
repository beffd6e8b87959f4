use crate::host;
use crate::time::Time;
use crate::value::{Kind, Value};

/// One message offered to the plugin; borrowed until the handler returns.
pub struct Message<'a> {
    pub(crate) payload: &'a [u8],
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) attempt: u32,
    pub(crate) defers: u32,
    pub(crate) time: i64,
    pub(crate) first_seen: i64,
    pub(crate) position: u64,
    pub(crate) located: &'a [Location],
    pub(crate) index: i32,
    pub(crate) answered: bool,
}

/// Where a field is in a payload, as the ABI has it.
#[derive(Clone, Copy, Default)]
#[repr(C)]
pub(crate) struct Location {
    pub(crate) offset: u32,
    pub(crate) size: u32,
    pub(crate) kind: u32,
}

impl<'a> Message<'a> {
    /// The message's bytes.
    pub fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// The message's key, if it has one.
    pub fn key(&self) -> Option<&'a [u8]> {
        self.key
    }

    /// 1 for the first offer of this message to this plugin.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// How often this plugin deferred the message.
    pub fn defers(&self) -> u32 {
        self.defers
    }

    /// The message's own time; its arrival when it has none.
    pub fn time(&self) -> Option<Time> {
        Time::known(self.time)
    }

    /// When this plugin was first offered the message.
    pub fn first_seen(&self) -> Option<Time> {
        Time::known(self.first_seen)
    }

    /// The message's place in its lane, strictly increasing.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The value that the source's decode located under this name (`decode.fields` in the config), without parsing
    /// again. `None` when the name is not configured there or the message does not have it.
    pub fn field(&self, name: &str) -> Option<Value<'a>> {
        let i = host::field(name);
        if i < 0 {
            return None;
        }
        let at = match self.located.get(i as usize) {
            Some(at) => *at,
            None => host::locate(self.index, i),
        };
        let raw = self.payload.get(at.offset as usize..)?.get(..at.size as usize)?;
        Some(Value { kind: Kind::of(at.kind)?, raw })
    }

    /// What settles this message later, after [`crate::Verdict::hold`]: through the API, or by [`crate::Out::settle`] in
    /// the handler of a later message.
    pub fn hold_token(&self) -> String {
        host::text(self.index, 1)
    }

    /// Identifies the message for good: the same after a crash, a redelivery or a swap.
    pub fn id(&self) -> String {
        host::text(self.index, 2)
    }

    /// The message's W3C traceparent; empty when it has none.
    pub fn trace(&self) -> String {
        host::text(self.index, 3)
    }

    /// The name of the source it came from.
    pub fn source(&self) -> String {
        host::text(self.index, 4)
    }

    /// The name of the lane within the source.
    pub fn lane(&self) -> String {
        host::text(self.index, 5)
    }

    /// The first upstream header of that name.
    pub fn header(&self, name: &str) -> Option<String> {
        host::header(self.index, name)
    }
}
