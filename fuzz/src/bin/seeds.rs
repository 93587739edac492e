//! Writes valid inputs to start from into the folder that is named: those which only the crates themselves can make.
//!
//! The other seeds lie beside the targets in `seeds/`, made by `script/vectors.py`.

use std::path::{Path, PathBuf};

use libfuzzer_sys as _; // the coverage that all is built with counts into it
use mls_rs::mls_rs_codec::MlsEncode;
use prost::Message;
use rand::SeedableRng;
use rand::rngs::StdRng;
use sotto_crypto::login::{Password, StretchCost};
use sotto_crypto::mls::context::extensions_for;
use sotto_crypto::mls::governance::Role;
use sotto_crypto::mls::group::Group;
use sotto_crypto::passphrase;
use sotto_crypto::secret::Secret;
use sotto_fuzz::forge::{group_secrets, mend_founding, mend_key_package};
use sotto_fuzz::logins::{PASSWORD, true_replies};
use sotto_fuzz::village::{Village, in_the_village};
use sotto_proto::frame::{Accept, CallId, Frame, Hello, Request, encode_prefixed, split};
use sotto_proto::limits::{MESSAGE_MAX, SEALED_EVENT_MIN};
use sotto_proto::{Method, wire};

fn main() {
    let folder = PathBuf::from(std::env::args_os().nth(1).expect("the folder to write to"));
    in_the_village(|village| {
        check_forgeries(village);
        let recorded = &village.recording;
        let (plain, mended, pending) = ([0], [1], [3]);
        write(&folder, "handshake", [plain, mended, pending].iter().flat_map(|how| led_by(how, &recorded.handshakes)));
        write(&folder, "mallory", proposals(village));
        write(&folder, "joining", pieces(village));
        write(&folder, "welcome", welcomes(village));
        write(&folder, "key_package", [plain, mended].iter().flat_map(|how| led_by(how, &recorded.key_packages)));
        write(&folder, "snapshot", snapshots(village));
        write(&folder, "certificate", [agreement(village).encode().expect("an agreement in force")]);
    });
    let (registration, login) = true_replies();
    let replies = [led_by(&[0], [registration]), led_by(&[1], [login])].into_iter().flatten();
    write(&folder, "login_reply", replies.chain(led_by(&[2], [&sealed_store_key()])));
    write(&folder, "wire", messages());
    write(&folder, "frame", frames());
    let texts = ["alice_1", "Alice@Example.org", "Алиса 👩‍👩‍👧", "00112233445566778899aabbccddeeff", Method::ALL[0].path()];
    write(&folder, "typed_text", texts.map(|text| text.as_bytes().to_vec()));
}

fn sealed_store_key() -> Vec<u8> {
    let (key, password) = (Secret::fill(|key| *key = [7; 32]), Password::new(PASSWORD).expect("a password"));
    let sealed = passphrase::seal(&key, &password, StretchCost::MINIMUM, &mut StdRng::seed_from_u64(5));
    sealed.expect("a sealed key").to_vec()
}

/// Forged from true pieces, everything must be as the true one is, or be accepted: a forger who forges badly tests nothing.
fn check_forgeries(village: &Village) {
    let recorded = &village.recording;
    let mended = recorded.handshakes.iter().filter(|message| village.keys.mend(message).as_ref() == Some(message));
    assert_eq!(mended.count(), MENDABLE, "messages of Mallory, of the server and of a joiner");
    let carol = village.carol.signing_key();
    assert_eq!(mend_key_package(&recorded.key_packages[0], &carol).as_ref(), Some(&recorded.key_packages[0]));
    let founder = village.founder.signing_key();
    assert_eq!(mend_founding(&recorded.founding.0, &recorded.founding.1, &founder).as_ref(), Some(&recorded.founding));
    let welcome = village.invite(&group_secrets(), &recorded.invited_info);
    let joined = Group::join(&village.carol.participant, &welcome, &recorded.invited_tree, &[&recorded.invited], None);
    joined.expect("a forged Welcome that is as it should be");
}

fn write(folder: &Path, target: &str, seeds: impl IntoIterator<Item = Vec<u8>>) {
    let folder = folder.join(target);
    std::fs::create_dir_all(&folder).expect("a folder");
    for (number, seed) in seeds.into_iter().enumerate() {
        std::fs::write(folder.join(format!("made-{number:02}")), seed).expect("a file");
    }
}

fn led_by<'a>(lead: &[u8], inputs: impl IntoIterator<Item = &'a Vec<u8>>) -> Vec<Vec<u8>> {
    inputs.into_iter().map(|input| [lead, input].concat()).collect()
}

/// Rows of proposals, encoded as in a commit (RFC 9420 §12.1).
fn proposals(village: &Village) -> Vec<Vec<u8>> {
    let [carol, vault, _] = &village.recording.key_packages[..] else { panic!("three key packages") };
    let add = |package: &[u8]| [&[0, 1], &package[4..]].concat();
    let remove = |leaf: u8| vec![0, 3, 0, 0, 0, leaf];
    let mut promoted = agreement(village);
    promoted.roles.insert(village.calm.bob.group().own_leaf().account, Role::Admin);
    let mut renamed = agreement(village);
    renamed.policy.rename = Role::Admin;
    let [promoted, renamed] = [promoted, renamed].map(|agreement| {
        let extensions = extensions_for(&agreement).expect("an agreement").mls_encode_to_vec().expect("extensions");
        [vec![0, 7], extensions].concat()
    });
    vec![
        add(carol),
        [remove(1), remove(2)].concat(),
        remove(0),
        [remove(2), add(vault)].concat(),
        [promoted, add(carol)].concat(),
        renamed,
    ]
}

/// For each piece that a device joins with, and for the beginning of a conversation.
fn pieces(village: &Village) -> Vec<Vec<u8>> {
    let recorded = &village.recording;
    let secret = recorded.invited.expose_secret().to_vec();
    let (info, secrets) = (&recorded.invited_info, group_secrets());
    let opening = &village.opening;
    let pieces: [&Vec<u8>; 14] = [
        &recorded.group_info,
        &recorded.group_info,
        &recorded.tree,
        &recorded.welcome,
        &recorded.invited_tree,
        &secret,
        &recorded.founding.0,
        &recorded.founding.0,
        &recorded.founding.1,
        &secrets,
        info,
        &opening.group_info,
        &opening.tree,
        &opening.pending.commit,
    ];
    (0..).zip(pieces).map(|(number, piece)| [&[number], piece.as_slice()].concat()).collect()
}

/// A Welcome for one device, and the commits that add some.
fn welcomes(village: &Village) -> Vec<Vec<u8>> {
    let recorded = &village.recording;
    let mut seeds = led_by(&[0], [&recorded.welcome]);
    seeds.extend(led_by(&[1], &recorded.handshakes));
    seeds
}

fn snapshots(village: &Village) -> Vec<Vec<u8>> {
    let scenes = [&village.calm, &village.revoked];
    let members = scenes.map(|scene| [&[0], scene.bob.state()].concat());
    let observers = scenes.map(|scene| [&[1], scene.observer.snapshot().expect("a state").as_slice()].concat());
    members.into_iter().chain(observers).collect()
}

fn agreement(village: &Village) -> sotto_crypto::mls::governance::Governance {
    village.calm.observer.standing().expect("a standing").governance
}

/// For each call a message of many short fields, and one of each kind that has rules of its own.
fn messages() -> Vec<Vec<u8>> {
    let calls = u16::try_from(Method::ALL.len()).expect("a hundred");
    let many: Vec<u8> = (1..12).flat_map(|field| [field << 3 | 2, 4, 10, 2, 8, 1, field << 3, 1]).collect();
    let kinds = (calls..).zip(kinds());
    (0..calls)
        .map(|call| (call, many.clone()))
        .chain(kinds)
        .map(|(which, bytes)| led_by_number(which, &bytes))
        .collect()
}

/// In the order of the target's table.
fn kinds() -> Vec<Vec<u8>> {
    let id = vec![7; 16];
    let text = wire::RichText { text: "Buon giorno".to_owned(), ..wire::RichText::default() };
    let text = wire::TextMessage { body: Some(text), ..wire::TextMessage::default() };
    let event =
        wire::Event { content: Some(wire::event::Content::Text(text)), sent_at_ms: 1, ..wire::Event::default() };
    let entry = wire::LogEntry {
        seq: 4,
        kind: wire::EntryKind::Event.into(),
        generation: 1,
        epoch: 2,
        event_id: id.clone().into(),
        body: vec![1; SEALED_EVENT_MIN].into(),
        received_at_ms: 3,
    };
    let head = wire::ConversationHead {
        conversation_id: id.clone().into(),
        kind: wire::ConversationKind::Group.into(),
        standing: wire::Standing::Member.into(),
        role: wire::Role::Admin.into(),
        generation: 1,
        first_seq: 1,
        ..wire::ConversationHead::default()
    };
    let append = wire::AppendRequest {
        conversation_id: id.clone().into(),
        event_id: id.clone().into(),
        generation: 1,
        epoch: 2,
        sealed: entry.body.clone(),
    };
    let commit = wire::CommitRequest {
        conversation_id: id.into(),
        generation: 1,
        commit: vec![1; 40].into(),
        welcomes: vec![vec![2; 40].into()],
        ..wire::CommitRequest::default()
    };
    let detail = wire::ErrorCode::NotFound.detail().encode_to_vec();
    let length = u8::try_from(detail.len()).expect("a code");
    let name = b"type.googleapis.com/sotto.v1.ErrorDetail".as_slice();
    let status = [&[8, 5, 26, 44 + length, 10, 40], name, &[18, length], &detail].concat();
    let ping = wire::Frame { kind: Some(wire::frame::Kind::Ping(wire::Ping { token: 9 })) };
    vec![
        event.encode_to_vec(),
        ping.encode_to_vec(),
        entry.encode_to_vec(),
        head.encode_to_vec(),
        append.encode_to_vec(),
        commit.encode_to_vec(),
        status,
        vec![7; 16],
    ]
}

fn led_by_number(which: u16, bytes: &[u8]) -> Vec<u8> {
    [&which.to_be_bytes(), bytes].concat()
}

/// A connection of few frames, as single ones and as a stream.
fn frames() -> Vec<Vec<u8>> {
    let call = CallId::FIRST_OF_CLIENT;
    let (message, rest) = split(vec![5; 70_000].into());
    let method = Method::ALL[0].path().to_owned();
    let message_max = u32::try_from(MESSAGE_MAX).expect("8 MiB");
    let frames = [
        Frame::Hello(Hello { versions: 1..=1, program: "sotto 1".to_owned() }),
        Frame::Accept(Accept { version: 1, calls_max: 64, message_max, ping_interval_ms: 30_000, time_ms: 1 }),
        Frame::Request(Request { call, method, deadline_ms: None, credit: None, message: split(vec![6; 9].into()).0 }),
        Frame::Failure { call, error: wire::ErrorCode::NotFound.detail() },
        Frame::Ping(7),
        Frame::Cancel(call),
        Frame::End(call),
    ];
    let long = std::iter::once(Frame::Reply { call, message }).chain(rest.map(|body| Frame::More { call, body }));
    let stream = |cut: u8, frames: Vec<Frame>| {
        let mut bytes = bytes::BytesMut::from([cut].as_slice());
        frames.into_iter().for_each(|frame| encode_prefixed(frame, &mut bytes));
        bytes.to_vec()
    };
    let mut seeds: Vec<_> = frames.iter().map(|frame| [&[0], frame.clone().encode().as_ref()].concat()).collect();
    seeds.push(stream(3, frames.to_vec()));
    seeds.push(stream(255, long.collect()));
    seeds
}

/// Of the recorded handshakes, those that the forger has the keys for.
const MENDABLE: usize = 5;
