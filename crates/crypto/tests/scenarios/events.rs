use proptest::prelude::*;
use sotto_crypto::chain::ChainHead;
use sotto_crypto::event::{Header, Kind, MIN_SEALED_LEN, OpenError, OpenedEvent, SealError, Sender, open, seal};
use sotto_crypto::identity::DevicePublicKey;
use sotto_crypto::secret::{EpochSecret, Secret};
use sotto_proto::{ConversationId, EventId};

use crate::people::{Person, alice, bob, mallory, rng};

fn epoch_secret(byte: u8) -> EpochSecret {
    EpochSecret::from_secret(Secret::fill(|bytes| *bytes = [byte; 32]))
}

fn header() -> Header {
    Header {
        conversation: ConversationId::from_bytes([50; 16]),
        generation: 1,
        epoch: 7,
        kind: Kind::Event(EventId::from_bytes([60; 16])),
    }
}

fn seen() -> ChainHead {
    ChainHead::from_parts(41, [0x41; 32])
}

fn seal_as(person: &Person, header: &Header, body: &[u8]) -> Vec<u8> {
    seal(&epoch_secret(1), header, person.sender(), &person.key, &seen(), body, &mut rng(5)).unwrap()
}

/// Opens as a member of a conversation of Alice and Bob.
fn open_as_member(header: &Header, sealed: &[u8]) -> Result<OpenedEvent, OpenError> {
    open(&epoch_secret(1), header, sealed, member_key)
}

fn member_key(sender: Sender) -> Option<DevicePublicKey> {
    [alice(), bob()].iter().find(|person| person.sender() == sender).map(|person| person.key.public())
}

#[test]
fn bob_reads_what_alice_wrote() {
    let sealed = seal_as(&alice(), &header(), b"Buon giorno");
    let event = open_as_member(&header(), &sealed).unwrap();
    assert_eq!(event.expose_body(), b"Buon giorno");
    assert_eq!(event.sender(), alice().sender());
    assert_eq!(*event.seen(), seen());
}

#[test]
fn short_messages_all_have_the_same_length_n9() {
    let lengths = (0..=115).map(|len| seal_as(&alice(), &header(), &vec![b'x'; len]).len());
    assert!(lengths.into_iter().all(|len| len == MIN_SEALED_LEN));
    assert!(seal_as(&alice(), &header(), &[b'x'; 116]).len() > MIN_SEALED_LEN);
}

#[test]
fn an_event_opens_only_where_it_belongs_s10() {
    let sealed = seal_as(&alice(), &header(), b"hello");
    let elsewhere = [
        (Header { conversation: ConversationId::from_bytes([51; 16]), ..header() }, OpenError::WrongEpoch),
        (Header { generation: 2, ..header() }, OpenError::WrongEpoch),
        (Header { epoch: 8, ..header() }, OpenError::WrongEpoch),
        (Header { kind: Kind::Event(EventId::from_bytes([61; 16])), ..header() }, OpenError::Altered),
        (Header { kind: Kind::Signal, ..header() }, OpenError::Altered),
        (Header { kind: Kind::Marker(1), ..header() }, OpenError::Altered),
    ];
    for (other, error) in elsewhere {
        assert_eq!(open_as_member(&other, &sealed), Err(error), "{other:?}");
    }
    let other_secret = open(&epoch_secret(2), &header(), &sealed, member_key);
    assert_eq!(other_secret, Err(OpenError::WrongEpoch));
}

#[test]
fn mallory_cannot_speak_as_alice_m17_m18() {
    let (alice, mallory) = (alice(), mallory());
    let forged =
        seal(&epoch_secret(1), &header(), alice.sender(), &mallory.key, &seen(), b"I resign", &mut rng(5)).unwrap();
    assert_eq!(open_as_member(&header(), &forged), Err(OpenError::BadSignature(alice.sender())));

    let own = seal_as(&mallory, &header(), b"hello");
    assert_eq!(open_as_member(&header(), &own), Err(OpenError::UnknownSender(mallory.sender())));
}

#[test]
fn signals_and_markers_are_small_and_not_events() {
    for (kind, limit) in [(Kind::Signal, 4096), (Kind::Marker(3), 1024), (header().kind, 72 * 1024)] {
        let header = Header { kind, ..header() };
        let largest = vec![7; kind.max_body_len()];
        let sealed = seal_as(&alice(), &header, &largest);
        assert_eq!(sealed.len(), kind.max_sealed_len());
        assert!(sealed.len() <= limit);
        assert_eq!(open_as_member(&header, &sealed).unwrap().expose_body(), largest);

        let too_long = vec![7; kind.max_body_len() + 1];
        let refused = seal(&epoch_secret(1), &header, alice().sender(), &alice().key, &seen(), &too_long, &mut rng(1));
        assert_eq!(refused, Err(SealError::BodyTooLong { actual: too_long.len(), max: kind.max_body_len() }));
    }
}

#[test]
fn absurd_lengths_are_refused_before_any_work_m5_m7() {
    for len in [0, 1, MIN_SEALED_LEN - 1, header().kind.max_sealed_len() + 1, 10_000_000] {
        assert_eq!(open_as_member(&header(), &vec![0; len]), Err(OpenError::Length(len)));
    }
}

#[test]
fn sealing_twice_never_gives_the_same_bytes() {
    let mut rng = rng(1);
    let mut seal =
        || seal(&epoch_secret(1), &header(), alice().sender(), &alice().key, &seen(), b"again", &mut rng).unwrap();
    let (first, second) = (seal(), seal());
    assert_ne!(first[..16], second[..16]);
    assert_ne!(first[16..48], second[16..48]);
    assert_ne!(first[48..], second[48..]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn events_round_trip(body in proptest::collection::vec(any::<u8>(), 0..3_000), seed: u64, epoch: u64, seq: u64) {
        let header = Header { epoch, ..header() };
        let seen = ChainHead::from_parts(seq, [3; 32]);
        let bob = bob();
        let sealed = seal(&epoch_secret(1), &header, bob.sender(), &bob.key, &seen, &body, &mut rng(seed)).unwrap();
        let event = open_as_member(&header, &sealed).unwrap();
        prop_assert_eq!(event.expose_body(), body.as_slice());
        prop_assert_eq!((event.sender(), *event.seen()), (bob.sender(), seen));
    }

    #[test]
    fn any_flipped_bit_keeps_an_event_shut(bit in 0..MIN_SEALED_LEN * 8) {
        let mut sealed = seal_as(&alice(), &header(), b"hello");
        sealed[bit / 8] ^= 1 << (bit % 8);
        let expected = if bit < 48 * 8 { OpenError::WrongEpoch } else { OpenError::Altered };
        prop_assert_eq!(open_as_member(&header(), &sealed), Err(expected));
    }

    #[test]
    fn any_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..1_000)) {
        prop_assert!(open_as_member(&header(), &bytes).is_err());
    }
}
