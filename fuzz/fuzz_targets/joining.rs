//! What a device is handed to join with, and what the server is handed when a conversation begins. The first byte says which
//! piece is hostile, the others are as recorded; the forger renews signatures where whoever sends the piece could.
//!
//! Held: no panic, and whoever joins ends in a group that its rules allow.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rand::SeedableRng;
use rand::rngs::StdRng;
use sotto_crypto::mls::group::{Group, GroupError};
use sotto_crypto::mls::key_package::KeyPackageSecret;
use sotto_crypto::mls::observer::Observer;
use sotto_crypto::secret::SecretVec;
use sotto_fuzz::forge::{group_secrets, mend_founding, mend_group_info};
use sotto_fuzz::village::{NOW, Village, in_the_village};

fuzz_target!(|bytes: &[u8]| {
    let Some((piece, bytes)) = bytes.split_first() else { return };
    in_the_village(|village| {
        let recorded = &village.recording;
        let alice = village.founder.signing_key();
        match piece % 14 {
            0 => join_from_outside(village, bytes, &recorded.tree),
            1 => join_from_outside(village, &mend_group_info(bytes, &alice).unwrap_or_default(), &recorded.tree),
            2 => join_from_outside(village, &recorded.group_info, bytes),
            3 => join(village, bytes, &recorded.invited_tree, &recorded.invited),
            4 => join(village, &recorded.welcome, bytes, &recorded.invited),
            5 => {
                let secret = KeyPackageSecret::from_secret(SecretVec::new(bytes.to_vec()));
                join(village, &recorded.welcome, &recorded.invited_tree, &secret);
            }
            6 => begin(village, bytes, &recorded.founding.1),
            7 => begin(village, &mend_group_info(bytes, &alice).unwrap_or_default(), &recorded.founding.1),
            8 => begin_with_tree(village, bytes),
            9 => {
                join(village, &village.invite(bytes, &recorded.invited_info), &recorded.invited_tree, &recorded.invited)
            }
            11 => begin_generation(village, &mend_group_info(bytes, &alice).unwrap_or_default(), &village.opening.tree),
            12 => begin_generation(village, &village.opening.group_info, bytes),
            13 => continue_generation(village, bytes),
            _ => join(village, &village.invite(&group_secrets(), bytes), &recorded.invited_tree, &recorded.invited),
        }
    });
});

fn join_from_outside(village: &Village, group_info: &[u8], tree: &[u8]) {
    let mut rng = StdRng::seed_from_u64(9);
    if let Ok(joined) = Group::join_externally(&village.tablet.participant, group_info, tree, &mut rng) {
        check(&joined.group);
    }
}

fn join(village: &Village, welcome: &[u8], tree: &[u8], secret: &KeyPackageSecret) {
    let joined: Result<_, GroupError> = Group::join(&village.carol.participant, welcome, tree, &[secret], None);
    if let Ok((group, _)) = joined {
        check(&group);
    }
}

/// The founder chooses the tree freely, and signs a group info that fits it.
fn begin_with_tree(village: &Village, tree: &[u8]) {
    let (info, key) = (&village.recording.founding.0, village.founder.signing_key());
    let Some((info, tree)) = mend_founding(info, tree, &key) else { return };
    begin(village, &info, &tree);
}

fn begin(village: &Village, group_info: &[u8], tree: &[u8]) {
    let server = village.server_key.verifying_key();
    if let Ok(observer) = Observer::begin(group_info, tree, &server, NOW) {
        assert_eq!(observer.epoch(), 0);
        assert_eq!(observer.standing().expect("it was just judged").leaves().count(), 1);
    }
}

/// What an opener hands in instead of the generation that broke.
fn begin_generation(village: &Village, group_info: &[u8], tree: &[u8]) {
    let before = &village.calm.observer;
    let Ok(alone) = Observer::begin_next(before, group_info, tree, NOW) else { return };
    let standing = alone.standing().expect("it was just judged");
    assert_eq!((alone.epoch(), standing.leaves().count()), (0, 1));
    let _ = Observer::begin_generation(before, group_info, tree, &village.opening.pending.commit, NOW);
}

/// The commit that brings the members.
fn continue_generation(village: &Village, commit: &[u8]) {
    let (before, opening) = (&village.calm.observer, &village.opening);
    if let Ok((begun, _)) = Observer::begin_generation(before, &opening.group_info, &opening.tree, commit, NOW) {
        assert_eq!(begun.epoch(), 1);
    }
}

fn check(group: &Group) {
    let standing = group.standing().expect("it was just judged");
    assert!(standing.has(group.own_leaf()));
    group.epoch_secret().expect("a member has it");
}
