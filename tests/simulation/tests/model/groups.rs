//! Groups that move by commits.

use bytes::Bytes;
use sotto_crypto::mls::governance::Kind;
use sotto_crypto::mls::group::Changes;
use sotto_crypto::revocation::DeviceRevocation;
use sotto_proto::wire::{self, EntryKind, ErrorCode, Standing};

use crate::people::Town;

#[test]
fn one_commit_ends_an_epoch_and_may_be_sent_again_i4() {
    let mut town = Town::new();
    let (mut ann, mut ben) = (town.register("ann"), town.register("ben"));
    let chat = ann.start(&mut town, Kind::Group, &[&ben]);
    ben.hears(&mut town, chat);
    let (first, second) = (ann.commit(&mut town, chat, Changes::new()), ben.commit(&mut town, chat, Changes::new()));
    let receipt = ann.call(&mut town, &first).unwrap();
    town.now += 60_000;
    assert_eq!(ann.call(&mut town, &first).unwrap(), receipt);
    assert_eq!(ben.refusal(&mut town, &second), ErrorCode::EpochConflict);
}

#[test]
fn newcomers_read_from_their_joining_on_and_the_removed_to_their_removal() {
    let mut town = Town::new();
    let (mut ann, ben, mut cleo) = (town.register("ann"), town.register("ben"), town.register("cleo"));
    let chat = ann.start(&mut town, Kind::Group, &[&ben]);
    ann.says(&mut town, chat, "before");
    ann.add(&mut town, chat, &cleo);
    ann.says(&mut town, chat, "with cleo");
    assert_eq!(cleo.hears(&mut town, chat), ["with cleo"]);
    ann.change(&mut town, chat, Changes::new().remove_account(cleo.account()));
    ann.says(&mut town, chat, "without");
    assert_eq!(cleo.hears(&mut town, chat), ["with cleo"]);
    let head = cleo.read(&mut town, chat, 1).head.unwrap();
    assert_eq!(head.standing(), Standing::Removed);
    let place = cleo.commit_place(chat);
    let signal = wire::StreamSignal { conversation_id: chat.to_wire(), sealed: vec![1; 320].into(), ..place };
    let refused = cleo.refusal(&mut town, &wire::SendSignalRequest { signal: Some(signal) });
    assert_eq!(refused, ErrorCode::NotFound);
}

#[test]
fn a_member_who_may_not_is_refused_m4() {
    let mut town = Town::new();
    let (mut ann, mut ben, cleo) = (town.register("ann"), town.register("ben"), town.register("cleo"));
    let chat = ann.start(&mut town, Kind::Group, &[&ben, &cleo]);
    ben.hears(&mut town, chat);
    let removal = Changes::new().remove_account(cleo.account());
    let mut forged = ann.commit(&mut town, chat, removal);
    forged.conversation_id = chat.to_wire();
    assert_eq!(ben.refusal(&mut town, &forged), ErrorCode::HandshakeForbidden, "it is Ann's");
}

#[test]
fn whoever_leaves_is_out_at_once_and_the_rest_commits_it() {
    let mut town = Town::new();
    let (mut ann, mut ben) = (town.register("ann"), town.register("ben"));
    let chat = ann.start(&mut town, Kind::Group, &[&ben]);
    ben.hears(&mut town, chat);
    let (generation, epoch) = ben.chats[&chat].place();
    let proposals = ben.chats[&chat].group.leave().unwrap().into_iter().map(Bytes::from).collect();
    let request = wire::LeaveRequest { conversation_id: chat.to_wire(), generation, epoch, proposals };
    let last = ben.call(&mut town, &request).unwrap();
    assert_eq!(ben.call(&mut town, &request).unwrap(), last);
    ann.catch_up(&mut town, chat);
    ann.change(&mut town, chat, Changes::new());
    let standing = ann.chats[&chat].group.standing().unwrap();
    assert_eq!(standing.accounts.keys().copied().collect::<Vec<_>>(), [ann.account()]);
    assert_eq!(ben.read(&mut town, chat, 1).head.unwrap().standing(), Standing::Left);
}

#[test]
fn a_revoked_device_is_proposed_away_in_every_group_s5() {
    let mut town = Town::new();
    let (mut ann, ben) = (town.register("ann"), town.register("ben"));
    let tablet = town.log_in(&ben.person);
    let chat = ann.start(&mut town, Kind::Group, &[&ben]);
    let verified = tablet.certificate.verify_on_first_use(town.time()).unwrap();
    let identity = ben.person.root.derive_identity_key();
    let revocation = DeviceRevocation::by_account(&identity, &verified, town.time()).unwrap();
    let request = wire::RevokeDeviceRequest { revocation: Bytes::copy_from_slice(&revocation.encode()) };
    ben.call(&mut town, &request).unwrap();
    let last = ann.read(&mut town, chat, 99).entries.pop().unwrap();
    assert_eq!(last.kind(), EntryKind::Proposal);
    ann.catch_up(&mut town, chat);
    ann.change(&mut town, chat, Changes::new());
    let leaves: Vec<_> = ann.chats[&chat].group.standing().unwrap().leaves().map(|leaf| leaf.device).collect();
    assert!(!leaves.contains(&tablet.id) && leaves.contains(&ben.id));
}

#[test]
fn a_new_generation_begins_without_the_offender_m2() {
    let mut town = Town::new();
    let (mut ann, mut ben, cleo) = (town.register("ann"), town.register("ben"), town.register("cleo"));
    let chat = ann.start(&mut town, Kind::Group, &[&ben, &cleo]);
    ben.hears(&mut town, chat);
    let commit = ben.commit(&mut town, chat, Changes::new());
    let refused = ben.call(&mut town, &commit).unwrap().seq;
    let request = ann.generation_request(&mut town, chat, refused, &[cleo.account()]);
    let head = ann.call(&mut town, &request).unwrap().head.unwrap();
    assert_eq!((head.generation, head.epoch), (2, 1));
    assert_eq!(ann.call(&mut town, &request).unwrap().head.unwrap(), head, "the reply may be lost");
    assert_eq!(ben.read(&mut town, chat, 1).head.unwrap().standing(), Standing::Removed);
    let again = wire::NewGenerationRequest { commit: vec![1].into(), ..request };
    assert_eq!(ann.refusal(&mut town, &again), ErrorCode::EpochConflict);
}
