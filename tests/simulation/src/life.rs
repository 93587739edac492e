//! A person's whole life with the product, in words that any world can play: the simulator in all weathers, and the services of the
//! real server.
#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a scenario that cannot go on has failed, wherever it is played"
)]

use std::time::Duration;

use sotto_client::engine::{ChatView, Engine, Errand, Line, Moment, NewAccount, Recovering, Returning, Stand};
use sotto_client::history::What;
use sotto_client::timeline::{Message, State};
use sotto_crypto::login::{Password, StretchCost};
use sotto_crypto::recovery::RecoveryCode;
use sotto_proto::wire::event::Content;
use sotto_proto::{ConversationId, UserName, wire};

/// A world with devices in it, and a server that they talk to.
pub trait Stage {
    /// A device out of the box, by the number that it is called from now on.
    fn unpack(&mut self, person: &str) -> usize;

    /// What runs on a device.
    fn engine(&self, device: usize) -> &Engine;

    /// Somebody does something on a device.
    fn act<T>(&mut self, device: usize, work: impl FnOnce(&mut Engine, &mut Moment<'_>) -> T) -> T;

    /// Time goes by, in which each device that is on does what there is to do.
    fn pass(&mut self, time: Duration);

    /// A device is off, or back again.
    fn switch(&mut self, device: usize, on: bool);
}

/// Plays it: Alice registers and talks, has a second device, loses the first one, loses the browser, has forgotten the password, and
/// comes back after months.
pub fn a_whole_life(stage: &mut impl Stage) {
    // Alice registers, talks to Bob, and the two make a group with Carol.
    let (phone, bob, carol) = (registers(stage, "alice"), registers(stage, "bob"), registers(stage, "carol"));
    let words = stage.engine(phone).expose_recovery_words().unwrap().to_owned();
    let chat = meets(stage, phone, "bob", bob);
    says(stage, phone, chat, "Ciao Bob");
    says(stage, bob, chat, "Good to see you");
    meets(stage, phone, "carol", carol);
    let members = [bob, carol].map(|friend| stage.engine(friend).own_account().unwrap());
    let group = stage.act(phone, |engine, moment| engine.start_group("Holidays", &members, moment)).unwrap();
    stage.pass(A_WHILE);
    for friend in [bob, carol] {
        accepts(stage, friend, group);
    }
    says(stage, carol, group, "To the sea?");

    // A second device, then the first one is lost and revoked.
    let laptop = signs_in(stage, "alice", "alice likes horses");
    assert_eq!(texts(stage, laptop, group), ["To the sea?"]);
    assert_eq!(row(stage, laptop, group).title, "Holidays");
    let lost = stage.engine(phone).device().unwrap();
    until(
        stage,
        phone,
        |engine| !engine.is_signed_in(),
        |stage| {
            let revoked = stage.act(laptop, |engine, moment| {
                engine.run(password("alice likes horses"), Errand::RevokeDevice(lost), moment)
            });
            revoked.unwrap();
        },
    );
    says(stage, laptop, group, "To the sea!");
    assert_eq!(texts(stage, carol, group), ["To the sea?", "To the sea!"]);
    assert_eq!(texts(stage, phone, group), ["To the sea?"], "whoever has found the phone reads no further");

    // The browser's data are gone and the password is forgotten. The words on paper remain.
    stage.switch(laptop, false);
    let found = recovers(stage, "alice", &words, "not to be forgotten");
    assert_eq!(texts(stage, found, chat), ["Ciao Bob", "Good to see you"]);
    assert_eq!(texts(stage, found, group), ["To the sea?", "To the sea!"]);

    // The others go on for months without her. When she comes back, her session is long over.
    stage.switch(found, false);
    for month in 1..=5 {
        for friend in [bob, carol] {
            stage.switch(friend, false);
        }
        stage.pass(A_MONTH);
        for friend in [bob, carol] {
            stage.switch(friend, true);
        }
        says(stage, carol, group, &format!("Month {month}"));
        assert_eq!(texts(stage, bob, group).len(), 2 + month);
    }
    stage.switch(found, true);
    stage.pass(A_WHILE);
    assert!(!stage.engine(found).is_signed_in());
    signs_in_on(stage, found, "alice", "not to be forgotten");
    let all = texts(stage, found, group);
    assert_eq!((all.len(), all.last().unwrap().as_str()), (7, "Month 5"));
    says(stage, found, group, "I am back");
    for friend in [bob, carol] {
        assert_eq!(texts(stage, friend, group).last().unwrap(), "I am back");
    }

    // Nobody was ever shown something that could not be opened.
    for device in [phone, laptop, bob, carol, found] {
        for id in [chat, group] {
            let lines = stage.engine(device).lines(id, 0).unwrap();
            let is_bad = |line: &Line| matches!(line, Line::Unreadable | Line::Trouble(_));
            assert!(!lines.iter().any(|placed| is_bad(&placed.line)), "{lines:?}");
        }
    }
}

fn registers(stage: &mut impl Stage, person: &str) -> usize {
    let device = stage.unpack(person);
    enters(stage, device, |engine, moment| {
        let chosen = NewAccount {
            user_name: UserName::parse("user_name", person).unwrap(),
            email: String::new(),
            password: password(&format!("{person} likes horses")),
            cost: StretchCost::MINIMUM,
            device_name: "Phone".to_owned(),
        };
        engine.register(chosen, moment).unwrap();
    });
    device
}

fn signs_in(stage: &mut impl Stage, person: &str, typed: &str) -> usize {
    let device = stage.unpack(person);
    signs_in_on(stage, device, person, typed);
    device
}

fn signs_in_on(stage: &mut impl Stage, device: usize, person: &str, typed: &str) {
    enters(stage, device, |engine, moment| {
        let (login_name, device_name) = (person.to_owned(), "Laptop".to_owned());
        engine.sign_in(Returning { login_name, password: password(typed), device_name }, moment).unwrap();
    });
}

fn recovers(stage: &mut impl Stage, person: &str, words: &str, chosen: &str) -> usize {
    let device = stage.unpack(person);
    enters(stage, device, |engine, moment| {
        let lost = Recovering {
            login_name: person.to_owned(),
            code: RecoveryCode::parse(words).unwrap(),
            password: password(chosen),
            cost: StretchCost::MINIMUM,
            device_name: "New laptop".to_owned(),
        };
        engine.recover(lost, moment).unwrap();
    });
    device
}

/// Comes into an account, and waits until everything is there. What fails in bad weather is done again, as people do.
fn enters(stage: &mut impl Stage, device: usize, work: impl Fn(&mut Engine, &mut Moment<'_>)) {
    until(stage, device, Engine::is_signed_in, |stage| stage.act(device, &work));
    stage.pass(A_WHILE);
}

fn until<S: Stage>(stage: &mut S, device: usize, holds: impl Fn(&Engine) -> bool, work: impl Fn(&mut S)) {
    for _ in 0..TRIES {
        work(stage);
        stage.pass(A_WHILE);
        if holds(stage.engine(device)) {
            return;
        }
    }
    assert!(holds(stage.engine(device)), "tried {TRIES} times");
}

/// Starts a chat with somebody, who accepts it.
fn meets(stage: &mut impl Stage, device: usize, name: &str, friend: usize) -> ConversationId {
    let other = stage.engine(friend).own_account();
    let found = |engine: &Engine| engine.chats().unwrap().into_iter().find(|chat| chat.other == other);
    until(
        stage,
        device,
        |engine| found(engine).is_some(),
        |stage| {
            let name = UserName::parse("user_name", name).unwrap();
            stage.act(device, |engine, moment| engine.start_direct(&name, None, moment)).unwrap();
        },
    );
    let chat = found(stage.engine(device)).unwrap().id;
    accepts(stage, friend, chat);
    chat
}

fn accepts(stage: &mut impl Stage, device: usize, chat: ConversationId) {
    if row(stage, device, chat).stand == Stand::Requested {
        stage.act(device, |engine, moment| engine.accept(chat, moment)).unwrap();
        stage.pass(A_WHILE);
    }
    assert_eq!(row(stage, device, chat).stand, Stand::Member);
}

fn says(stage: &mut impl Stage, device: usize, chat: ConversationId, text: &str) {
    let body = wire::RichText { text: text.to_owned(), ranges: Vec::new() };
    let content = Content::Text(wire::TextMessage { body: Some(body), ..Default::default() });
    stage.act(device, |engine, moment| engine.send(chat, content, moment)).unwrap();
    stage.pass(A_WHILE);
}

fn row(stage: &impl Stage, device: usize, chat: ConversationId) -> ChatView {
    stage.engine(device).chat(chat).unwrap().unwrap()
}

fn texts(stage: &impl Stage, device: usize, chat: ConversationId) -> Vec<String> {
    let items = stage.engine(device).page(chat, None, 1_000).unwrap();
    let texts = items.into_iter().filter_map(|item| match item.what {
        What::Message(Message { state: State::Standing { text, .. }, .. }) => Some(text.body.as_str().to_owned()),
        _ => None,
    });
    texts.collect()
}

fn password(words: &str) -> Password {
    Password::new(words).unwrap()
}

/// Long enough for everybody to hear of everything, also over a bad network.
const A_WHILE: Duration = Duration::from_mins(5);
const A_MONTH: Duration = Duration::from_hours(24 * 29);
const TRIES: usize = 30;
