//! RFC 9420 for suite 0x0003, on Sotto's provider. `tests/vectors/rfc9420/README.md` says where the vectors are from, and what
//! is left out and why.
#![allow(clippy::struct_field_names, reason = "fields are named as in the vectors")]

pub(crate) mod clients;
mod formulas;
pub(crate) mod messages;
pub(crate) mod schedule;

pub(crate) use formulas::crypto_basics;

use std::error::Error;

use serde::de::DeserializeOwned;

use crate::fixture::ensure;

type Failure = Box<dyn Error>;

/// The cases of a file, which is a bare list and must not be empty.
fn cases<T: DeserializeOwned>(json: &str) -> Result<Vec<T>, Failure> {
    let cases: Vec<T> = serde_json::from_str(json)?;
    ensure!(!cases.is_empty(), "no cases");
    Ok(cases)
}

fn same(what: &str, computed: &[u8], known: &[u8]) -> Result<(), Failure> {
    ensure!(computed == known, "{what}");
    Ok(())
}

macro_rules! vectors {
    ($name:literal) => {
        include_str!(concat!("../../../rfc9420/", $name, ".json"))
    };
}
use vectors;
