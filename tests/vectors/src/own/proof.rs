use serde::Deserialize;
use sotto_crypto::identity::DeviceKey;
use sotto_crypto::primitives::Signature;
use sotto_crypto::proof::{Call, ProofStatement};
use sotto_proto::{AccountId, DeviceId, RequestId};

use crate::fixture::{Checked, Hex, ensure, vectors};

#[derive(Deserialize)]
struct Vector {
    call: String,
    account: Hex,
    device: Hex,
    device_seed: Hex,
    signed_at_ms: u64,
    binding: Hex,
    proof: Hex,
}

pub(crate) fn check() -> Checked {
    let vectors: Vec<Vector> = vectors(include_str!("../../sotto-proof.json"))?;
    for vector in &vectors {
        let key = DeviceKey::from_seed(&vector.device_seed.secret()?);
        let statement = ProofStatement {
            account: AccountId::from_bytes(vector.account.array()?),
            device: DeviceId::from_bytes(vector.device.array()?),
            signed_at_ms: vector.signed_at_ms,
            call: call(vector)?,
        };
        ensure!(statement.sign(&key).to_bytes().as_slice() == vector.proof.0, "{}", vector.call);
        statement.verify(&key.public(), &Signature::from_bytes(vector.proof.array()?))?;
    }
    Ok(vectors.len())
}

fn call(vector: &Vector) -> Result<Call<'_>, Box<dyn std::error::Error>> {
    let binding = vector.binding.0.as_slice();
    Ok(match vector.call.as_str() {
        "register" => Call::Register(binding),
        "login" => Call::Login(binding),
        "refresh" => {
            let (request, token) = binding.split_first_chunk().ok_or("no request id")?;
            Call::Refresh { request: RequestId::from_bytes(*request), token }
        }
        "recover" => Call::Recover(binding),
        "request_reset" => Call::RequestReset,
        "delete_account" => Call::DeleteAccount,
        other => return Err(format!("unknown call {other}").into()),
    })
}
