//! Messages as people write them, in three scripts: few words often, most words seldom.

use prost::Message as _;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sotto_proto::wire::event::Content;
use sotto_proto::wire::{Event, RichText, TextMessage};

const VOCABULARY: usize = 20_000;
const SYLLABLES: [&[&str]; 3] = [
    &["an", "ber", "co", "da", "el", "fi", "ga", "hi", "lo", "ma", "no", "per", "ra", "sto", "ti", "un", "ver"],
    &["ва", "го", "да", "же", "зи", "ко", "ле", "мо", "на", "по", "ре", "сто", "ту", "хо", "ше"],
    &["天", "地", "人", "海", "山", "河", "春", "夏", "秋", "冬", "学", "校", "今", "晚", "明", "日"],
];
/// Of ten words, how many are of which script.
const SHARES: [usize; 10] = [0, 0, 0, 0, 0, 0, 0, 1, 1, 2];

pub(super) struct Words {
    vocabulary: Vec<String>,
    rng: StdRng,
}

impl Words {
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let vocabulary = (0..VOCABULARY).map(|number| word(SYLLABLES[SHARES[number % 10]], &mut rng)).collect();
        Self { vocabulary, rng }
    }

    /// A word by how often it is used: 0 is the most frequent one.
    pub(super) fn word(&self, rank: usize) -> &str {
        &self.vocabulary[rank]
    }

    /// The words that are as seldom or more so.
    pub(super) fn from(&self, rank: usize) -> impl Iterator<Item = &str> {
        self.vocabulary[rank..].iter().map(String::as_str)
    }

    /// A message of some words.
    pub(super) fn say(&mut self) -> String {
        let length = self.rng.random_range(2..14);
        let words: Vec<_> = (0..length).map(|_| self.next()).collect();
        words.join(" ")
    }

    /// The rarest that may be drawn is drawn itself, so the first words come most often.
    fn next(&mut self) -> String {
        let rarest = self.rng.random_range(1..=VOCABULARY);
        let rarest = self.rng.random_range(1..=rarest);
        let rank = self.rng.random_range(0..rarest);
        self.vocabulary[rank].clone()
    }
}

fn word(syllables: &[&str], rng: &mut StdRng) -> String {
    (0..rng.random_range(1..5)).map(|_| syllables[rng.random_range(0..syllables.len())]).collect()
}

pub(super) fn text(text: String) -> Content {
    Content::Text(TextMessage { body: Some(RichText { text, ranges: Vec::new() }), ..TextMessage::default() })
}

pub(super) fn event(words: String) -> Vec<u8> {
    Event { sent_at_ms: 1, content: Some(text(words)), ..Event::default() }.encode_to_vec()
}
