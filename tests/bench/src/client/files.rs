//! Where databases are: natively in a folder that ends with its owner, in WebAssembly in memory.

use sotto_client::store::{Store, StoreKey};

/// A place for databases.
pub(super) struct Files {
    #[cfg(not(target_arch = "wasm32"))]
    folder: tempfile::TempDir,
}

impl Files {
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn new() -> Self {
        Self { folder: tempfile::TempDir::with_prefix("sotto-bench-").unwrap() }
    }

    #[cfg(target_arch = "wasm32")]
    pub(super) fn new() -> Self {
        Self {}
    }

    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn location(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// Files in memory are encrypted like those on a disk.
    #[cfg(target_arch = "wasm32")]
    pub(super) fn location(&self, name: &str) -> String {
        format!("file:{name}?vfs=multipleciphers-memvfs")
    }

    /// An encrypted store, which is there already or is made.
    pub(super) fn store(&self, name: &str) -> Store {
        open(&self.location(name))
    }

    /// A store that is gone when it is closed.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn in_memory() -> Store {
        open(":memory:")
    }

    /// One that nobody asks for again: what has no name cannot be encrypted there.
    #[cfg(target_arch = "wasm32")]
    pub(super) fn in_memory() -> Store {
        use std::sync::atomic::{AtomicU32, Ordering};

        static MADE: AtomicU32 = AtomicU32::new(0);
        open(&Self {}.location(&format!("other-{}", MADE.fetch_add(1, Ordering::Relaxed))))
    }

    /// A plain database, for baselines.
    pub(super) fn plain(&self, name: &str) -> rusqlite::Connection {
        #[cfg(not(target_arch = "wasm32"))]
        let name = &self.location(name);
        let connection = rusqlite::Connection::open(name).unwrap();
        connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;").unwrap();
        connection
    }

    /// Bytes of a database, with what was not moved into it yet.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn size(&self, name: &str) -> u64 {
        let size = |suffix| std::fs::metadata(self.location(&format!("{name}{suffix}"))).map_or(0, |file| file.len());
        size("") + size("-wal")
    }
}

fn open(location: &str) -> Store {
    Store::open(location, &StoreKey::take(&mut [7; StoreKey::LENGTH])).unwrap()
}
