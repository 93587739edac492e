use sotto_proto::ConversationId;
use sotto_server::store::{
    Direction, EntryKind, GroupState, Kind, Member, MemberChange, NewCommit, NewEvent, NewProposals, NewWelcome,
    ObserverRecord, Opening, Range, Refusal, Role, Stand, Standing, Store,
};

use crate::people::*;

crate::on_both!(
    creating_again_gets_the_same_conversation,
    two_people_who_begin_at_once_share_one_chat,
    one_commit_ends_an_epoch_whoever_races_m2,
    a_lost_reply_to_a_commit_is_repeated,
    membership_follows_the_handshakes_and_bounds_what_is_read_s5,
    welcomes_wait_for_their_device_until_dropped,
    a_welcome_is_kept_for_as_long_as_it_opens_anything,
    trees_are_kept_as_long_as_somebody_may_join_by_them,
    a_refused_commit_is_left_behind_by_a_new_generation,
    leaving_ends_delivery_at_once,
    a_handshake_is_judged_after_all_before_it_m2,
    leaves_of_revoked_devices_are_noted_until_they_are_gone,
    strangers_wait_until_accepted_or_declined,
    blocks_are_listed_in_pages_and_taken_back,
);

const OTHER: ConversationId = ConversationId::from_bytes([0x22; 16]);

async fn creating_again_gets_the_same_conversation(store: &dyn Store) {
    register(store, &[(ANN, "ann"), (BEN, "ben")]).await;
    let new = new_conversation(CHAT, Kind::Direct(ANN, BEN), &[ANN, BEN]);
    let head = store.create_conversation(ANN, new.clone()).await.unwrap();
    assert_eq!((head.position, head.last_seq, head.role), (position(1, 1), 2, Role::Owner));
    assert_eq!(store.create_conversation(ANN, new.clone()).await.unwrap(), head);
    assert_eq!(store.created(ANN, CHAT, new.creation).await.unwrap(), Some(head));
    assert_eq!(store.created(ANN, CHAT, [9; 32]).await.unwrap(), None);
    assert_eq!(store.created(ANN, OTHER, new.creation).await.unwrap(), None);
    assert_eq!(store.created(CAT, CHAT, new.creation).await.unwrap(), None);

    let other_content = sotto_server::store::NewConversation { creation: [9; 32], ..new.clone() };
    assert_eq!(refused(store.create_conversation(ANN, other_content).await), Refusal::IdTaken);
    let mirrored = new_conversation(OTHER, Kind::Direct(BEN, ANN), &[BEN, ANN]);
    assert_eq!(refused(store.create_conversation(BEN, mirrored).await), Refusal::ConversationExists(CHAT));
}

async fn two_people_who_begin_at_once_share_one_chat(store: &dyn Store) {
    register(store, &[(ANN, "ann"), (BEN, "ben")]).await;
    let ann = store.create_conversation(ANN, new_conversation(CHAT, Kind::Direct(ANN, BEN), &[ANN, BEN]));
    let ben = store.create_conversation(BEN, new_conversation(OTHER, Kind::Direct(BEN, ANN), &[BEN, ANN]));
    let (ann, ben) = futures_util::future::join(ann, ben).await;
    match (ann, ben) {
        (Ok(head), refusal) => {
            assert_eq!((head.conversation, refused(refusal)), (CHAT, Refusal::ConversationExists(CHAT)));
        }
        (refusal, Ok(head)) => {
            assert_eq!((head.conversation, refused(refusal)), (OTHER, Refusal::ConversationExists(OTHER)));
        }
        neither => panic!("{neither:?}"),
    }
}

async fn one_commit_ends_an_epoch_whoever_races_m2(store: &dyn Store) {
    group(store, &[(BEN, "ben")]).await;
    let racers = (0..20_u8).map(|racer| store.commit(commit(1, &[racer], vec![])));
    let results = futures_util::future::join_all(racers).await;
    let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    let stand = Stand { position: position(1, 2), last_seq: 3 };
    for refusal in lost {
        assert_eq!(refused(refusal), Refusal::EpochConflict(stand));
    }
    let snapshot = b"observer of epoch 2".to_vec();
    let record = ObserverRecord { position: position(1, 2), last_handshake_seq: 3, snapshot };
    assert_eq!(store.observer(CHAT).await.unwrap(), record);
}

async fn a_lost_reply_to_a_commit_is_repeated(store: &dyn Store) {
    group(store, &[]).await;
    let receipt = store.commit(commit(1, b"mine", vec![])).await.unwrap();
    store.commit(commit(2, b"another", vec![])).await.unwrap();
    assert_eq!(store.commit(commit(1, b"mine", vec![])).await.unwrap(), receipt);
    let stand = Stand { position: position(1, 3), last_seq: 4 };
    assert_eq!(refused(store.commit(commit(1, b"not mine", vec![])).await), Refusal::EpochConflict(stand));
}

async fn membership_follows_the_handshakes_and_bounds_what_is_read_s5(store: &dyn Store) {
    group(store, &[(BEN, "ben")]).await;
    register(store, &[(CAT, "cat")]).await;
    say(store, 1).await;
    store.commit(commit(1, b"adds cat", vec![joined(CAT, Role::Member)])).await.unwrap();
    let promotion = MemberChange::Role { account: BEN, role: Role::Admin };
    store.commit(commit(2, b"promotes ben", vec![promotion])).await.unwrap();
    let removal = MemberChange::Gone { account: CAT };
    store.commit(commit(3, b"removes cat", vec![removal])).await.unwrap();
    store.append(event(9, 4), None).await.unwrap();

    let members = store.members(CHAT).await.unwrap();
    let member = |account, role, joined_seq| Member { account, standing: Standing::Member, role, joined_seq };
    assert_eq!(members, [member(ANN, Role::Owner, 1), member(BEN, Role::Admin, 2)]);
    let head = store.head(CAT, CHAT).await.unwrap();
    assert_eq!((head.standing, head.first_seq, head.last_seq), (Standing::Removed, 4, 6));
    assert_eq!(head.position, position(1, 4), "where the group was when she went");
    let range = Range { from: 1, direction: Direction::Forward, limit: 99, max_bytes: 9999, handshakes_only: false };
    let seen = store.read_range(CAT, CHAT, range).await.unwrap();
    assert_eq!(seen.entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [4, 5, 6]);
    assert!(store.conversations_of(CAT, None, 10).await.unwrap().is_empty());
    assert_eq!(store.conversations_of(BEN, None, 10).await.unwrap(), [CHAT]);
}

async fn welcomes_wait_for_their_device_until_dropped(store: &dyn Store) {
    group(store, &[(BEN, "ben")]).await;
    let (first, more) = store.welcomes(device_of(BEN), None, None, 10).await.unwrap();
    assert_eq!((first.len(), more), (1, false));
    assert_eq!((first[0].conversation, first[0].commit_seq, first[0].position), (CHAT, 2, position(1, 1)));

    let stray = NewWelcome { device: device_of(ANN), ..welcome(BEN, device_of(BEN)) };
    let welcomes = vec![welcome(BEN, vault_device_of(BEN)), stray];
    store.commit(NewCommit { welcomes, ..commit(1, b"adds the vault device", vec![]) }).await.unwrap();
    assert_eq!(store.welcomes(vault_device_of(BEN), Some(CHAT), None, 10).await.unwrap().0.len(), 1);
    assert!(store.welcomes(vault_device_of(BEN), Some(OTHER), None, 10).await.unwrap().0.is_empty());
    assert!(store.welcomes(device_of(ANN), None, None, 10).await.unwrap().0.is_empty(), "not her account's");

    store.drop_welcomes(ANN, &[first[0].id]).await.unwrap();
    assert_eq!(store.welcomes(device_of(BEN), None, None, 10).await.unwrap().0.len(), 1, "not hers to drop");
    store.drop_welcomes(BEN, &[first[0].id]).await.unwrap();
    assert!(store.welcomes(device_of(BEN), None, None, 10).await.unwrap().0.is_empty());
}

async fn a_welcome_is_kept_for_as_long_as_it_opens_anything(store: &dyn Store) {
    group(store, &[(BEN, "ben"), (CAT, "cat")]).await;
    let waiting = async |account| store.welcomes(device_of(account), Some(CHAT), None, 10).await.unwrap().0;
    say(store, 1).await;
    store.leave(BEN, proposals_for(1, &[b"remove my leaf".to_vec()])).await.unwrap();
    let gone = vec![MemberChange::Gone { account: BEN }, MemberChange::Gone { account: CAT }];
    store.commit(commit(1, b"both are gone", gone)).await.unwrap();
    for account in [BEN, CAT] {
        assert_eq!(waiting(account).await.len(), 1, "what was said meanwhile is still to be read");
        assert!(store.is_welcome_at(account, CHAT, position(1, 1)).await.unwrap());
        assert!(!store.is_welcome_at(account, CHAT, position(1, 2)).await.unwrap());
    }
    assert_eq!(store.tree(CHAT, position(1, 1)).await.unwrap(), b"tree of epoch 1");

    // Another stay: what was before is not read by it.
    let back = NewCommit {
        welcomes: vec![welcome(BEN, device_of(BEN))],
        ..commit(2, b"ben is back", vec![joined(BEN, Role::Member)])
    };
    store.commit(back).await.unwrap();
    let waits = waiting(BEN).await;
    assert_eq!((waits.len(), waits[0].position), (1, position(1, 3)));

    // Everything that Cat could read expires; what Ben can read does not.
    store.append(NewEvent { at: at(9), ..event(2, 3) }, None).await.unwrap();
    store.append(NewEvent { at: at(20), ..event(3, 3) }, None).await.unwrap();
    while store.prune(CHAT, at(10), 10).await.unwrap() > 0 {}
    assert_eq!((waiting(CAT).await.len(), waiting(BEN).await.len()), (0, 1));
}

async fn trees_are_kept_as_long_as_somebody_may_join_by_them(store: &dyn Store) {
    group(store, &[(BEN, "ben")]).await;
    for epoch in 1..4 {
        store.commit(commit(epoch, &[u8::try_from(epoch).unwrap()], vec![])).await.unwrap();
    }
    // Epoch 1: Ben's Welcome waits. Epochs 2 and 3: nobody. Epoch 4: the current one.
    assert_eq!(store.tree(CHAT, position(1, 1)).await.unwrap(), b"tree of epoch 1");
    assert_eq!(refused(store.tree(CHAT, position(1, 2)).await), Refusal::TreeGone);
    assert_eq!(store.tree(CHAT, position(1, 4)).await.unwrap(), b"tree of epoch 4");
}

async fn a_refused_commit_is_left_behind_by_a_new_generation(store: &dyn Store) {
    group(store, &[(BEN, "ben")]).await;
    store.commit(commit(1, b"bad for the others", vec![])).await.unwrap();
    let opening = Opening {
        group_info: b"new group info".to_vec(),
        beginning: b"new observer of epoch 0".to_vec(),
        commit: Some(b"without ben".to_vec()),
        state: state(1),
        members: vec![MemberChange::Gone { account: BEN }],
        welcomes: vec![],
    };
    let receipt = store.open_generation(CHAT, position(1, 2), opening.clone(), at(5)).await.unwrap();
    assert_eq!((receipt.seq, receipt.position), (5, position(2, 1)));
    let again = store.open_generation(CHAT, position(1, 2), opening.clone(), at(6)).await.unwrap();
    assert_eq!(again, receipt);
    let late = Opening { commit: Some(b"other".to_vec()), ..opening };
    let stand = Stand { position: position(2, 1), last_seq: 5 };
    assert_eq!(refused(store.open_generation(CHAT, position(1, 2), late, at(6)).await), Refusal::EpochConflict(stand));
    assert_eq!(refused(store.commit(commit(2, b"of the old", vec![])).await), Refusal::EpochConflict(stand));
    assert_eq!(store.head(BEN, CHAT).await.unwrap().standing, Standing::Removed);
}

async fn leaving_ends_delivery_at_once(store: &dyn Store) {
    group(store, &[(BEN, "ben")]).await;
    let proposals = [b"remove my leaf".to_vec(), b"remove my vault's leaf".to_vec()];
    let new = proposals_for(1, &proposals);
    assert_eq!(store.leave(BEN, new.clone()).await.unwrap(), 4);
    assert_eq!(store.leave(BEN, new.clone()).await.unwrap(), 4);
    let receipt = store.propose(new).await.unwrap();
    assert_eq!(receipt.seq, 4, "proposals that are there are not taken again");

    say(store, 1).await;
    store.commit(commit(1, b"commits it", vec![MemberChange::Gone { account: BEN }])).await.unwrap();
    let head = store.head(BEN, CHAT).await.unwrap();
    assert_eq!((head.standing, head.last_seq), (Standing::Left, 4));
    let range = Range { from: 9, direction: Direction::Backward, limit: 1, max_bytes: 999, handshakes_only: true };
    let newest = store.read_range(ANN, CHAT, range).await.unwrap();
    assert_eq!(newest.entries[0].kind, EntryKind::Commit);
}

async fn a_handshake_is_judged_after_all_before_it_m2(store: &dyn Store) {
    group(store, &[(BEN, "ben")]).await;
    let (mine, theirs) = ([b"mine".to_vec()], [b"theirs".to_vec()]);
    let judged_after = Some(store.observer(CHAT).await.unwrap().last_handshake_seq);
    store.propose(NewProposals { judged_after, ..proposals_for(1, &mine) }).await.unwrap();
    say(store, 1).await;
    let stand = Stand { position: position(1, 1), last_seq: 4 };
    let late = NewProposals { judged_after, ..proposals_for(1, &theirs) };
    assert_eq!(refused(store.propose(late).await), Refusal::EpochConflict(stand));
    let late = NewCommit { judged_after, ..commit(1, b"without the proposal", vec![]) };
    assert_eq!(refused(store.commit(late).await), Refusal::EpochConflict(stand));
    let judged_after = Some(store.observer(CHAT).await.unwrap().last_handshake_seq);
    store.commit(NewCommit { judged_after, ..commit(1, b"with it", vec![]) }).await.unwrap();
}

async fn leaves_of_revoked_devices_are_noted_until_they_are_gone(store: &dyn Store) {
    group(store, &[(BEN, "ben")]).await;
    assert_eq!(store.devices_in_force(&[device_of(BEN), device_of(NOBODY)]).await.unwrap().len(), 1);
    store.revoke_device(BEN, device_of(BEN), b"signed", at(1)).await.unwrap();
    assert_eq!(store.devices_in_force(&[device_of(BEN)]).await.unwrap(), []);
    assert_eq!(store.due_removals(None, 9).await.unwrap(), [CHAT]);
    assert_eq!(store.due_removals(Some(CHAT), 9).await.unwrap(), []);
    let noted = store.removals(CHAT).await.unwrap();
    assert_eq!((noted.len(), noted[0].device, &noted[0].revocation[..]), (1, device_of(BEN), &b"signed"[..]));

    store.settle_removals(CHAT, &[], &[device_of(BEN)], position(1, 1)).await.unwrap();
    assert_eq!(store.due_removals(None, 9).await.unwrap(), [], "it is proposed");
    store.commit(commit(1, b"a joiner's", vec![])).await.unwrap();
    assert_eq!(store.due_removals(None, 9).await.unwrap(), [CHAT], "and has to be again");
    store.settle_removals(CHAT, &[device_of(BEN)], &[], position(1, 2)).await.unwrap();
    assert_eq!(store.removals(CHAT).await.unwrap(), []);

    // Revoked between the check and the commit that adds it.
    let state = GroupState { added: vec![device_of(BEN), vault_device_of(BEN)], ..state(3) };
    store.commit(NewCommit { state, ..commit(2, b"adds it again", vec![]) }).await.unwrap();
    assert_eq!(store.removals(CHAT).await.unwrap().len(), 1);
}

async fn strangers_wait_until_accepted_or_declined(store: &dyn Store) {
    register(store, &[(ANN, "ann"), (BEN, "ben"), (CAT, "cat")]).await;
    let mut new = new_conversation(CHAT, Kind::Group, &[ANN]);
    let request =
        |account| MemberChange::Joined { account, role: Role::Member, whole_history: true, requested_by: Some(ANN) };
    new.opening.members.extend([request(BEN), request(CAT)]);
    store.create_conversation(ANN, new).await.unwrap();
    let head = store.head(BEN, CHAT).await.unwrap();
    assert_eq!((head.standing, head.requested_by, head.first_seq), (Standing::Requested, Some(ANN), 1));
    assert!(store.acquainted(ANN, &[BEN, CAT]).await.unwrap().is_empty());

    assert_eq!(store.accept_request(BEN, CHAT).await.unwrap().standing, Standing::Member);
    assert_eq!(store.accept_request(BEN, CHAT).await.unwrap().standing, Standing::Member);
    assert_eq!(store.acquainted(ANN, &[BEN, CAT, NOBODY]).await.unwrap(), [BEN]);

    assert_eq!(store.decline_request(CAT, CHAT, true).await.unwrap(), Some(ANN));
    assert_eq!(refused(store.head(CAT, CHAT).await), Refusal::NotFound);
    assert_eq!(refused(store.decline_request(CAT, CHAT, true).await), Refusal::NotFound);
    assert_eq!(store.blocked_by(ANN, &[BEN, CAT]).await.unwrap(), [CAT]);
    let told = store.members(CHAT).await.unwrap();
    assert_eq!((told[2].account, told[2].standing), (CAT, Standing::Requested), "the stranger is not told");
}

async fn blocks_are_listed_in_pages_and_taken_back(store: &dyn Store) {
    register(store, &[(ANN, "ann"), (BEN, "ben")]).await;
    for blocked in [CAT, BEN, NOBODY, BEN] {
        store.block(ANN, blocked).await.unwrap();
    }
    assert_eq!(store.blocked(ANN, None, 2).await.unwrap(), (vec![BEN, CAT], true));
    assert_eq!(store.blocked(ANN, Some(CAT), 2).await.unwrap(), (vec![NOBODY], false));
    store.unblock(ANN, BEN).await.unwrap();
    store.unblock(ANN, BEN).await.unwrap();
    assert_eq!(store.blocked_by(BEN, &[ANN]).await.unwrap(), []);
    assert_eq!(store.blocked_by(CAT, &[ANN, BEN]).await.unwrap(), [ANN]);
}
