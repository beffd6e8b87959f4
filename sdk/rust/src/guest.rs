//! The exports of the ABI, version 1 (docs/abi.md), for the macros. The host calls them one at a time on one thread.

use std::alloc::{alloc, dealloc, handle_alloc_error, Layout};
use std::borrow::Cow;
use std::cell::UnsafeCell;
use std::slice::from_raw_parts;

use crate::host;
use crate::host::imports::{complain, fail};
use crate::message::{Location, Message};
use crate::verdict::{ACK, DEAD};
use crate::{Handler, Keeper, Out, Reducer, Setup};

/// Where the plugin and what else outlives a call is kept.
pub struct Place<T>(UnsafeCell<Option<T>>);

// There is one thread.
unsafe impl<T> Sync for Place<T> {}

impl<T> Place<T> {
    /// Nothing yet.
    pub const fn empty() -> Place<T> {
        Place(UnsafeCell::new(None))
    }

    /// The only reference to what is there; nobody keeps it over a call.
    #[allow(clippy::mut_from_ref)]
    unsafe fn get(&self) -> &mut Option<T> {
        &mut *self.0.get()
    }
}

static WINDOW: Place<(*mut u8, Layout)> = Place::empty();

/// What the host reads after the call: reasons and states.
static ANSWERS: Place<Vec<Cow<'static, [u8]>>> = Place::empty();

/// Makes the window. It is not zeroed: the host writes before anybody reads.
pub fn window(size: usize) -> *mut u8 {
    unsafe {
        if let Some((old, layout)) = WINDOW.get().take() {
            dealloc(old, layout);
        }
        let layout = Layout::from_size_align_unchecked(size.max(16), 16);
        let new = alloc(layout);
        if new.is_null() {
            handle_alloc_error(layout);
        }
        *WINDOW.get() = Some((new, layout));
        new
    }
}

/// Starts the plugin and answers its role.
///
/// # Safety
///
/// `config` is the address of `size` bytes.
pub unsafe fn init<T>(
    place: &Place<T>,
    config: *const u8,
    size: usize,
    start: fn(&mut Setup) -> Result<T, String>,
    role: i32,
) -> i32 {
    std::panic::set_hook(Box::new(|info| {
        let words = info.payload();
        let words =
            words.downcast_ref::<&str>().copied().or_else(|| words.downcast_ref::<String>().map(|s| s.as_str()));
        let place = info.location().map(|l| format!(" ({}:{})", l.file(), l.line())).unwrap_or_default();
        complain(&format!("panic: {}{}\n", words.unwrap_or("no words"), place));
    }));
    host::reset();
    match begin(from_raw_parts(config, size), start, role) {
        Ok(plugin) => {
            *place.get() = Some(plugin);
            *ANSWERS.get() = Some(Vec::new());
            role
        }
        Err(words) => refused(&words),
    }
}

fn begin<T>(config: &[u8], start: fn(&mut Setup) -> Result<T, String>, role: i32) -> Result<T, String> {
    let mut setup = Setup::new(std::str::from_utf8(config).map_err(|_| "config: it is no UTF-8")?)?;
    let plugin = start(&mut setup)?;
    setup.finish()?;
    if role == 1 && host::outputs() == 0 {
        host::declare("default", "");
    }
    Ok(plugin)
}

/// The descriptor of a delivery.
#[repr(C)]
struct Delivery {
    payload: [u32; 2],
    key: [u32; 2],
    attempt: u32,
    defers: u32,
    time: i64,
    first_seen: i64,
    position: u64,
    after: i32,
    fields: [u32; 2],
    about: u32,
    decision: u32,
    flags: u32,
    nanos: i64,
    reason: [u32; 2],
}

const ABSENT: u32 = u32::MAX;

/// The response that a delivery awaited is there.
const ANSWERED: u32 = 1;

/// The part of the window at an offset and length.
unsafe fn part<'a>(refs: *mut u8, at: [u32; 2]) -> &'a [u8] {
    from_raw_parts(refs.add(at[0] as usize), at[1] as usize)
}

/// Keeps bytes until the next call and gives their address and length.
fn keep(answers: &mut Vec<Cow<'static, [u8]>>, bytes: Cow<'static, [u8]>) -> [u32; 2] {
    let at = [bytes.as_ptr() as u32, bytes.len() as u32];
    answers.push(bytes);
    at
}

/// Handles a batch.
///
/// # Safety
///
/// `refs` is the address of `n` descriptors of the ABI.
pub unsafe fn handle<P: Handler>(place: &Place<P>, refs: *mut u8, n: usize) -> i32 {
    let (plugin, answers) = match (place.get(), ANSWERS.get()) {
        (Some(plugin), Some(answers)) => (plugin, answers),
        _ => return 1,
    };
    answers.clear();
    let all = refs.cast::<Delivery>();
    for i in 0..n {
        let d = all.add(i);
        if let Ok(before) = usize::try_from((*d).after) {
            if !matches!((*all.add(before)).decision, ACK | DEAD) {
                continue; // key order: this one stays undecided
            }
        }
        let located: &[Location] = from_raw_parts(refs.add((*d).fields[0] as usize).cast(), (*d).fields[1] as usize);
        let message = Message {
            payload: part(refs, (*d).payload),
            key: if (*d).key[1] == ABSENT { None } else { Some(part(refs, (*d).key)) },
            attempt: (*d).attempt,
            defers: (*d).defers,
            time: (*d).time,
            first_seen: (*d).first_seen,
            position: (*d).position,
            located,
            index: i as i32,
            answered: (*d).about & ANSWERED != 0,
        };
        let v = plugin.handle(&message, &mut Out::of(i as i32));
        if !v.reason.is_empty() {
            (*d).reason = keep(
                answers,
                match v.reason {
                    Cow::Borrowed(s) => Cow::Borrowed(s.as_bytes()),
                    Cow::Owned(s) => Cow::Owned(s.into_bytes()),
                },
            );
        }
        (*d).nanos = v.nanos;
        (*d).flags = v.pass.into();
        (*d).decision = v.decision;
    }
    0
}

/// The descriptor of a fold.
#[repr(C)]
struct Fold {
    key: [u32; 2],
    state: [u32; 2],
    emit: [u32; 2],
    status: u32,
    next: [u32; 2],
    content_type: [u32; 2],
    zero: u32,
}

/// Folds a batch.
///
/// # Safety
///
/// `refs` is the address of `n` descriptors of the ABI.
pub unsafe fn reduce<P: Reducer>(place: &Place<P>, refs: *mut u8, n: usize) -> i32 {
    let (plugin, answers) = match (place.get(), ANSWERS.get()) {
        (Some(plugin), Some(answers)) => (plugin, answers),
        _ => return 1,
    };
    answers.clear();
    for i in 0..n {
        let f = refs.cast::<Fold>().add(i);
        let result = plugin.reduce(part(refs, (*f).key), part(refs, (*f).state), part(refs, (*f).emit));
        let (status, bytes) = match result {
            Ok(next) => (1, next),
            Err(words) => (2, words.into_bytes()),
        };
        (*f).next = keep(answers, Cow::Owned(bytes));
        (*f).status = status;
    }
    0
}

/// Saves the state into the descriptor of the ABI: its version, address and length.
///
/// # Safety
///
/// `into` is the address of three numbers.
pub unsafe fn save<P: Keeper>(place: &Place<P>, into: *mut u32) -> i32 {
    let (plugin, answers) = match (place.get(), ANSWERS.get()) {
        (Some(plugin), Some(answers)) => (plugin, answers),
        _ => return 1,
    };
    answers.clear();
    match plugin.save() {
        Ok(state) => {
            let [at, size] = keep(answers, Cow::Owned(state.bytes));
            *into.cast::<[u32; 3]>() = [state.version, at, size];
            0
        }
        Err(words) => refused(&words),
    }
}

/// Loads the state of another version.
///
/// # Safety
///
/// `state` is the address of `size` bytes.
pub unsafe fn load<P: Keeper>(place: &Place<P>, version: u32, state: *const u8, size: usize) -> i32 {
    match place.get() {
        Some(plugin) => plugin.load(version, from_raw_parts(state, size)).map_or_else(|words| refused(&words), |_| 0),
        None => 1,
    }
}

fn refused(words: &str) -> i32 {
    fail(words);
    -1
}
