//! What others published.

pub(crate) mod hkdf;
pub(crate) mod hpke;
pub(crate) mod mlkem;
pub(crate) mod mls;
pub(crate) mod opaque;
pub(crate) mod wycheproof;
