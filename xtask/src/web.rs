//! Builds the web app that the server embeds.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::process::captured;
use crate::{budget, wasm};

/// The whole way: module, app, compressed variants, budget.
pub fn build(root: &Path) -> Result<()> {
    wasm::build(root)?;
    npm(root, &["run", "build"])?;
    captured(Command::new("node").current_dir(root).args(["xtask/precompress.mjs", "web/dist"]))?;
    budget::check(root)
}

/// One of the scripts of `web/package.json`, quietly.
pub fn npm(root: &Path, words: &[&str]) -> Result<String> {
    captured(Command::new("npm").current_dir(root.join("web")).arg("--silent").args(words))
}
