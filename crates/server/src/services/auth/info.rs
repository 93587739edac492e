//! What the server is, for those who have no account yet.

use sotto_proto::{PROTOCOL_VERSION, wire};

use crate::services::rates::Rate;
use crate::services::{Context, Failure, Visitor};

const ASKED: Rate = Rate::per_minute("GetServerInfo", 600);

pub(super) fn get(context: &Context, visitor: &Visitor) -> Result<wire::GetServerInfoResponse, Failure> {
    context.rates.take(&ASKED, visitor.network())?;
    Ok(wire::GetServerInfoResponse {
        server: concat!("sotto-server/", env!("CARGO_PKG_VERSION")).to_owned(),
        protocol_min: PROTOCOL_VERSION,
        protocol_max: PROTOCOL_VERSION,
        registration_open: context.settings.registration_open,
        external_sender_key: context.external_sender.verifying_key().as_bytes().to_vec().into(),
        opaque_public_key: context.secrets.login.public_key().into(),
        time_ms: context.now().unix_millis(),
        limits: context.settings.announced().into_iter().map(limit).collect(),
    })
}

fn limit((name, value): (&str, u64)) -> wire::ServerLimit {
    wire::ServerLimit { name: name.to_owned(), value }
}
