//! Groups move by commits that the rules allow, one for each epoch.

use sotto_crypto::certificate::Purpose;
use sotto_crypto::mls::governance::{Kind, Policy, Role};
use sotto_crypto::mls::group::{Changes, Group};
use sotto_proto::wire::{self, ErrorCode, Standing};

use crate::chat::{Chat, draft, package, welcomes};
use crate::community::{Community, Device, code};

#[tokio::test]
async fn a_group_begins_with_its_vault_devices_and_the_same_request_again_is_the_same() {
    let mut community = Community::new().await;
    let node = community.node();
    let (ann, ben) = (community.person("ann").await, community.person("ben").await);
    let policy = Policy::default_for(Kind::Group);
    let draft = draft(&mut community, &node, Kind::Group, policy, &ann, &[&ben]).request;
    let head = ann.device.call(&node, draft.clone()).await.unwrap().head.unwrap();
    assert_eq!((head.generation, head.epoch, head.first_seq, head.last_seq), (1, 1, 1, 2));
    assert_eq!((head.standing(), head.role()), (Standing::Member, wire::Role::Owner));
    assert_eq!(ann.device.call(&node, draft.clone()).await.unwrap().head.unwrap(), head);

    let list = |device: &Device| wire::ListWelcomesRequest {
        device_id: device.id.to_wire(),
        ..wire::ListWelcomesRequest::default()
    };
    for (caller, of) in [(&ann.device, &ann.vault), (&ben.device, &ben.device), (&ben.device, &ben.vault)] {
        let waiting = caller.call(&node, list(of)).await.unwrap().welcomes;
        assert_eq!((waiting.len(), &waiting[0].device_id), (1, &of.id.to_wire()), "exactly what is for it");
    }
    assert!(ann.device.call(&node, list(&ann.device)).await.unwrap().welcomes.is_empty());
    assert_eq!(code(ann.device.call(&node, list(&ben.device)).await), ErrorCode::NotFound);

    let mut other = draft;
    other.welcomes.reverse();
    assert_eq!(code(ann.device.call(&node, other).await), ErrorCode::IdTaken);
}

#[tokio::test]
async fn what_does_not_fit_the_agreement_does_not_begin_m3() {
    let mut community = Community::new().await;
    let node = community.node();
    let (ann, ben) = (community.person("ann").await, community.person("ben").await);
    let policy = Policy::default_for(Kind::Group);
    let good = draft(&mut community, &node, Kind::Group, policy, &ann, &[&ben]).request;
    let mut cases = Vec::new();
    cases.push((wire::CreateConversationRequest { conversation_id: vec![9; 16].into(), ..good.clone() }, 500));
    cases.push((wire::CreateConversationRequest { kind: wire::ConversationKind::Direct.into(), ..good.clone() }, 500));
    cases.push((wire::CreateConversationRequest { kind: 77, ..good.clone() }, 100));
    cases.push((wire::CreateConversationRequest { group_info: vec![1; 100].into(), ..good.clone() }, 500));
    cases.push((wire::CreateConversationRequest { ratchet_tree: vec![1; 100].into(), ..good.clone() }, 500));
    cases.push((wire::CreateConversationRequest { commit: vec![1; 100].into(), ..good.clone() }, 500));
    cases.push((wire::CreateConversationRequest { welcomes: good.welcomes[1..].to_vec(), ..good.clone() }, 500));
    let twice = [&good.welcomes[..], &good.welcomes[..1]].concat();
    cases.push((wire::CreateConversationRequest { welcomes: twice, ..good.clone() }, 500));
    for (index, (request, expected)) in cases.into_iter().enumerate() {
        assert_eq!(code(ann.device.call(&node, request).await) as i32, expected, "case {index}");
    }
    assert_eq!(code(ben.device.call(&node, good.clone()).await), ErrorCode::HandshakeForbidden, "not its founder");
    ann.device.call(&node, good).await.unwrap();
}

#[tokio::test]
async fn a_direct_chat_is_unique_and_takes_nobody_else() {
    let mut community = Community::new().await;
    let node = community.node();
    let (ann, ben) = (community.person("ann").await, community.person("ben").await);
    let policy = Policy::default_for(Kind::Direct);
    let of_ann = draft(&mut community, &node, Kind::Direct, policy, &ann, &[&ben]).request;
    let of_ben = draft(&mut community, &node, Kind::Direct, policy, &ben, &[&ann]).request;
    let (first, second) = tokio::join!(ann.device.call(&node, of_ann.clone()), ben.device.call(&node, of_ben.clone()));
    let (won, lost) = if first.is_ok() { (of_ann, second) } else { (of_ben, first) };
    let failure = lost.unwrap_err();
    assert_eq!(failure.code(), ErrorCode::ConversationExists);
    assert_eq!(failure.detail().conversation_id, won.conversation_id);

    let alone = draft(&mut community, &node, Kind::Saved, Policy::default_for(Kind::Saved), &ann, &[]).request;
    ann.device.call(&node, alone).await.unwrap();
    let again = draft(&mut community, &node, Kind::Saved, Policy::default_for(Kind::Saved), &ann, &[]).request;
    assert_eq!(code(ann.device.call(&node, again).await), ErrorCode::ConversationExists);
}

#[tokio::test]
async fn members_come_and_go_and_read_what_is_theirs_s5() {
    let mut community = Community::new().await;
    let node = community.node();
    let (ann, ben, cat) = (community.person("ann").await, community.person("ben").await, community.person("cat").await);
    let mut chat = Chat::group(&mut community, &node, &ann, &[&ben]).await;
    accept(&chat, &ben.device).await;
    let first = chat.say(&mut community, &ann.device).await.unwrap().seq;
    chat.add(&mut community, &ann.device, &cat).await.unwrap();
    accept(&chat, &cat.device).await;
    let second = chat.say(&mut community, &cat.device).await.unwrap().seq;
    let seen: Vec<_> = chat.log(&cat.device).await.unwrap().entries.iter().map(|entry| entry.seq).collect();
    assert_eq!(seen, [first + 1, second], "from its joining on");

    chat.change(&mut community, &ann.device, Changes::new().remove_account(cat.account)).await.unwrap();
    chat.say(&mut community, &ann.device).await.unwrap();
    let head = chat.head(&cat.device).await;
    assert_eq!((head.standing(), head.last_seq, head.role()), (Standing::Removed, second + 1, wire::Role::Unspecified));
    let event = chat.event(&mut community, &ann.device);
    assert_eq!(code(cat.device.call(&node, event).await), ErrorCode::NotFound);
    let stranger = community.person("dan").await;
    let event = chat.event(&mut community, &ann.device);
    assert_eq!(code(stranger.device.call(&node, event).await), ErrorCode::NotFound);
    assert_eq!(code(chat.log(&stranger.device).await), ErrorCode::NotFound);
}

async fn accept(chat: &Chat, device: &Device) {
    device.call(&chat.node, wire::AcceptRequestRequest { conversation_id: chat.id.to_wire() }).await.unwrap();
}

#[tokio::test]
async fn roles_change_what_a_member_may_do_m4() {
    let mut community = Community::new().await;
    let node = community.node();
    let (ann, ben, cat) = (community.person("ann").await, community.person("ben").await, community.person("cat").await);
    let mut chat = Chat::group(&mut community, &node, &ann, &[&ben]).await;
    accept(&chat, &ben.device).await;
    let (device, _) = package(&mut community, &cat.device);
    // Ben's own client refuses to add somebody; a client without scruples makes the commit in a group of its own making.
    let now = community.now();
    assert!(chat.of(&ben.device).commit(Changes::new().add_device(device), now, &mut community.rng).is_err());
    chat.change(&mut community, &ann.device, Changes::new().set_role(ben.account, Role::Admin)).await.unwrap();
    assert_eq!(chat.head(&ben.device).await.role(), wire::Role::Admin);
    chat.add(&mut community, &ben.device, &cat).await.unwrap();

    let policy = Policy { post: Role::Admin, ..Policy::default_for(Kind::Group) };
    chat.change(&mut community, &ann.device, Changes::new().set_policy(policy)).await.unwrap();
    accept(&chat, &cat.device).await;
    assert_eq!(code(chat.say(&mut community, &cat.device).await), ErrorCode::Forbidden);
    chat.say(&mut community, &ben.device).await.unwrap();
}

#[tokio::test]
async fn one_commit_wins_and_the_other_catches_up_m2() {
    let mut community = Community::new().await;
    let node = community.node();
    let (ann, ben) = (community.person("ann").await, community.person("ben").await);
    let mut chat = Chat::group(&mut community, &node, &ann, &[&ben]).await;
    let of_ann = chat.prepare(&mut community, &ann.device, Changes::new());
    let of_ben = chat.prepare(&mut community, &ben.device, Changes::new());
    let (first, second) = tokio::join!(chat.send(&ann.device, of_ann.clone()), chat.send(&ben.device, of_ben.clone()));
    let (winner, won, receipt, lost) = match (first, second) {
        (Ok(receipt), lost) => (&ann.device, of_ann, receipt, lost),
        (lost, Ok(receipt)) => (&ben.device, of_ben, receipt, lost),
        neither => panic!("{neither:?}"),
    };
    let failure = lost.unwrap_err();
    assert_eq!(failure.code(), ErrorCode::EpochConflict);
    assert_eq!(failure.detail().position.as_ref().map(|now| (now.epoch, now.last_seq)), Some((2, receipt.seq)));
    assert_eq!(chat.send(winner, won.clone()).await.unwrap(), receipt, "a lost reply is repeated");
    let stale = chat.event(&mut community, &ann.device);
    assert_eq!(code(ann.device.call(&node, stale).await), ErrorCode::EpochConflict);
}

#[tokio::test]
async fn commits_of_others_and_with_wrong_welcomes_are_refused_m3() {
    let mut community = Community::new().await;
    let node = community.node();
    let (ann, ben, cat) = (community.person("ann").await, community.person("ben").await, community.person("cat").await);
    let mut chat = Chat::group(&mut community, &node, &ann, &[&ben]).await;
    let (device, _) = package(&mut community, &cat.device);
    let commit = chat.prepare(&mut community, &ann.device, Changes::new().add_device(device));
    assert_eq!(code(chat.send(&ben.device, commit.clone()).await), ErrorCode::HandshakeForbidden);
    assert_eq!(code(chat.send(&cat.device, commit.clone()).await), ErrorCode::NotFound);
    let without = wire::CommitRequest { welcomes: Vec::new(), ..commit.clone() };
    assert_eq!(code(chat.send(&ann.device, without).await), ErrorCode::HandshakeInvalid);
    let mut altered = commit.clone();
    let mut bytes = altered.commit.to_vec();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    altered.commit = bytes.into();
    assert_eq!(code(chat.send(&ann.device, altered).await), ErrorCode::HandshakeInvalid);
    let later = wire::CommitRequest { epoch: 2, ..commit.clone() };
    assert_eq!(code(chat.send(&ann.device, later).await), ErrorCode::EpochConflict);
    chat.send(&ann.device, commit).await.unwrap();
}

#[tokio::test]
async fn only_devices_on_file_come_in_s1() {
    let mut community = Community::new().await;
    let node = community.node();
    let (ann, ben) = (community.person("ann").await, community.person("ben").await);
    let mut chat = Chat::group(&mut community, &node, &ann, &[]).await;
    let now = community.now();
    let never_filed = Device::certified(ben.account, &ben.identity, Purpose::Device, now, &mut community.rng);
    let other_identity = sotto_crypto::identity::IdentityKey::generate(&mut community.rng);
    let impostor = Device::certified(ben.account, &other_identity, Purpose::Device, now, &mut community.rng);
    for ghost in [&never_filed, &impostor] {
        let (package, _) = package(&mut community, ghost);
        let refused = chat.change(&mut community, &ann.device, Changes::new().add_device(package)).await;
        assert_eq!(code(refused), ErrorCode::HandshakeForbidden);
    }
    let lost = community.another_device(&ben).await;
    let (package, _) = package(&mut community, &lost);
    community.revoke(&ben, &lost).await;
    let refused = chat.change(&mut community, &ann.device, Changes::new().add_device(package)).await;
    assert_eq!(code(refused), ErrorCode::HandshakeForbidden);
    chat.add(&mut community, &ann.device, &ben).await.unwrap();
}

#[tokio::test]
async fn a_new_device_of_a_member_joins_from_outside() {
    let mut community = Community::new().await;
    let node = community.node();
    let (ann, ben) = (community.person("ann").await, community.person("ben").await);
    let mut chat = Chat::group(&mut community, &node, &ann, &[&ben]).await;
    let tablet = community.another_device(&ann).await;
    let info = chat.of(&ann.device).group_info().unwrap();
    let tree = chat.of(&ann.device).tree().unwrap();
    let join = Group::join_externally(&tablet.participant, &info, &tree, &mut community.rng).unwrap();
    let commit = wire::CommitRequest {
        conversation_id: chat.id.to_wire(),
        generation: 1,
        epoch: 1,
        commit: join.commit.clone().into(),
        welcomes: Vec::new(),
    };
    assert_eq!(code(chat.send(&ben.device, commit.clone()).await), ErrorCode::HandshakeForbidden);
    chat.send(&tablet, commit).await.unwrap();
    chat.follow(&community, &join.commit, None);
    chat.groups.insert(tablet.id, join.group);
    chat.say(&mut community, &tablet).await.unwrap();
    assert_eq!(chat.head(&tablet).await.epoch, 2);
}

#[tokio::test]
async fn a_commit_that_members_refuse_is_left_behind_by_a_new_generation_m2() {
    let mut community = Community::new().await;
    let node = community.node();
    let (ann, ben, mallory) =
        (community.person("ann").await, community.person("ben").await, community.person("mallory").await);
    let mut chat = Chat::group(&mut community, &node, &ann, &[&ben, &mallory]).await;
    let parent = chat.of(&ann.device).standing().unwrap();
    // The server cannot tell that the others refuse this one.
    let bad = chat.prepare(&mut community, &mallory.device, Changes::new());
    let refused = chat.send(&mallory.device, bad).await.unwrap();
    chat.of(&mallory.device).apply_pending().unwrap();
    let further = chat.prepare(&mut community, &mallory.device, Changes::new());
    chat.send(&mallory.device, further).await.unwrap();

    let staying = [&ann.vault, &ben.device, &ben.vault];
    let open = |community: &mut Community, by: &Device, left: &[&Device]| {
        let (packages, secrets): (Vec<_>, Vec<_>) = left.iter().map(|device| package(community, device)).unzip();
        let now = community.now();
        let opening = Group::open_generation(&by.participant, &parent, packages, now, &mut community.rng);
        (opening.unwrap(), secrets)
    };
    let (mut opening, secrets) = open(&mut community, &ann.device, &staying);
    let request = wire::NewGenerationRequest {
        conversation_id: chat.id.to_wire(),
        generation: 1,
        epoch: 3,
        refused_seq: refused.seq,
        group_info: opening.group_info.clone().into(),
        ratchet_tree: opening.tree.clone().into(),
        commit: opening.pending.commit.clone().into(),
        welcomes: welcomes(&opening.pending),
    };
    assert_eq!(code(ben.device.call(&node, request.clone()).await), ErrorCode::HandshakeForbidden);
    let elsewhere = wire::NewGenerationRequest { refused_seq: 1, ..request.clone() };
    assert_eq!(code(ann.device.call(&node, elsewhere).await), ErrorCode::HandshakeInvalid);
    let stale = wire::NewGenerationRequest { epoch: 2, ..request.clone() };
    assert_eq!(code(ann.device.call(&node, stale).await), ErrorCode::EpochConflict);

    let with_all = [&ann.vault, &ben.device, &ben.vault, &mallory.device, &mallory.vault];
    let (forgiving, _) = open(&mut community, &ann.device, &with_all);
    let forgiving = wire::NewGenerationRequest {
        group_info: forgiving.group_info.into(),
        ratchet_tree: forgiving.tree.into(),
        welcomes: welcomes(&forgiving.pending),
        commit: forgiving.pending.commit.into(),
        ..request.clone()
    };
    assert_eq!(code(ann.device.call(&node, forgiving).await), ErrorCode::HandshakeForbidden);

    let head = ann.device.call(&node, request.clone()).await.unwrap().head.unwrap();
    assert_eq!((head.generation, head.epoch), (2, 1));
    assert_eq!(ann.device.call(&node, request).await.unwrap().head.unwrap(), head, "a lost reply is repeated");
    opening.group.apply_pending().unwrap();
    chat.generation = 2;
    chat.groups.remove(&mallory.device.id);
    chat.groups.insert(ann.device.id, opening.group);
    chat.join(&ben.device, &secrets).await;
    chat.say(&mut community, &ann.device).await.unwrap();
    chat.change(&mut community, &ann.device, Changes::new()).await.unwrap();
    assert_eq!(chat.head(&mallory.device).await.standing(), Standing::Removed);
}
