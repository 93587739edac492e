//! Finding words in very many messages.

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use sotto_client::history::{Opened, Wanted};
use sotto_client::store::Store;
use sotto_client::timeline::Standing;
use sotto_proto::{AccountId, ConversationId, EventId};

use super::backlog::fastest_ms;
use super::files::Files;
use super::words::{Words, event};
use super::{Figure, Scale};
use crate::clock::now_ms;

const CHATS: u8 = 100;
const A_TRANSACTION: u32 = 100_000;
const LIMIT: u32 = 50;

pub(super) fn figures(scale: Scale) -> Vec<Figure> {
    let files = Files::new();
    let mut store = files.store("search.db");
    let start = now_ms();
    let mut words = Words::new(1);
    fill(&mut store, &mut words, scale.searched);
    let made = f64::from(scale.searched) / (now_ms() - start) * 1e3;

    let plain = plain_texts(&files, scale.searched);
    let mut scan = plain.prepare("SELECT count(*) FROM texts WHERE text LIKE ?1").unwrap();
    let mut scanned_ms = |word: &str| {
        let start = now_ms();
        scan.query_row([format!("%{word}%")], |row| row.get::<_, u64>(0)).unwrap();
        now_ms() - start
    };
    let scan_ms = scanned_ms(words.word(5));
    let mut figures = vec![Figure::new("record and index messages", "messages/s", made, "—", 0.0)];
    for (name, query) in queries(&words) {
        let wanted = Wanted { query: query.clone(), limit: LIMIT, ..Wanted::default() };
        let ms = fastest_ms(|| drop(store.search(&wanted).unwrap()));
        let what = format!("search: {name} (“{query}”)");
        figures.push(Figure::new(&what, "ms", ms, "LIKE over plain texts", scan_ms));
    }
    #[cfg(not(target_arch = "wasm32"))]
    figures.push(size(&files, scale));
    figures
}

#[cfg(not(target_arch = "wasm32"))]
#[expect(clippy::cast_precision_loss, reason = "no database is so large")]
fn size(files: &Files, scale: Scale) -> Figure {
    let a_message = |name| files.size(name) as f64 / f64::from(scale.searched);
    Figure::new(
        "a stored message with its index",
        "bytes",
        a_message("search.db"),
        "its text in plain SQLite",
        a_message("texts.db"),
    )
}

/// What people look for, the worst of it included.
fn queries(words: &Words) -> Vec<(&'static str, String)> {
    let of = |rank: usize, least: usize, from: char, to: char| {
        let fits = |word: &&str| word.chars().count() >= least && word.starts_with(|c| (from..=to).contains(&c));
        words.from(rank).find(fits).unwrap().to_owned()
    };
    let (common, rare) = (of(0, 6, 'a', 'z'), of(15_000, 9, 'a', 'z'));
    let cut = |word: &str, length: usize| word.chars().take(length).collect::<String>();
    let mistyped = {
        let mut letters: Vec<char> = rare.chars().collect();
        letters.swap(3, 4);
        letters.into_iter().collect()
    };
    vec![
        ("a frequent word", common.clone()),
        ("a rare word", rare.clone()),
        ("two words", format!("{common} {rare}")),
        ("three letters", cut(&common, 3)),
        ("two letters", cut(&common, 2)),
        ("one letter", cut(&common, 1)),
        ("a typing error", mistyped),
        ("Cyrillic", of(100, 6, 'а', 'я')),
        ("Chinese, one character", cut(&of(100, 2, '一', '龥'), 1)),
        ("Chinese, a word", of(100, 3, '一', '龥')),
        ("nothing like it", "zzqxzzqx".to_owned()),
    ]
}

fn fill(store: &mut Store, words: &mut Words, count: u32) {
    let mut rng = StdRng::seed_from_u64(2);
    for from in (0..count).step_by(A_TRANSACTION as usize) {
        let some: Vec<_> =
            (from..count.min(from + A_TRANSACTION)).map(|number| opened(number, words, &mut rng)).collect();
        store.record(&some).unwrap();
    }
}

fn opened(number: u32, words: &mut Words, rng: &mut StdRng) -> Opened {
    let mut id = [0; 16];
    rng.fill_bytes(&mut id);
    let chat = u8::try_from(number % u32::from(CHATS)).unwrap();
    Opened {
        conversation: ConversationId::from_bytes([chat; 16]),
        seq: u64::from(number / u32::from(CHATS)) + 1,
        id: EventId::from_bytes(id),
        author: AccountId::from_bytes([id[0] % 8; 16]),
        standing: Standing::Member,
        received_at_ms: 1_700_000_000_000 + u64::from(number) * 30_000,
        body: event(words.say()),
    }
}

fn plain_texts(files: &Files, count: u32) -> rusqlite::Connection {
    let mut plain = files.plain("texts.db");
    plain.execute_batch("CREATE TABLE texts (number INTEGER PRIMARY KEY, text TEXT NOT NULL)").unwrap();
    let mut words = Words::new(1);
    let transaction = plain.transaction().unwrap();
    for _ in 0..count {
        let mut insert = transaction.prepare_cached("INSERT INTO texts (text) VALUES (?1)").unwrap();
        insert.execute([words.say()]).unwrap();
    }
    transaction.commit().unwrap();
    plain
}
