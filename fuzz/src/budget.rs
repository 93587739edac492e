//! Bounded memory: a target ends as a crash when the code under test holds more than any input may cost.
//!
//! libFuzzer's limit on one allocation needs the hooks of a sanitizer, and so a nightly compiler; its limit on the process is
//! looked at once a second. This one is exact, and counts what Rust code allocates and nothing of libFuzzer's own.

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Argon2id at its minimum takes 19 MiB by right. Nothing else comes near: inputs are below 70 kB, the densest message that
/// keeps the limits of the contract takes about 20 MiB, and a handshake is processed on a copy of a small group.
const LIMIT: usize = 32 << 20;

static HELD: AtomicUsize = AtomicUsize::new(0);

struct Metered;

#[global_allocator]
static METERED: Metered = Metered;

impl Metered {
    fn charge(size: usize) {
        // A panic may print its backtrace, which takes more than any input.
        if HELD.fetch_add(size, Ordering::Relaxed) + size > LIMIT && !std::thread::panicking() {
            // No formatting: it might allocate.
            let _ = std::io::stderr().write_all(b"the code under test holds more than 32 MiB\n");
            std::process::abort();
        }
    }

    fn refund(size: usize) {
        HELD.fetch_sub(size, Ordering::Relaxed);
    }
}

// SAFETY: everything is passed on to the system's allocator, unchanged; the counters are beside it.
unsafe impl GlobalAlloc for Metered {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        Self::charge(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        Self::charge(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        Self::charge(new_size);
        Self::refund(layout.size());
        unsafe { System.realloc(block, layout, new_size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        Self::refund(layout.size());
        unsafe { System.dealloc(block, layout) }
    }
}
