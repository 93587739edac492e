//! Two people and what they say.

use sotto_crypto::mls::governance::Kind;
use sotto_crypto::mls::group::Changes;
use sotto_proto::wire::{self, Direction, ErrorCode, Standing};

use crate::people::Town;

#[test]
fn two_strangers_talk_after_one_accepts() {
    let mut town = Town::new();
    let (mut ann, mut ben) = (town.register("ann"), town.register("ben"));
    let chat = ann.start(&mut town, Kind::Direct, &[&ben]);
    ann.says(&mut town, chat, "are you there?");
    assert_eq!(ben.hears(&mut town, chat), ["are you there?"]);
    let head = ben.read(&mut town, chat, 1).head.unwrap();
    assert_eq!((head.standing(), head.requested_by), (Standing::Requested, ann.account().to_wire()));
    let early = ben.seal(&mut town, chat, "who are you?");
    assert_eq!(ben.refusal(&mut town, &early), ErrorCode::Forbidden);

    let accept = wire::AcceptRequestRequest { conversation_id: chat.to_wire() };
    assert_eq!(ben.call(&mut town, &accept).unwrap().head.unwrap().standing(), Standing::Member);
    ben.says(&mut town, chat, "now I am");
    assert_eq!(ann.hears(&mut town, chat), ["are you there?", "now I am"]);
}

#[test]
fn a_declined_request_is_gone_and_the_stranger_is_not_told() {
    let mut town = Town::new();
    let (mut ann, ben) = (town.register("ann"), town.register("ben"));
    let chat = ann.start(&mut town, Kind::Direct, &[&ben]);
    let decline = wire::DeclineRequestRequest { conversation_id: chat.to_wire(), block: true };
    ben.call(&mut town, &decline).unwrap();
    assert_eq!(ben.refusal(&mut town, &decline), ErrorCode::NotFound);
    ann.says(&mut town, chat, "hello?");
    let blocked = ben.call(&mut town, &wire::ListBlockedRequest::default()).unwrap();
    assert_eq!(blocked.account_ids, [ann.account().to_wire()]);
}

#[test]
fn a_direct_chat_is_unique_also_when_both_start_it() {
    let mut town = Town::new();
    let (mut ann, mut ben) = (town.register("ann"), town.register("ben"));
    let (others_of_ann, others_of_ben) = ([ben.account()], [ann.account()]);
    let (first, _) = ann.founding(&mut town, Kind::Direct, &others_of_ann);
    let (second, _) = ben.founding(&mut town, Kind::Direct, &others_of_ben);
    let head = ann.call(&mut town, &first).unwrap();
    assert_eq!(ann.call(&mut town, &first).unwrap(), head, "the same request gets the same reply");
    let refused = ben.call(&mut town, &second).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::ConversationExists);
    assert_eq!(refused.detail().conversation_id, first.conversation_id);
}

#[test]
fn an_event_that_is_sent_twice_is_there_once() {
    let mut town = Town::new();
    let mut ann = town.register("ann");
    let chat = ann.start(&mut town, Kind::Saved, &[]);
    let request = ann.seal(&mut town, chat, "milk");
    let first = ann.call(&mut town, &request).unwrap();
    town.now += 5_000;
    assert_eq!(ann.call(&mut town, &request).unwrap(), first);
    let other = wire::AppendRequest { sealed: ann.seal(&mut town, chat, "eggs").sealed, ..request };
    assert_eq!(ann.refusal(&mut town, &other), ErrorCode::IdTaken);
    assert_eq!(ann.hears(&mut town, chat), ["milk"]);
}

#[test]
fn an_event_of_an_old_epoch_is_refused_with_the_position() {
    let mut town = Town::new();
    let mut ann = town.register("ann");
    let chat = ann.start(&mut town, Kind::Saved, &[]);
    let late = ann.seal(&mut town, chat, "late");
    ann.change(&mut town, chat, Changes::new());
    let refused = ann.call(&mut town, &late).unwrap_err();
    let position = refused.detail().position.unwrap();
    assert_eq!((refused.code(), position.epoch), (ErrorCode::EpochConflict, late.epoch + 1));
    assert_eq!(position.last_seq, ann.chats[&chat].head.unwrap().seq());
}

#[test]
fn a_new_device_reads_everything_through_the_vault() {
    let mut town = Town::new();
    let (mut ann, mut ben) = (town.register("ann"), town.register("ben"));
    let chat = ann.start(&mut town, Kind::Direct, &[&ben]);
    ann.says(&mut town, chat, "one");
    ann.change(&mut town, chat, Changes::new());
    ann.says(&mut town, chat, "two");
    let mut tablet = town.log_in(&ben.person);
    tablet.join_through_the_vault(&mut town, chat);
    assert_eq!(tablet.hears(&mut town, chat), ["one", "two"]);
    ann.catch_up(&mut town, chat);
    ann.says(&mut town, chat, "three");
    assert_eq!(tablet.hears(&mut town, chat), ["one", "two", "three"]);
    assert_eq!(ben.hears(&mut town, chat), ["one", "two", "three"]);
}

#[test]
fn a_log_is_read_both_ways_in_pages() {
    let mut town = Town::new();
    let mut ann = town.register("ann");
    let chat = ann.start(&mut town, Kind::Saved, &[]);
    for text in ["a", "b", "c"] {
        ann.says(&mut town, chat, text);
    }
    let read = |from_seq, direction: Direction, limit| wire::ReadRangeRequest {
        conversation_id: chat.to_wire(),
        from_seq,
        direction: direction.into(),
        limit,
        handshakes_only: false,
    };
    let mut page = |request: wire::ReadRangeRequest| {
        let page = ann.call(&mut town, &request).unwrap();
        (page.entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), page.more)
    };
    assert_eq!(page(read(1, Direction::Forward, 2)), (vec![1, 2], true));
    assert_eq!(page(read(99, Direction::Backward, 3)), (vec![5, 4, 3], true));
    assert_eq!(page(read(3, Direction::Backward, 9)), (vec![3, 2, 1], false));
    assert_eq!(page(read(99, Direction::Forward, 9)), (vec![5], false), "beyond the end reads from the end");
}

#[test]
fn what_retention_drops_is_gone_and_handshakes_stay() {
    let mut town = Town::new();
    let mut ann = town.register("ann");
    let chat = ann.start(&mut town, Kind::Saved, &[]);
    ann.says(&mut town, chat, "soon gone");
    let mut policy = ann.chats[&chat].group.standing().unwrap().governance.policy;
    policy.retention = std::num::NonZeroU32::new(3_600);
    ann.change(&mut town, chat, Changes::new().set_policy(policy));
    town.now += 2 * 3_600_000;
    town.model.prune(town.now);
    let refresh = ann.refresh_request(&mut town);
    ann.session = town.call(None, &refresh).unwrap().session.unwrap();
    let page = ann.read(&mut town, chat, 1);
    let shown: Vec<_> = page.entries.iter().map(|entry| entry.seq).collect();
    assert_eq!((shown, page.head.unwrap().first_seq), (vec![4], 4));
}
