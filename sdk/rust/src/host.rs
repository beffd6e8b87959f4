//! What a plugin asks of its host: the imports of the ABI, or in tests a recorder.

use std::cell::RefCell;

use crate::http::{Request, Response};
use crate::message::Location;
use crate::verdict::Verdict;

#[cfg(target_arch = "wasm32")]
use imports as wheel;

#[cfg(not(target_arch = "wasm32"))]
use crate::trial::recorder as wheel;

/// Indices by name. A plugin has a few of each.
type Names = Vec<(String, i32)>;

thread_local! {
    static OUTPUTS: RefCell<Names> = const { RefCell::new(Vec::new()) };
    static FIELDS: RefCell<Names> = const { RefCell::new(Vec::new()) };
}

fn find(names: &Names, name: &str) -> Option<i32> {
    names.iter().find(|n| n.0 == name).map(|n| n.1)
}

/// Forgets all names, before another plugin starts on this thread.
pub(crate) fn reset() {
    OUTPUTS.with(|o| o.borrow_mut().clear());
    FIELDS.with(|f| f.borrow_mut().clear());
}

pub(crate) fn declare(name: &str, content_type: &str) {
    let index = wheel::declare(name, content_type);
    OUTPUTS.with(|o| o.borrow_mut().push((name.to_owned(), index)));
}

pub(crate) fn outputs() -> usize {
    OUTPUTS.with(|o| o.borrow().len())
}

/// The index of an output; of one that was not declared what the host says: negative, and remembered there for the
/// error.
pub(crate) fn output(name: &str) -> i32 {
    OUTPUTS.with(|o| find(&o.borrow(), name)).unwrap_or_else(|| wheel::output(name))
}

/// The index under which the host locates a field, from the first use of its name on.
pub(crate) fn field(name: &str) -> i32 {
    FIELDS.with(|f| {
        let mut names = f.borrow_mut();
        find(&names, name).unwrap_or_else(|| {
            let index = wheel::field(name);
            names.push((name.to_owned(), index));
            index
        })
    })
}

pub(crate) fn locate(delivery: i32, field: i32) -> Location {
    wheel::locate(delivery, field)
}

pub(crate) fn emit(delivery: i32, output: i32, key: Option<&[u8]>, payload: &[u8], content_type: &str) {
    wheel::emit(delivery, output, key, payload, content_type)
}

pub(crate) fn settle(delivery: i32, token: &str, verdict: &Verdict) -> i32 {
    wheel::settle(delivery, token, verdict)
}

pub(crate) fn text(delivery: i32, what: i32) -> String {
    fill(|into| wheel::text(delivery, what, into)).unwrap_or_default()
}

pub(crate) fn header(delivery: i32, name: &str) -> Option<String> {
    fill(|into| wheel::header(delivery, name, into))
}

pub(crate) fn log(level: i32, line: &str) {
    wheel::log(level, line)
}

pub(crate) fn now() -> i64 {
    wheel::now()
}

pub(crate) fn random() -> u64 {
    wheel::random()
}

pub(crate) fn kv_get(delivery: i32, key: &[u8]) -> Option<Vec<u8>> {
    wheel::kv_get(delivery, key)
}

pub(crate) fn kv_put(delivery: i32, key: &[u8], value: &[u8]) {
    wheel::kv_put(delivery, key, value)
}

pub(crate) fn kv_delete(delivery: i32, key: &[u8]) {
    wheel::kv_delete(delivery, key)
}

pub(crate) fn kv_next(delivery: i32, prefix: &[u8], after: &[u8]) -> Option<Vec<u8>> {
    wheel::kv_next(delivery, prefix, after)
}

pub(crate) fn http_request(delivery: i32, request: &Request) {
    wheel::http_request(delivery, request)
}

pub(crate) fn http_response(delivery: i32) -> Response {
    wheel::http_response(delivery)
}

fn fill(ask: impl Fn(&mut [u8]) -> i32) -> Option<String> {
    fill_bytes(ask).map(|b| String::from_utf8_lossy(&b).into_owned())
}

/// Asks for bytes of unknown length, a second time if the first buffer was too small.
fn fill_bytes(ask: impl Fn(&mut [u8]) -> i32) -> Option<Vec<u8>> {
    let mut buffer = vec![0; 256];
    loop {
        let n = usize::try_from(ask(&mut buffer)).ok()?;
        if n <= buffer.len() {
            buffer.truncate(n);
            buffer.shrink_to_fit(); // who keeps many of them should not keep the room too
            return Some(buffer);
        }
        buffer.resize(n, 0);
    }
}

/// The imports of the ABI, version 1: docs/abi.md.
#[cfg(target_arch = "wasm32")]
pub(crate) mod imports {
    use super::{fill, fill_bytes, Location, Request, Response, Verdict};
    use crate::http;

    mod raw {
        #[link(wasm_import_module = "pelton")]
        extern "C" {
            pub fn declare(name: *const u8, size: usize, content_type: *const u8, type_size: usize) -> i32;
            pub fn output(name: *const u8, size: usize) -> i32;
            pub fn field(name: *const u8, size: usize) -> i32;
            pub fn locate(delivery: i32, field: i32, into: *mut u8) -> i32;
            pub fn emit(
                delivery: i32,
                output: i32,
                key: *const u8,
                key_size: usize,
                payload: *const u8,
                payload_size: usize,
                content_type: *const u8,
                type_size: usize,
            ) -> i32;
            pub fn settle(
                delivery: i32,
                token: *const u8,
                token_size: usize,
                decision: u32,
                flags: u32,
                nanos: i64,
                reason: *const u8,
                reason_size: usize,
            ) -> i32;
            pub fn text(delivery: i32, what: i32, into: *mut u8, size: usize) -> i32;
            pub fn header(delivery: i32, name: *const u8, name_size: usize, into: *mut u8, size: usize) -> i32;
            pub fn log(level: i32, line: *const u8, size: usize);
            pub fn fail(words: *const u8, size: usize);
            pub fn now() -> i64;
            pub fn random() -> i64;

            // Those of capabilities. The linker keeps an import only where it is called, and an import of what was not
            // granted is refused: so nothing but the methods of `Kv`, `fetch` and `response` may reach these.
            pub fn kv_get(delivery: i32, key: *const u8, key_size: usize, into: *mut u8, size: usize) -> i32;
            pub fn kv_put(delivery: i32, key: *const u8, key_size: usize, value: *const u8, value_size: usize) -> i32;
            pub fn kv_delete(delivery: i32, key: *const u8, key_size: usize) -> i32;
            pub fn kv_next(
                delivery: i32,
                prefix: *const u8,
                prefix_size: usize,
                after: *const u8,
                after_size: usize,
                into: *mut u8,
                size: usize,
            ) -> i32;
            pub fn http_request(
                delivery: i32,
                method: *const u8,
                method_size: usize,
                url: *const u8,
                url_size: usize,
                headers: *const u8,
                headers_size: usize,
                body: *const u8,
                body_size: usize,
            ) -> i32;
            pub fn http_status(delivery: i32) -> i32;
            pub fn http_text(delivery: i32, what: i32, into: *mut u8, size: usize) -> i32;
        }

        #[link(wasm_import_module = "wasi_snapshot_preview1")]
        extern "C" {
            pub fn fd_write(fd: i32, pieces: *const [usize; 2], n: usize, written: *mut usize) -> i32;
        }
    }

    pub(crate) fn declare(name: &str, content_type: &str) -> i32 {
        unsafe { raw::declare(name.as_ptr(), name.len(), content_type.as_ptr(), content_type.len()) }
    }

    pub(crate) fn output(name: &str) -> i32 {
        unsafe { raw::output(name.as_ptr(), name.len()) }
    }

    pub(crate) fn field(name: &str) -> i32 {
        unsafe { raw::field(name.as_ptr(), name.len()) }
    }

    pub(crate) fn locate(delivery: i32, field: i32) -> Location {
        let mut at = Location::default();
        unsafe { raw::locate(delivery, field, (&mut at as *mut Location).cast()) };
        at
    }

    pub(crate) fn emit(delivery: i32, output: i32, key: Option<&[u8]>, payload: &[u8], content_type: &str) {
        let (key, key_size) = key.map_or((std::ptr::null(), usize::MAX), |k| (k.as_ptr(), k.len()));
        unsafe {
            raw::emit(
                delivery,
                output,
                key,
                key_size,
                payload.as_ptr(),
                payload.len(),
                content_type.as_ptr(),
                content_type.len(),
            )
        };
    }

    pub(crate) fn settle(delivery: i32, token: &str, v: &Verdict) -> i32 {
        unsafe {
            raw::settle(
                delivery,
                token.as_ptr(),
                token.len(),
                v.decision,
                v.pass.into(),
                v.nanos,
                v.reason.as_ptr(),
                v.reason.len(),
            )
        }
    }

    pub(crate) fn text(delivery: i32, what: i32, into: &mut [u8]) -> i32 {
        unsafe { raw::text(delivery, what, into.as_mut_ptr(), into.len()) }
    }

    pub(crate) fn header(delivery: i32, name: &str, into: &mut [u8]) -> i32 {
        unsafe { raw::header(delivery, name.as_ptr(), name.len(), into.as_mut_ptr(), into.len()) }
    }

    pub(crate) fn log(level: i32, line: &str) {
        unsafe { raw::log(level, line.as_ptr(), line.len()) }
    }

    pub(crate) fn fail(words: &str) {
        unsafe { raw::fail(words.as_ptr(), words.len()) }
    }

    pub(crate) fn now() -> i64 {
        unsafe { raw::now() }
    }

    pub(crate) fn random() -> u64 {
        unsafe { raw::random() as u64 }
    }

    pub(crate) fn kv_get(delivery: i32, key: &[u8]) -> Option<Vec<u8>> {
        fill_bytes(|into| unsafe { raw::kv_get(delivery, key.as_ptr(), key.len(), into.as_mut_ptr(), into.len()) })
    }

    pub(crate) fn kv_put(delivery: i32, key: &[u8], value: &[u8]) {
        unsafe { raw::kv_put(delivery, key.as_ptr(), key.len(), value.as_ptr(), value.len()) };
    }

    pub(crate) fn kv_delete(delivery: i32, key: &[u8]) {
        unsafe { raw::kv_delete(delivery, key.as_ptr(), key.len()) };
    }

    pub(crate) fn kv_next(delivery: i32, prefix: &[u8], after: &[u8]) -> Option<Vec<u8>> {
        fill_bytes(|into| unsafe {
            raw::kv_next(
                delivery,
                prefix.as_ptr(),
                prefix.len(),
                after.as_ptr(),
                after.len(),
                into.as_mut_ptr(),
                into.len(),
            )
        })
    }

    pub(crate) fn http_request(delivery: i32, r: &Request) {
        let headers = http::lines(&r.headers);
        unsafe {
            raw::http_request(
                delivery,
                r.method.as_ptr(),
                r.method.len(),
                r.url.as_ptr(),
                r.url.len(),
                headers.as_ptr(),
                headers.len(),
                r.body.as_ptr(),
                r.body.len(),
            )
        };
    }

    pub(crate) fn http_response(delivery: i32) -> Response {
        let ask =
            |what| move |into: &mut [u8]| unsafe { raw::http_text(delivery, what, into.as_mut_ptr(), into.len()) };
        let text = |what| fill(ask(what)).unwrap_or_default();
        let status = unsafe { raw::http_status(delivery) };
        http::read(status, fill_bytes(ask(1)).unwrap_or_default(), &text(2), text(3), &text(4))
    }

    /// Writes to the standard error, where the host looks for the words of a panic.
    pub(crate) fn complain(line: &str) {
        let pieces = [line.as_ptr() as usize, line.len()];
        let mut written = 0;
        unsafe { raw::fd_write(2, &pieces, 1, &mut written) };
    }
}
