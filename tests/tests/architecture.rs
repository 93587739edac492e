//! The edges between our crates, as ARCHITECTURE.md draws them. A new crate or a new edge needs a row here first.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Who may use whom in what is shipped. What only tests and builds use is free, except that nothing depends on it.
const ALLOWED: &[(&str, &[&str])] = &[
    ("sotto-proto", &[]),
    ("sotto-crypto", &["sotto-proto"]),
    ("sotto-client", &["sotto-crypto", "sotto-proto"]),
    ("sotto-wasm-client", &["sotto-client", "sotto-crypto", "sotto-proto"]),
    ("sotto-server", &["sotto-crypto", "sotto-proto"]),
    ("sotto-bench", &["sotto-client", "sotto-crypto", "sotto-proto", "sotto-simulation"]),
    ("sotto-memory-tests", &["sotto-crypto"]),
    ("sotto-native-client", &["sotto-client", "sotto-proto"]),
    ("sotto-tui", &["sotto-client", "sotto-crypto", "sotto-native-client", "sotto-proto"]),
    ("sotto-client-tests", &["sotto-client", "sotto-crypto", "sotto-native-client", "sotto-proto", "sotto-server"]),
    ("sotto-server-tests", &["sotto-crypto", "sotto-proto", "sotto-test-services"]),
    ("sotto-simulation", &["sotto-client", "sotto-crypto", "sotto-proto"]),
    ("sotto-test-services", &[]),
    ("sotto-vectors", &["sotto-crypto", "sotto-proto"]),
    ("sotto-tests", &["sotto-test-services"]),
    ("xtask", &["sotto-test-services"]),
];

/// The core decides and the shell does: no clock, thread, socket or global randomness where decisions are made.
const KEPT_OUT: &[(&str, &[&str])] = &[
    ("sotto-proto", &["tokio", "getrandom", "rusqlite", "sqlx", "web-sys"]),
    ("sotto-crypto", &["tokio", "getrandom", "rusqlite", "sqlx", "web-sys", "tonic"]),
    ("sotto-client", &["tokio", "getrandom", "sqlx", "web-sys", "tonic"]),
    ("sotto-server", &["rusqlite", "web-sys"]),
];

#[test]
fn crates_use_only_what_the_architecture_allows() {
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        ALLOWED.iter().map(|(name, uses)| (*name, uses.iter().copied().collect())).collect();
    let shipped = shipped_edges();
    let ours: BTreeSet<&str> = shipped.keys().map(String::as_str).collect();

    let mut wrong = Vec::new();
    for (name, uses) in &shipped {
        let Some(allowed) = allowed.get(name.as_str()) else {
            wrong.push(format!("{name} has no row in ALLOWED"));
            continue;
        };
        let forbidden = uses.iter().filter(|used| ours.contains(used.as_str()) && !allowed.contains(used.as_str()));
        wrong.extend(forbidden.map(|used| format!("{name} must not depend on {used}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("; "));
}

#[test]
fn the_core_stays_free_of_the_outside_world() {
    let shipped = shipped_edges();
    let mut wrong = Vec::new();
    for (name, kept_out) in KEPT_OUT {
        let found = kept_out.iter().filter(|outside| shipped[*name].contains(**outside));
        wrong.extend(found.map(|outside| format!("{name} must not depend on {outside}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("; "));
}

/// What only tests and measurements may see of the cryptography.
#[test]
fn nothing_that_is_shipped_sees_the_dangerous_half_of_the_cryptography() {
    let asks = |package: &Value| {
        let dependencies = package["dependencies"].as_array().unwrap().iter();
        dependencies
            .filter(|used| used["kind"].is_null() && used["name"] == "sotto-crypto")
            .any(|used| used["features"].as_array().unwrap().iter().any(|feature| feature == "hazmat"))
    };
    let packages = packages();
    let asking: BTreeSet<_> =
        packages.iter().filter(|package| asks(package)).map(|package| text(&package["name"])).collect();
    assert_eq!(asking, ["sotto-bench", "sotto-vectors"].map(str::to_owned).into());
}

/// Each of our crates with what it directly depends on once shipped: not for its tests, not for its build script.
fn shipped_edges() -> BTreeMap<String, BTreeSet<String>> {
    packages().iter().map(|package| (text(&package["name"]), uses(package))).collect()
}

fn packages() -> Vec<Value> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

fn uses(package: &Value) -> BTreeSet<String> {
    let dependencies = package["dependencies"].as_array().unwrap().iter();
    dependencies.filter(|used| used["kind"].is_null()).map(|used| text(&used["name"])).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
