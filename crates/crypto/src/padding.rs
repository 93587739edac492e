//! Padding that hides how long a plaintext is.
//!
//! Lengths are rounded up by Padmé (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with
//! PURBs", PETS 2019, §4): at most 12 % is added, and of lengths up to `L` only `O(log log L)` bits still show. Everything
//! shorter than [`MIN_LEN`] looks alike.

/// Shortest padded length.
pub(crate) const MIN_LEN: u64 = 256;

/// The length that `len` bytes are padded to.
pub(crate) const fn padded_len(len: u64) -> u64 {
    if len <= MIN_LEN {
        return MIN_LEN;
    }
    let exponent = len.ilog2();
    let free_bits = exponent - (exponent.ilog2() + 1);
    let mask = (1 << free_bits) - 1;
    (len + mask) & !mask
}

/// The same for what is held in memory.
#[expect(
    clippy::cast_possible_truncation,
    reason = "lengths in memory are far below 2³²; the limits of each format see to it"
)]
pub(crate) const fn padded_len_in_memory(len: usize) -> usize {
    padded_len(len as u64) as usize
}

/// Whether the bytes behind the content are zeros.
pub(crate) fn is_zero_from(padded: &[u8], content_len: usize) -> bool {
    padded.get(content_len..).is_some_and(|padding| padding.iter().all(|byte| *byte == 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Read off the definition: `E = ⌊log₂ L⌋`, `S = ⌊log₂ E⌋ + 1`, and the low `E − S` bits become zero.
    #[test]
    fn lengths_follow_the_definition() {
        let known = [
            (0, 256),
            (1, 256),
            (256, 256),
            (257, 272),
            (272, 272),
            (273, 288),
            (511, 512),
            (513, 544),
            (1_000, 1_024),
        ];
        for (len, padded) in known {
            assert_eq!(padded_len(len), padded, "{len}");
        }
        assert_eq!(padded_len(1_000_000), 1_015_808);
    }

    #[test]
    fn padding_adds_at_most_an_eighth_and_is_stable() {
        for len in MIN_LEN..200_000 {
            let padded = padded_len(len);
            assert!(padded >= len && padded - len <= len / 8, "{len}");
            assert_eq!(padded_len(padded), padded);
        }
    }

    #[test]
    fn only_zeros_are_padding() {
        assert!(is_zero_from(&[1, 0, 0], 1) && is_zero_from(&[1], 1));
        assert!(!is_zero_from(&[1, 0, 1], 1) && !is_zero_from(&[1], 2));
    }
}
