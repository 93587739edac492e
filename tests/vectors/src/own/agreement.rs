//! What a conversation's members agreed on, as the group context carries it.

use std::collections::BTreeMap;
use std::error::Error;
use std::num::NonZeroU32;

use serde::Deserialize;
use sotto_crypto::mls::Suite;
use sotto_crypto::mls::governance::{Governance, History, Kind, Policy, Role, VaultPolicy};
use sotto_crypto::primitives::VerifyingKey;
use sotto_proto::{AccountId, ConversationId};

use crate::fixture::{Checked, Hex, ensure, vectors};

#[derive(Deserialize)]
struct Vector {
    kind: usize,
    suite: u16,
    conversation: Hex,
    generation: u32,
    server_key: Hex,
    add: usize,
    rename: usize,
    post: usize,
    history: usize,
    vault: usize,
    retention: u32,
    roles: Vec<Listed>,
    group_id: Hex,
    encoded: Hex,
}

#[derive(Deserialize)]
struct Listed {
    account: Hex,
    role: usize,
}

pub(crate) fn check() -> Checked {
    let vectors: Vec<Vector> = vectors(include_str!("../../sotto-agreement.json"))?;
    for (number, vector) in vectors.iter().enumerate() {
        let agreement = agreement(vector)?;
        ensure!(agreement.encode()? == vector.encoded.0, "vector {number}: encoding");
        ensure!(Governance::decode(&vector.encoded)? == agreement, "vector {number}: decoding");
        ensure!(agreement.group_id() == vector.group_id.0, "vector {number}: group id");
    }
    Ok(vectors.len())
}

fn agreement(vector: &Vector) -> Result<Governance, Box<dyn Error>> {
    let roles = vector.roles.iter().map(|listed| {
        Ok::<_, Box<dyn Error>>((AccountId::from_bytes(listed.account.array()?), numbered(ROLES, listed.role)?))
    });
    Ok(Governance {
        conversation: ConversationId::from_bytes(vector.conversation.array()?),
        generation: vector.generation,
        kind: numbered(KINDS, vector.kind)?,
        suite: Suite::from_number(vector.suite).ok_or("an unknown suite")?,
        server_key: VerifyingKey::from_bytes(&vector.server_key.array()?)?,
        policy: Policy {
            add: numbered(ROLES, vector.add)?,
            rename: numbered(ROLES, vector.rename)?,
            post: numbered(ROLES, vector.post)?,
            history: numbered([History::FromJoining, History::Everything], vector.history)?,
            vault: numbered([VaultPolicy::Allowed, VaultPolicy::Forbidden], vector.vault)?,
            retention: NonZeroU32::new(vector.retention),
        },
        roles: roles.collect::<Result<BTreeMap<_, _>, _>>()?,
    })
}

/// Codes count from 1, in the order of the specification.
fn numbered<T: Copy, const N: usize>(values: [T; N], code: usize) -> Result<T, String> {
    let value = code.checked_sub(1).and_then(|place| values.get(place)).copied();
    value.ok_or_else(|| format!("no meaning of {code}"))
}

const KINDS: [Kind; 3] = [Kind::Direct, Kind::Group, Kind::Saved];
const ROLES: [Role; 3] = [Role::Member, Role::Admin, Role::Owner];
