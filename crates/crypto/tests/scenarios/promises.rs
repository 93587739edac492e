//! What the crate promises of its public functions and types, checked over its source.

use std::path::Path;

/// Whoever chooses a nonce can choose one twice. Only the bare cipher takes one, which is seen with `hazmat` alone; what the group
/// library calls is no function of ours.
#[test]
fn no_public_function_takes_a_nonce_but_the_bare_cipher() {
    let mut taking = Vec::new();
    for code in sources(&src()).iter().map(|code| code.replace("FnOnce", "Fn")) {
        let public = code.split("pub fn ").skip(1).filter_map(|function| function.split_once('{'));
        let of_nonces = public.filter(|(signature, _)| signature.to_lowercase().contains("nonce"));
        taking.extend(of_nonces.filter_map(|(signature, _)| signature.split('(').next().map(str::to_owned)));
    }
    taking.sort();
    assert_eq!(taking, ["open_with_nonce", "seal_with_nonce"]);
    let primitives = std::fs::read_to_string(src().join("primitives.rs")).unwrap();
    assert!(primitives.contains("#[cfg(feature = \"hazmat\")]\npub use {\n    aead::AeadKey,"));
    assert!(primitives.contains("\nmod aead;"));
}

/// What holds a secret cannot be cloned. So every type without `Clone` is printed in `secrets.rs`, but errors, and those in `EXEMPT`.
#[test]
fn no_type_that_holds_a_secret_was_forgotten() {
    let mut names: Vec<_> = sources(&src()).iter().flat_map(|code| uncloneable_types(code)).collect();
    names.retain(|name| !EXEMPT.contains(&name.as_str()));
    assert!(["Secret", "FileKey", "Group", "LoggedIn"].iter().all(|known| names.iter().any(|name| name == known)));
    let printed = include_str!("secrets.rs").lines().filter(|line| !line.starts_with("use ")).collect::<String>();
    let forgotten: Vec<_> = names.iter().filter(|name| !printed.contains(name.as_str())).collect();
    assert!(forgotten.is_empty(), "their Debug is not checked: {forgotten:?}");
}

/// The contexts of HPKE have no `Debug` at all.
const EXEMPT: [&str; 2] = ["Sealer", "Opener"];

fn uncloneable_types(code: &str) -> Vec<String> {
    let (mut names, mut harmless, mut in_macro) = (Vec::new(), false, false);
    for line in code.lines() {
        if line.starts_with("#[derive(") {
            harmless |= line.contains("Clone") || line.contains("Error");
        }
        let declared = ["pub struct ", "pub enum "].iter().find_map(|start| line.strip_prefix(start));
        let named =
            declared.filter(|_| !harmless).or(line.trim().split_once(", ").filter(|_| in_macro).map(|(name, _)| name));
        if let Some(name) = named.filter(|_| !line.trim().starts_with("///")) {
            names.push(name.split(|c: char| !c.is_alphanumeric()).next().unwrap().to_owned());
        }
        in_macro = line == "secret_newtype! {" || (in_macro && line != "}");
        harmless &= declared.is_none();
    }
    names
}

fn src() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The code of every file, without its tests.
fn sources(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let code = std::fs::read_to_string(&path).unwrap();
            found.push(code.split("#[cfg(test)]\nmod tests").next().unwrap().to_owned());
        }
    }
    found
}
