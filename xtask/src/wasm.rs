//! Builds the WebAssembly module. Two routes lead there: rustup's ready-made standard library, or Debian's `rustc-web`,
//! which builds it from source where rustup cannot download.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

use crate::process::{answer, captured, cargo};

const TARGET: &str = "wasm32-unknown-unknown";
const CRATE: &str = "sotto-wasm-client";
const NAME: &str = "sotto_wasm_client";
/// JavaScript that crates bring inline, each in a folder of its own; `mls-rs-core` has its clock there. We pass every time in, but
/// the module imports it nevertheless.
const SNIPPETS: &str = "snippets";
const MODULE: &str = "sotto_wasm_client_bg.wasm";
const PROFILE: &str = "wasm";
/// Vector instructions, which every browser with the private file system has, make the cipher a fifth faster.
const RUSTFLAGS: &str = "-C target-feature=+simd128";

/// Compiles, binds and shrinks; leaves the result in `web/src/wasm`.
pub fn build(root: &Path) -> Result<()> {
    let module = compile(root, CRATE)?;
    let out = root.join("web/src/wasm");
    if is_newer(&out.join(MODULE), &module) {
        return Ok(());
    }
    let bound = root.join("target/wasm-bound");
    Bindgen::new()
        .input_path(&module)
        .out_name(NAME)
        .web(true)?
        .typescript(true)
        .generate(&bound)
        .context("wasm-bindgen cannot bind the module")?;
    std::fs::create_dir_all(&out).context("cannot make web/src/wasm")?;
    for file in [format!("{NAME}.js"), format!("{NAME}.d.ts"), format!("{MODULE}.d.ts")] {
        std::fs::copy(bound.join(&file), out.join(&file)).with_context(|| format!("cannot copy {file}"))?;
    }
    replace_folder(&bound.join(SNIPPETS), &out.join(SNIPPETS)).context("cannot copy the snippets")?;
    shrink(root, &bound.join(MODULE), &out.join(MODULE))
}

/// Compiles one of our crates and binds it for Node.js; returns the script that loads it.
pub fn bind_for_node(root: &Path, package: &str) -> Result<PathBuf> {
    let out = root.join("target").join(format!("{package}-bound"));
    let module = compile(root, package)?;
    Bindgen::new().input_path(&module).out_name("module").nodejs(true)?.generate(&out)?;
    Ok(out.join("module.js"))
}

/// Calls a function with a text or nothing, and returns what it answered.
pub fn call_in_node(script: &Path, function: &str, argument: Option<&str>) -> Result<String> {
    let call = format!("console.log(require(process.argv[1]).{function}(process.argv[2]))");
    captured(Command::new("node").arg("-e").arg(call).arg(script).args(argument))
}

/// Whether this machine can build for [`TARGET`] with the compiler that also lints.
pub fn has_rustup_target(root: &Path) -> bool {
    sysroot(root).is_ok_and(|sysroot| sysroot.join("lib/rustlib").join(TARGET).join("lib").is_dir())
}

/// Adds the target, the profile and the C compiler for SQLite. Commands that have them in common share what they compile.
pub fn as_it_is_built(command: &mut Command) -> Result<&mut Command> {
    let clang = newest_clang().context("no clang of version 19 or newer; script/setup installs it")?;
    Ok(command
        .args(["--profile", PROFILE, "--target", TARGET])
        .env("RUSTFLAGS", RUSTFLAGS)
        .env("CC_wasm32_unknown_unknown", format!("clang-{clang}"))
        .env("AR_wasm32_unknown_unknown", format!("llvm-ar-{clang}")))
}

/// Compiles one of our crates and returns its module.
pub fn compile(root: &Path, package: &str) -> Result<PathBuf> {
    let mut command = cargo(root, &["build", "--quiet", "--locked", "--package", package]);
    as_it_is_built(&mut command)?;
    let target = if has_rustup_target(root) && std::env::var("SOTTO_WASM_ROUTE").as_deref() != Ok("debian") {
        root.join("target")
    } else {
        take_debian_route(root, &mut command)?
    };
    command.arg("--target-dir").arg(&target);
    captured(&mut command)?;
    Ok(target.join(TARGET).join(PROFILE).join(package.replace('-', "_")).with_extension("wasm"))
}

/// Another compiler needs a target folder of its own, or each route would undo the other's work.
fn take_debian_route(root: &Path, command: &mut Command) -> Result<PathBuf> {
    if !Path::new(DEBIAN_RUSTC).exists() || !Path::new(DEBIAN_LIBRARY).exists() {
        bail!("the target {TARGET} is not installed; script/setup installs it");
    }
    let linker = sysroot(root)?.join("lib/rustlib").join(host(root)?).join("bin/rust-lld");
    command
        .arg("-Zbuild-std=std,panic_abort")
        .env("RUSTC", DEBIAN_RUSTC)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
    Ok(root.join("target/wasm-debian"))
}

fn shrink(root: &Path, module: &Path, smaller: &Path) -> Result<()> {
    let tool = root.join("web/node_modules/binaryen/bin/wasm-opt");
    captured(Command::new("node").arg(tool).args(SHRINK).arg(module).arg("-o").arg(smaller)).map(drop)
}

/// What of `from` is there takes the place of whatever was in `to`: the names inside change with the versions of crates.
fn replace_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    if to.exists() {
        std::fs::remove_dir_all(to)?;
    }
    if from.exists() { copy_folder(from, to) } else { Ok(()) }
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let (entry, copy) = entry.map(|entry| (entry.path(), to.join(entry.file_name())))?;
        if entry.is_dir() {
            copy_folder(&entry, &copy)?;
        } else {
            std::fs::copy(&entry, &copy)?;
        }
    }
    Ok(())
}

fn is_newer(made: &Path, source: &Path) -> bool {
    let time = |path: &Path| std::fs::metadata(path).and_then(|file| file.modified());
    matches!((time(made), time(source)), (Ok(made), Ok(source)) if made > source)
}

fn newest_clang() -> Option<u32> {
    [21, 20, 19].into_iter().find(|version| {
        [format!("clang-{version}"), format!("llvm-ar-{version}")]
            .iter()
            .all(|program| Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success()))
    })
}

fn sysroot(root: &Path) -> Result<PathBuf> {
    answer(Command::new("rustc").current_dir(root).args(["--print", "sysroot"])).map(PathBuf::from)
}

/// The name of the platform that this runs on, as the compiler calls it.
pub fn host(root: &Path) -> Result<String> {
    answer(Command::new("rustc").current_dir(root).args(["--print", "host-tuple"]))
}

const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_LIBRARY: &str = "/usr/lib/rustlib/src/rust/library/Cargo.toml";

/// What the compiler may have used; the same set that browsers with the private file system have.
const SHRINK: &[&str] = &[
    "-Os",
    "--enable-simd",
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-multivalue",
    "--strip-producers",
];

#[cfg(test)]
mod tests {
    use std::fs::{create_dir_all, read_dir, read_to_string, write};

    use super::replace_folder;

    #[test]
    fn snippets_are_copied_with_their_folders_and_old_ones_go() {
        let scratch = tempfile::tempdir().unwrap();
        let (bound, out) = (scratch.path().join("bound"), scratch.path().join("out"));
        for (folder, file) in [(&bound, "new-crate/inline0.js"), (&out, "old-crate/inline0.js")] {
            create_dir_all(folder.join(file).parent().unwrap()).unwrap();
            write(folder.join(file), file).unwrap();
        }
        replace_folder(&bound, &out).unwrap();
        assert_eq!(read_to_string(out.join("new-crate/inline0.js")).unwrap(), "new-crate/inline0.js");
        assert_eq!(read_dir(&out).unwrap().count(), 1);
    }

    #[test]
    fn a_module_without_snippets_leaves_none() {
        let scratch = tempfile::tempdir().unwrap();
        let (bound, out) = (scratch.path().join("bound"), scratch.path().join("out"));
        create_dir_all(out.join("old-crate")).unwrap();
        replace_folder(&bound, &out).unwrap();
        assert!(!out.exists());
    }
}
