//! Every public function that takes bytes or text from outside and may refuse them has a fuzz target, which `fuzz/README.md`
//! names. A new decoder fails here until it has one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// These take bytes too, but what is ours to begin with: content to seal or sign, secrets, parameters. The bare cipher is called by
/// all that open.
const NO_DECODERS: &[&str] = &[
    "AeadKey::open_with_nonce",
    "AeadKey::seal_with_nonce",
    "FileSealer::push",
    "PartSealer::push",
    "Secret::copy_from",
    "SequentialOpener::take_opened",
    "SigningKey::sign_token",
    "StoreKey::seal",
    "event::seal",
    "primitives::hkdf_expand",
];

#[test]
fn every_decoder_has_a_fuzz_target() {
    let root = crate::root();
    let mut found = BTreeSet::new();
    for crate_name in ["crypto", "proto"] {
        for file in rust_files(&root.join("crates").join(crate_name).join("src")) {
            found.extend(decoders(&file, &std::fs::read_to_string(&file).unwrap()));
        }
    }
    for known in NO_DECODERS {
        assert!(found.remove(*known), "{known} is gone");
    }
    let table = table(&std::fs::read_to_string(root.join("fuzz/README.md")).unwrap());
    let listed: BTreeSet<String> = table.values().flatten().cloned().collect();
    let missing: Vec<_> = found.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&found).collect();
    assert!(missing.is_empty() && gone.is_empty(), "without a fuzz target: {missing:?}; listed, but gone: {gone:?}");
}

#[test]
fn each_target_calls_the_decoders_that_it_is_listed_with() {
    let root = crate::root().join("fuzz");
    let shared: String =
        rust_files(&root.join("src")).iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    let table = table(&std::fs::read_to_string(root.join("README.md")).unwrap());
    assert_eq!(table.keys().cloned().collect::<Vec<_>>(), super::targets(&crate::root()).unwrap());
    for (target, decoders) in table {
        let code = std::fs::read_to_string(root.join("fuzz_targets").join(&target).with_extension("rs")).unwrap();
        for decoder in decoders {
            let (_, function) = decoder.split_once("::").unwrap();
            let calls = |code: &str| code.contains(&format!("{function}(")) || code.contains(&format!("{function}::<"));
            assert!(calls(&code) || calls(&shared), "{target} does not call {decoder}");
        }
    }
}

/// The rows of the table of targets: each with the decoders in its last column.
fn table(readme: &str) -> BTreeMap<String, Vec<String>> {
    let rows = readme.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>());
    let quoted = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    cells.map(|cells| (quoted(cells[0]).remove(0), quoted(cells.last().unwrap()))).collect()
}

/// Public functions that take bytes or text and answer `Result`, `Option` or `bool`, with the type or module that they belong to.
fn decoders(file: &Path, code: &str) -> Vec<String> {
    let module = match file.file_stem().unwrap().to_str().unwrap() {
        "mod" => file.parent().unwrap().file_name().unwrap().to_str().unwrap(),
        stem => stem,
    };
    let shipped = code.split("#[cfg(test)]").next().unwrap();
    let (mut owner, mut found, mut rest) = (module.to_owned(), Vec::new(), shipped);
    while let Some((line, after)) = rest.split_once('\n') {
        let code = line.trim_start();
        if let Some(block) = code.strip_prefix("impl").filter(|_| line.ends_with('{')) {
            owner = owner_of(block, module);
        } else if line == "}" {
            owner = module.to_owned();
        } else if let Some(name) = ["pub fn ", "pub const fn "].iter().find_map(|start| code.strip_prefix(start)) {
            let (signature, _) = rest.split_once('{').unwrap();
            if is_decoder(signature) {
                found.push(format!("{owner}::{}", name.split(['(', '<']).next().unwrap()));
            }
        }
        rest = after;
    }
    found
}

/// `<const N: usize> Secret<N> {` is of `Secret`; what a macro names belongs to its module.
fn owner_of(block: &str, module: &str) -> String {
    let named = block.rsplit(" for ").next().unwrap().trim_end_matches([' ', '{']);
    let named = named.rsplit_once("> ").map_or(named, |(_, named)| named).trim();
    let name = named.split('<').next().unwrap();
    if name.starts_with('$') { module.to_owned() } else { name.to_owned() }
}

fn is_decoder(signature: &str) -> bool {
    let Some((takes, gives)) = signature.rsplit_once("->") else { return false };
    let foreign = ["&[u8]", "&[u8; ", "[u8; 32]", "&str", "Bytes", "String", "SecretVec", "&Signature"];
    foreign.iter().any(|kind| takes.contains(kind))
        && ["Result", "Option", "bool"].iter().any(|kind| gives.contains(kind))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let code = files.into_iter().filter(|file| file.extension().is_some_and(|ending| ending == "rs"));
    folders.iter().flat_map(|folder| rust_files(folder)).chain(code).collect()
}
