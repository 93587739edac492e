//! Where most refusals play.

use sotto_crypto::mls::Suite;

use crate::mallory::Mallory;
use crate::people::{Chat, Device, Person, rng};

/// Alice owns the chat, Bob is a member with phone and vault, and Mallory is a member.
pub(crate) struct Scene {
    pub(crate) alice: Person,
    pub(crate) bob: Person,
    pub(crate) villain: Person,
    pub(crate) a: Device,
    pub(crate) b: Device,
    pub(crate) b_vault: Device,
    pub(crate) chat: Chat,
    pub(crate) mallory: Mallory,
}

pub(crate) fn scene(suite: Suite) -> Scene {
    let mut rng = rng(99);
    let (alice, bob, villain) = (Person::new(&mut rng), Person::new(&mut rng), Person::new(&mut rng));
    let (a, b, b_vault, m) =
        (alice.device(&mut rng), bob.device(&mut rng), bob.vault(&mut rng), villain.device(&mut rng));
    let mut chat = Chat::group(suite, &a);
    chat.add(&a, &[&b, &b_vault]);
    let mallory = Mallory::added(&m, &mut chat, &a);
    Scene { alice, bob, villain, a, b, b_vault, chat, mallory }
}
