//! Finding messages by what they say, while somebody types.
//!
//! The index holds every three neighbouring characters of the folded texts (FTS5, trigram). First come messages that contain all
//! words of the query, in any place, the newest first. If there are few, messages follow in which each word is nearly there: with a
//! typing error or another ending. Candidates for these share the beginning or the end of each word.

use std::ops::Range;

use rusqlite::{Connection, params_from_iter, types::Value};
use sotto_proto::{AccountId, ConversationId};
use strsim::osa_distance;

use super::fold::{Folded, fold, words};
use super::page::{Kept, items, shown};
use super::record::row_of_time;
use super::{Item, What};
use crate::store::{Store, StoreError};
use crate::timeline::{Message, State};

/// What is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Words, or beginnings of words, as somebody types them.
    pub query: String,
    /// Only in this conversation.
    pub conversation: Option<ConversationId>,
    /// Only by this account.
    pub author: Option<AccountId>,
    /// Only what the server took in this time, in milliseconds since 1970.
    pub received_at_ms: Option<Range<u64>>,
    /// At most so many.
    pub limit: u32,
}

/// A message that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where.
    pub conversation: ConversationId,
    /// The message.
    pub item: Item,
    /// What of its text fits the query, in bytes.
    pub highlights: Vec<Range<usize>>,
}

impl Store {
    /// Messages that fit, exact ones before similar ones, newer ones before older ones.
    pub fn search(&self, wanted: &Wanted) -> Result<Vec<Found>, StoreError> {
        let terms: Vec<String> = fold(&wanted.query).split_whitespace().take(TERMS_MAX).map(str::to_owned).collect();
        let limit = wanted.limit.min(FOUND_MAX) as usize;
        if terms.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        let exact = |parts_of| exact_match(self.connection(), &terms, parts_of);
        let (mut found, is_all) = self.look_up(wanted, &exact(parts_side_by_side)?, &terms, limit, contains)?;
        if !is_all && found.len() < limit {
            // The parts are everywhere, and seldom belong together.
            found = self.look_up(wanted, &exact(one_phrase)?, &terms, limit, contains)?.0;
        }
        if found.len() < limit {
            let known: Vec<_> = found.iter().map(|found| found.item.id).collect();
            let (similar, _) = self.look_up(wanted, &similar_match(&terms), &terms, limit, resembles)?;
            found.extend(similar.into_iter().filter(|found| !known.contains(&found.item.id)));
            found.truncate(limit);
        }
        Ok(found)
    }

    /// Messages that the index names and in which `fits` finds each term, and whether all that it names were looked at.
    fn look_up(
        &self,
        wanted: &Wanted,
        expression: &str,
        terms: &[String],
        limit: usize,
        fits: fn(&str, &str) -> Vec<Range<usize>>,
    ) -> Result<(Vec<Found>, bool), StoreError> {
        if expression.is_empty() {
            return Ok((Vec::new(), true));
        }
        let (sql, values) = statement(wanted, expression);
        let mut statement = self.connection().prepare_cached(&sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        let (mut found, mut candidates) = (Vec::new(), 0);
        while let (Some(row), true) = (rows.next()?, found.len() < limit) {
            candidates += 1;
            let conversation = ConversationId::from_bytes(row.get("id")?);
            for item in items(self.connection(), &[Kept::read_shown(row)?])? {
                found.extend(highlights(&item, terms, fits).map(|highlights| Found { conversation, item, highlights }));
            }
        }
        Ok((found, candidates < CANDIDATES_MAX))
    }
}

fn statement(wanted: &Wanted, expression: &str) -> (String, Vec<Value>) {
    let mut sql = concat!(
        "SELECT ",
        shown!(),
        ", id FROM words CROSS JOIN entries ON entries.row = words.rowid
         CROSS JOIN conversations ON number = conversation WHERE words MATCH ?"
    )
    .to_owned();
    let mut values = vec![Value::from(expression.to_owned())];
    if let Some(times) = &wanted.received_at_ms {
        sql += " AND words.rowid >= ? AND words.rowid < ?";
        values.extend([row_of_time(times.start).into(), row_of_time(times.end).into()]);
    }
    if let Some(conversation) = wanted.conversation {
        sql += " AND id = ?";
        values.push(conversation.as_bytes().to_vec().into());
    }
    if let Some(author) = wanted.author {
        sql += " AND author = ?";
        values.push(author.as_bytes().to_vec().into());
    }
    sql += " ORDER BY words.rowid DESC LIMIT ?";
    values.push(CANDIDATES_MAX.into());
    (sql, values)
}

/// Every term somewhere in the text. Empty when there can be no such text.
fn exact_match(
    connection: &Connection,
    terms: &[String],
    parts_of: fn(&str, usize) -> Vec<String>,
) -> Result<String, StoreError> {
    let parts_each = LISTS_MAX.div_ceil(terms.len());
    let mut clauses = Vec::new();
    for term in terms {
        if term.chars().count() >= PART {
            clauses.extend(parts_of(term, parts_each).iter().map(|part| quoted(part)));
            continue;
        }
        let parts = parts_beginning_with(connection, term)?;
        if parts.is_empty() {
            return Ok(String::new());
        }
        clauses.push(format!("({})", parts.iter().map(|part| quoted(part)).collect::<Vec<_>>().join(" OR ")));
    }
    Ok(clauses.join(" AND "))
}

/// Some parts of a term that lie side by side, and the last one. The phrase of all its overlapping parts takes many more lists of the index,
/// and their positions; whether these belong together is seen in the text.
fn parts_side_by_side(term: &str, count: usize) -> Vec<String> {
    let characters: Vec<char> = term.chars().collect();
    let last = characters[characters.len() - PART..].iter().collect();
    let before = characters[..characters.len() - PART].chunks_exact(PART).map(|part| part.iter().collect());
    before.take(count.saturating_sub(1)).chain([last]).collect()
}

fn one_phrase(term: &str, _count: usize) -> Vec<String> {
    vec![term.to_owned()]
}

/// A term of one or two characters is shorter than what the index holds: it stands for the parts that begin with it.
fn parts_beginning_with(connection: &Connection, term: &str) -> Result<Vec<String>, StoreError> {
    let beyond = format!("{term}{}", char::MAX);
    let parts = connection
        .prepare_cached("SELECT term FROM word_parts WHERE term >= ?1 AND term < ?2 LIMIT ?3")?
        .query_map((term, beyond, PARTS_MAX), |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(parts)
}

/// The beginning or the end of every term somewhere in the text. Empty when all terms are so short that they are both.
fn similar_match(terms: &[String]) -> String {
    if terms.iter().all(|term| term.chars().count() <= PART) {
        return String::new();
    }
    let ends =
        terms.iter().map(|term| term.chars().collect::<Vec<_>>()).filter(|term| term.len() >= PART).map(|term| {
            let first: String = term[..PART].iter().collect();
            let last: String = term[term.len() - PART..].iter().collect();
            format!("({} OR {})", quoted(&first), quoted(&last))
        });
    ends.collect::<Vec<_>>().join(" AND ")
}

/// A string of FTS5, in which nothing means anything but itself.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// Where each term is in the text of a message; none when one of them is neither there nor in the name of a file.
fn highlights(item: &Item, terms: &[String], fits: fn(&str, &str) -> Vec<Range<usize>>) -> Option<Vec<Range<usize>>> {
    let What::Message(Message { state: State::Standing { text, .. }, .. }) = &item.what else { return None };
    let folded = Folded::new(text.body.as_str());
    let names: Vec<_> = text.files.iter().map(|file| fold(file.name.as_str())).collect();
    let mut all = Vec::new();
    for term in terms {
        let places = fits(&folded.text, term);
        if places.is_empty() && names.iter().all(|name| fits(name, term).is_empty()) {
            return None;
        }
        all.extend(places.into_iter().map(|place| folded.origin(place)));
    }
    Some(joined(all))
}

/// In order, without overlaps.
fn joined(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut joined: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

fn contains(text: &str, term: &str) -> Vec<Range<usize>> {
    text.match_indices(term).map(|(at, found)| at..at + found.len()).collect()
}

fn resembles(text: &str, term: &str) -> Vec<Range<usize>> {
    words(text).filter(|word| is_similar(&text[word.clone()], term)).collect()
}

/// One error in a short word, two in a longer one; or the same stem with another ending.
fn is_similar(word: &str, term: &str) -> bool {
    let length = term.chars().count();
    let errors = if length > LONG { 2 } else { 1 };
    let common = word.chars().zip(term.chars()).take_while(|(one, other)| one == other).count();
    let stem = common >= PART && common * 3 >= length * 2 && word.chars().count() <= length + ENDING_MAX;
    word.contains(term) || stem || (length > PART && osa_distance(word, term) <= errors)
}

/// Characters of what the index holds.
const PART: usize = 3;
/// Lists of the index that are held against each other for a query. More of them leave fewer messages to look at, and take longer.
const LISTS_MAX: usize = 4;
/// Parts that a short term stands for.
const PARTS_MAX: u32 = 200;
/// Words of a query that are looked at.
const TERMS_MAX: usize = 8;
/// Messages that are found at most.
const FOUND_MAX: u32 = 200;
/// Messages that are looked at for one query.
const CANDIDATES_MAX: i64 = 2_000;
/// From here on a word may have two errors.
const LONG: usize = 7;
/// Characters that an ending may add.
const ENDING_MAX: usize = 3;
