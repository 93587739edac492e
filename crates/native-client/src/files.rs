//! The files of this machine that are sent and received.
//!
//! A location is an absolute path: of the file that is sent; of the file that is to be, or of the folder that it is to be in. What is not
//! complete lies beside it under a hidden name of its own, and gets its place when the engine has compared all of it.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use sotto_client::engine::{FileAnswer, FileFailure, FileJob, FileWork, JobNumber, SecretVec, Source, TransferId};
use sotto_client::timeline::FileName;

use tokio::task::JoinSet;
use zeroize::Zeroizing;

/// Looks at a file that is to be sent.
pub fn source(path: &Path) -> io::Result<Source> {
    let path = std::path::absolute(path)?;
    let metadata = File::open(&path)?.metadata()?;
    if !metadata.is_file() {
        return Err(ErrorKind::IsADirectory.into());
    }
    let unreadable = || io::Error::new(ErrorKind::InvalidInput, "a path that is no Unicode");
    let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(unreadable)?.to_owned();
    Ok(Source {
        location: path.to_str().ok_or_else(unreadable)?.to_owned(),
        mark: mark(&metadata),
        size: metadata.len(),
        media_type: media_type(&name).to_owned(),
        name,
        media: None,
        thumbnail: None,
    })
}

/// Does a job to its end.
pub fn perform(job: &FileJob) -> FileAnswer {
    let done = match &job.work {
        FileWork::Read { mark, offset, length } => read(&job.location, mark, *offset, *length),
        FileWork::ReadBack { offset, length } => read_back(&partial(job), *offset, *length),
        FileWork::Write { offset, content, durable } => write(&partial(job), *offset, content, *durable),
        FileWork::Finish { name } => finish(&partial(job), Path::new(&job.location), name),
        FileWork::Discard => discard(&partial(job)),
    };
    done.unwrap_or_else(|error| FileAnswer::Failed(failure(&error)))
}

/// Does the jobs of an engine on other threads: those of one transfer one after the other.
#[derive(Default)]
pub(crate) struct Hands {
    at_work: JoinSet<(TransferId, JobNumber, FileAnswer)>,
    queues: BTreeMap<TransferId, VecDeque<FileJob>>,
}

impl Hands {
    pub(crate) fn take(&mut self, job: FileJob) {
        if let Some(queue) = self.queues.get_mut(&job.transfer) {
            queue.push_back(job);
        } else {
            self.queues.insert(job.transfer, VecDeque::new());
            self.begin(job);
        }
    }

    /// The next answer; none while there is nothing to do.
    pub(crate) async fn next(&mut self) -> Option<(JobNumber, FileAnswer)> {
        let (transfer, number, answer) = self.at_work.join_next().await?.ok()?;
        if let Some(job) = self.queues.get_mut(&transfer).and_then(VecDeque::pop_front) {
            self.begin(job);
        } else {
            self.queues.remove(&transfer);
        }
        Some((number, answer))
    }

    fn begin(&mut self, job: FileJob) {
        self.at_work.spawn_blocking(move || (job.transfer, job.number, perform(&job)));
    }
}

/// A source is the same as long as its size and the time of its last change are.
fn mark(metadata: &Metadata) -> Vec<u8> {
    let changed = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    let mut mark = metadata.len().to_be_bytes().to_vec();
    mark.extend_from_slice(&changed.as_secs().to_be_bytes());
    mark.extend_from_slice(&changed.subsec_nanos().to_be_bytes());
    mark
}

/// What was changed while it was read is not what it was, either.
fn read(location: &str, expected: &[u8], offset: u64, length: usize) -> io::Result<FileAnswer> {
    let mut file = File::open(location)?;
    if mark(&file.metadata()?) != expected {
        return Ok(FileAnswer::Failed(FileFailure::Changed));
    }
    let content = read_at(&mut file, offset, length)?;
    let is_same = content.len() == length && mark(&file.metadata()?) == expected;
    Ok(if is_same { FileAnswer::Content(secret(content)) } else { FileAnswer::Failed(FileFailure::Changed) })
}

fn read_back(partial: &Path, offset: u64, length: usize) -> io::Result<FileAnswer> {
    let content = read_at(&mut File::open(partial)?, offset, length)?;
    Ok(FileAnswer::Content(secret(content)))
}

/// Fewer bytes only where the file ends.
fn read_at(file: &mut File, offset: u64, length: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    file.seek(SeekFrom::Start(offset))?;
    let mut content = Zeroizing::new(vec![0; length]);
    let mut filled = 0;
    while filled < length {
        match file.read(&mut content[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    content.truncate(filled);
    Ok(content)
}

fn secret(mut content: Zeroizing<Vec<u8>>) -> SecretVec {
    SecretVec::new(std::mem::take(&mut *content))
}

fn write(partial: &Path, offset: u64, content: &SecretVec, durable: bool) -> io::Result<FileAnswer> {
    let mut file = private().write(true).create(true).truncate(false).open(partial)?;
    file.seek(SeekFrom::Start(offset))?;
    file.write_all(content.expose_secret())?;
    if durable {
        file.sync_data()?;
    }
    Ok(FileAnswer::Done)
}

fn finish(partial: &Path, location: &Path, name: &FileName) -> io::Result<FileAnswer> {
    File::open(partial)?.sync_all()?;
    let wanted = if location.is_dir() { location.join(name_or_file(name)) } else { location.to_owned() };
    let place = give_place(partial, &wanted)?;
    sync_folder(&place);
    Ok(FileAnswer::Finished(place.to_string_lossy().into_owned()))
}

fn discard(partial: &Path) -> io::Result<FileAnswer> {
    match std::fs::remove_file(partial) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(FileAnswer::Done),
    }
}

/// The first free name: `a.txt`, `a (1).txt`, `a (2).txt` …
fn give_place(partial: &Path, wanted: &Path) -> io::Result<PathBuf> {
    for number in 0..NAMES_TRIED {
        let place = numbered(wanted, number);
        match move_to(partial, &place) {
            Ok(()) => return Ok(place),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

/// Never takes the place of another file. Where a file cannot have two names, its place is taken first.
fn move_to(partial: &Path, place: &Path) -> io::Result<()> {
    match std::fs::hard_link(partial, place) {
        Ok(()) => std::fs::remove_file(partial),
        Err(error) if matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::NotFound) => Err(error),
        Err(_) => {
            private().write(true).create_new(true).open(place)?;
            std::fs::rename(partial, place)
        }
    }
}

fn numbered(wanted: &Path, number: u32) -> PathBuf {
    if number == 0 {
        return wanted.to_owned();
    }
    let part = |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().into_owned());
    let stem = part(wanted.file_stem()).unwrap_or_default();
    let ending = part(wanted.extension()).map(|ending| format!(".{ending}")).unwrap_or_default();
    wanted.with_file_name(format!("{stem} ({number}){ending}"))
}

fn name_or_file(name: &FileName) -> &str {
    if name.as_str().is_empty() { "file" } else { name.as_str() }
}

/// Where the file lies while it is not complete.
fn partial(job: &FileJob) -> PathBuf {
    let location = Path::new(&job.location);
    let folder = if location.is_dir() { Some(location) } else { location.parent() };
    folder.unwrap_or(Path::new("/")).join(format!(".sotto-{:016x}.part", job.tag))
}

/// That the name is there after a loss of power is not worth failing for.
fn sync_folder(place: &Path) {
    let _ = place.parent().map(File::open).map(|folder| folder.and_then(|folder| folder.sync_all()));
}

/// For its owner alone, as far as the system knows owners.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn failure(error: &io::Error) -> FileFailure {
    match error.kind() {
        ErrorKind::NotFound => FileFailure::Missing,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => FileFailure::NoRoom,
        _ => FileFailure::Failed,
    }
}

/// By the ending of the name; a hint, and empty for what is not among the usual ones.
fn media_type(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    MEDIA_TYPES.iter().find(|(known, _)| *known == ending).map_or("", |(_, media_type)| media_type)
}

const MEDIA_TYPES: [(&str, &str); 18] = [
    ("avif", "image/avif"),
    ("csv", "text/csv"),
    ("flac", "audio/flac"),
    ("gif", "image/gif"),
    ("gz", "application/gzip"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("json", "application/json"),
    ("m4a", "audio/mp4"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("ogg", "audio/ogg"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("txt", "text/plain"),
    ("webm", "video/webm"),
    ("webp", "image/webp"),
    ("zip", "application/zip"),
];
const NAMES_TRIED: u32 = 1_000;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_file_never_takes_the_place_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let partial = folder.path().join(".part");
        let mut places = Vec::new();
        for content in ["one", "two", "three"] {
            write(&partial, 0, &SecretVec::new(content.into()), true).unwrap();
            let answer = finish(&partial, folder.path(), &FileName::of("../a.txt")).unwrap();
            let FileAnswer::Finished(place) = answer else { unreachable!() };
            places.push(PathBuf::from(place));
        }
        let expected = ["a.txt", "a (1).txt", "a (2).txt"].map(|name| folder.path().join(name));
        assert_eq!(places, expected);
        assert_eq!(std::fs::read_to_string(&places[0]).unwrap(), "one");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3, "nothing is left of what was not complete");
    }

    #[test]
    fn what_changed_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.webp");
        std::fs::write(&path, "hello").unwrap();
        let source = source(&path).unwrap();
        assert_eq!((source.size, source.media_type.as_str(), source.name.as_str()), (5, "image/webp", "a.webp"));
        let content = |answer| match answer {
            FileAnswer::Content(content) => String::from_utf8(content.expose_secret().to_vec()).unwrap(),
            other => format!("{other:?}"),
        };
        assert_eq!(content(read(&source.location, &source.mark, 1, 3).unwrap()), "ell");
        std::fs::write(&path, "hello!").unwrap();
        assert_eq!(content(read(&source.location, &source.mark, 1, 3).unwrap()), "Failed(Changed)");
        assert!(super::source(folder.path()).is_err());
    }
}
