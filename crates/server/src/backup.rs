//! A copy of what a server keeps in a folder, made while it runs (`docs/OPERATING.md`, 9).
//!
//! First the database, then the files that it names: what is uploaded meanwhile is then too much and not too little. Parts of files are
//! written once and never change, so that only new ones are copied. The server's key is left out on purpose: whoever has it and the
//! database can try passwords.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::blobs;
use crate::config::{Config, Secret};
use crate::store::{self, StoreError};

/// What a backup has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Parts of files that were not there from the backup before.
    pub new_parts: u64,
    /// Whether files are kept in a folder, and so were copied.
    pub has_files: bool,
}

/// Copies database and files into a folder, over the backup before. At every moment one of the two is there as a whole.
pub async fn back_up(config: &Config, folder: &Path) -> Result<Copied, BackupError> {
    if config.database.is_some() {
        return Err(BackupError::Postgres);
    }
    if !config.data.join(DATABASE).exists() {
        return Err(BackupError::NoServer(config.data.clone()));
    }
    let file_error = |file: &Path| {
        let file = file.to_owned();
        move |source| BackupError::File { file, source }
    };
    make_folder(folder).map_err(file_error(folder))?;
    let (unfinished, finished) = (folder.join("sotto.db.new"), folder.join(DATABASE));
    make_empty(&unfinished).map_err(file_error(&unfinished))?;
    store::copy_sqlite(&config.data, &unfinished).await?;
    sync(&unfinished).map_err(file_error(&unfinished))?;

    let (from, to) = (blobs::folder_of(config.blobs.as_ref().map(Secret::expose), &config.data), folder.join(FILES));
    let new_parts = match &from {
        Some(from) => copy_new(from, &to).map_err(file_error(&to))?,
        None => 0,
    };
    fs::rename(&unfinished, &finished).and_then(|()| sync(folder)).map_err(file_error(&finished))?;
    if let Some(from) = &from {
        remove_gone(from, &to).map_err(file_error(&to))?;
    }
    Ok(Copied { new_parts, has_files: from.is_some() })
}

/// Copies what is not there yet. Returns how many files that were.
fn copy_new(from: &Path, to: &Path) -> io::Result<u64> {
    make_folder(to)?;
    let there = names(to)?;
    let (mut copied, mut changed) = (0, false);
    for name in names(from)? {
        let (source, target) = (from.join(&name), to.join(&name));
        if source.is_dir() {
            changed |= !there.contains(&name);
            copied += copy_new(&source, &target)?;
        } else if !there.contains(&name) && !is_unfinished(&name) && copy(&source, &target)? {
            (copied, changed) = (copied + 1, true);
        }
    }
    if changed {
        sync(to)?;
    }
    Ok(copied)
}

/// The copy is there as a whole or not at all. False if the file was deleted meanwhile.
fn copy(source: &Path, target: &Path) -> io::Result<bool> {
    let unfinished = target.with_extension("new#");
    match fs::copy(source, &unfinished) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && !source.exists() => return Ok(false),
        outcome => outcome?,
    };
    sync(&unfinished)?;
    fs::rename(&unfinished, target)?;
    Ok(true)
}

/// Removes what the server does not have any more, and what an interrupted backup has left.
fn remove_gone(from: &Path, to: &Path) -> io::Result<()> {
    let kept = names(from)?;
    for name in names(to)? {
        let path = to.join(&name);
        match (path.is_dir(), kept.contains(&name)) {
            (true, true) => remove_gone(&from.join(&name), &path)?,
            (true, false) => fs::remove_dir_all(path)?,
            (false, true) => {}
            (false, false) => fs::remove_file(path)?,
        }
    }
    Ok(())
}

/// None where there is no such folder: a file may be deleted while its folder is looked at.
fn names(folder: &Path) -> io::Result<BTreeSet<OsString>> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeSet::new()),
        entries => entries?.map(|entry| Ok(entry?.file_name())).collect(),
    }
}

/// The name under which a part is written before it gets its own.
fn is_unfinished(name: &OsStr) -> bool {
    name.to_string_lossy().contains('#')
}

fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// SQLite takes an empty file to copy into, with the rights that it has.
fn make_empty(file: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file).map(drop)
}

fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Why there is no backup; each says what to do.
#[derive(Debug, Error)]
pub enum BackupError {
    /// The database is not one of ours to copy.
    #[error(
        "a PostgreSQL database is backed up by its own tools, such as pg_dump; docs/OPERATING.md says in which order"
    )]
    Postgres,
    /// The folder holds no database.
    #[error("there is no database in the folder {}. Name the server's own folder with --data.", .0.display())]
    NoServer(PathBuf),
    /// The database cannot be copied.
    #[error("cannot copy the database: {}", std::error::Error::source(.0).map_or_else(|| .0.to_string(), ToString::to_string))]
    Database(#[from] StoreError),
    /// A file cannot be read or written.
    #[error("cannot copy into {}: {source}", file.display())]
    File {
        /// Where to.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Named as the server names them, so that a backup can be put in its place.
const DATABASE: &str = "sotto.db";
const FILES: &str = "blobs";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_new_is_copied_and_what_is_gone_is_removed() {
        let place = tempfile::tempdir().unwrap();
        let (from, to) = (place.path().join("from"), place.path().join("to"));
        let write = |name: &str, text: &str| {
            let file = from.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        write("files/0a/alice/0", "first");
        write("files/0b/bob/0", "second");
        write("files/0b/bob/1#17", "half of a");
        assert_eq!(copy_new(&from, &to).unwrap(), 2);
        assert!(!to.join("files/0b/bob/1#17").exists());

        write("files/0b/bob/1", "third");
        fs::remove_dir_all(from.join("files/0a/alice")).unwrap();
        fs::write(to.join("files/0b/bob/2.new#"), "left by an interrupted backup").unwrap();
        assert_eq!(copy_new(&from, &to).unwrap(), 1);
        remove_gone(&from, &to).unwrap();
        assert_eq!(names(&to.join("files/0b/bob")).unwrap(), ["0", "1"].map(OsString::from).into());
        assert!(!to.join("files/0a/alice").exists());
        assert_eq!(fs::read(to.join("files/0b/bob/1")).unwrap(), b"third");
    }

    #[test]
    fn a_file_that_is_deleted_meanwhile_is_passed_over() {
        let place = tempfile::tempdir().unwrap();
        assert!(!copy(&place.path().join("gone"), &place.path().join("copy")).unwrap());
        assert_eq!(names(place.path()).unwrap(), BTreeSet::new());
    }
}
