use serde::Deserialize;
use sotto_crypto::chain::{ChainHead, Entry, EntryHash};
use sotto_crypto::event::{Header, Kind, Sender, open, seal};
use sotto_crypto::identity::DeviceKey;
use sotto_crypto::secret::EpochSecret;
use sotto_proto::{AccountId, ConversationId, DeviceId, EventId};

use crate::fixture::{Checked, Hex, Replay, ensure, vectors};

#[derive(Deserialize)]
struct Vector {
    epoch_secret: Hex,
    conversation: Hex,
    generation: u32,
    epoch: u64,
    kind: u8,
    id: Hex,
    account: Hex,
    device: Hex,
    device_seed: Hex,
    seen_seq: u64,
    seen_hash: Hex,
    salt: Hex,
    body: Hex,
    sealed: Hex,
}

pub(crate) fn check() -> Checked {
    let vectors: Vec<Vector> = vectors(include_str!("../../sotto-event.json"))?;
    for (number, vector) in vectors.iter().enumerate() {
        check_one(vector).map_err(|error| format!("vector {number}: {error}"))?;
    }
    Ok(vectors.len())
}

fn check_one(vector: &Vector) -> Checked {
    let secret = EpochSecret::from_secret(vector.epoch_secret.secret()?);
    let header = Header {
        conversation: ConversationId::from_bytes(vector.conversation.array()?),
        generation: vector.generation,
        epoch: vector.epoch,
        kind: kind(vector)?,
    };
    let sender = Sender {
        account: AccountId::from_bytes(vector.account.array()?),
        device: DeviceId::from_bytes(vector.device.array()?),
    };
    let key = DeviceKey::from_seed(&vector.device_seed.secret()?);
    let seen = ChainHead::from_parts(vector.seen_seq, vector.seen_hash.array()?);
    let sealed = seal(&secret, &header, sender, &key, &seen, &vector.body.0, &mut Replay::of(&[&vector.salt]))?;
    ensure!(sealed == vector.sealed.0, "sealing");

    let event = open(&secret, &header, &vector.sealed.0, |found| (found == sender).then(|| key.public()))?;
    ensure!(event.expose_body() == vector.body.0, "body");
    ensure!(event.sender() == sender && *event.seen() == seen, "sender and chain");
    Ok(1)
}

fn kind(vector: &Vector) -> Result<Kind, Box<dyn std::error::Error>> {
    let id: [u8; 16] = vector.id.array()?;
    Ok(match vector.kind {
        1 => Kind::Event(EventId::from_bytes(id)),
        2 => Kind::Signal,
        3 => Kind::Marker(u64::from_be_bytes(id[8..].try_into()?)),
        other => return Err(format!("unknown kind {other}").into()),
    })
}

#[derive(Deserialize)]
struct Chain {
    conversation: Hex,
    generation: u32,
    epoch: u64,
    entries: Vec<LogEntry>,
    heads: Vec<Hex>,
}

#[derive(Deserialize)]
struct LogEntry {
    kind: u8,
    id: Hex,
    body: Hex,
    hash: Hex,
}

pub(crate) fn check_chain() -> Checked {
    let chain: Chain = vectors(include_str!("../../sotto-chain.json"))?;
    let mut head = ChainHead::start(ConversationId::from_bytes(chain.conversation.array()?));
    ensure!(head.hash().as_slice() == chain.heads[0].0, "first head");
    for (logged, expected) in chain.entries.iter().zip(&chain.heads[1..]) {
        let hash = EntryHash::of(chain.generation, chain.epoch, &entry(logged)?);
        ensure!(hash.as_bytes().as_slice() == logged.hash.0, "entry of kind {}", logged.kind);
        head = head.extended_by(&hash).ok_or("the log is full")?;
        ensure!(head.hash().as_slice() == expected.0, "head {}", head.seq());
    }
    ensure!(head.seq() + 1 == chain.heads.len() as u64, "seq");
    Ok(chain.heads.len())
}

fn entry(logged: &LogEntry) -> Result<Entry<'_>, Box<dyn std::error::Error>> {
    let body = logged.body.0.as_slice();
    Ok(match logged.kind {
        1 => Entry::Commit(body),
        2 => Entry::Proposal(body),
        3 => Entry::Event(EventId::from_bytes(logged.id.array()?), body),
        4 => Entry::Generation(body),
        other => return Err(format!("unknown kind {other}").into()),
    })
}
