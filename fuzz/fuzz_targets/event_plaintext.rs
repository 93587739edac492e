//! A hostile member seals any bytes in place of an event: it knows the epoch's secret, and no other member's key.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sotto_crypto::event::{Header, Kind, open};
use sotto_crypto::identity::DeviceKey;
use sotto_crypto::labels;
use sotto_crypto::secret::{EpochSecret, Secret};
use sotto_fuzz::forge::seal;
use sotto_proto::{ConversationId, EventId};

fuzz_target!(|plaintext: &[u8]| {
    let header = Header {
        conversation: ConversationId::from_bytes([2; 16]),
        generation: 1,
        epoch: 1,
        kind: Kind::Event(EventId::from_bytes([1; 16])),
    };
    let secret = EpochSecret::from_secret(Secret::fill(|secret| *secret = [7; 32]));
    let honest = DeviceKey::from_seed(&Secret::fill(|seed| *seed = [9; 32])).public();
    let place = [[2; 16].as_slice(), &1_u32.to_be_bytes(), &1_u64.to_be_bytes()].concat();
    let associated_data = [&[1], place.as_slice(), &[1], &[1; 16]].concat();
    let sealed = seal(secret.expose_secret(), labels::EVENT, &place, &associated_data, plaintext);
    assert!(open(&secret, &header, &sealed, |_| Some(honest)).is_err());
});
