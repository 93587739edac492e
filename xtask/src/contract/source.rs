//! Where a contract comes from: the work tree, a git revision, or a test.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::{fs, io};

use protox::Compiler;
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver};
use protox::prost_reflect::prost_types::FileDescriptorSet;

/// The folder of the contract in the repository.
const FOLDER: &str = "proto";

/// The text of each file by its path below [`FOLDER`].
#[derive(Clone, Default)]
pub(super) struct Sources(BTreeMap<String, String>);

impl Sources {
    pub(super) fn of_work_tree(root: &Path) -> Result<Self, Vec<String>> {
        let mut sources = Self::default();
        let folder = root.join(FOLDER);
        sources.add_folder(&folder, &folder).map_err(|error| vec![format!("{}: {error}", folder.display())])?;
        Ok(sources)
    }

    /// A revision without a contract has an empty one; a revision that does not exist is an error.
    pub(super) fn of_revision(root: &Path, revision: &str) -> Result<Self, Vec<String>> {
        let listed = git(root, ["ls-tree", "-r", "--name-only", revision, "--", FOLDER])?;
        let paths = listed.lines().filter(|path| is_proto(Path::new(path)));
        let sources = paths.map(|path| {
            let text = git(root, ["show", &format!("{revision}:{path}")])?;
            Ok((path.trim_start_matches(FOLDER).trim_start_matches('/').to_owned(), text))
        });
        sources.collect::<Result<_, Vec<String>>>().map(Self)
    }

    /// Compiles all files, with their comments.
    pub(super) fn compile(self) -> Result<FileDescriptorSet, Vec<String>> {
        let names: Vec<String> = self.0.keys().cloned().collect();
        let mut resolver = ChainFileResolver::new();
        resolver.add(self);
        resolver.add(GoogleFileResolver::new());
        let mut compiler = Compiler::with_file_resolver(resolver);
        compiler.include_source_info(true);
        let failed = names.iter().filter_map(|name| compiler.open_file(name).err());
        let problems: Vec<String> = failed.map(|error| format!("{FOLDER}/{error}")).collect();
        if problems.is_empty() { Ok(compiler.file_descriptor_set()) } else { Err(problems) }
    }

    fn add_folder(&mut self, root: &Path, folder: &Path) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                self.add_folder(root, &path)?;
            } else if let (true, Ok(name)) = (is_proto(&path), path.strip_prefix(root)) {
                self.0.insert(name.to_string_lossy().into_owned(), fs::read_to_string(&path)?);
            }
        }
        Ok(())
    }
}

impl FileResolver for Sources {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        let text = self.0.get(name).ok_or_else(|| protox::Error::file_not_found(name))?;
        File::from_source(name, text)
    }
}

/// The newest tag that the work tree's commit descends from.
pub(super) fn last_tag(root: &Path) -> Option<String> {
    let tag = git(root, ["describe", "--tags", "--abbrev=0"]).ok()?;
    Some(tag.trim().to_owned()).filter(|tag| !tag.is_empty())
}

/// How messages name a file.
pub(super) fn shown(file: &str) -> String {
    format!("{FOLDER}/{file}")
}

fn is_proto(path: &Path) -> bool {
    path.extension() == Some(OsStr::new("proto"))
}

fn git<const N: usize>(root: &Path, arguments: [&str; N]) -> Result<String, Vec<String>> {
    let output = Command::new("git").arg("-C").arg(root).args(arguments).output();
    let output = output.map_err(|error| vec![format!("git cannot be started: {error}")])?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let reason = String::from_utf8_lossy(&output.stderr);
    Err(vec![format!("git {}: {}", arguments.join(" "), reason.trim().replace('\n', "; "))])
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A contract of the given files.
    pub(in crate::contract) fn contract(files: &[(&str, &str)]) -> FileDescriptorSet {
        let files = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        Sources(files.collect()).compile().unwrap()
    }

    #[test]
    fn a_file_that_does_not_compile_is_named() {
        let broken = Sources([("sotto/v1/a.proto".to_owned(), "message {".to_owned())].into());
        let problems = broken.compile().unwrap_err();
        assert_eq!(problems.len(), 1);
        assert!(problems[0].starts_with("proto/"), "{problems:?}");
    }

    #[test]
    fn a_revision_that_does_not_exist_is_an_error_and_one_without_a_contract_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        git(root, ["init", "--quiet"]).unwrap();
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
        let [a, b, c, d] = identity;
        git(root, [a, b, c, d, "commit", "--quiet", "--allow-empty", "-m", "empty"]).unwrap();
        assert!(Sources::of_revision(root, "HEAD").unwrap().0.is_empty());
        assert_eq!(last_tag(root), None);

        fs::create_dir_all(root.join("proto/sotto/v1")).unwrap();
        fs::write(root.join("proto/sotto/v1/a.proto"), "syntax = \"proto3\";").unwrap();
        git(root, ["add", "."]).unwrap();
        git(root, [a, b, c, d, "commit", "--quiet", "-m", "contract"]).unwrap();
        git(root, ["tag", "v1.0.0"]).unwrap();
        assert_eq!(last_tag(root).as_deref(), Some("v1.0.0"));
        let tagged = Sources::of_revision(root, "v1.0.0").unwrap();
        assert_eq!(tagged.0.keys().collect::<Vec<_>>(), ["sotto/v1/a.proto"]);
        assert_eq!(tagged.0, Sources::of_work_tree(root).unwrap().0);
        assert!(Sources::of_revision(root, "v9").is_err());
    }
}
