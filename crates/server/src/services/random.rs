//! Randomness from the operating system. A machine without any must not go on.

use getrandom::SysRng;
use getrandom::rand_core::{CryptoRng, Rng as _, UnwrapErr};

/// For keys, nonces and everything that has to be secret.
pub(crate) fn source() -> impl CryptoRng {
    UnwrapErr(SysRng)
}

/// Random bytes, for ids among others.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    UnwrapErr(SysRng).fill_bytes(&mut bytes);
    bytes
}
