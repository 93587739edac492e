//! The cryptography of Sotto: everything that the server must not be able to do.
//!
//! The crate has no input and no output. Randomness and time are arguments, so the same code runs natively, in the browser and
//! under a simulator, and every test can be repeated. `docs/PROTOCOL.md` describes each format byte by byte.
//!
//! | task | where |
//! |---|---|
//! | hold a secret | [`secret`] |
//! | be an account with devices, and end a device | [`identity`], [`certificate`], [`revocation`] |
//! | keep the account on the server, and on paper | [`vault`], [`recovery`], [`vault_store`]; without a vault [`sealed_identity`] |
//! | log in, on both sides; prove to be a device | [`login`], `login::server`; [`proof`] |
//! | agree on keys with the members of a conversation | [`mls::group`], [`mls::key_package`], [`mls::governance`] |
//! | judge what members do, without their secrets | `mls::observer`, [`mls::rules`] |
//! | say something, and notice what a server leaves out | [`event`], [`chain`] |
//! | send a file; keep one | [`mod@file`]; [`kept`] |
//! | verify a contact | [`safety`] |
//! | see that a server shows everybody the same keys | [`directory`] |
//! | as a server, keep states sealed that clients bring back | `server_seal` |
//! | check the primitives at start | [`self_test`] |
//!
//! Used in whatever way, it keeps three promises:
//!
//! - **No key and nonce meet twice.** No function takes a nonce. What seals draws a fresh salt or key for each message from the
//!   generator that it is given; a [`file::FileSealer`] cannot be copied or stored.
//! - **No check is left out.** What was checked has its own type, which only the check makes: [`certificate::VerifiedDevice`],
//!   [`event::OpenedEvent`], [`mls::key_package::KeyPackage`], [`mls::group::Group`]. Where a caller has to supply what it
//!   already knows (an account, the newest version seen, who was a member), the function asks for it.
//! - **No secret leaks.** Secrets are wiped when dropped, print nothing, are compared in constant time and cannot be cloned. Their
//!   bytes come out of functions whose names begin with `expose_`, and nowhere else.
//!
//! The feature `hazmat` shows what lies below. It is for tests and measurements, and nothing that is shipped asks for it.
//!
//! # A secret
//!
//! ```
//! use sotto_crypto::secret::Secret;
//! # use rand::SeedableRng;
//! # let mut rng = rand::rngs::StdRng::seed_from_u64(1);
//!
//! let secret = Secret::<32>::generate(&mut rng);
//! assert_eq!(format!("{secret:?}"), "Secret<32>([redacted])");
//! let copy = Secret::copy_from(secret.expose_secret()).ok_or("32 bytes")?;
//! assert!(secret == copy); // in constant time
//! # Ok::<(), &str>(())
//! ```
//!
//! # An account and its devices
//!
//! ```
//! use sotto_crypto::certificate::{DeviceCertificate, DeviceClaims, Purpose};
//! use sotto_crypto::identity::{DeviceKey, IdentityKey};
//! use sotto_crypto::revocation::{DeviceRevocation, RevokedBy};
//! use sotto_crypto::time::Time;
//! use sotto_proto::{AccountId, DeviceId};
//! # use rand::SeedableRng;
//! # let mut rng = rand::rngs::StdRng::seed_from_u64(1);
//!
//! let (identity, key) = (IdentityKey::generate(&mut rng), DeviceKey::generate(&mut rng));
//! let (account, device) = (AccountId::from_bytes([1; 16]), DeviceId::from_bytes([2; 16]));
//! let now = Time::from_unix_seconds(1_800_000_000);
//! let claims =
//!     DeviceClaims { account, device, device_key: key.public(), purpose: Purpose::Device, issued: now, expires: None };
//! let certificate = DeviceCertificate::issue(&identity, claims)?.encode();
//!
//! // Somebody who knows the account's identity key checks the certificate, and later its end.
//! let verified = DeviceCertificate::decode(&certificate)?.verify(account, &identity.public(), now)?;
//! let revocation = DeviceRevocation::by_device(&key, &verified, now).ok_or("not the key of this device")?;
//! assert_eq!(DeviceRevocation::decode(&revocation.encode())?.verify(&verified)?, (RevokedBy::Device, now));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The vault, and words on paper
//!
//! ```
//! use sotto_crypto::recovery::RecoveryCode;
//! use sotto_crypto::vault::{Generation, RootSecret, SealedRoot, Unlock, Version};
//! use sotto_crypto::vault_store::Item;
//! use sotto_proto::{AccountId, ConversationId};
//! # use rand::SeedableRng;
//! # let mut rng = rand::rngs::StdRng::seed_from_u64(2);
//!
//! let account = AccountId::from_bytes([1; 16]);
//! let (root, code) = (RootSecret::generate(&mut rng), RecoveryCode::generate(&mut rng));
//! let sealed = SealedRoot::seal(&root, Unlock::RecoveryCode(&code), account, Version::FIRST, &mut rng);
//!
//! // Years later, from paper.
//! let typed = RecoveryCode::parse(&code.expose_words().join(" "))?;
//! let (root, _version) = sealed.open(Unlock::RecoveryCode(&typed), account, Version::NONE)?;
//! let store = root.derive_store_key(Generation(1));
//! let item = Item::Checkpoint(ConversationId::from_bytes([3; 16]));
//! let checkpoint = store.seal(account, &item, Version::FIRST, b"state of the vault device", &mut rng)?;
//! let (state, _version) = store.open(account, &item, Version::NONE, &checkpoint)?;
//! assert_eq!(state.expose_secret(), b"state of the vault device");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Without a vault, the identity key alone:
//!
//! ```
//! use sotto_crypto::identity::IdentityKey;
//! use sotto_crypto::recovery::RecoveryCode;
//! use sotto_crypto::sealed_identity::SealedIdentity;
//! use sotto_crypto::vault::Version;
//! # use rand::SeedableRng;
//! # let mut rng = rand::rngs::StdRng::seed_from_u64(3);
//! # let account = sotto_proto::AccountId::from_bytes([1; 16]);
//!
//! let (identity, code) = (IdentityKey::generate(&mut rng), RecoveryCode::generate(&mut rng));
//! let sealed = SealedIdentity::seal(&identity, &code, account, Version::FIRST, &mut rng);
//! let (opened, _version) = sealed.open(&code, account, &identity.public(), Version::NONE)?;
//! assert_eq!(opened.public(), identity.public());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Logging in, on both sides
//!
//! ```
//! use sotto_crypto::login::server::{LoginServer, PasswordRecord};
//! use sotto_crypto::login::{Login, Password, Registration, StretchCost};
//! use sotto_crypto::identity::DeviceKey;
//! use sotto_crypto::proof::{Call, ProofStatement};
//! use sotto_proto::{AccountId, DeviceId};
//! # use rand::SeedableRng;
//! # let mut rng = rand::rngs::StdRng::seed_from_u64(4);
//!
//! let (server, account) = (LoginServer::generate(&mut rng), AccountId::from_bytes([1; 16]));
//! let (registration, request) = Registration::start(Password::new("correct horse")?, &mut rng)?;
//! let reply = server.start_registration(account, &request)?; // on the server
//! let registered = registration.finish(&reply, account, StretchCost::MINIMUM, &mut rng)?;
//! let record = PasswordRecord::from_upload(&registered.upload)?; // stored by the server
//!
//! let (login, ke1) = Login::start(Password::new("correct horse")?, &mut rng)?;
//! let (attempt, ke2) = server.start_login(account, Some(record), &ke1, &mut rng)?; // on the server
//! let logged_in = login.finish(&ke2, account, StretchCost::MINIMUM, &mut rng)?;
//! let (who, session_key) = attempt.finish(&logged_in.finalization)?; // on the server
//! assert!(who == account && session_key == logged_in.session_key);
//! assert_eq!(logged_in.export_key, registered.export_key); // opens the vault
//!
//! // The device that logs in proves that it holds its key.
//! let (key, call) = (DeviceKey::generate(&mut rng), Call::Login(&logged_in.finalization));
//! let statement = ProofStatement { account, device: DeviceId::from_bytes([2; 16]), signed_at_ms: 1_800_000_000_000, call };
//! assert!(statement.verify(&key.public(), &statement.sign(&key)).is_ok());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What the server hands out between two calls, it seals for itself:
//!
//! ```
//! use sotto_crypto::secret::Secret;
//! use sotto_crypto::server_seal::{NOBODY, ServerSeal, Usage};
//! # use rand::SeedableRng;
//! # let mut rng = rand::rngs::StdRng::seed_from_u64(6);
//!
//! let seal = ServerSeal::derive(&Secret::generate(&mut rng));
//! let state = seal.seal(Usage::Login, &NOBODY, b"half a login", &mut rng);
//! assert_eq!(seal.open(Usage::Login, &NOBODY, &state)?.expose_secret(), b"half a login");
//! assert!(seal.open(Usage::Recovery, &NOBODY, &state).is_err());
//! # Ok::<(), sotto_crypto::server_seal::NotOurs>(())
//! ```
//!
//! # A conversation: found, add, join, commit, process, join from outside, observe, speak
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use sotto_crypto::chain::{ChainHead, Entry, EntryHash};
//! use sotto_crypto::event::{self, Header};
//! use sotto_crypto::mls::governance::{Governance, Kind, Policy, Role};
//! use sotto_crypto::mls::group::{Changes, Group};
//! use sotto_crypto::mls::key_package::{DEVICE_LIFETIME, KeyPackage, Usage, generate};
//! use sotto_crypto::mls::observer::Observer;
//! use sotto_crypto::mls::{Participant, Suite};
//! use sotto_proto::{ConversationId, EventId};
//! # use rand::{RngExt, SeedableRng, rngs::StdRng};
//! # use sotto_crypto::certificate::{DeviceCertificate, DeviceClaims, Purpose};
//! # use sotto_crypto::event::Sender;
//! # use sotto_crypto::identity::{DeviceKey, IdentityKey};
//! # use sotto_crypto::primitives::SigningKey;
//! # use sotto_crypto::time::Time;
//! # use sotto_proto::{AccountId, DeviceId};
//! # let mut rng = StdRng::seed_from_u64(5);
//! # let now = Time::from_unix_seconds(1_800_000_000);
//! # let server_key = SigningKey::generate(&mut rng).verifying_key();
//! # let mut certify = |identity: &IdentityKey, account, key: &DeviceKey| {
//! #     let device = DeviceId::from_bytes(rng.random());
//! #     let device_key = key.public();
//! #     let claims = DeviceClaims { account, device, device_key, purpose: Purpose::Device, issued: now, expires: None };
//! #     DeviceCertificate::issue(identity, claims)
//! # };
//! # let keys: [DeviceKey; 3] = std::array::from_fn(|n| DeviceKey::generate(&mut StdRng::seed_from_u64(n as u64)));
//! # let people: [IdentityKey; 2] = std::array::from_fn(|n| IdentityKey::generate(&mut StdRng::seed_from_u64(9 + n as u64)));
//! # let accounts = [AccountId::from_bytes([1; 16]), AccountId::from_bytes([2; 16])];
//! # let [alices_key, bobs_key, tablets_key] = &keys;
//! # let alices_certificate = certify(&people[0], accounts[0], alices_key)?;
//! # let bobs_certificate = certify(&people[1], accounts[1], bobs_key)?;
//! # let tablets_certificate = certify(&people[1], accounts[1], tablets_key)?;
//! let alice = Participant::new(&alices_certificate, alices_key, now)?;
//! let bob = Participant::new(&bobs_certificate, bobs_key, now)?;
//!
//! // Alice founds a conversation; the server follows.
//! let conversation = ConversationId::from_bytes([3; 16]);
//! let governance = Governance {
//!     conversation,
//!     generation: 1,
//!     kind: Kind::Group,
//!     suite: Suite::PostQuantum,
//!     server_key,
//!     policy: Policy::default_for(Kind::Group),
//!     roles: BTreeMap::from([(alice.leaf().account, Role::Owner)]),
//! };
//! let mut alices = Group::found(&alice, &governance, now, &mut rng)?;
//! let observer = Observer::begin(&alices.group_info()?, &alices.tree()?, &server_key, now)?;
//!
//! // She adds Bob from the key package that he published. The commit counts once the server accepted it.
//! let (public, secret) = generate(&bob, Suite::PostQuantum, Usage::Once, now, DEVICE_LIFETIME, &mut rng)?;
//! let pending = alices.commit(Changes::new().add_device(KeyPackage::parse(&public, now)?), now, &mut rng)?;
//! let (observer, _observed) = observer.process(&pending.commit, now)?;
//! alices.apply_pending()?;
//! let welcome = pending.welcome.ok_or("a device was added")?;
//! let (mut bobs, adder) = Group::join(&bob, &welcome, &observer.tree()?, &[&secret], None)?;
//! assert_eq!(adder, *alice.leaf());
//!
//! // Bob's tablet joins by itself, with what his first device gives it; the others process its commit.
//! let tablet = Participant::new(&tablets_certificate, tablets_key, now)?;
//! let join = Group::join_externally(&tablet, &bobs.group_info()?, &observer.tree()?, &mut rng)?;
//! let (observer, _observed) = observer.process(&join.commit, now)?;
//! alices.process(&join.commit, now)?;
//! bobs.process(&join.commit, now)?;
//!
//! // The tablet speaks, and Alice hears it.
//! let header =
//!     Header { conversation, generation: 1, epoch: observer.epoch(), kind: event::Kind::Event(EventId::from_bytes([4; 16])) };
//! let seen = ChainHead::start(conversation);
//! let sender = Sender::from(tablet.leaf());
//! let sealed = event::seal(&join.group.epoch_secret()?, &header, sender, tablets_key, &seen, b"Buon giorno", &mut rng)?;
//!
//! let members = alices.member_keys()?;
//! let opened = event::open(&alices.epoch_secret()?, &header, &sealed, |sender| members.get(&sender).copied())?;
//! assert_eq!((opened.expose_body(), opened.sender()), (b"Buon giorno".as_slice(), sender));
//!
//! // Every entry moves the running hash on.
//! let entry = EntryHash::of(1, observer.epoch(), &Entry::Event(EventId::from_bytes([4; 16]), &sealed));
//! assert_eq!(seen.extended_by(&entry).map(|head| head.seq()), Some(1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Files
//!
//! ```
//! use sotto_crypto::file::{FileOpener, FileSealer, HEADER_LEN, SequentialOpener};
//! # use rand::SeedableRng;
//! # let mut rng = rand::rngs::StdRng::seed_from_u64(3);
//!
//! let content = b"a small file".as_slice();
//! let (mut sealer, header) = FileSealer::start(content.len() as u64, &mut rng)?;
//! let mut sealed = header.to_vec();
//! sealed.extend(sealer.push(content)?);
//! while let Some(bytes) = sealer.pad()? {
//!     sealed.extend(bytes);
//! }
//! let file = sealer.finish()?;
//!
//! // In order, with the digest at the end.
//! let mut opener = SequentialOpener::new(&file.key, content.len() as u64, &header)?;
//! let opened = opener.open_next(&sealed[HEADER_LEN..])?;
//! opener.finish(&file.digest)?;
//! assert_eq!(opened.expose_secret(), content);
//!
//! // Or a chunk anywhere.
//! let opener = FileOpener::new(&file.key, content.len() as u64, &header)?;
//! let chunk = opener.layout().chunk_at(5).ok_or("beyond the end")?;
//! assert_eq!(&opener.open_chunk(chunk, &sealed[HEADER_LEN..])?.expose_secret()[5..], b"ll file");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Verifying a contact
//!
//! ```
//! use sotto_crypto::identity::IdentityKey;
//! use sotto_crypto::safety::{Party, SafetyNumber, Verdict, judge_qr_text, qr_text};
//! use sotto_proto::AccountId;
//! # use rand::SeedableRng;
//! # let mut rng = rand::rngs::StdRng::seed_from_u64(4);
//!
//! let mut party = |id| Party { account: AccountId::from_bytes([id; 16]), identity: IdentityKey::generate(&mut rng).public() };
//! let (alice, bob) = (party(1), party(2));
//! assert_eq!(SafetyNumber::between(&alice, &bob), SafetyNumber::between(&bob, &alice));
//! assert_eq!(judge_qr_text(&qr_text(&alice, &bob), &bob, &alice), Ok(Verdict::Verified));
//! ```

#![cfg_attr(not(feature = "hazmat"), allow(dead_code, unreachable_pub, reason = "seen with `hazmat` alone"))]
// Each `expect` says why it cannot happen; none is a panic that a caller could meet.
#![allow(clippy::missing_panics_doc)]

mod codec;
mod envelope;
mod padding;
mod sealing;
mod wordlist;

pub mod certificate;
pub mod chain;
pub mod directory;
pub mod event;
pub mod file;
pub mod identity;
pub mod kept;
pub mod labels;
pub mod login;
#[cfg(feature = "mls")]
pub mod mls;
pub mod passphrase;
pub mod primitives;
pub mod proof;
pub mod recovery;
pub mod revocation;
pub mod safety;
pub mod sealed_identity;
pub mod secret;
pub mod self_test;
#[cfg(feature = "server")]
pub mod server_seal;
pub mod time;
pub mod vault;
pub mod vault_store;
