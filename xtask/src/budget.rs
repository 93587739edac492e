//! What the browser downloads, as it travels (brotli), held against `web/budget.json`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

const BUDGET: &str = "web/budget.json";
const DIST: &str = "web/dist";

/// Prints each sum with its limit, and fails with one line for each that is over.
pub fn check(root: &Path) -> Result<()> {
    let text = std::fs::read_to_string(root.join(BUDGET)).context("cannot read web/budget.json")?;
    let limits: BTreeMap<String, u64> =
        serde_json::from_str(&text).context("web/budget.json is not an object of byte counts")?;
    let sums = sums(&root.join(DIST))?;
    let over = compare(&sums, &limits)?;
    for (class, sum) in &sums {
        println!("web: {class} is {sum} bytes with brotli, of {} allowed", limits[class]);
    }
    if !over.is_empty() {
        bail!("{}", over.join("\n"));
    }
    Ok(())
}

fn compare(sums: &BTreeMap<String, u64>, limits: &BTreeMap<String, u64>) -> Result<Vec<String>> {
    let mut over = Vec::new();
    for (class, sum) in sums {
        let limit = limits.get(class).with_context(|| format!("{BUDGET} has no limit for '{class}'"))?;
        if sum > limit {
            over.push(format!("{BUDGET}: {class} is {sum} bytes with brotli, {} over the budget", sum - limit));
        }
    }
    Ok(over)
}

fn sums(dist: &Path) -> Result<BTreeMap<String, u64>> {
    let mut sums = BTreeMap::from(CLASSES.map(|(class, _)| (class.to_owned(), 0)));
    for file in compressed_files(dist)? {
        let original = file.with_extension("");
        let ending = original.extension().unwrap_or_default().to_string_lossy().into_owned();
        if let Some((class, _)) = CLASSES.iter().find(|(_, endings)| endings.contains(&ending.as_str())) {
            *sums.get_mut(*class).expect("every class has a sum") += std::fs::metadata(&file)?.len();
        }
    }
    if sums["wasm"] == 0 {
        bail!("{DIST} holds no compressed WebAssembly module; `cargo xtask web` builds it");
    }
    Ok(sums)
}

fn compressed_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(compressed_files(&path)?);
        } else if path.extension().is_some_and(|ending| ending == "br") {
            files.push(path);
        }
    }
    Ok(files)
}

const CLASSES: [(&str, &[&str]); 2] = [("script and style", &["js", "css", "html"]), ("wasm", &["wasm"])];

#[cfg(test)]
mod tests {
    use super::*;

    fn one(bytes: u64) -> BTreeMap<String, u64> {
        BTreeMap::from([("wasm".to_owned(), bytes)])
    }

    #[test]
    fn exactly_the_budget_is_within_it() {
        assert!(compare(&one(1_000), &one(1_000)).unwrap().is_empty());
    }

    #[test]
    fn one_byte_over_is_one_clear_line() {
        let over = compare(&one(1_001), &one(1_000)).unwrap();
        assert_eq!(over, ["web/budget.json: wasm is 1001 bytes with brotli, 1 over the budget"]);
    }

    #[test]
    fn a_class_without_a_limit_is_an_error() {
        assert!(compare(&one(1), &BTreeMap::new()).is_err());
    }
}
