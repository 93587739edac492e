//! Known answers for everything that must never change, checked natively and in WebAssembly by the same functions.
//!
//! `published` holds what others published: RFCs, drafts, Wycheproof. `own` holds our formats, made by `script/vectors.py`, a
//! second implementation in Python. The JSON files beside this crate name their source and licence, and why anything in them is
//! not checked.

mod fixture;
mod own;
mod published;

use fixture::Checked;

/// One set of vectors, and how many of them gave the known answer, or the first that did not.
pub type Outcome = (&'static str, Result<usize, String>);

/// Checks every set.
pub fn run_all() -> Vec<Outcome> {
    SETS.iter().map(|(name, check)| (*name, check().map_err(|error| error.to_string()))).collect()
}

type Check = fn() -> Checked;

const SETS: &[(&str, Check)] = &[
    ("Wycheproof X25519", published::wycheproof::x25519),
    ("Wycheproof Ed25519", published::wycheproof::ed25519),
    ("Wycheproof ChaCha20-Poly1305", published::wycheproof::chacha20_poly1305),
    ("Wycheproof HKDF-SHA-256", published::wycheproof::hkdf_sha256),
    ("Wycheproof ML-KEM-768 key generation", published::mlkem::key_generation),
    ("Wycheproof ML-KEM-768 encapsulation", published::mlkem::encapsulation),
    ("Wycheproof ML-KEM-768 decapsulation", published::mlkem::decapsulation),
    ("RFC 5869 (HKDF)", published::hkdf::rfc5869),
    ("RFC 9180 (HPKE, X25519)", published::hpke::rfc9180),
    ("X-Wing draft (KEM)", published::hpke::xwing),
    ("HPKE post-quantum draft (X-Wing)", published::hpke::xwing_hpke),
    ("RFC 9807 (OPAQUE)", published::opaque::rfc9807),
    ("RFC 9420 (MLS) formulas", published::mls::crypto_basics),
    ("RFC 9420 key schedule", published::mls::schedule::key_schedule),
    ("RFC 9420 PSK secret", published::mls::schedule::psk_secret),
    ("RFC 9420 secret tree", published::mls::schedule::secret_tree),
    ("RFC 9420 transcript hashes", published::mls::schedule::transcript_hashes),
    ("RFC 9420 encodings", published::mls::messages::encodings),
    ("RFC 9420 message protection", published::mls::messages::protection),
    ("RFC 9420 Welcome", published::mls::clients::welcome),
    ("RFC 9420 clients that join", published::mls::clients::welcomed),
    ("RFC 9420 clients that follow", published::mls::clients::following),
    ("Sotto identity", own::identity::check),
    ("Sotto device proofs", own::proof::check),
    ("Sotto login", own::login::check),
    ("Sotto vault", own::vault::check),
    ("Sotto agreements", own::agreement::check),
    ("Sotto events", own::event::check),
    ("Sotto chain", own::event::check_chain),
    ("Sotto files", own::file::check),
    ("Sotto safety numbers", own::safety::check),
    ("Sotto padding", own::file::check_padding),
];

/// Checks every set and reports as JSON: a list of `{"name", "passed", "error"}`, where `error` is null when all is well.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen::prelude::wasm_bindgen(js_name = runAll)]
pub fn run_all_as_json() -> String {
    let report = run_all().into_iter().map(|(name, outcome)| match outcome {
        Ok(passed) => serde_json::json!({ "name": name, "passed": passed, "error": null }),
        Err(error) => serde_json::json!({ "name": name, "passed": 0, "error": error }),
    });
    serde_json::Value::Array(report.collect()).to_string()
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_vector_gives_the_known_answer() {
        for (name, outcome) in super::run_all() {
            match outcome {
                Ok(passed) => {
                    assert!(passed > 0, "{name}: no vector was checked");
                    println!("{passed:>5} {name}");
                }
                Err(error) => panic!("{name}: {error}"),
            }
        }
    }
}
