//! The directory of keys: queued with every change, published once.

use sotto_crypto::directory::{Chain, Content, EntryDigest, Head, Position, SignedHead, State, log};
use sotto_proto::AccountId;
use sotto_server::store::{Done, NewHead, Refusal, Store};

use crate::people::*;

crate::on_both!(
    whatever_changes_an_accounts_keys_is_queued_with_it,
    a_head_is_published_once_and_takes_its_entries_in,
    a_deleted_account_leaves_digests_and_no_contents,
);

fn head(epoch: u64) -> SignedHead {
    let byte = u8::try_from(epoch).unwrap();
    let head = Head { epoch, time_ms: 1_000 * epoch, tree_root: [byte; 32], log_root: [byte + 100; 32] };
    SignedHead { head, signature: [byte; 64] }
}

fn new_head(epoch: u64, taken: Vec<(AccountId, u64, Chain)>) -> NewHead {
    let state = State { revision: epoch, chain: Chain([9; 32]) };
    let node = |level, index| (log::Node { level, index }, [level; 32]);
    NewHead {
        head: head(epoch),
        audit: format!("audit of {epoch}").into_bytes(),
        leaves: vec![(Position([7; 32]), state), (Position([u8::try_from(epoch).unwrap(); 32]), state)],
        taken,
        nodes: vec![node(0, epoch), node(1, epoch)],
    }
}

async fn queued(store: &dyn Store) -> Vec<(AccountId, u64)> {
    store.queued_entries(100).await.unwrap().iter().map(|entry| (entry.account, entry.revision)).collect()
}

async fn whatever_changes_an_accounts_keys_is_queued_with_it(store: &dyn Store) {
    register(store, &[(ANN, "ann")]).await;
    let known_device = new_device(device_of(ANN), false);
    assert_eq!(store.create_account(new_account(ANN, "ann")).await.unwrap(), Done::Before);
    store.add_device(ANN, known_device, at(1)).await.unwrap();
    assert_eq!(queued(store).await, [(ANN, 1)], "what changed nothing queues nothing");

    let laptop = sotto_proto::DeviceId::from_bytes(random());
    store.add_device(ANN, new_device(laptop, false), at(2)).await.unwrap();
    store.revoke_device(ANN, laptop, b"revocation", at(3)).await.unwrap();
    store.change_user_name(ANN, name("anna"), at(1_000), at(4)).await.unwrap();
    assert_eq!(queued(store).await, [(ANN, 1), (ANN, 2), (ANN, 3), (ANN, 4)]);

    let entries = store.queued_entries(100).await.unwrap();
    for entry in &entries {
        assert_eq!(entry.digest, EntryDigest::of(ANN, entry.revision, &entry.content));
        assert_eq!(entry.published, None);
    }
    let keys = store.account_keys(&[(ANN, 0)]).await.unwrap().remove(0);
    let now = Content::of(&keys.identity_key, &keys.certificates, &keys.revocations).unwrap();
    assert_eq!((keys.version, entries[3].content.clone()), (4, now.encode()), "as it is handed out");
    let Content::Keys { certificates, revocations, .. } = Content::decode(&entries[2].content).unwrap() else {
        panic!()
    };
    assert_eq!((certificates.len(), revocations.len()), (2, 1));
    assert_eq!(store.queued_entries(2).await.unwrap(), entries[..2]);
    assert_eq!(store.queue_unlisted(10, at(5)).await.unwrap(), 0, "everybody is listed");
}

async fn a_head_is_published_once_and_takes_its_entries_in(store: &dyn Store) {
    register(store, &[(ANN, "ann"), (BEN, "ben")]).await;
    let nothing = store.directory_since(0).await.unwrap();
    assert_eq!((nothing.head, nothing.leaves.len()), (None, 0));

    let chain = Chain([5; 32]);
    store.publish_head(new_head(1, vec![(ANN, 1, chain)])).await.unwrap();
    assert_eq!(queued(store).await, [(BEN, 1)]);
    let again = store.publish_head(new_head(1, vec![(BEN, 1, chain)])).await;
    assert_eq!(refused(again), Refusal::VersionConflict { stored: 1 });
    assert_eq!(queued(store).await, [(BEN, 1)], "who comes second changes nothing");
    let racers = (0..8).map(|_| store.publish_head(new_head(2, vec![(BEN, 1, chain)])));
    let raced = futures_util::future::join_all(racers).await;
    assert_eq!(raced.iter().filter(|published| published.is_ok()).count(), 1);

    let published = store.key_entries(ANN, 0, 10).await.unwrap();
    assert_eq!(published[0].published, Some((chain, 1)));
    let all = store.directory_since(0).await.unwrap();
    assert_eq!((all.head, all.leaves.len()), (Some(head(2)), 3));
    let news = store.directory_since(1).await.unwrap();
    assert_eq!((news.head, news.leaves.len()), (Some(head(2)), 2), "a leaf is there once, as the newest head has it");
    assert_eq!(store.directory_since(2).await.unwrap().leaves, []);

    let steps = store.steps(0, 10).await.unwrap();
    assert_eq!(steps, [(head(1), b"audit of 1".to_vec()), (head(2), b"audit of 2".to_vec())]);
    assert_eq!(store.steps(1, 10).await.unwrap().len(), 1);
    let nodes = [log::Node { level: 1, index: 2 }, log::Node { level: 0, index: 1 }];
    assert_eq!(store.log_nodes(&nodes).await.unwrap(), [[1; 32], [0; 32]]);
    assert_eq!(refused(store.log_nodes(&[log::Node { level: 9, index: 0 }]).await), Refusal::NotFound);
}

async fn a_deleted_account_leaves_digests_and_no_contents(store: &dyn Store) {
    register(store, &[(ANN, "ann")]).await;
    store.publish_head(new_head(1, vec![(ANN, 1, Chain([5; 32]))])).await.unwrap();
    store.delete_account(ANN, at(1_000), at(1)).await.unwrap();
    let entries = store.key_entries(ANN, 1, 10).await.unwrap();
    let contents: Vec<_> = entries.iter().map(|entry| entry.content.as_slice()).collect();
    assert_eq!(contents, [&[][..], &Content::Deleted.encode()]);
    assert_eq!(entries[1].digest, EntryDigest::of(ANN, 2, &Content::Deleted.encode()));
}
