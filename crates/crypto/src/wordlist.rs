//! The 2,048 English words of BIP-39: eleven bits each, sorted, and no two begin with the same four letters.

use std::sync::LazyLock;

/// Bits that one word stands for.
const BITS_PER_WORD: usize = 11;

const PREFIX_LEN: usize = 4;

static WORDS: LazyLock<Vec<&'static str>> = LazyLock::new(|| include_str!("wordlist/english.txt").lines().collect());

/// The words for the first `N × 11` bits of `bits`, most significant bit first; bits that are not there count as zero.
pub(crate) fn to_words<const N: usize>(bits: &[u8]) -> [&'static str; N] {
    std::array::from_fn(|word| {
        let index = (word * BITS_PER_WORD..(word + 1) * BITS_PER_WORD)
            .fold(0, |index, bit| 2 * index + usize::from(bit_at(bits, bit)));
        WORDS[index]
    })
}

/// The number of a word, of which the first four letters suffice. Letter case does not matter.
pub(crate) fn index_of(word: &str) -> Option<u16> {
    let word = zeroize::Zeroizing::new(word.to_ascii_lowercase());
    let position = WORDS.partition_point(|candidate| *candidate < word.as_str());
    let candidate = WORDS.get(position)?;
    let meant = *candidate == word.as_str() || (word.len() >= PREFIX_LEN && candidate.starts_with(word.as_str()));
    meant.then(|| u16::try_from(position).expect("there are 2,048 words"))
}

/// Sets the bits of the word number `place`, counted from 0, in `bits`, which were zero.
pub(crate) fn put_word(bits: &mut [u8], place: usize, index: u16) {
    for bit in (0..BITS_PER_WORD).filter(|bit| index >> (BITS_PER_WORD - 1 - bit) & 1 == 1) {
        let position = place * BITS_PER_WORD + bit;
        bits[position / 8] |= 1 << (7 - position % 8);
    }
}

fn bit_at(bits: &[u8], position: usize) -> bool {
    bits.get(position / 8).is_some_and(|byte| byte >> (7 - position % 8) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_list_has_the_properties_that_the_parser_relies_on() {
        assert_eq!(WORDS.len(), 2_048);
        assert!(WORDS.is_sorted());
        assert!(WORDS.iter().all(|word| word.bytes().all(|letter| letter.is_ascii_lowercase())));
        let prefixes: HashSet<_> = WORDS.iter().map(|word| &word[..word.len().min(PREFIX_LEN)]).collect();
        assert_eq!(prefixes.len(), 2_048);
    }

    #[test]
    fn words_are_found_whole_by_four_letters_and_in_capitals() {
        for (index, word) in WORDS.iter().enumerate() {
            assert_eq!(index_of(word).map(usize::from), Some(index));
            assert_eq!(index_of(&word.to_uppercase()[..word.len().min(PREFIX_LEN)]).map(usize::from), Some(index));
        }
    }

    #[test]
    fn what_is_no_word_is_not_found() {
        for text in ["", "aba", "abandons", "zzzz", "äbandon", "abandom"] {
            assert_eq!(index_of(text), None, "{text}");
        }
    }
}
