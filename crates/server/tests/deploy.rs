//! What is in `deploy/` and what docs/OPERATING.md says fits the program.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use sotto_server::config::{Command, Config};

#[test]
fn settings_that_are_named_exist() {
    let known: BTreeSet<String> = words(&Config::documented_file()).chain(["SOTTO_CONFIG".to_owned()]).collect();
    let mut texts: Vec<PathBuf> = files_below(&root().join("deploy"));
    texts.push(root().join("docs/OPERATING.md"));
    let mut named = 0;
    for file in texts {
        for word in words(&fs::read_to_string(&file).unwrap()).filter(|word| word.starts_with("SOTTO_")) {
            assert!(known.contains(&word), "{} names {word}", file.display());
            named += 1;
        }
    }
    assert!(named > 5, "only {named} settings were found at all");
}

#[test]
fn the_sample_of_settings_can_be_used() {
    let sample = root().join("deploy/sotto.toml");
    let arguments = ["sotto-server", "--config", sample.to_str().unwrap()];
    let Command::Serve(config) = Command::parse(arguments, |_| None).unwrap().unwrap() else { panic!("it serves") };
    assert_eq!(config.data, Path::new("/var/lib/sotto"));
}

#[test]
fn units_call_the_program_as_it_is_called() {
    let mut called = 0;
    for file in files_below(&root().join("deploy/systemd")) {
        for line in fs::read_to_string(&file).unwrap().lines().filter_map(|line| line.strip_prefix("ExecStart=")) {
            let sample = root().join("deploy/sotto.toml");
            let line = line.replace("/etc/sotto/sotto.toml", sample.to_str().unwrap());
            Command::parse(line.split(' '), |_| None).unwrap().unwrap();
            called += 1;
        }
    }
    assert_eq!(called, 2);
}

/// The image is built from the checkout, and the compose file mounts what lies beside it.
#[test]
fn files_that_are_named_exist() {
    let deploy = root().join("deploy");
    let compose = fs::read_to_string(deploy.join("compose.yaml")).unwrap();
    let mounted =
        compose.split([' ', '"']).filter(|word| word.starts_with("./")).filter_map(|word| word.split(':').next());
    let mounted: Vec<_> = mounted.map(|name| deploy.join(name)).collect();
    assert!(mounted.len() >= 5, "{mounted:?}");
    let image = fs::read_to_string(deploy.join("Dockerfile")).unwrap();
    let scripts = image.split_whitespace().filter(|word| word.starts_with("script/")).map(|name| root().join(name));
    let tools = ["xtask/src/main.rs", "Cargo.lock", "rust-toolchain.toml"].map(|name| root().join(name));
    for file in mounted.into_iter().chain(scripts).chain(tools) {
        assert!(file.exists(), "{}", file.display());
    }
}

/// What names of settings consist of.
fn words(text: &str) -> impl Iterator<Item = String> {
    let parts = text.split(|c: char| !c.is_ascii_uppercase() && !c.is_ascii_digit() && c != '_');
    parts.filter(|word| !word.is_empty()).map(str::to_owned)
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
