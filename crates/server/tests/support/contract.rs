//! The errors that the contract names for each method. Whatever else a test is about, what it is refused with is compared with them.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use sotto_proto::wire::ErrorCode;
use sotto_proto::{Access, Method};

/// Fails if the comment of a method does not name an error that it answered with.
pub(crate) fn expect_named(method: Method, code: ErrorCode) {
    let name = code.as_str_name().trim_start_matches(PREFIX);
    let named = NAMED.get(method.path()).expect("every method has a comment");
    assert!(is_common(method, code) || named.contains(name), "{} does not say that it answers {name}", method.path());
}

/// Those that are not listed with each method (`docs/PROTOCOL.md` 11.5).
fn is_common(method: Method, code: ErrorCode) -> bool {
    match code {
        ErrorCode::Unauthenticated | ErrorCode::TokenExpired | ErrorCode::SessionEnded => {
            method.access() >= Access::Session
        }
        ErrorCode::DeviceNotCertified | ErrorCode::AccountSuspended => method.access() >= Access::Device,
        ErrorCode::RateLimited => true,
        _ => matches!(code as i32 / 100, 1 | 7),
    }
}

static NAMED: LazyLock<HashMap<String, HashSet<String>>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto/sotto/v1");
    let files = fs::read_dir(folder).unwrap().map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap());
    files.flat_map(|text| named_in(&text)).collect()
});

fn named_in(file: &str) -> Vec<(String, HashSet<String>)> {
    let (mut service, mut comment, mut found) = (String::new(), String::new(), Vec::new());
    for line in file.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("//") {
            comment.push_str(text);
            continue;
        }
        let name = |rest: &str| rest.split(['(', ' ']).next().unwrap_or_default().to_owned();
        if let Some(rest) = line.strip_prefix("service ") {
            service = name(rest);
        } else if let Some(rest) = line.strip_prefix("rpc ") {
            let (_, errors) = comment.split_once("Errors:").expect("a lint insists on them");
            let words = errors.split(|c: char| !c.is_ascii_uppercase() && c != '_').filter(|word| word.len() > 3);
            found.push((format!("sotto.v1.{service}/{}", name(rest)), words.map(str::to_owned).collect()));
        }
        comment.clear();
    }
    found
}

const PREFIX: &str = "ERROR_CODE_";
