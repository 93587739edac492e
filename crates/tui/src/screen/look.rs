//! Looking at the engine, on its thread: what it holds becomes plain values that are safe to show.

use sotto_client::engine::{ChatView, Engine, EngineError, KeyChoice, Line, MemberView, Trouble};
use sotto_client::history::{Item, Wanted};
use sotto_proto::{AccountId, ConversationId, EventId};

use super::bubbles::{self, Scenery};
use super::text::{Face, Fragment, Kind};
use super::view::{ChatRow, Device, Earlier, Hit, Me, Member, Piece, Proof, Room};
use crate::objects::{ChatObject, Names};
use crate::words::{Language, Message};
use crate::{qr, safe};

/// Which stretch of a timeline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Window {
    /// What lies before this place of the log; none for the newest.
    pub(super) before: Option<u64>,
}

/// What somebody wants to look at again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wish {
    /// All chats.
    pub(super) all: bool,
    /// These.
    pub(super) some: Vec<ConversationId>,
    /// The one that is open.
    pub(super) room: Option<(ConversationId, Window)>,
}

/// What was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) me: Me,
    pub(super) all: Option<Vec<ChatRow>>,
    pub(super) some: Vec<ChatRow>,
    pub(super) room: Option<(Window, Room)>,
}

pub(super) fn look(engine: &Engine, wish: &Wish, now_ms: u64, language: Language) -> Result<Seen, EngineError> {
    let row = |chat: &ChatView| chat_row(engine, chat, now_ms, language);
    let all = if wish.all { Some(engine.chats()?.iter().map(row).collect::<Result<Vec<_>, _>>()?) } else { None };
    let mut some = Vec::new();
    for chat in &wish.some {
        if let Some(chat) = engine.chat(*chat)? {
            some.push(row(&chat)?);
        }
    }
    let room = match wish.room {
        Some((chat, window)) => Some((window, room(engine, chat, window, now_ms, language)?)),
        None => None,
    };
    Ok(Seen { me: me(engine)?, all, some, room })
}

fn me(engine: &Engine) -> Result<Me, EngineError> {
    let (name, about) = engine.profile()?;
    Ok(Me {
        account: engine.own_account(),
        user: safe::line(engine.user_name().unwrap_or_default()),
        name: safe::line(&name),
        about: safe::line(&about),
        signed_in: engine.is_signed_in(),
    })
}

fn chat_row(engine: &Engine, chat: &ChatView, now_ms: u64, language: Language) -> Result<ChatRow, EngineError> {
    let object = ChatObject::of(engine, chat, now_ms)?;
    let last = match &chat.last {
        Some(item) => bubbles::preview(&Names::of(engine, chat.id)?, item, chat, language)?,
        None => String::new(),
    };
    Ok(ChatRow {
        id: chat.id,
        name: object.name(language),
        kind: chat.kind,
        stand: chat.stand,
        other: chat.other,
        last,
        at_ms: chat.at_ms,
        unread: chat.unread.messages,
        mentions: chat.unread.mentions,
        pinned: chat.preferences.pinned > 0,
        muted: object.muted,
        archived: object.archived,
        ready: chat.ready,
        verified: object.verified,
        blocked: is_blocked(engine, chat)?,
        undecided: chat.undecided,
        trouble: chat.trouble.map(|trouble| trouble_in_words(trouble).say(language)),
        draft: chat.draft.clone(),
    })
}

fn is_blocked(engine: &Engine, chat: &ChatView) -> Result<bool, EngineError> {
    let contact = chat.other.map(|other| engine.contact(other)).transpose()?.flatten();
    Ok(contact.is_some_and(|contact| contact.blocked))
}

fn room(
    engine: &Engine,
    chat: ConversationId,
    window: Window,
    now_ms: u64,
    language: Language,
) -> Result<Room, EngineError> {
    let own = engine.own_account();
    let names = Names::of(engine, chat)?;
    let members = engine.members(chat)?;
    let items = engine.page(chat, window.before, PAGE)?;
    let from = items.first().map_or(0, |item| item.seq);
    let is_full = items.len() >= PAGE as usize;
    let newest = engine.page(chat, None, 1)?.last().map_or(0, |item| item.seq);
    let is_newest = items.last().is_none_or(|item| item.seq >= newest);
    let scenery = Scenery { engine, names: &names, chat, own, members: &members, language };
    let mut pieces = items.iter().map(|item| scenery.bubble(item).map(Piece::Bubble)).collect::<Result<Vec<_>, _>>()?;
    pieces.extend(lines(engine, &scenery, if is_full { from } else { 0 }, window)?);
    pieces.sort_by_key(|piece| (piece.seq(), matches!(piece, Piece::Bubble(_))));
    let last_seq = pieces.iter().filter_map(Piece::seq).max().unwrap_or(0);
    if is_newest {
        pieces.extend(scenery.on_the_way()?.into_iter().map(Piece::Bubble));
    }
    let has_earlier = match (is_full, engine.has_more_history(chat)?) {
        (true, _) => Earlier::Here,
        (false, true) => Earlier::OnServer,
        (false, false) => Earlier::Nothing,
    };
    let other = members.iter().map(|member| member.account).find(|account| Some(*account) != own);
    let is_there = members.len() == 2 && other.is_some_and(|other| engine.is_there(other, now_ms));
    let members = shown_members(&names, &members, own, language)?;
    Ok(Room { chat, pieces, is_newest, has_earlier, last_seq, members, is_there })
}

fn shown_members(
    names: &Names<'_>,
    members: &[MemberView],
    own: Option<AccountId>,
    language: Language,
) -> Result<Vec<Member>, EngineError> {
    let shown = members.iter().map(|member| {
        let person = names.person(member.account)?;
        Ok(Member {
            account: member.account,
            name: person.in_words(language),
            user: person.user,
            standing: member.standing,
            verified: member.verified,
            own: Some(member.account) == own,
        })
    });
    let mut shown = shown.collect::<Result<Vec<_>, EngineError>>()?;
    shown.sort_by(|one, other| other.standing.cmp(&one.standing).then_with(|| one.name.cmp(&other.name)));
    Ok(shown)
}

/// Lines that no event says, within the window.
fn lines(engine: &Engine, scenery: &Scenery<'_, '_>, from: u64, window: Window) -> Result<Vec<Piece>, EngineError> {
    let placed = engine.lines(scenery.chat, from)?;
    let within = placed.into_iter().filter(|placed| window.before.is_none_or(|before| placed.seq < before));
    let shown = within.map(|placed| {
        let text = in_words(scenery, placed.line)?;
        Ok(Piece::Line { seq: placed.seq, at_ms: placed.received_at_ms, text })
    });
    shown.collect()
}

fn in_words(scenery: &Scenery<'_, '_>, line: Line) -> Result<String, EngineError> {
    let name = |account| scenery.name(account);
    let message = match line {
        Line::Added { who, by } if who == by => Message::LineJoined { who: name(who)? },
        Line::Added { who, by } => Message::LineAdded { who: name(who)?, by: name(by)? },
        Line::Removed { who, by } => Message::LineRemoved { who: name(who)?, by: name(by)? },
        Line::Left(who) => Message::LineLeft { who: name(who)? },
        Line::Role { who, by, to } => {
            Message::LineRole { who: name(who)?, by: name(by)?, role: super::role_in_words(to).say(scenery.language) }
        }
        Line::Policy { by } => Message::LinePolicy { by: name(by)? },
        Line::Renamed { by } => Message::LineRenamed { by: name(by)? },
        Line::DeviceAdded(who) => Message::LineDeviceAdded { who: name(who)? },
        Line::DeviceRemoved(who) => Message::LineDeviceRemoved { who: name(who)? },
        Line::KeyChanged(who) => Message::LineKeyChanged { who: name(who)? },
        Line::Trouble(trouble) => trouble_in_words(trouble),
        Line::Unreadable => Message::LineUnreadable,
    };
    Ok(message.say(scenery.language))
}

fn trouble_in_words(trouble: Trouble) -> Message {
    match trouble {
        Trouble::BadCommit => Message::TroubleBadCommit,
        Trouble::LogContradicted => Message::TroubleLogContradicted,
        Trouble::LogTruncated => Message::TroubleLogTruncated,
        Trouble::DirectoryForked => Message::TroubleDirectoryForked,
        Trouble::DirectoryWentBack => Message::TroubleDirectoryWentBack,
        Trouble::DirectoryBadProof => Message::TroubleDirectoryBadProof,
        Trouble::DirectoryWithdrawn => Message::TroubleDirectoryWithdrawn,
        Trouble::KeysNotInDirectory => Message::TroubleKeysNotInDirectory,
        Trouble::KeysTakenBack => Message::TroubleKeysTakenBack,
        Trouble::PromiseBroken => Message::TroublePromiseBroken,
        Trouble::ForeignKey => Message::TroubleForeignKey,
    }
}

/// Messages with certain words, each in one line.
pub(super) fn search(
    engine: &Engine,
    query: &str,
    chat: Option<ConversationId>,
    language: Language,
) -> Result<Vec<Hit>, EngineError> {
    let wanted = Wanted { query: query.to_owned(), conversation: chat, limit: HITS, ..Wanted::default() };
    let hits = engine.search(&wanted)?.into_iter().map(|found| {
        let names = Names::of(engine, found.conversation)?;
        let chat = engine.chat(found.conversation)?;
        let chat_name = chat.map(|chat| ChatObject::of(engine, &chat, 0)).transpose()?.map(|chat| chat.name(language));
        Ok(Hit {
            chat: found.conversation,
            chat_name: chat_name.unwrap_or_default(),
            id: found.item.id,
            seq: found.item.seq,
            name: names.person(found.item.author)?.in_words(language),
            at_ms: found.item.received_at_ms,
            text: highlighted(&found.item, &found.highlights),
        })
    });
    hits.collect()
}

/// The text around the first place that fits, with the places marked.
fn highlighted(item: &Item, places: &[std::ops::Range<usize>]) -> Vec<Fragment> {
    let text = bubbles::words_of(item);
    let first = places.first().map_or(0, |place| place.start);
    let start = text[..first].char_indices().rev().nth(BEFORE_HIT).map_or(0, |(at, _)| at);
    let mut fragments = Vec::new();
    if start > 0 {
        fragments.push(Fragment::plain("…"));
    }
    let (mut at, mut push) = (start, |kind, part: &str| {
        if !part.is_empty() {
            fragments.push(Fragment { text: safe::line(part), face: Face { kind, ..Face::default() } });
        }
    });
    let mut places = places.to_vec();
    places.sort_by_key(|place| place.start);
    for place in places {
        if place.start >= at {
            push(Kind::Plain, &text[at..place.start]);
            push(Kind::Found, &text[place.clone()]);
            at = place.end;
        }
    }
    push(Kind::Plain, &text[at..]);
    fragments
}

pub(super) fn devices(engine: &Engine) -> Vec<Device> {
    let devices = engine.devices().iter().map(|device| Device {
        id: device.id,
        name: safe::line(&device.name),
        used_at_ms: device.last_used_at_ms,
        this: device.this,
    });
    devices.collect()
}

/// What is compared with somebody; none while their key is not known.
pub(super) fn proof(engine: &Engine, account: AccountId, name: String) -> Result<Option<Proof>, EngineError> {
    let Some(contact) = engine.contact(account)? else { return Ok(None) };
    let is_new_key = contact.new_identity.is_some();
    let key = if is_new_key { KeyChoice::New } else { KeyChoice::Known };
    let Some(safety) = engine.safety(account, key)? else { return Ok(None) };
    let digits = safety.number.digits();
    let digits = digits.as_bytes().chunks(5).map(|group| String::from_utf8_lossy(group).into_owned());
    let drawn = |margin| {
        let code = qr::drawn(&safety.qr_text, margin).unwrap_or_default();
        code.lines().map(str::to_owned).collect()
    };
    Ok(Some(Proof {
        account,
        name,
        digits: digits.collect(),
        words: safety.number.words().join(" "),
        code: drawn(qr::MARGIN),
        narrow_code: drawn(qr::NARROW_MARGIN),
        verified: contact.verified,
        is_new_key,
    }))
}

/// The place of a message in its chat's log, as far as it is here.
pub(super) fn place_of(engine: &Engine, chat: ConversationId, id: EventId) -> Result<Option<u64>, EngineError> {
    Ok(engine.message(chat, id)?.map(|item| item.seq))
}

/// Messages of a stretch.
pub(super) const PAGE: u32 = 200;
const HITS: u32 = 50;
/// Characters that are shown before what was found.
const BEFORE_HIT: usize = 20;
