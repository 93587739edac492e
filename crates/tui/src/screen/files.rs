//! Files of this machine: what there is that begins with what somebody typed, and whether it can be sent.

use std::fs;
use std::path::{Path, PathBuf};

use sotto_client::engine::Source;
use sotto_native_client::files::source;

use crate::failure::Failure;
use crate::profile::cannot_read;
use crate::safe;
use crate::words::Message;

/// A file that goes with the next message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attached {
    pub(super) path: PathBuf,
    /// As it is shown.
    pub(super) name: String,
    pub(super) size: u64,
}

/// Files and folders that begin so, as they would be typed; folders end with a slash.
pub(super) fn listed(typed: &str) -> Vec<String> {
    let (before, stem) = typed.rfind('/').map_or(("", typed), |slash| typed.split_at(slash + 1));
    let folder = if before.is_empty() { PathBuf::from(".") } else { path(before) };
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let fits = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        // What is hidden shows to those who ask for it.
        let is_wanted = name.starts_with(stem) && (stem.starts_with('.') || !name.starts_with('.'));
        let slash = if entry.path().is_dir() { "/" } else { "" };
        is_wanted.then(|| format!("{before}{name}{slash}"))
    };
    let mut options: Vec<String> = entries.take(ENTRIES_MAX).filter_map(Result::ok).filter_map(fits).collect();
    options.sort();
    options.truncate(OPTIONS_MAX);
    options
}

/// The longest beginning that all of them have.
pub(super) fn common_beginning(options: &[String]) -> &str {
    let Some((first, others)) = options.split_first() else { return "" };
    let agrees = |end: &usize| others.iter().all(|other| other.starts_with(&first[..*end]));
    let mut ends = first.char_indices().map(|(at, _)| at).chain([first.len()]).rev();
    ends.find(agrees).map_or("", |end| &first[..end])
}

/// Looks whether a file can be sent.
pub(super) fn attached(typed: &str) -> Result<Attached, Failure> {
    let path = std::path::absolute(path(typed)).map_err(|error| cannot_read(Path::new(typed), &error))?;
    let source = source_of(&path)?;
    Ok(Attached { name: safe::line(&source.name), size: source.size, path })
}

pub(super) fn source_of(path: &Path) -> Result<Source, Failure> {
    source(path).map_err(|error| cannot_read(Path::new(&safe::line(&path.display().to_string())), &error))
}

/// A folder that is there, as the engine takes it.
pub(super) fn folder(typed: &str) -> Result<String, Failure> {
    let path = std::path::absolute(path(typed)).ok().filter(|path| path.is_dir());
    let location = path.and_then(|path| path.into_os_string().into_string().ok());
    location.ok_or_else(|| Message::NeedsFolder { path: safe::line(typed) }.misused())
}

/// Where people look for what they fetched; else where the program was started.
pub(super) fn downloads() -> String {
    let named = std::env::var_os("XDG_DOWNLOAD_DIR").map(PathBuf::from);
    let usual = home().map(|home| home.join("Downloads"));
    let here = std::env::current_dir().ok();
    let found = named.into_iter().chain(usual).chain(here).find(|folder| folder.is_dir());
    found.and_then(|folder| folder.into_os_string().into_string().ok()).unwrap_or_else(|| ".".to_owned())
}

/// What was typed, with `~` as shells read it.
fn path(typed: &str) -> PathBuf {
    match (typed.strip_prefix('~'), home()) {
        (Some(""), Some(home)) => home,
        (Some(rest), Some(home)) if rest.starts_with('/') => home.join(rest.trim_start_matches('/')),
        _ => PathBuf::from(typed),
    }
}

fn home() -> Option<PathBuf> {
    std::env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from)
}

/// Entries of a folder that are looked at.
const ENTRIES_MAX: usize = 10_000;
/// Of these, what is offered.
const OPTIONS_MAX: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_so_is_offered() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["plan.pdf", "plans.txt", ".hidden", "other"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        fs::create_dir(folder.path().join("plan b")).unwrap();
        let at = |typed: &str| format!("{}/{typed}", folder.path().display());
        assert_eq!(listed(&at("pl")), [at("plan b/"), at("plan.pdf"), at("plans.txt")]);
        assert_eq!(listed(&at("")).len(), 4, "what is hidden is not offered");
        assert_eq!(listed(&at(".")), [at(".hidden")]);
        assert_eq!(listed(&at("nothing/x")), Vec::<String>::new());
        assert_eq!(common_beginning(&listed(&at("pl"))), at("plan"));
        assert_eq!(common_beginning(&[]), "");
        assert_eq!(common_beginning(&["дом".to_owned(), "дым".to_owned()]), "д");
    }

    #[test]
    fn only_files_are_attached_and_only_folders_take_some() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a\u{202e}b");
        fs::write(&file, "12").unwrap();
        let here = attached(file.to_str().unwrap()).unwrap();
        assert_eq!((here.name.as_str(), here.size), ("a<U+202E>b", 2));
        assert!(attached(folder.path().to_str().unwrap()).is_err());
        assert!(super::folder(file.to_str().unwrap()).is_err());
        assert!(super::folder(folder.path().to_str().unwrap()).is_ok());
    }
}
