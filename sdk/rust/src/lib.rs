//! The kit for writing Pelton plugins in Rust. A plugin is a small program that is compiled to WebAssembly; the runtime
//! calls it with batches of messages, and it answers each one with a verdict and emits. The crate has no dependencies.
//!
//! # Usage
//!
//! The short form is a function and the outputs that it emits to:
//!
//! ```
//! use pelton::{Message, Out, Verdict};
//!
//! fn handle(m: &Message, out: &mut Out) -> Verdict {
//!     match m.field("delay").and_then(|delay| delay.int()) {
//!         None => return Verdict::dead("delay is not a number of minutes"),
//!         Some(minutes) if minutes > 15 => out.emit("late", m.key(), m.payload()),
//!         _ => {}
//!     }
//!     Verdict::ack()
//! }
//!
//! pelton::handler!(handle, ["late"]);
//! # fn main() {}
//! ```
//!
//! A plugin with a config or state of its own is a type that implements [`Handler`]:
//!
//! ```
//! use pelton::{Handler, Message, Out, Setup, Verdict};
//!
//! struct Delays {
//!     late_after: i64,
//! }
//!
//! impl Handler for Delays {
//!     fn start(setup: &mut Setup) -> Result<Self, String> {
//!         setup.output("late", "");
//!         Ok(Delays { late_after: setup.int("late_after", 15)? })
//!     }
//!
//!     fn handle(&mut self, m: &Message, out: &mut Out) -> Verdict {
//!         if m.field("delay").and_then(|d| d.int()) > Some(self.late_after) {
//!             out.emit("late", m.key(), m.payload());
//!         }
//!         Verdict::ack()
//!     }
//! }
//!
//! pelton::handler!(Delays);
//! # fn main() {}
//! ```
//!
//! A plugin whose variables are to outlast a swap of its code implements [`Keeper`] too, and ends with
//! `pelton::handler!(Delays, keep)`.
//!
//! What folds emits into the state of a session implements [`Reducer`] and ends with [`reducer!`].
//!
//! # Ordering
//!
//! Messages of one key come in order: a message is not given to the handler while the one before it of the same key is
//! not acked or dead.
//!
//! # Ownership
//!
//! A [`Message`] and every slice it gives are borrowed until the handler returns; the compiler sees to it. What is given
//! to [`Out::emit`] is copied at once.
//!
//! # Failure
//!
//! A panic ends this instance of the plugin: nothing of the message counts, the instance is replaced, and the message is
//! offered again up to the configured number of attempts. Emits take effect only with [`Verdict::ack`]. State in `self`
//! is lost when the instance is replaced, unless a [`Keeper`] hands it over to the next version of the code; what must last belongs
//! into [`Kv`] or a session.
//!
//! # Testing
//!
//! [`trial`] runs a handler or reducer in a plain `cargo test`, without WebAssembly.
#![warn(missing_docs)]

mod config;
#[doc(hidden)]
#[cfg(target_arch = "wasm32")]
pub mod guest;
mod host;
mod http;
mod kv;
mod message;
mod out;
mod time;
mod value;
mod verdict;

#[cfg(not(target_arch = "wasm32"))]
pub mod trial;

pub use config::Setup;
pub use http::{ErrorKind, Request, Response, ResponseError};
pub use kv::{Keys, Kv};
pub use message::Message;
pub use out::{debug, error, info, log, now, random, warn, Level, Out, Settlement};
pub use time::Time;
pub use value::{Kind, Value};
pub use verdict::Verdict;

/// A plugin that decides messages. Messages come one at a time.
pub trait Handler: Sized {
    /// Reads the config and declares the outputs; without any the plugin has the one output "default". An error makes
    /// the start of the plugin fail with these words, and so does a key of the config that was not asked for.
    fn start(setup: &mut Setup) -> Result<Self, String>;

    /// Decides one message.
    fn handle(&mut self, message: &Message, out: &mut Out) -> Verdict;
}

/// A plugin that hands what it has in its variables over to its next version, where the config has
/// `state: {handover: true}`. An error of either is a failure, on which the new version starts without the state or is rolled
/// back, as the config says.
pub trait Keeper: Handler {
    /// Gives the state, between two messages of the old version, which may go on after it.
    fn save(&mut self) -> Result<State, String>;

    /// Takes the state of the version before, after the start and before the first message. `version` is of its form.
    fn load(&mut self, version: u32, state: &[u8]) -> Result<(), String>;
}

/// What a plugin has in its variables, on its way to its next version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Of the form of the bytes: a number of the plugin's own.
    pub version: u32,
    /// At most `state.max_size`.
    pub bytes: Vec<u8>,
}

/// A plugin that folds emits into the state of a session key.
pub trait Reducer: Sized {
    /// Reads the config, as [`Handler::start`]. A reducer has no outputs.
    fn start(setup: &mut Setup) -> Result<Self, String>;

    /// Gives the new state: the payload of the next snapshot. `state` is empty for a new session. An error refuses this
    /// emit; the state stays as it was.
    fn reduce(&mut self, key: &[u8], state: &[u8], emit: &[u8]) -> Result<Vec<u8>, String>;
}

/// Makes the program's plugin, once in a crate: of a type that is a [`Handler`], with `keep` behind it if it is a [`Keeper`]
/// too, or of a function and its outputs, which becomes a type with the name `FunctionPlugin`.
#[macro_export]
macro_rules! handler {
    ($function:expr, [$($output:expr),* $(,)?]) => {
        struct FunctionPlugin;

        impl $crate::Handler for FunctionPlugin {
            fn start(_setup: &mut $crate::Setup) -> Result<Self, String> {
                $(_setup.output($output, "");)*
                Ok(FunctionPlugin)
            }

            fn handle(&mut self, message: &$crate::Message, out: &mut $crate::Out) -> $crate::Verdict {
                $function(message, out)
            }
        }

        $crate::handler!(FunctionPlugin);
    };
    ($plugin:ty) => {
        $crate::exports!($plugin, 1, pelton_handle, handle, <$plugin as $crate::Handler>::start);
    };
    ($plugin:ty, keep) => {
        $crate::exports!(
            $plugin,
            1,
            pelton_handle,
            handle,
            <$plugin as $crate::Handler>::start,
            #[no_mangle]
            unsafe extern "C" fn pelton_save(into: *mut u32) -> i32 {
                $crate::guest::save(&PLUGIN, into)
            }

            #[no_mangle]
            unsafe extern "C" fn pelton_load(version: u32, state: *const u8, size: u32) -> i32 {
                $crate::guest::load(&PLUGIN, version, state, size as usize)
            }
        );
    };
}

/// Makes a type that is a [`Reducer`] the program's plugin, once in a crate.
#[macro_export]
macro_rules! reducer {
    ($plugin:ty) => {
        $crate::exports!($plugin, 2, pelton_reduce, reduce, <$plugin as $crate::Reducer>::start);
    };
}

/// The exports of the ABI, version 1: docs/abi.md.
#[doc(hidden)]
#[macro_export]
macro_rules! exports {
    ($plugin:ty, $role:expr, $export:ident, $turn:ident, $start:expr $(, $($more:item)+)?) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            static PLUGIN: $crate::guest::Place<$plugin> = $crate::guest::Place::empty();

            #[no_mangle]
            extern "C" fn pelton_abi() -> i32 {
                1
            }

            #[no_mangle]
            extern "C" fn pelton_window(size: u32) -> *mut u8 {
                $crate::guest::window(size as usize)
            }

            #[no_mangle]
            unsafe extern "C" fn pelton_init(config: *const u8, size: u32) -> i32 {
                $crate::guest::init(&PLUGIN, config, size as usize, $start, $role)
            }

            #[no_mangle]
            unsafe extern "C" fn $export(refs: *mut u8, n: u32) -> i32 {
                $crate::guest::$turn(&PLUGIN, refs, n as usize)
            }

            $($($more)+)?
        };

        // Outside WebAssembly only tests use the plugin.
        #[cfg(not(target_arch = "wasm32"))]
        const _: () = {
            #[allow(dead_code)]
            fn known() {
                let _ = $start;
            }
        };
    };
}
