//! An event of 256 bytes, against the signature that it cannot do without, and against Matrix's Megolm.

use std::hint::black_box;

use rand::{SeedableRng, rngs::StdRng};
use sotto_crypto::chain::ChainHead;
use sotto_crypto::event::{Header, Kind, Sender, open, seal};
use sotto_crypto::identity::DeviceKey;
use sotto_crypto::primitives::{Signature, SigningKey, VerifyingKey};
use sotto_crypto::secret::{EpochSecret, Secret};
use sotto_proto::{AccountId, ConversationId, DeviceId, EventId};
use vodozemac::megolm::{GroupSession, InboundGroupSession, MegolmMessage, SessionConfig};

use crate::pair::{Pair, Work};

const BODY: [u8; 256] = [7; 256];

pub(crate) fn pairs() -> Vec<Pair> {
    let key = SigningKey::generate(&mut StdRng::seed_from_u64(1));
    let (public, signature) = (key.verifying_key(), key.sign_unlabelled(&BODY));
    vec![
        Pair::new("seal an event of 256 bytes", "sign them", Talk::new().sealing(), signing(key)),
        Pair::new("seal an event of 256 bytes", "encrypt them by Megolm", Talk::new().sealing(), megolm_encryption()),
        Pair::new(
            "open an event of 256 bytes",
            "verify a signature",
            Talk::new().opening(),
            verifying(public, signature),
        ),
        Pair::new("open an event of 256 bytes", "decrypt it by Megolm", Talk::new().opening(), megolm_decryption()),
    ]
}

/// A device that says something in some epoch.
struct Talk {
    secret: EpochSecret,
    header: Header,
    sender: Sender,
    key: DeviceKey,
    seen: ChainHead,
    rng: StdRng,
}

impl Talk {
    fn new() -> Self {
        let mut rng = StdRng::seed_from_u64(2);
        let conversation = ConversationId::from_bytes([3; 16]);
        Self {
            secret: EpochSecret::from_secret(Secret::generate(&mut rng)),
            header: Header { conversation, generation: 1, epoch: 1, kind: Kind::Event(EventId::from_bytes([4; 16])) },
            sender: Sender { account: AccountId::from_bytes([1; 16]), device: DeviceId::from_bytes([2; 16]) },
            key: DeviceKey::generate(&mut rng),
            seen: ChainHead::start(conversation),
            rng,
        }
    }

    fn seal(&mut self) -> Vec<u8> {
        let body = black_box(&BODY);
        seal(&self.secret, &self.header, self.sender, &self.key, &self.seen, body, &mut self.rng).unwrap()
    }

    fn sealing(mut self) -> impl Work {
        move || drop(black_box(self.seal()))
    }

    fn opening(mut self) -> impl Work {
        let (sealed, public) = (self.seal(), self.key.public());
        move || drop(black_box(open(&self.secret, &self.header, black_box(&sealed), |_| Some(public)).unwrap()))
    }
}

fn signing(key: SigningKey) -> impl Work {
    move || {
        black_box(key.sign_unlabelled(black_box(&BODY)));
    }
}

fn verifying(public: VerifyingKey, signature: Signature) -> impl Work {
    move || public.verify_unlabelled(black_box(&BODY), black_box(&signature)).unwrap()
}

/// As bytes that could be sent, as ours are.
fn megolm_encryption() -> impl Work {
    let mut session = GroupSession::new(SessionConfig::default());
    move || drop(black_box(session.encrypt(black_box(&BODY)).to_bytes()))
}

/// From bytes that came. It is the session's first message: its ratchet has not to be moved, which is best for Megolm.
fn megolm_decryption() -> impl Work {
    let mut sender = GroupSession::new(SessionConfig::default());
    let mut receiver = InboundGroupSession::new(&sender.session_key(), SessionConfig::default());
    let sent = sender.encrypt(BODY).to_bytes();
    move || {
        let message = MegolmMessage::from_bytes(black_box(&sent)).unwrap();
        drop(black_box(receiver.decrypt(&message).unwrap()));
    }
}
