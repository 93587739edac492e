//! One process uses a profile at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use super::{cannot_write, private};
use crate::failure::Failure;
use crate::words::Message;

/// Held as long as the process uses the profile; the system lets go of it however the process ends.
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock, after a short wait if another command is about to end. `command` tells others who has it.
    pub(super) fn take(folder: &Path, command: &str) -> Result<Self, Failure> {
        match Self::take_or(folder, command, || None::<std::convert::Infallible>)? {
            Ok(lock) => Ok(lock),
            Err(never) => match never {},
        }
    }

    /// The same, unless something else comes up while another process has it.
    pub(super) fn take_or<T>(
        folder: &Path,
        command: &str,
        mut meanwhile: impl FnMut() -> Option<T>,
    ) -> Result<Result<Self, T>, Failure> {
        let path = folder.join(FILE);
        let options = &mut OpenOptions::new();
        let opened = private(options.read(true).write(true).create(true).truncate(false)).open(&path);
        let mut file = opened.map_err(|error| cannot_write(&path, &error))?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(cannot_write(&path, &error)),
                Err(TryLockError::WouldBlock) => {}
            }
            if let Some(other) = meanwhile() {
                return Ok(Err(other));
            }
            if Instant::now() > deadline {
                return Err(in_use(&mut file));
            }
            std::thread::sleep(PAUSE);
        }
        let name = format!("`sotto {command}` ({})", std::process::id());
        let written = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(name.as_bytes()));
        written.map_err(|error| cannot_write(&path, &error))?;
        Ok(Ok(Self { _file: file }))
    }
}

fn in_use(file: &mut File) -> Failure {
    let mut who = String::new();
    // Whoever took the lock may not have written its name yet.
    let _ = file.rewind().and_then(|()| file.take(NAME_MAX).read_to_string(&mut who));
    Message::ProfileInUse { who: crate::safe::line(&who) }.failed()
}

pub(super) const FILE: &str = "lock";
/// Longer than a command takes that only sends something.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(10);
const NAME_MAX: u64 = 200;
