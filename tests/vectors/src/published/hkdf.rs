//! RFC 5869, appendix A.

use serde::Deserialize;
use sotto_crypto::primitives::{hkdf_expand, hkdf_extract};

use crate::fixture::{Checked, Hex, ensure, vectors};

#[derive(Deserialize)]
struct Vector {
    ikm: Hex,
    salt: Hex,
    info: Hex,
    prk: Hex,
    okm: Hex,
}

pub(crate) fn rfc5869() -> Checked {
    let vectors: Vec<Vector> = vectors(include_str!("../../rfc5869.json"))?;
    for (number, vector) in vectors.iter().enumerate() {
        let prk = hkdf_extract(&vector.salt.0, &vector.ikm.0);
        ensure!(prk == vector.prk.secret()?, "A.{}: PRK", number + 1);
        let mut okm = vec![0; vector.okm.0.len()];
        hkdf_expand(prk.expose_secret(), &[&vector.info.0], &mut okm)?;
        ensure!(okm == vector.okm.0, "A.{}: OKM", number + 1);
    }
    Ok(vectors.len())
}
