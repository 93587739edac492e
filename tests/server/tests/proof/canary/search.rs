//! Looks for many secrets at once in what a server has written.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};

/// Something that must not be found, with a name for the report that does not give it away.
pub(super) struct Secret {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    /// The database may have it: it is public by nature, or sealed. The log may not.
    pub(super) may_be_kept: bool,
}

/// The shapes of secrets, by how they begin.
pub(super) struct Search<'a> {
    secrets: &'a [Secret],
    shapes: HashMap<[u8; BEGINNING], Vec<(Vec<u8>, usize)>>,
    /// Whether some shape begins with these three bytes: most places of most texts are no beginning.
    beginnings: Vec<bool>,
}

impl<'a> Search<'a> {
    pub(super) fn for_all(secrets: &'a [Secret]) -> Self {
        let mut search = Self { secrets, shapes: HashMap::new(), beginnings: vec![false; 1 << 24] };
        for (index, secret) in secrets.iter().enumerate() {
            assert!(secret.bytes.len() >= SHORTEST, "{} is too short to be told from chance", secret.name);
            for shape in shapes(&secret.bytes) {
                let beginning = *shape.first_chunk().expect("no shape is shorter");
                search.beginnings[number(beginning[0], beginning[1], beginning[2])] = true;
                search.shapes.entry(beginning).or_default().push((shape, index));
            }
        }
        search
    }

    /// The secrets that are in a text.
    pub(super) fn find_in(&self, text: &[u8]) -> Vec<&'a Secret> {
        let mut found = BTreeSet::new();
        for start in (0..text.len()).step_by(PAGE) {
            let page = &text[start..text.len().min(start + PAGE)];
            // Files are made long before they are full, and no shape begins with zeros.
            if page != &ZEROS[..page.len()] {
                self.find_in_page(text, start..start + page.len(), &mut found);
            }
        }
        found.into_iter().map(|index| &self.secrets[index]).collect()
    }

    /// In small steps, because it goes through a hundred megabytes without the compiler's optimisation.
    fn find_in_page(&self, text: &[u8], page: Range<usize>, found: &mut BTreeSet<usize>) {
        let beginnings = self.beginnings.as_slice();
        let (mut place, end) = (page.start, page.end.min(text.len().saturating_sub(BEGINNING - 1)));
        while place < end {
            if beginnings[number(text[place], text[place + 1], text[place + 2])] {
                let here = &text[place..];
                let candidates = here.first_chunk().and_then(|beginning| self.shapes.get(beginning));
                let shapes = candidates.into_iter().flatten().filter(|(shape, _)| here.starts_with(shape));
                found.extend(shapes.map(|(_, secret)| *secret));
            }
            place += 1;
        }
    }
}

const fn number(first: u8, second: u8, third: u8) -> usize {
    (first as usize) << 16 | (second as usize) << 8 | third as usize
}

/// How a secret, or an end of it, looks in a file or a log.
fn shapes(secret: &[u8]) -> Vec<Vec<u8>> {
    let head = &secret[..secret.len().min(LONGEST)];
    let tail = &secret[secret.len().saturating_sub(LONGEST)..];
    [head, tail].into_iter().flat_map(written).collect()
}

/// As it is, or as somebody might print it. Base64 of a part of something longer begins at one of three places.
fn written(part: &[u8]) -> Vec<Vec<u8>> {
    let listed = format!("{part:?}").trim_matches(['[', ']']).to_owned();
    let escaped = part.escape_ascii().to_string();
    let in_json = escaped.replace('\\', "\\\\").replace('"', "\\\"");
    let texts = [HEXLOWER.encode(part), HEXUPPER.encode(part), listed, escaped, in_json];
    let in_base64 = (0..3).flat_map(|from| {
        let part = &part[from..];
        let whole = &part[..part.len() / 3 * 3];
        [BASE64_NOPAD.encode(whole), BASE64URL_NOPAD.encode(whole)]
    });
    let texts = texts.into_iter().chain(in_base64).map(String::into_bytes);
    [part.to_vec()].into_iter().chain(texts).collect()
}

/// Shorter ones are found by chance, or are no secrets.
pub(super) const SHORTEST: usize = 12;
const LONGEST: usize = 24;
const BEGINNING: usize = 8;
const PAGE: usize = 4_096;
const ZEROS: [u8; PAGE] = [0; PAGE];
