//! The one place where the store differs between platforms: which cipher encrypts the file, and how a commit becomes
//! durable on its file system.

pub(super) use current::{DURABILITY, key_pragma, set_up};

/// SQLCipher: AES-256-CBC with HMAC-SHA-512 a page, under the raw key. A page that is not in the cache has to be decrypted
/// again, so there is more of it than SQLite's own 2 MB; in the browser SQLite is built with as much.
#[cfg(not(target_arch = "wasm32"))]
mod current {
    use std::sync::Once;

    use rusqlite::Connection;
    use zeroize::Zeroizing;

    /// SQLCipher sets itself up in the first call to SQLite, and SQLite lets other threads in before that is done: their keys would be
    /// refused. So the first call is made here, and everybody waits for it.
    pub(in super::super) fn set_up() {
        static DONE: Once = Once::new();
        DONE.call_once(|| drop(Connection::open_in_memory()));
    }

    pub(in super::super) fn key_pragma(hex: &str) -> Zeroizing<String> {
        Zeroizing::new(format!("PRAGMA key = \"x'{hex}'\";"))
    }

    pub(in super::super) const DURABILITY: &str = "
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = FULL;
        PRAGMA cache_size = -16384;
    ";
}

/// `SQLite3MultipleCiphers`: ChaCha20-Poly1305 a page, under the raw key. The OPFS file system has no shared memory for a
/// write-ahead log; one worker owns the file, so the lock is taken once and kept.
#[cfg(target_arch = "wasm32")]
mod current {
    use zeroize::Zeroizing;

    /// There is one thread.
    pub(in super::super) fn set_up() {}

    pub(in super::super) fn key_pragma(hex: &str) -> Zeroizing<String> {
        Zeroizing::new(format!("PRAGMA cipher = 'chacha20'; PRAGMA key = 'raw:{hex}';"))
    }

    pub(in super::super) const DURABILITY: &str = "
        PRAGMA locking_mode = EXCLUSIVE;
        PRAGMA journal_mode = TRUNCATE;
        PRAGMA synchronous = FULL;
    ";
}
