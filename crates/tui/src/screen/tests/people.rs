//! Who is in the stories, and what they have said.

use std::path::PathBuf;

use jiff::tz::TimeZone;
use sotto_client::engine::Stand;
use sotto_client::timeline::Standing;
use sotto_proto::wire::ConversationKind;
use sotto_proto::{AccountId, ConversationId, DeviceId, EventId};

use crate::qr;
use crate::screen::events::Input;
use crate::screen::files::Attached;
use crate::screen::look::{Seen, Window};
use crate::screen::model::{Model, Notice};
use crate::screen::settings::Settings;
use crate::screen::text::{Fragment, Kind};
use crate::screen::update::update;
use crate::screen::view::{
    Body, Bubble, ChatRow, Delivery, Device, Earlier, Hit, Me, Member, Piece, Proof, Quote, Reaction, Room,
};
use crate::words::Message;

/// Saturday, 14 November 2026, 12:00 UTC.
const NOON_MS: u64 = 1_794_657_600_000;
const MINUTE_MS: u64 = 60_000;
const DAY_MS: u64 = 24 * 60 * MINUTE_MS;

const ALICE: u8 = 1;
const BOB: u8 = 2;
const CAROL: u8 = 3;

/// A screen of 80 by 24 before anything was seen.
pub(super) fn nobody() -> Model {
    let mut model = Model::new((80, 24), Settings::default(), TimeZone::UTC);
    model.now_ms = NOON_MS;
    model.appear_due_ms = u64::MAX;
    model
}

/// A chat with text of every kind that is hard to lay out, open.
pub(super) fn strangely_written() -> Model {
    let mut model = nobody();
    for input in comes("chats").into_iter().chain([Input::Started(chat_id(BOB))]).chain(comes("strange")) {
        update(&mut model, NOON_MS, input);
    }
    model
}

/// What the engine says, by name.
pub(super) fn comes(what: &str) -> Vec<Input> {
    match what {
        "nothing" => seen(Some(Vec::new()), None),
        "chats" => seen(Some(chats()), None),
        "bob" => seen(None, Some(with_bob(&[]))),
        "bob-hears" => seen(Some(chats_read()), Some(with_bob(&[own(7, "Until then!", Delivery::Read)]))),
        "bob-writes" => seen(Some(chats_read()), Some(with_bob(&[said(7, BOB, "One more thing", 4)]))),
        "queued" => seen(None, Some(with_bob(&[Bubble { seq: None, ..own(8, "Into the void", Delivery::Queued) }]))),
        "group" => seen(None, Some(group())),
        "saved" => seen(None, Some(room(chat_id(9), Vec::new(), vec![member(ALICE, Standing::Member)]))),
        "stranger" => seen(None, Some(room(chat_id(CAROL), vec![], vec![member(CAROL, Standing::Member)]))),
        "long" => seen(None, Some(long(60))),
        "long-and-more" => seen(None, Some(long(62))),
        "strange" => seen(None, Some(strange())),
        "bob-types" => vec![Input::Typing { chat: chat_id(BOB), who: account(BOB), stopped: false }],
        "files" => seen(None, Some(with_files())),
        "signed-out" => signed_out(),
        "listed" => vec![Input::Listed {
            typed: "pl".to_owned(),
            options: ["plan b/", "plan.pdf", "plans.txt"].map(str::to_owned).into(),
        }],
        "listed-more" => vec![Input::Listed {
            typed: "plan".to_owned(),
            options: ["plan b/", "plan.pdf", "plans.txt"].map(str::to_owned).into(),
        }],
        "folders" => vec![Input::Listed {
            typed: "~/".to_owned(),
            options: ["~/Downloads/", "~/notes.txt"].map(str::to_owned).into(),
        }],
        "attached" => vec![Input::Attached(chat_id(BOB), attached("plan.pdf", 1_234_567))],
        "attached-more" => vec![Input::Attached(chat_id(BOB), attached("日本語の長い名前のファイル.txt", 42))],
        "hits" => vec![Input::Found { query: "lake".to_owned(), hits: hits() }],
        "devices" => vec![Input::Devices(devices())],
        "proof" => vec![Input::Proof(Some(Box::new(proof(false))))],
        "new-key" => vec![Input::Proof(Some(Box::new(proof(true))))],
        "refusal" => {
            vec![Input::Said(Notice { message: Message::NobodyThere { name: "zoe".to_owned() }, is_alarm: true })]
        }
        other => panic!("nobody knows '{other}'"),
    }
}

fn seen(all: Option<Vec<ChatRow>>, room: Option<Room>) -> Vec<Input> {
    let me = Me {
        account: Some(account(ALICE)),
        user: "alice".to_owned(),
        name: "Alice".to_owned(),
        about: String::new(),
        signed_in: true,
    };
    let room = room.map(|room| (Window::default(), room));
    vec![Input::Seen(Box::new(Seen { me, all, some: Vec::new(), room }))]
}

fn signed_out() -> Vec<Input> {
    let mut inputs = seen(Some(chats()), None);
    if let Some(Input::Seen(seen)) = inputs.first_mut() {
        seen.me.signed_in = false;
    }
    inputs
}

fn attached(name: &str, size: u64) -> Attached {
    Attached { path: PathBuf::from("/home/alice").join(name), name: name.to_owned(), size }
}

/// Bob has sent a file, and forwarded something.
fn with_files() -> Room {
    let line = vec![Fragment::plain("📎 lake.jpg"), Fragment::of(Kind::Faint, "  1.2 MB")];
    with_bob(&[
        Bubble { body: Body::Text(line, String::new()), files: 1, ..said(7, BOB, "", 4) },
        Bubble { forwarded: true, ..said(8, BOB, "The boat is free on Sunday.", 3) },
    ])
}

fn account(who: u8) -> AccountId {
    AccountId::from_bytes([who; 16])
}

fn chat_id(with: u8) -> ConversationId {
    ConversationId::from_bytes([with; 16])
}

fn id(number: u64) -> EventId {
    EventId::from_bytes(u128::from(number).to_be_bytes())
}

fn name(who: u8) -> &'static str {
    match who {
        ALICE => "Alice (@alice)",
        BOB => "Bob (@bob)",
        _ => "carol",
    }
}

fn member(who: u8, standing: Standing) -> Member {
    let user = ["", "alice", "bob", "carol"][usize::from(who)].to_owned();
    Member { account: account(who), name: name(who).to_owned(), user, standing, verified: false, own: who == ALICE }
}

fn chat(with: u8, name: &str, kind: ConversationKind, last: &str, minutes_ago: u64) -> ChatRow {
    ChatRow {
        id: chat_id(with),
        name: name.to_owned(),
        kind,
        stand: Stand::Member,
        other: (kind == ConversationKind::Direct).then(|| account(with)),
        last: last.to_owned(),
        at_ms: NOON_MS - minutes_ago * MINUTE_MS,
        unread: 0,
        mentions: 0,
        pinned: false,
        muted: false,
        archived: false,
        ready: true,
        verified: false,
        blocked: false,
        undecided: None,
        trouble: None,
        draft: String::new(),
    }
}

fn chats() -> Vec<ChatRow> {
    let direct = ConversationKind::Direct;
    vec![
        ChatRow { unread: 2, ..chat(BOB, "Bob (@bob)", direct, "Shall we go to the lake?", 5) },
        ChatRow {
            unread: 12,
            mentions: 1,
            ..chat(7, "Lake club", ConversationKind::Group, "carol: Who brings the boat for all of us?", 60)
        },
        ChatRow { stand: Stand::Requested, ..chat(CAROL, "@carol", direct, "", 90) },
        ChatRow { pinned: true, ..chat(9, "Saved messages", ConversationKind::Saved, "milk, bread", 3 * 24 * 60) },
        ChatRow { muted: true, unread: 3, ..chat(8, "Noise", ConversationKind::Group, "dave: !!!", 2 * 24 * 60) },
        ChatRow { archived: true, ..chat(10, "@erin", direct, "Long ago", 400 * 24 * 60) },
    ]
}

fn chats_read() -> Vec<ChatRow> {
    let mut chats = chats();
    chats[0] = ChatRow { unread: 0, last: "One more thing".to_owned(), ..chats[0].clone() };
    chats
}

fn room(chat: ConversationId, pieces: Vec<Piece>, members: Vec<Member>) -> Room {
    let last_seq = pieces.iter().filter_map(Piece::seq).max().unwrap_or(0);
    Room {
        chat,
        pieces,
        is_newest: true,
        has_earlier: Earlier::Nothing,
        last_seq,
        members,
        is_there: chat == chat_id(BOB),
    }
}

fn said(seq: u64, who: u8, text: &str, minutes_ago: u64) -> Bubble {
    Bubble {
        id: id(seq),
        seq: Some(seq),
        author: account(who),
        name: name(who).to_owned(),
        own: who == ALICE,
        at_ms: NOON_MS - minutes_ago * MINUTE_MS,
        body: Body::Text(vec![Fragment::plain(text)], text.to_owned()),
        files: 0,
        quote: None,
        edited: false,
        forwarded: false,
        reactions: Vec::new(),
        delivery: if who == ALICE { Delivery::Delivered } else { Delivery::NotOwn },
    }
}

fn own(seq: u64, text: &str, delivery: Delivery) -> Bubble {
    Bubble { delivery, ..said(seq, ALICE, text, 3) }
}

fn with_bob(more: &[Bubble]) -> Room {
    let answered = Quote { name: name(ALICE).to_owned(), text: "How was it?".to_owned(), target: id(2) };
    let thumbs = Reaction { emoji: "👍".to_owned(), raw: "👍".to_owned(), count: 1, own: false };
    let mut bubbles = vec![
        Bubble { at_ms: NOON_MS - DAY_MS, ..said(1, BOB, "I was at the lake today.", 0) },
        Bubble {
            at_ms: NOON_MS - DAY_MS + MINUTE_MS,
            delivery: Delivery::Read,
            reactions: vec![thumbs],
            ..said(2, ALICE, "How was it?", 0)
        },
        Bubble { quote: Some(answered), edited: true, ..said(3, BOB, "Cold, and clear to the ground.", 9) },
        Bubble { body: Body::Deleted, ..said(4, BOB, "", 8) },
        said(
            5,
            BOB,
            "Look at the forecast: sun until Sunday evening, hardly any wind, and the water is warming up.",
            6,
        ),
        said(6, BOB, "Shall we go to the lake?", 5),
    ];
    bubbles.extend_from_slice(more);
    let members = vec![member(ALICE, Standing::Member), member(BOB, Standing::Member)];
    room(chat_id(BOB), bubbles.into_iter().map(Piece::Bubble).collect(), members)
}

fn group() -> Room {
    let line = |seq, text: &str| Piece::Line { seq, at_ms: NOON_MS - 70 * MINUTE_MS, text: text.to_owned() };
    let mention = vec![Fragment::of(Kind::Mention, "@alice"), Fragment::plain(" can you row?")];
    let poll = Fragment::plain("▤ When?\n    2  Saturday\n    1  Sunday");
    let pieces = vec![
        line(1, "Bob (@bob) added carol"),
        line(2, "Bob (@bob) made Alice (@alice): admin"),
        Piece::Bubble(Bubble { body: Body::Other(vec![poll]), ..said(3, BOB, "", 65) }),
        Piece::Bubble(said(4, ALICE, "Saturday suits me.", 63)),
        Piece::Bubble(Bubble { body: Body::Text(mention, String::new()), ..said(5, CAROL, "", 61) }),
        Piece::Bubble(said(6, CAROL, "Who brings the boat for all of us?", 60)),
    ];
    let members = vec![member(BOB, Standing::Owner), member(ALICE, Standing::Admin), member(CAROL, Standing::Member)];
    room(chat_id(7), pieces, members)
}

fn long(messages: u64) -> Room {
    let text = |seq| format!("Message number {seq}");
    let pieces = (1..=messages).map(|seq| {
        let who = if seq % 7 < 4 { BOB } else { ALICE };
        Piece::Bubble(said(seq, who, &text(seq), 100 - seq))
    });
    let members = vec![member(ALICE, Standing::Member), member(BOB, Standing::Member)];
    room(chat_id(BOB), pieces.collect(), members)
}

fn strange() -> Room {
    let texts = [
        "日本語の文章はとても長くて、単語の間に空白がありませんが、正しく折り返されるべきです。",
        "שלום עולם, this is both ways, مرحبا بالعالم",
        "👩‍👩‍👧‍👦 👍🏽 🇮🇹 é e\u{301} Z\u{351}\u{36b}\u{343}a\u{328}lgo",
        "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
        "two\nlines",
    ];
    let pieces =
        texts.iter().zip(1..).map(|(text, seq)| Piece::Bubble(said(seq, BOB, &crate::safe::block(text, ""), 9)));
    let mut pieces: Vec<_> = pieces.collect();
    let hostile = "\x1b[2J\u{202e}evil\u{7}";
    pieces.push(Piece::Bubble(said(6, BOB, &crate::safe::block(hostile, ""), 8)));
    let spoiler = vec![Fragment::plain("It was "), Fragment::of(Kind::Spoiler, "the gardener")];
    pieces.push(Piece::Bubble(Bubble { body: Body::Text(spoiler, String::new()), ..said(7, BOB, "", 7) }));
    let members = vec![member(ALICE, Standing::Member), member(BOB, Standing::Member)];
    room(chat_id(BOB), pieces, members)
}

fn hits() -> Vec<Hit> {
    let hit = |chat: u8, chat_name: &str, seq, who, text: Vec<Fragment>| Hit {
        chat: chat_id(chat),
        chat_name: chat_name.to_owned(),
        id: id(seq),
        seq,
        name: name(who).to_owned(),
        at_ms: NOON_MS - 5 * MINUTE_MS,
        text,
    };
    let found = || Fragment::of(Kind::Found, "lake");
    vec![
        hit(BOB, "Bob (@bob)", 6, BOB, vec![Fragment::plain("Shall we go to the "), found(), Fragment::plain("?")]),
        hit(7, "Lake club", 2, CAROL, vec![Fragment::plain("The "), found(), Fragment::plain(" is frozen")]),
        hit(BOB, "Bob (@bob)", 1, BOB, vec![Fragment::plain("I was at the "), found(), Fragment::plain(" today.")]),
    ]
}

/// The code is as large as a real one.
fn proof(is_new_key: bool) -> Proof {
    let code = |margin| {
        let drawn = qr::drawn(&format!("SOTTO-VERIFY:1:{:A<154}", "BOB"), margin).unwrap();
        drawn.lines().map(str::to_owned).collect()
    };
    Proof {
        account: account(BOB),
        name: name(BOB).to_owned(),
        digits: (0..12).map(|group| format!("{:05}", group * 8_111)).collect(),
        words: ["casual", "casino", "pull"].repeat(6).join(" "),
        code: code(qr::MARGIN),
        narrow_code: code(qr::NARROW_MARGIN),
        verified: false,
        is_new_key,
    }
}

fn devices() -> Vec<Device> {
    let device = |number: u8, name: &str, this| Device {
        id: DeviceId::from_bytes([number; 16]),
        name: name.to_owned(),
        used_at_ms: NOON_MS - u64::from(number) * DAY_MS,
        this,
    };
    vec![device(1, "desk", true), device(2, "", false), device(3, "old phone", false)]
}
