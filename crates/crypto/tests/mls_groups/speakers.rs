//! The group says by which keys its members speak.

use sotto_crypto::chain::ChainHead;
use sotto_crypto::event::{Header, Kind, OpenError, OpenedEvent, Sender, open, seal};
use sotto_crypto::mls::Suite;
use sotto_crypto::mls::group::Changes;
use sotto_proto::EventId;

use crate::people::{Chat, Device, Person, in_both_suites, rng};

fn header(chat: &Chat) -> Header {
    let standing = chat.observer.standing().unwrap();
    let kind = Kind::Event(EventId::from_bytes([4; 16]));
    Header { conversation: standing.governance.conversation, generation: 1, epoch: standing.epoch, kind }
}

/// `speaker` seals under the epoch secret that `listener` has, who opens it.
fn says(chat: &mut Chat, speaker: &Device, key: &Device, listener: &Device) -> Result<OpenedEvent, OpenError> {
    let header = header(chat);
    let (secret, members) = (chat.of(listener).epoch_secret().unwrap(), chat.of(listener).member_keys().unwrap());
    let (sender, seen) = (Sender::from(&speaker.leaf()), ChainHead::start(header.conversation));
    let sealed = seal(&secret, &header, sender, &key.key, &seen, b"ciao", &mut chat.rng).unwrap();
    open(&secret, &header, &sealed, |sender| members.get(&sender).copied())
}

#[test]
fn members_open_what_members_say_and_nobody_else_i7_s30() {
    in_both_suites(|suite: Suite| {
        let mut rng = rng(70);
        let [alice, bob] = std::array::from_fn(|_| Person::new(&mut rng));
        let [a, b, tablet] = [alice.device(&mut rng), bob.device(&mut rng), bob.device(&mut rng)];
        let mut chat = Chat::group(suite, &a);
        chat.add(&a, &[&b, &tablet]);
        for (speaker, listener) in [(&a, &b), (&b, &a), (&tablet, &a), (&b, &b)] {
            let event = says(&mut chat, speaker, speaker, listener).unwrap();
            assert_eq!(event.sender(), Sender::from(&speaker.leaf()));
        }
        let in_bobs_name = says(&mut chat, &b, &a, &b).unwrap_err();
        assert_eq!(in_bobs_name, OpenError::BadSignature(Sender::from(&b.leaf())));

        chat.change(&b, Changes::new().remove_own_device(tablet.id()));
        let removed = says(&mut chat, &tablet, &tablet, &a).unwrap_err();
        assert_eq!(removed, OpenError::UnknownSender(Sender::from(&tablet.leaf())));
    });
}
