use std::marker::PhantomData;

use crate::host;
use crate::Out;

/// The plugin's durable state, as the message being handled sees it: keys and values that its instances share, and that
/// survive restarts and swaps. The config grants it by `capabilities: {kv: {}}`; a plugin that uses it and was not granted
/// it does not start.
///
/// A read sees what this message changed, and what every message changed that was acked before by this instance. Changes
/// take effect with [`crate::Verdict::ack`], all of a message's or none, and once, however often the message is offered:
/// a counter counts right. Two instances of a plugin may change one key at the same time, and one change is lost then;
/// messages of one key are always handled by the same instance, so use the message's key in the state's, or one instance.
#[derive(Clone, Copy)]
pub struct Kv<'a> {
    delivery: i32,
    turn: PhantomData<&'a ()>,
}

impl<'a> Out<'a> {
    /// The plugin's durable state, as the message being handled sees it.
    pub fn kv(&self) -> Kv<'a> {
        Kv { delivery: self.delivery, turn: PhantomData }
    }
}

impl<'a> Kv<'a> {
    /// The value of a key.
    pub fn get(&self, key: impl AsRef<[u8]>) -> Option<Vec<u8>> {
        host::kv_get(self.delivery, key.as_ref())
    }

    /// Sets a key. Both are copied, and count to `limits.output`. Over that, over `capabilities.kv.max_bytes` or with a
    /// key that is empty or too long the message fails.
    pub fn put(&self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        host::kv_put(self.delivery, key.as_ref(), value.as_ref());
    }

    /// Removes a key, which need not be there.
    pub fn delete(&self, key: impl AsRef<[u8]>) {
        host::kv_delete(self.delivery, key.as_ref());
    }

    /// The keys that begin with a prefix, in the order of their bytes. Keys may be put and removed on the way.
    pub fn keys(&self, prefix: impl Into<Vec<u8>>) -> Keys<'a> {
        Keys { kv: *self, prefix: prefix.into(), last: Vec::new() }
    }
}

/// The keys of a [`Kv`] from a place on. It asks for one key after the other.
pub struct Keys<'a> {
    kv: Kv<'a>,
    prefix: Vec<u8>,
    last: Vec<u8>,
}

impl<'a> Iterator for Keys<'a> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let key = host::kv_next(self.kv.delivery, &self.prefix, &self.last)?;
        self.last.clone_from(&key);
        Some(key)
    }
}
