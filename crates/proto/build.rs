//! Turns `proto/sotto/v1` into Rust: messages, stubs as the features ask, and tables that the checks work from.

#[path = "build/debug.rs"]
mod debug;
#[path = "build/methods.rs"]
mod methods;
#[path = "build/schemas.rs"]
mod schemas;

use std::path::{Path, PathBuf};
use std::{env, error, fs};

use prost_types::FileDescriptorSet;

fn main() -> Result<(), Box<dyn error::Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    println!("cargo::rerun-if-changed={}", root.display());
    println!("cargo::rerun-if-changed=build");

    let contract = protox::compile(proto_files(&root)?, [&root])?;
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out_dir.join("schemas.rs"), schemas::generate(&contract))?;
    fs::write(out_dir.join("methods.rs"), methods::generate(&contract)?)?;
    fs::write(out_dir.join("debug.rs"), debug::generate(&contract))?;
    generate_messages(contract)?;
    Ok(())
}

fn proto_files(root: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = fs::read_dir(root.join("sotto/v1"))?
        .map(|entry| entry.map(|entry| entry.path()))
        .filter(|path| path.as_ref().map_or(true, |path| path.extension().is_some_and(|ext| ext == "proto")))
        .collect::<Result<Vec<_>, _>>()?;
    files.sort();
    Ok(files)
}

fn generate_messages(contract: FileDescriptorSet) -> std::io::Result<()> {
    tonic_prost_build::configure()
        .build_client(env::var_os("CARGO_FEATURE_CLIENT").is_some())
        .build_server(env::var_os("CARGO_FEATURE_SERVER").is_some())
        .build_transport(false)
        .codec_path("crate::grpc::CheckedCodec")
        .bytes(".")
        .skip_debug(debug::redacted(&contract))
        .compile_fds(contract)
}
