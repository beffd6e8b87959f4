//! The benchmark's guest in Rust, on the raw ABI of docs/abi.md; the operations are described in guest.c.

use std::{alloc::Layout, cell::UnsafeCell, mem::size_of, slice};

#[link(wasm_import_module = "pelton")]
extern "C" {
    fn declare(name: *const u8, length: usize, kind: *const u8, kind_length: usize) -> u32;
    fn field(name: *const u8, length: usize) -> u32;
    fn emit(
        delivery: u32, output: u32, key: *const u8, key_length: u32, payload: *const u8, length: usize, kind: *const u8, kind_length: usize,
    ) -> u32;
}

#[repr(C)]
struct Descriptor {
    payload: u32,
    length: u32,
    key: u32,
    key_length: u32,
    attempt: u32,
    defers: u32,
    time: i64,
    first: i64,
    position: u64,
    after: i32,
    fields: u32,
    field_count: u32,
    reserved: u32,
    decision: u32,
    flags: u32,
    nanos: i64,
    reason: u32,
    reason_length: u32,
}

const _: () = assert!(size_of::<Descriptor>() == 88);

#[repr(C)]
struct Entry {
    offset: u32,
    length: u32,
    kind: u32,
}

const ACK: u32 = 1;
const RETRY: u32 = 2;
const NUMBER: u32 = 3;

#[derive(Default)]
struct Guest {
    op: u8,
    value: usize,
    output: u32,
    out: Vec<u8>,
}

/// A guest has one thread and its calls do not nest.
struct Cell(UnsafeCell<Option<Guest>>);
unsafe impl Sync for Cell {}
static GUEST: Cell = Cell(UnsafeCell::new(None));

#[no_mangle]
pub extern "C" fn pelton_abi() -> u32 {
    1
}

#[no_mangle]
pub extern "C" fn pelton_window(size: usize) -> *mut u8 {
    unsafe { std::alloc::alloc(Layout::from_size_align(size, 16).unwrap()) }
}

/// # Safety
/// config is lent by the host for the call.
#[no_mangle]
pub unsafe extern "C" fn pelton_init(config: *const u8, length: usize) -> i32 {
    let config = slice::from_raw_parts(config, length);
    let key = b"\"op\":\"";
    let at = config.windows(key.len()).position(|w| w == key).map_or(0, |i| i + key.len());
    let (name, kind) = ("default", "application/json");
    *GUEST.0.get() = Some(Guest {
        op: config[at],
        value: field("value".as_ptr(), 5) as usize,
        output: declare(name.as_ptr(), name.len(), kind.as_ptr(), kind.len()),
        out: Vec::new(),
    });
    1
}

fn odd(bytes: &[u8]) -> bool {
    bytes.iter().fold(0u32, |sum, &b| sum.wrapping_add(b.into())) & 1 == 1
}

impl Guest {
    fn filter(&mut self, delivery: usize, payload: &[u8], fields: &[Entry]) {
        let e = &fields[self.value];
        assert_eq!(e.kind, NUMBER);
        let text = std::str::from_utf8(&payload[e.offset as usize..][..e.length as usize]).unwrap();
        if text.parse::<f64>().unwrap() <= 50.0 {
            return;
        }
        self.out.clear();
        self.out.extend_from_slice(&payload[..payload.len() - 1]);
        self.out.extend_from_slice(b",\"level\":\"high\"}");
        unsafe { emit(delivery as u32, self.output, std::ptr::null(), u32::MAX, self.out.as_ptr(), self.out.len(), std::ptr::null(), 0) };
    }
}

/// # Safety
/// refs is the window, filled by the host as docs/abi.md says.
#[no_mangle]
pub unsafe extern "C" fn pelton_handle(refs: *mut u8, n: usize) -> i32 {
    let guest = (*GUEST.0.get()).as_mut().unwrap();
    let all = slice::from_raw_parts_mut(refs as *mut Descriptor, n);
    for i in 0..n {
        if all[i].after >= 0 && all[all[i].after as usize].decision != ACK {
            continue;
        }
        let d = &mut all[i];
        let payload = slice::from_raw_parts(refs.add(d.payload as usize), d.length as usize);
        let again = match guest.op {
            b'h' => odd(&payload[..payload.len().min(64)]),
            b's' => odd(payload),
            b'f' => {
                let fields = slice::from_raw_parts(refs.add(d.fields as usize) as *const Entry, d.field_count as usize);
                guest.filter(i, payload, fields);
                false
            }
            _ => false,
        };
        d.decision = if again { RETRY } else { ACK };
    }
    0
}
