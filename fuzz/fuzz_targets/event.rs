//! Sealed events from a stranger: nothing opens without the epoch's secret.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sotto_crypto::event::{Header, Kind, open};
use sotto_crypto::secret::{EpochSecret, Secret};
use sotto_fuzz as _;
use sotto_proto::{ConversationId, EventId};

fuzz_target!(|bytes: &[u8]| {
    let secret = EpochSecret::from_secret(Secret::fill(|secret| *secret = [7; 32]));
    for kind in [Kind::Event(EventId::from_bytes([1; 16])), Kind::Signal, Kind::Marker(1)] {
        let header = Header { conversation: ConversationId::from_bytes([2; 16]), generation: 1, epoch: 1, kind };
        assert!(open(&secret, &header, bytes, |_| None).is_err());
    }
});
