//! A life in brief: every call that carries a secret or content, and what was in it.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use rand::RngExt as _;
use sotto_crypto::login::{Login, Password, Registration, StretchCost};
use sotto_proto::wire::{self, MarkerAudience, ReportReason};
use sotto_proto::{EventId, FileId, SlotId};
use sotto_server_tests::people::{Device, Town, randomness};

use super::search::Secret;

/// Goes through everything, and gives what must not be found afterwards.
pub(super) async fn live_a_little(town: &Town) -> Result<Vec<Secret>> {
    let (mut alice, mut bob) = (town.register("canary").await?, town.register("bob").await?);
    let mut seen = Secrets::default();
    seen.nowhere("the password", alice.person.password().as_bytes());
    for word in ["the recovery code", "the root"] {
        let bytes = if word == "the root" { alice.person.expose_root() } else { alice.person.expose_recovery_code() };
        seen.nowhere(word, &bytes);
    }
    seen.not_logged("the user name", alice.person.name.as_bytes());
    talk(&mut alice, &mut bob, &mut seen).await?;
    keep(&alice, &mut seen).await?;
    secure(&mut alice, &mut seen).await?;
    Ok(seen.0)
}

#[derive(Default)]
struct Secrets(Vec<Secret>);

impl Secrets {
    fn nowhere(&mut self, name: &'static str, bytes: &[u8]) {
        self.0.push(Secret { name, bytes: bytes.to_vec(), may_be_kept: false });
    }

    fn not_logged(&mut self, name: &'static str, bytes: &[u8]) {
        self.0.push(Secret { name, bytes: bytes.to_vec(), may_be_kept: true });
    }
}

/// Conversations: what is said, shown, reported and sent.
async fn talk(alice: &mut Device, bob: &mut Device, seen: &mut Secrets) -> Result<()> {
    let chat = alice.start_group(&[bob]).await?;
    bob.hears(chat).await?;
    bob.accepts(chat).await?;
    let text = canary("said");
    let event = alice.seal(chat, EventId::from_bytes(randomness().random()), &text)?;
    seen.nowhere("what was said", text.as_bytes());
    seen.not_logged("a sealed event", &event.sealed);
    alice.link.call(event).await?;

    let sealed = random(400);
    seen.not_logged("a sealed read marker", &sealed);
    let marker = wire::ReadMarker {
        conversation_id: chat.to_wire(),
        account_id: Bytes::new(),
        audience: MarkerAudience::Members.into(),
        version: 1,
        generation: 1,
        epoch: 1,
        sealed,
    };
    alice.link.call(wire::PutReadMarkerRequest { marker: Some(marker) }).await?;

    let sealed = random(400);
    seen.nowhere("a sealed signal, which is never kept", &sealed);
    let signal = wire::StreamSignal { conversation_id: chat.to_wire(), generation: 1, epoch: 1, sealed };
    alice.link.call(wire::SendSignalRequest { signal: Some(signal) }).await?;

    let (comment, shown) = (canary("comment"), canary("shown"));
    seen.not_logged("the comment of a report", comment.as_bytes());
    seen.not_logged("what was shown with a report", shown.as_bytes());
    let report = wire::ReportRequest {
        report_id: random(16),
        account_id: bob.account().to_wire(),
        conversation_id: chat.to_wire(),
        reason: ReportReason::Other.into(),
        comment,
        shown,
    };
    alice.link.call(report).await?;

    let file = FileId::from_bytes(randomness().random());
    let (file_id, conversation_id) = (file.to_wire(), chat.to_wire());
    let reserve = wire::ReserveFileRequest { file_id, conversation_id, size: 500, part_size: 65_536 };
    alice.link.call(reserve).await?;
    let data = random(500);
    seen.not_logged("the bytes of a file", &data);
    alice.link.call(wire::UploadPartRequest { file_id: file.to_wire(), index: 0, data }).await?;
    Ok(())
}

/// What an account keeps for itself.
async fn keep(alice: &Device, seen: &mut Secrets) -> Result<()> {
    let sealed = random(300);
    seen.not_logged("a sealed setting", &sealed);
    let slot_id = SlotId::from_bytes(randomness().random()).to_wire();
    let setting = wire::Setting { slot_id, version: 1, sealed, change: 0 };
    alice.link.call(wire::PutSettingRequest { setting: Some(setting) }).await?;
    let sealed_name = random(128);
    seen.not_logged("the sealed name of a device", &sealed_name);
    alice.link.call(wire::NameDeviceRequest { device_id: alice.id.to_wire(), sealed_name }).await?;
    let email = format!("{}@example.org", canary("email"));
    seen.not_logged("the e-mail address", email.as_bytes());
    alice.link.call(wire::ChangeEmailRequest { email }).await?;
    Ok(())
}

/// Tokens, codes and passwords, right and wrong ones.
async fn secure(alice: &mut Device, seen: &mut Secrets) -> Result<()> {
    let totp = alice.link.call(wire::EnableTotpStartRequest {}).await?.secret;
    seen.nowhere("the secret of the second factor", &totp);
    let enabled = alice.link.call(wire::EnableTotpFinishRequest { totp_code: totp_code(&totp) }).await?;
    for code in &enabled.backup_codes {
        seen.nowhere("a backup code", code.as_bytes());
    }
    for code in alice.link.call(wire::RenewBackupCodesRequest {}).await?.backup_codes {
        seen.nowhere("a renewed backup code", code.as_bytes());
    }
    alice.link.call(wire::DisableTotpRequest {}).await?;

    // A person who types another secret into the field of the name.
    let mistyped = canary("mistyped");
    seen.nowhere("a mistyped login name", mistyped.as_bytes());
    let (_, ke1) = Login::start(Password::new("x")?, &mut randomness())?;
    alice.link.call(wire::LoginStartRequest { login_name: mistyped, ke1: ke1.into() }).await?;

    let (registration, request) = Registration::start(Password::new(&canary("new password"))?, &mut randomness())?;
    let request = wire::ChangePasswordStartRequest { opaque_request: request.into() };
    let reply = alice.link.call(request).await?;
    let done = registration.finish(&reply.opaque_response, alice.account(), StretchCost::MINIMUM, &mut randomness())?;
    seen.not_logged("a login record", &done.upload);
    seen.nowhere("the export key", done.export_key.expose_secret());

    let request = alice.refresh_request();
    for token in [&alice.session.access_token, &alice.session.refresh_token] {
        seen.nowhere("a token", token.as_bytes());
        // The part that makes a token what it is comes last.
        seen.nowhere("the end of a token", &token.as_bytes()[token.len() - 24..]);
    }
    let renewed = alice.link.call(request).await?.session.context("a refresh gives a session")?;
    seen.nowhere("a renewed refresh token", renewed.refresh_token.as_bytes());
    alice.link.authenticate(&renewed.access_token).await?;
    Ok(())
}

/// RFC 6238 with the contract's parameters, as an authenticator computes it.
fn totp_code(secret: &[u8]) -> String {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(secret).unwrap();
    mac.update(&(since.as_secs() / 30).to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let place = usize::from(hash[19] & 0xf);
    let number = u32::from_be_bytes(hash[place..place + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

/// Text that is nowhere else.
fn canary(what: &str) -> String {
    format!("{}{:016x}", what.replace(' ', "-"), randomness().random::<u64>())
}

fn random(size: usize) -> Bytes {
    let mut bytes = vec![0; size];
    randomness().fill(&mut bytes[..]);
    bytes.into()
}
