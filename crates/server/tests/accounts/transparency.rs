//! The directory of keys, as people and auditors see it.

use std::time::Duration;

use prost::Message as _;
use sotto_crypto::certificate::Purpose;
use sotto_crypto::directory::{
    Chain, Content, DirectoryError, DirectoryKeys, EntryDigest, Head, Shown, SignedHead, SignedPromise, State, audit,
    hashes,
};
use sotto_crypto::revocation::DeviceRevocation;
use sotto_proto::wire::{self, ErrorCode};
use sotto_proto::{AccountId, Call};
use sotto_server::clock::Clock as _;
use sotto_server::services::{Answer, Caller};

use crate::support::{Device, Person, World, on_both};

on_both!(
    what_is_handed_out_is_proved_to_be_what_is_published,
    what_is_not_published_yet_is_promised,
    heads_go_on_from_each_other_and_an_auditor_sees_it,
    the_owner_reads_everything_that_was_published_of_their_keys,
    whoever_is_deleted_is_published_as_deleted_and_strangers_are_in_no_head,
    two_nodes_publish_one_history,
    requests_keep_their_bounds,
);

fn look_up(accounts: &[(AccountId, u64)]) -> wire::LookUpRequest {
    let asked = |(account, known): &(AccountId, u64)| wire::LookUpAccount {
        account_id: account.to_wire(),
        known_revision: *known,
    };
    wire::LookUpRequest { accounts: accounts.iter().map(asked).collect(), epochs: Vec::new() }
}

/// The head of a reply, if its signature is good.
fn head_of(reply: &wire::GetHeadResponse) -> (DirectoryKeys, Head) {
    let keys = DirectoryKeys::try_from(reply.keys.as_ref().unwrap()).unwrap();
    let signed = SignedHead::try_from(reply.head.as_ref().unwrap()).unwrap();
    (keys, keys.verify_head(&signed).unwrap())
}

/// What the first account of a reply is proved to be.
fn standing(reply: &wire::LookUpResponse) -> Option<State> {
    let (keys, head) = head_of(reply.head.as_ref().unwrap());
    let shown = Shown::verify(&head, &reply.tree).unwrap();
    let came = &reply.accounts[0];
    let account = AccountId::parse("account_id", &came.account_id).unwrap();
    shown.standing(&keys, account, &came.position_proof).unwrap()
}

/// The chain that the links of a reply lead to.
fn led_to(came: &wire::DirectoryAccount) -> State {
    let base = hashes(std::slice::from_ref(&came.base_chain)).unwrap()[0];
    let links: Vec<EntryDigest> = hashes(&came.entries).unwrap().into_iter().map(EntryDigest).collect();
    State { revision: came.base_revision, chain: Chain(base) }.extended_by_all(&links)
}

async fn digest_of_keys(world: &World, asks: &Person, whose: &Person) -> EntryDigest {
    let known = wire::KnownAccount { account_id: whose.account.to_wire(), known_version: 0 };
    let reply = world.call(&asks.device, wire::GetAccountKeysRequest { accounts: vec![known] }).await.unwrap();
    let keys = &reply.accounts[0];
    let content = Content::of(&keys.identity_key, &keys.certificates, &keys.revocations).unwrap().encode();
    EntryDigest::of(whose.account, keys.version, &content)
}

/// Somebody signs in on another device.
async fn add(world: &World, person: &Person, device: &Device) {
    world.log_in(person.account, device).await;
    let certificate = device.certificate.encode().to_vec().into();
    world.call(device, wire::AddDeviceRequest { certificate, ..Default::default() }).await.unwrap();
}

/// A call by nobody in particular.
async fn visit<R: Call>(world: &World, request: R) -> R::Response {
    let caller = Caller { address: [192, 0, 2, 1].into(), token: None };
    match world.services.call(R::METHOD, &caller, request.encode_to_vec().into()).await.unwrap() {
        Answer::Reply(reply) => R::Response::decode(reply).unwrap(),
        Answer::Items(_) => panic!("it does not stream"),
    }
}

async fn what_is_handed_out_is_proved_to_be_what_is_published(world: &World) {
    let (alice, bob) = (world.register("alice").await, world.register("bob").await);
    world.services.keep_up_once().await.unwrap();
    let reply = world.call(&alice.device, look_up(&[(bob.account, 0)])).await.unwrap();
    let state = standing(&reply).unwrap();
    assert_eq!((state.revision, led_to(&reply.accounts[0])), (1, state));
    assert_eq!(reply.accounts[0].entries, [digest_of_keys(world, &alice, &bob).await.0.to_vec()]);
    assert_eq!(reply.accounts[0].promises, []);

    // Bob takes another device, and gives it up again.
    let laptop = world.new_device(bob.account, &bob.identity, Purpose::Device);
    add(world, &bob, &laptop).await;
    let revoked = DeviceRevocation::by_account(&bob.identity, &laptop.verified(world.now()), world.now()).unwrap();
    let revocation = revoked.encode().to_vec().into();
    world.call(&bob.device, wire::RevokeDeviceRequest { revocation }).await.unwrap();
    world.services.keep_up_once().await.unwrap();
    let reply = world.call(&alice.device, look_up(&[(bob.account, 1), (alice.account, 0)])).await.unwrap();
    let came = &reply.accounts[0];
    assert_eq!((came.base_revision, came.base_chain.to_vec()), (1, state.chain.0.to_vec()), "from where she was");
    assert_eq!(Some(led_to(came)), standing(&reply));
    assert_eq!(came.entries[1], digest_of_keys(world, &alice, &bob).await.0.to_vec());
}

async fn what_is_not_published_yet_is_promised(world: &World) {
    let (alice, bob) = (world.register("alice").await, world.register("bob").await);
    let reply = world.call(&alice.device, look_up(&[(bob.account, 0)])).await.unwrap();
    let head = reply.head.as_ref().unwrap();
    assert_eq!(head.head, None, "nothing was ever published");
    let keys = DirectoryKeys::try_from(head.keys.as_ref().unwrap()).unwrap();
    let signed = SignedPromise::for_account(bob.account, &reply.accounts[0].promises[0]).unwrap();
    let promise = keys.verify_promise(&signed).unwrap();
    assert_eq!((promise.revision, promise.entry), (1, digest_of_keys(world, &alice, &bob).await));
    let other = SignedPromise::for_account(alice.account, &reply.accounts[0].promises[0]).unwrap();
    assert_eq!(keys.verify_promise(&other), Err(DirectoryError::BadSignature), "it is for Bob alone");

    world.clock.advance(Duration::from_mins(11));
    world.services.keep_up_once().await.unwrap();
    let reply = world.call(&alice.device, look_up(&[(bob.account, 0)])).await.unwrap();
    let (_, head) = head_of(reply.head.as_ref().unwrap());
    assert!(head.time_ms >= promise.due_ms, "a head from which it must not be missing");
    assert_eq!(reply.accounts[0].entries, [promise.entry.0.to_vec()]);
}

async fn heads_go_on_from_each_other_and_an_auditor_sees_it(world: &World) {
    assert_eq!(visit(world, wire::GetHeadRequest { epochs: vec![7] }).await.head, None);
    for number in 0..12 {
        world.register(&format!("person{number}")).await;
        world.services.keep_up_once().await.unwrap();
    }
    let reply = visit(world, wire::ListStepsRequest { after_epoch: 0 }).await;
    let keys = DirectoryKeys::try_from(reply.keys.as_ref().unwrap()).unwrap();
    let mut heads: Vec<Head> = Vec::new();
    for step in &reply.steps {
        let head = keys.verify_head(&SignedHead::try_from(step.head.as_ref().unwrap()).unwrap()).unwrap();
        assert_eq!(audit::verify(heads.last(), &head, &step.audit), Ok(1));
        heads.push(head);
    }
    assert_eq!((heads.len(), reply.more), (12, false));

    let newest = visit(world, wire::GetHeadRequest { epochs: (1..=12).collect() }).await;
    let (_, head) = head_of(&newest);
    for (earlier, proof) in heads.iter().zip(&newest.proofs) {
        head.goes_on_from(proof.epoch, &earlier.hash(), &hashes(&proof.path).unwrap()).unwrap();
    }
    assert_eq!(newest.proofs.len(), 12);
    world.services.keep_up_once().await.unwrap();
    assert_eq!(visit(world, wire::GetHeadRequest::default()).await.head, newest.head, "without news there is no head");
}

async fn the_owner_reads_everything_that_was_published_of_their_keys(world: &World) {
    let (alice, bob) = (world.register("alice").await, world.register("bob").await);
    world.services.keep_up_once().await.unwrap();
    let laptop = world.new_device(alice.account, &alice.identity, Purpose::Device);
    add(world, &alice, &laptop).await;
    let all = world.call(&alice.device, wire::ListOwnEntriesRequest { after_revision: 0 }).await.unwrap();
    let epochs: Vec<_> = all.entries.iter().map(|entry| (entry.revision, entry.epoch)).collect();
    assert_eq!((epochs, all.more), (vec![(1, 1), (2, 0)], false));
    for entry in &all.entries {
        let Content::Keys { identity, .. } = Content::decode(&entry.content).unwrap() else { panic!() };
        assert_eq!(identity, *alice.identity.public().as_bytes());
    }
    let later = world.call(&alice.device, wire::ListOwnEntriesRequest { after_revision: 1 }).await.unwrap();
    assert_eq!(later.entries, all.entries[1..]);
    let bobs = world.call(&bob.device, wire::ListOwnEntriesRequest { after_revision: 0 }).await.unwrap();
    assert_ne!(bobs.entries, all.entries);
}

async fn whoever_is_deleted_is_published_as_deleted_and_strangers_are_in_no_head(world: &World) {
    let (alice, bob) = (world.register("alice").await, world.register("bob").await);
    world.store.delete_account(bob.account, world.clock.now(), world.clock.now()).await.unwrap();
    world.services.keep_up_once().await.unwrap();
    let gone = world.call(&alice.device, look_up(&[(bob.account, 0)])).await.unwrap();
    assert_eq!(standing(&gone).unwrap().revision, 2);
    let deleted = EntryDigest::of(bob.account, 2, &Content::Deleted.encode());
    assert_eq!(gone.accounts[0].entries, [deleted.0.to_vec()]);
    let nobody = AccountId::from_bytes([9; 16]);
    let absent = world.call(&alice.device, look_up(&[(nobody, 3)])).await.unwrap();
    assert_eq!(standing(&absent), None);
    assert_eq!((absent.accounts[0].entries.len(), absent.accounts[0].promises.len()), (0, 0));
}

async fn two_nodes_publish_one_history(world: &World) {
    let other = world.second_node();
    let alice = world.register("alice").await;
    for number in 0..5 {
        world.register(&format!("person{number}")).await;
        let both = tokio::join!(world.services.keep_up_once(), other.keep_up_once());
        both.0.and(both.1).unwrap();
    }
    let reply = world.call(&alice.device, look_up(&[(alice.account, 0)])).await.unwrap();
    assert_eq!(standing(&reply).unwrap().revision, 1);
    let steps = visit(world, wire::ListStepsRequest { after_epoch: 0 }).await.steps;
    let mut before: Option<Head> = None;
    let mut grown = 0;
    for step in &steps {
        let head = SignedHead::try_from(step.head.as_ref().unwrap()).unwrap().head;
        grown += audit::verify(before.as_ref(), &head, &step.audit).unwrap();
        before = Some(head);
    }
    assert_eq!(grown, 6, "each change once");
}

async fn requests_keep_their_bounds(world: &World) {
    let alice = world.register("alice").await;
    assert_eq!(world.invalid(&alice.device, look_up(&[])).await, "accounts");
    assert_eq!(world.invalid(&alice.device, look_up(&vec![(alice.account, 0); 101])).await, "accounts");
    assert_eq!(world.invalid(&alice.device, look_up(&[(alice.account, u64::MAX)])).await, "accounts.known_revision");
    let short = wire::LookUpAccount { account_id: vec![1; 15].into(), known_revision: 0 };
    let short = wire::LookUpRequest { accounts: vec![short], epochs: Vec::new() };
    assert_eq!(world.invalid(&alice.device, short).await, "accounts.account_id");
    let many = wire::LookUpRequest { epochs: vec![1; 33], ..look_up(&[(alice.account, 0)]) };
    assert_eq!(world.invalid(&alice.device, many).await, "epochs");
    assert_eq!(world.invalid(&alice.device, wire::GetHeadRequest { epochs: vec![u64::MAX] }).await, "epochs");
    let after = wire::ListOwnEntriesRequest { after_revision: u64::MAX };
    assert_eq!(world.invalid(&alice.device, after).await, "after_revision");
}

mod rates {
    use super::*;

    on_both!(at 1 percent: look_ups_are_counted);

    async fn look_ups_are_counted(world: &World) {
        let alice = world.register("alice").await;
        world.call(&alice.device, look_up(&[(alice.account, 0); 100])).await.unwrap();
        assert_eq!(world.refused(&alice.device, look_up(&[(alice.account, 0)])).await, ErrorCode::RateLimited);
    }
}
