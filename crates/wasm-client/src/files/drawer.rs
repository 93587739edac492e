//! Where files lie in this browser: a folder of its private file system, each under a number, sealed piece by piece.
//!
//! Each begins with the time of its last use, by which those go first that nobody has looked at for the longest time.

use std::cell::{Cell, RefCell};

use js_sys::Reflect;
use rand::rngs::StdRng;
use sotto_client::engine::{FileFailure, SecretVec};
use sotto_crypto::kept::{KeptKey, PIECE_LEN, SEALED_LEN};
use wasm_bindgen::JsCast as _;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, File, FileSystemDirectoryHandle, FileSystemFileHandle};

use super::grasp::{Grasp, folder};
use super::secret;
use super::sources::{failure, read_blob};
use crate::agent::random;
use crate::failure::Failure;
use crate::time::now_ms;

/// The folder, and the key of what is in it.
pub(crate) struct Drawer {
    folder: FileSystemDirectoryHandle,
    key: KeptKey,
    rng: RefCell<StdRng>,
    /// Whether the room has ended.
    short: Cell<bool>,
}

/// A file in the drawer.
pub(crate) struct Kept {
    pub(crate) number: u64,
    pub(crate) size: u64,
    pub(crate) used_ms: f64,
}

impl Drawer {
    pub(super) async fn open(key: KeptKey) -> Result<Self, Failure> {
        let folder = folder().await.map_err(|thrown| Failure::from_js("opening the folder of files", &thrown))?;
        Ok(Self { folder, key, rng: RefCell::new(random()?), short: Cell::default() })
    }

    /// A stretch of a file, or as much of it as there is.
    pub(crate) async fn read(&self, number: u64, offset: u64, length: usize) -> Result<SecretVec, FileFailure> {
        let first = offset / PIECE_LEN as u64;
        let skipped = usize::try_from(offset % PIECE_LEN as u64).unwrap_or_default();
        let pieces = (skipped + length).div_ceil(PIECE_LEN);
        let sealed = self.read_sealed(number, LEADER_LEN + first * SEALED_LEN as u64, pieces * SEALED_LEN).await?;
        let mut content = Vec::with_capacity(pieces * PIECE_LEN);
        for (piece, sealed) in (first..).zip(sealed.expose_secret().chunks(SEALED_LEN)) {
            let piece = u32::try_from(piece).map_err(|_| FileFailure::Failed)?;
            // A piece that a crash has cut off is not there, and nor is what comes after it.
            let Ok(opened) = self.key.open(number, piece, sealed) else { break };
            content.extend_from_slice(opened.expose_secret());
        }
        content.truncate(skipped + length);
        content.drain(..skipped.min(content.len()));
        Ok(secret(content))
    }

    /// A file that is touched between being opened and being read is opened again.
    async fn read_sealed(&self, number: u64, offset: u64, length: usize) -> Result<SecretVec, FileFailure> {
        let mut read = Err(FileFailure::Changed);
        for _ in 0..TRIES {
            let file: Blob = self.look(&name_of(number)).await?.into();
            read = read_blob(&file, offset, length).await;
            if !matches!(read, Err(FileFailure::Changed)) {
                break;
            }
        }
        read
    }

    /// Writes a stretch that begins where a piece does. When the room ends the whole file goes: a browser hands out room in lumps that grow
    /// with the file that asks, and what is said needs it more than half of a file that can be fetched again.
    pub(crate) async fn write(
        &self,
        number: u64,
        offset: u64,
        content: &[u8],
        durable: bool,
    ) -> Result<(), FileFailure> {
        let first = offset / PIECE_LEN as u64;
        if !offset.is_multiple_of(PIECE_LEN as u64) {
            return Err(FileFailure::Failed);
        }
        if offset == 0 {
            self.take_reserve().await?;
        }
        let mut sealed = Vec::with_capacity(content.len().div_ceil(PIECE_LEN) * SEALED_LEN);
        for (piece, content) in (first..).zip(content.chunks(PIECE_LEN)) {
            let piece = u32::try_from(piece).map_err(|_| FileFailure::Failed)?;
            sealed.extend(self.key.seal(number, piece, content, &mut *self.rng.borrow_mut()));
        }
        let file = self.grasp(&name_of(number)).await?;
        let at = LEADER_LEN + first * SEALED_LEN as u64;
        let written = file
            .put(0, &leader())
            .and_then(|()| file.put(at, &sealed))
            .and_then(|()| if durable { file.settle() } else { Ok(()) });
        let Err(thrown) = written else { return Ok(()) };
        // A part of a stretch is of no use.
        file.cut(at);
        drop(file);
        let failure = failure(&thrown);
        if failure == FileFailure::NoRoom {
            self.make_room(number).await;
        }
        Err(failure)
    }

    /// Whether there was no room any more the last time that it mattered.
    pub(crate) fn is_short(&self) -> bool {
        self.short.get()
    }

    /// Takes a little room of which nothing is made, while there is some: the store needs it to note that the rest has ended.
    async fn take_reserve(&self) -> Result<(), FileFailure> {
        #[expect(clippy::cast_precision_loss, reason = "a few megabytes")]
        let is_there = self.look(RESERVE).await.is_ok_and(|file| file.size() >= RESERVE_LEN as f64);
        if is_there {
            return Ok(());
        }
        // Only one at a time can take it, and that is enough.
        let Ok(reserve) = self.grasp(RESERVE).await else { return Ok(()) };
        let taken = reserve.put(0, &vec![0; RESERVE_LEN]);
        drop(reserve);
        self.short.set(false);
        let Err(thrown) = taken else { return Ok(()) };
        self.give_reserve().await;
        Err(failure(&thrown))
    }

    /// Gives back what a file takes, and the reserve.
    pub(super) async fn make_room(&self, number: u64) {
        let _ = self.remove(number).await;
        self.give_reserve().await;
    }

    async fn give_reserve(&self) {
        self.short.set(true);
        // If it cannot be removed there is no other room to be had.
        let _ = JsFuture::from(self.folder.remove_entry(RESERVE)).await;
    }

    /// Returns when everything of a file is on the disk.
    pub(super) async fn settle(&self, number: u64) -> Result<(), FileFailure> {
        let name = name_of(number);
        self.look(&name).await?;
        self.grasp(&name).await?.settle().map_err(|thrown| failure(&thrown))
    }

    /// Somebody has looked at it. That it cannot be noted is nobody's loss.
    pub(crate) async fn touch(&self, number: u64) {
        let name = name_of(number);
        if self.look(&name).await.is_ok()
            && let Ok(file) = self.grasp(&name).await
        {
            let _ = file.put(0, &leader());
        }
    }

    pub(crate) async fn has(&self, number: u64) -> bool {
        self.look(&name_of(number)).await.is_ok()
    }

    pub(crate) async fn remove(&self, number: u64) -> Result<(), FileFailure> {
        let removed = JsFuture::from(self.folder.remove_entry(&name_of(number))).await;
        match removed.map_err(|thrown| failure(&thrown)) {
            Err(error) if error != FileFailure::Missing => Err(error),
            _ => Ok(()),
        }
    }

    /// Everything that is in it.
    pub(crate) async fn list(&self) -> Result<Vec<Kept>, FileFailure> {
        let names = self.folder.keys();
        let mut kept = Vec::new();
        loop {
            let next = names.next().map_err(|thrown| failure(&thrown))?;
            let next = JsFuture::from(next).await.map_err(|thrown| failure(&thrown))?;
            let get = |name: &str| Reflect::get(&next, &name.into()).unwrap_or_default();
            if get("done").is_truthy() {
                return Ok(kept);
            }
            let number = get("value").as_string().and_then(|name| u64::from_str_radix(&name, 16).ok());
            // What was removed meanwhile is not in it.
            let Some(number) = number else { continue };
            let Ok(file) = self.look(&name_of(number)).await else { continue };
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "sizes are whole and positive")]
            let size = file.size() as u64;
            kept.push(Kept { number, size, used_ms: file.last_modified() });
        }
    }

    /// The file as it is now, to be read.
    async fn look(&self, name: &str) -> Result<File, FileFailure> {
        let handle = JsFuture::from(self.folder.get_file_handle(name)).await;
        let handle: FileSystemFileHandle = handle.map_err(|thrown| failure(&thrown))?.unchecked_into();
        let file = JsFuture::from(handle.get_file()).await.map_err(|thrown| failure(&thrown))?;
        Ok(file.unchecked_into())
    }

    /// The file to be written, made if it is not there. Nobody else can write it meanwhile.
    async fn grasp(&self, name: &str) -> Result<Grasp, FileFailure> {
        Grasp::of(&self.folder, name).await.map_err(|thrown| failure(&thrown))
    }
}

fn leader() -> [u8; 8] {
    now_ms().to_be_bytes()
}

fn name_of(number: u64) -> String {
    format!("{number:016x}")
}

/// No number, so that it is no file.
const RESERVE: &str = "reserve";
const RESERVE_LEN: usize = 2 << 20;
const LEADER_LEN: u64 = 8;
const TRIES: u32 = 3;
