use sotto_client::timeline::{MemberClass, Scene, Standing, fold_scene};
use sotto_proto::EventId;
use sotto_proto::wire::{self, event};

use super::{ALICE, BOB, Log, MALLORY, event_id, parse, target};

fn pins(id: EventId, remove: bool) -> event::Content {
    event::Content::Pin(wire::Pin { target: Some(target(id)), remove })
}

fn rules(may_pin: wire::MemberClass) -> event::Content {
    event::Content::Policy(wire::ClientPolicy { may_pin: may_pin.into(), ..wire::ClientPolicy::default() })
}

fn profile(name: &str) -> event::Content {
    event::Content::Profile(wire::Profile { display_name: name.to_owned(), ..wire::Profile::default() })
}

fn shown(log: &Log) -> Scene {
    fold_scene(&log.0)
}

#[test]
fn everybody_is_called_what_they_last_chose() {
    let mut log = Log::default();
    log.write(ALICE, profile("Alice"));
    log.write(BOB, profile("Bob"));
    log.write(ALICE, profile("Alice L."));
    let scene = shown(&log);
    assert_eq!(scene.profiles[&ALICE].name.as_str(), "Alice L.");
    assert_eq!(scene.profiles[&BOB].name.as_str(), "Bob");
}

#[test]
fn a_title_may_be_taken_off_again() {
    let mut log = Log::default();
    let title = |text: &str| {
        event::Content::Title(wire::Title {
            title: text.to_owned(),
            description: "Every week".to_owned(),
            again: false,
        })
    };
    log.write(ALICE, title("Chess club"));
    assert_eq!(shown(&log).title.title.unwrap().as_str(), "Chess club");
    log.write(ALICE, title(""));
    assert_eq!(shown(&log).title.title, None);
    assert!(parse(title("two\nlines")).is_err());
}

#[test]
fn admins_pin_until_a_rule_says_otherwise() {
    let mut log = Log::default();
    log.write(MALLORY, pins(event_id(100), false));
    log.write(MALLORY, rules(wire::MemberClass::Everyone));
    log.write(MALLORY, pins(event_id(100), false));
    assert!(shown(&log).pins.is_empty(), "a member makes no rules for itself");

    log.write_as(ALICE, Standing::Admin, rules(wire::MemberClass::Everyone));
    log.write(BOB, pins(event_id(100), false));
    log.write(BOB, pins(event_id(101), false));
    log.write(BOB, pins(event_id(100), false));
    assert_eq!(shown(&log).pins, [event_id(101), event_id(100)], "pinned again is pinned last");
    log.write(BOB, pins(event_id(101), true));
    let scene = shown(&log);
    assert_eq!(scene.pins, [event_id(100)]);
    assert_eq!(scene.policy.may_pin, MemberClass::Everyone);
    assert_eq!(scene.policy.may_mention_everyone, MemberClass::Admins, "what a change does not name stays");
}

#[test]
fn beyond_a_hundred_the_oldest_pin_goes() {
    let mut log = Log::default();
    for message in 1_000..1_101 {
        log.write_as(ALICE, Standing::Owner, pins(event_id(message), false));
    }
    let pins = shown(&log).pins;
    assert_eq!((pins.len(), pins.front()), (100, Some(&event_id(1_001))));
}
