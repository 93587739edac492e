//! What a server has written, and whether something is in it.

use std::path::Path;
use std::process::Command;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use sotto_test_services::postgres_program;

use crate::community::Community;

/// Something that must not be found, with a name for the report that does not give it away.
pub(super) struct Secret {
    pub(super) name: &'static str,
    pub(super) bytes: Vec<u8>,
    /// The database may have it: it is public by nature, or sealed. The log may not.
    pub(super) may_be_kept: bool,
}

pub(super) struct Written {
    pub(super) log: String,
    /// The database, its journal and whatever else lies in the folder; a dump of PostgreSQL.
    kept: Vec<(String, Vec<u8>)>,
}

impl Written {
    pub(super) fn by(community: &Community) -> Self {
        let mut kept = Vec::new();
        read_all(community.program.data(), &mut kept);
        if let Some(url) = community.backing.database_url() {
            kept.push(("the dump".to_owned(), dump(url)));
        }
        Self { log: community.program.log(), kept }
    }

    pub(super) fn add(&mut self, later: &Self) {
        self.log.clone_from(&later.log);
        self.kept.extend(later.kept.iter().cloned());
    }

    /// Where the secret is.
    pub(super) fn find(&self, secret: &Secret) -> Option<String> {
        let Secret { name, bytes, may_be_kept } = secret;
        assert!(bytes.len() >= SHORTEST, "{name} is too short to be told from chance");
        if contains(self.log.as_bytes(), bytes) || self.log.contains(&listed(bytes)) {
            return Some(format!("{name} is in the log"));
        }
        let place = self.kept.iter().find(|(_, content)| !may_be_kept && contains(content, bytes))?;
        Some(format!("{name} is in {}", place.0))
    }

    pub(super) fn kept_anywhere(&self, bytes: &[u8]) -> bool {
        self.kept.iter().any(|(_, content)| contains(content, bytes))
    }
}

fn read_all(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            read_all(&path, found);
        } else {
            found.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
}

fn dump(url: &str) -> Vec<u8> {
    let output = Command::new(postgres_program("pg_dump").unwrap()).args(["--data-only", url]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// As it is, or as somebody might print it. Base64 of a part of something longer begins at one of three places.
fn contains(content: &[u8], bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(LONGEST)];
    let mut shapes = vec![head.to_vec(), HEXLOWER.encode(head).into_bytes(), HEXUPPER.encode(head).into_bytes()];
    for from in 0..3 {
        let part = &head[from..];
        let whole = &part[..part.len() / 3 * 3];
        shapes.extend([BASE64_NOPAD.encode(whole).into_bytes(), BASE64URL_NOPAD.encode(whole).into_bytes()]);
    }
    shapes.iter().any(|shape| find(content, shape))
}

/// As `Debug` prints bytes.
fn listed(bytes: &[u8]) -> String {
    format!("{:?}", &bytes[..bytes.len().min(LONGEST)]).trim_matches(['[', ']']).to_owned()
}

fn find(content: &[u8], wanted: &[u8]) -> bool {
    let mut rest = content;
    while let Some(place) = rest.iter().position(|byte| *byte == wanted[0]) {
        if rest[place..].starts_with(wanted) {
            return true;
        }
        rest = &rest[place + 1..];
    }
    false
}

const SHORTEST: usize = 8;
const LONGEST: usize = 24;
