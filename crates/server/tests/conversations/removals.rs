//! Devices that were revoked go out of every group, whatever is interrupted.

use sotto_crypto::mls::group::{Changes, Group};
use sotto_proto::wire::{self, EntryKind, ErrorCode};

use crate::chat::Chat;
use crate::community::{Community, Device, Person, code};

/// Ann has a second device in a group with Ben.
async fn with_tablet(community: &mut Community) -> (Person, Person, Device, Chat) {
    let node = community.node();
    let (ann, ben) = (community.person("ann").await, community.person("ben").await);
    let mut chat = Chat::group(community, &node, &ann, &[&ben]).await;
    let tablet = community.another_device(&ann).await;
    join(community, &mut chat, &ann.device, &tablet).await;
    (ann, ben, tablet, chat)
}

async fn join(community: &mut Community, chat: &mut Chat, helper: &Device, device: &Device) {
    let (info, tree) = (chat.of(helper).group_info().unwrap(), chat.of(helper).tree().unwrap());
    let epoch = chat.epoch(helper);
    let join = Group::join_externally(&device.participant, &info, &tree, &mut community.rng).unwrap();
    let commit = wire::CommitRequest {
        conversation_id: chat.id.to_wire(),
        generation: 1,
        epoch,
        commit: join.commit.clone().into(),
        welcomes: Vec::new(),
    };
    chat.send(device, commit).await.unwrap();
    chat.follow(community, &join.commit, None);
    chat.groups.insert(device.id, join.group);
}

async fn proposals(chat: &Chat, by: &Device) -> Vec<wire::LogEntry> {
    let entries = chat.log(by).await.unwrap().entries;
    entries.into_iter().filter(|entry| entry.kind() == EntryKind::Proposal).collect()
}

#[tokio::test]
async fn a_revoked_device_is_proposed_for_removal_and_the_next_commit_takes_it_out() {
    let mut community = Community::new().await;
    let (ann, ben, tablet, mut chat) = with_tablet(&mut community).await;
    community.revoke(&ann, &tablet).await;
    chat.node.keep_up_once().await.unwrap();
    chat.node.keep_up_once().await.unwrap();
    let proposed = proposals(&chat, &ben.device).await;
    assert_eq!(proposed.len(), 1, "once");

    // Ben has not seen the proposal: his commit would leave it out.
    let blind = chat.prepare(&mut community, &ben.device, Changes::new());
    assert_eq!(code(chat.send(&ben.device, blind).await), ErrorCode::HandshakeForbidden);
    chat.of(&ben.device).discard_pending();
    chat.groups.remove(&tablet.id);
    chat.follow(&community, &proposed[0].body, None);
    chat.change(&mut community, &ben.device, Changes::new()).await.unwrap();
    let standing = chat.of(&ben.device).standing().unwrap();
    assert!(standing.leaves().all(|leaf| leaf.device != tablet.id));
    chat.node.keep_up_once().await.unwrap();
    assert!(community.store.removals(chat.id).await.unwrap().is_empty(), "it is done");
    chat.say(&mut community, &ann.device).await.unwrap();
}

#[tokio::test]
async fn a_removal_that_a_joiner_swept_away_is_proposed_again() {
    let mut community = Community::new().await;
    let (ann, ben, tablet, mut chat) = with_tablet(&mut community).await;
    community.revoke(&ann, &tablet).await;
    chat.node.keep_up_once().await.unwrap();
    let first = proposals(&chat, &ben.device).await;
    chat.groups.remove(&tablet.id);
    chat.follow(&community, &first[0].body, None);
    let laptop = community.another_device(&ben).await;
    join(&mut community, &mut chat, &ben.device, &laptop).await;
    // Another node, after the first one stopped in between.
    community.node().keep_up_once().await.unwrap();
    let both = proposals(&chat, &ben.device).await;
    assert_eq!(both.len(), 2);
    chat.follow(&community, &both[1].body, None);
    chat.change(&mut community, &ben.device, Changes::new()).await.unwrap();
    let standing = chat.of(&ben.device).standing().unwrap();
    assert!(standing.leaves().all(|leaf| leaf.device != tablet.id));
}

#[tokio::test]
async fn who_leaves_hears_no_more_and_the_others_carry_it_out() {
    let mut community = Community::new().await;
    let node = community.node();
    let (ann, ben) = (community.person("ann").await, community.person("ben").await);
    let mut chat = Chat::group(&mut community, &node, &ann, &[&ben]).await;
    let leave = |chat: &mut Chat, by: &Device| wire::LeaveRequest {
        conversation_id: chat.id.to_wire(),
        generation: 1,
        epoch: chat.epoch(by),
        proposals: chat.of(by).leave().unwrap().into_iter().map(Into::into).collect(),
    };
    assert!(chat.of(&ann.device).leave().is_err(), "the only owner hands over first");
    let request = leave(&mut chat, &ben.device);
    assert_eq!(request.proposals.len(), 2, "the vault device goes too");
    let partly = wire::LeaveRequest { proposals: request.proposals[..1].to_vec(), ..request.clone() };
    assert_eq!(code(ben.device.call(&node, partly).await), ErrorCode::HandshakeInvalid);
    assert_eq!(code(ann.device.call(&node, request.clone()).await), ErrorCode::HandshakeInvalid, "not her leaves");
    let left = ben.device.call(&node, request.clone()).await.unwrap();
    assert_eq!(ben.device.call(&node, request.clone()).await.unwrap(), left, "a lost reply is repeated");

    let event = chat.event(&mut community, &ben.device);
    assert_eq!(code(ben.device.call(&node, event).await), ErrorCode::NotFound);
    chat.groups.remove(&ben.device.id);
    chat.follow(&community, &request.proposals[0], None);
    chat.follow(&community, &request.proposals[1], None);
    chat.say(&mut community, &ann.device).await.unwrap();
    chat.change(&mut community, &ann.device, Changes::new()).await.unwrap();
    let head = chat.head(&ben.device).await;
    assert_eq!((head.standing(), head.last_seq), (wire::Standing::Left, left.last_seq));
}

#[tokio::test]
async fn a_deleted_account_is_in_no_conversation() {
    let mut community = Community::new().await;
    let node = community.node();
    let (ann, ben) = (community.person("ann").await, community.person("ben").await);
    let chat = Chat::group(&mut community, &node, &ann, &[&ben]).await;
    let now = sotto_server::clock::Clock::now(&*community.clock);
    community.store.delete_account(ben.account, now, now).await.unwrap();
    let members = community.store.members(chat.id).await.unwrap();
    assert_eq!(members.iter().map(|member| member.account).collect::<Vec<_>>(), [ann.account]);
}
