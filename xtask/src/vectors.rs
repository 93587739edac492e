//! Runs the known answers in WebAssembly, with Node.js as the host: the same functions and the same files as natively.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::wasm;

const PACKAGE: &str = "sotto-vectors";

/// One set, as the module reports it.
#[derive(Deserialize)]
struct Outcome {
    name: String,
    passed: u64,
    error: Option<String>,
}

/// Builds, runs, and returns a closing line as the other test runners print it.
pub fn run(root: &Path) -> Result<String> {
    let printed = wasm::call_in_node(&wasm::bind_for_node(root, PACKAGE)?, "runAll", None)?;
    let outcomes: Vec<Outcome> = serde_json::from_str(&printed).context("the module did not report in JSON")?;
    judge(&outcomes)
}

fn judge(outcomes: &[Outcome]) -> Result<String> {
    let faults =
        outcomes.iter().filter_map(|set| Some(format!("{} in WebAssembly: {}", set.name, set.error.as_ref()?)));
    let empty = outcomes.iter().filter(|set| set.error.is_none() && set.passed == 0);
    let wrong: Vec<String> = faults.chain(empty.map(|set| format!("{}: nothing was checked", set.name))).collect();
    if !wrong.is_empty() || outcomes.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    Ok(format!("test result: ok. {} passed\n", outcomes.len()))
}

#[cfg(test)]
mod tests {
    use super::{Outcome, judge};

    fn set(passed: u64, error: Option<&str>) -> Outcome {
        Outcome { name: "RFC 5869".into(), passed, error: error.map(Into::into) }
    }

    #[test]
    fn every_set_that_passes_counts() {
        assert_eq!(judge(&[set(3, None), set(4, None)]).unwrap(), "test result: ok. 2 passed\n");
    }

    #[test]
    fn a_wrong_answer_or_an_empty_set_fails() {
        assert!(judge(&[set(3, None), set(0, Some("case 2"))]).unwrap_err().to_string().contains("case 2"));
        assert!(judge(&[set(0, None)]).is_err());
        assert!(judge(&[]).is_err());
    }
}
