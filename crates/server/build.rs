//! Embeds the built web app: a table of every file in `web/dist`, with its compressed variants and its fingerprint.
//!
//! Without a build there the server compiles all the same, and says so to whoever asks it for the page.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

fn main() {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it for build scripts");
    let dist = Path::new(&manifest).join("../../web/dist");
    println!("cargo::rerun-if-changed={}", dist.display());

    let mut assets: Vec<(String, PathBuf)> = files(&dist).into_iter().map(|file| (name(&dist, &file), file)).collect();
    // By name, as the server searches; paths sort otherwise.
    assets.sort();
    let mut table = String::from("&[\n");
    for (name, file) in assets {
        write_asset(&mut table, &name, &file);
    }
    table.push(']');

    let out = std::env::var_os("OUT_DIR").expect("cargo sets it for build scripts");
    fs::write(Path::new(&out).join("assets.rs"), table).expect("the build folder is writable");
}

/// The originals; none where nothing was built.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.expect("the folder is readable").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_none_or(|ending| ending != "br" && ending != "gz") {
            found.push(path);
        }
    }
    found
}

fn name(dist: &Path, file: &Path) -> String {
    let path = file.strip_prefix(dist).expect("it was found in there");
    path.to_str().expect("the build names its files in ASCII").to_owned()
}

fn write_asset(table: &mut String, path: &str, file: &Path) {
    let bytes = fs::read(file).expect("the file is readable");
    let fingerprint = Sha256::digest(&bytes)[..12].iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a string takes everything");
        hex
    });
    writeln!(
        table,
        "Asset {{ path: {path:?}, fingerprint: {fingerprint:?}, identity: {}, brotli: {}, gzip: {} }},",
        include(file),
        variant(file, "br"),
        variant(file, "gz"),
    )
    .expect("a string takes everything");
}

fn variant(file: &Path, ending: &str) -> String {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    let path = PathBuf::from(name);
    if path.exists() { format!("Some({})", include(&path)) } else { "None".to_owned() }
}

fn include(path: &Path) -> String {
    format!("include_bytes!({:?})", path.to_str().expect("the build names its files in ASCII"))
}
