//! What was said before newcomers came, where the members have agreed that newcomers read everything: whoever adds somebody passes on
//! what opens the earlier epochs, sealed like everything that is said (docs/PROTOCOL.md, 8.6).
//!
//! The secrets prove themselves, since each seal commits to its key. That a device is its account's, its certificate proves. In which
//! epochs it was a member, and in which role, is the word of whoever adds.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message as _;
use rusqlite::params;
use sotto_crypto::certificate::DeviceCertificate;
use sotto_crypto::event::{OpenedEvent, Sender};
use sotto_crypto::identity::DevicePublicKey;
use sotto_crypto::mls::effect::{Commit, Effect};
use sotto_crypto::mls::group::Group;
use sotto_crypto::secret::{EpochSecret, Secret};
use sotto_crypto::time::Time;
use sotto_proto::wire::event::Content;
use sotto_proto::{AccountId, GroupPosition, ID_LEN, decode, limits, wire};
use zeroize::Zeroizing;

use super::chat::Chat;
use super::epochs::Roster;
use super::sending::position;
use super::step::{Mishap, Step};
use super::verifying::known_key;
use crate::history::scene;
use crate::store::StoreError;
use crate::timeline::Title;

impl Step<'_, '_> {
    /// Passes on what opens the epochs before a commit of this device, if somebody came in by it who may read them.
    pub(super) fn hand_over(
        &mut self,
        chat: &Chat,
        group: &Group,
        commit: &Commit,
        before: GroupPosition,
    ) -> Result<(), Mishap> {
        if !brings_somebody(group, commit, before) {
            return Ok(());
        }
        if !Roster::of(group)?.may_hand_over(commit.committer.account) {
            return Ok(());
        }
        let encoded = Zeroizing::new(self.bundle(chat, before)?.encode_to_vec());
        let pieces: Vec<_> = encoded.chunks(PIECE_MAX).collect();
        let count = u32::try_from(pieces.len()).unwrap_or(u32::MAX);
        if count > PIECES_MAX {
            return Ok(());
        }
        let hand_over_id: [u8; ID_LEN] = self.moment.random();
        for (piece, content) in (0..count).zip(pieces).rev() {
            let keys = wire::HistoryKeys {
                hand_over_id: hand_over_id.to_vec().into(),
                piece,
                pieces: count,
                content: content.to_vec().into(),
            };
            let body = self.event(Content::HistoryKeys(keys), "");
            self.enqueue_first(chat, &body)?;
        }
        Ok(())
    }

    /// Says again what the conversation is called: who comes by a commit of this device reads from there on.
    pub(super) fn tell_title_again(
        &mut self,
        chat: &Chat,
        group: &Group,
        commit: &Commit,
        before: GroupPosition,
    ) -> Result<(), Mishap> {
        let may = Roster::of(group)?.may_rename(commit.committer.account);
        if !may || !brings_somebody(group, commit, before) {
            return Ok(());
        }
        let Title { title: Some(name), description } = scene(self.db, chat.id)?.title else { return Ok(()) };
        let title = wire::Title { title: name.as_str().to_owned(), description, again: true };
        let body = self.event(Content::Title(title), "");
        self.enqueue_first(chat, &body)
    }

    /// All that this device can read up to an epoch.
    fn bundle(&self, chat: &Chat, up_to: GroupPosition) -> Result<wire::HistoryBundle, Mishap> {
        let mut readable = self.all_readable(chat)?;
        readable.retain(|(position, _)| place(*position) <= place(up_to));
        let newest = readable.split_off(readable.len().saturating_sub(KEYS_MAX));
        let mut bundle = wire::HistoryBundle::default();
        let mut spans: BTreeMap<Vec<u8>, Vec<wire::HistorySpan>> = BTreeMap::new();
        for (index, (position, readable)) in (0..).zip(&newest) {
            bundle.keys.push(wire::EpochKey {
                generation: position.generation.get(),
                epoch: position.epoch.get(),
                secret: readable.secret.expose_secret().to_vec().into(),
            });
            for (key, role) in readable.roster.devices() {
                extend(spans.entry(key.to_vec()).or_default(), index, role);
            }
            let (post, rename) = readable.roster.rules();
            if bundle.rules.last().is_none_or(|last| (last.post, last.rename) != (post, rename)) {
                bundle.rules.push(wire::HistoryRules { first: index, post, rename });
            }
        }
        for (key, spans) in spans {
            if let Some(certificate) = self.certificate_of(&key)? {
                bundle.devices.push(wire::HistoryDevice { certificate: certificate.into(), spans });
            }
        }
        Ok(bundle)
    }

    /// The certificates of everybody who ever was a member, where they may have to be passed on.
    pub(super) fn certificates_to_pass_on(&self, chat: &Chat) -> Result<Vec<Vec<u8>>, Mishap> {
        if !self.current_roster(chat)?.is_some_and(|roster| roster.open) {
            return Ok(Vec::new());
        }
        let mut keys = BTreeSet::new();
        for (_, readable) in self.all_readable(chat)? {
            keys.extend(readable.roster.devices().map(|(key, _)| key.to_vec()));
        }
        let certificates = keys.iter().map(|key| self.certificate_of(key));
        Ok(certificates.filter_map(Result::transpose).collect::<Result<_, _>>()?)
    }

    /// Takes what an event passes on, if it does. Says whether epochs can be read now that could not before.
    pub(super) fn take_history_keys(
        &mut self,
        chat: &Chat,
        roster: &Roster,
        opened: &OpenedEvent,
        at: GroupPosition,
    ) -> Result<bool, Mishap> {
        let author = opened.sender().account;
        let Some(keys) = keys_in(opened.expose_body()).filter(|_| roster.may_hand_over(author)) else {
            return Ok(false);
        };
        let Some(encoded) = self.assemble(chat, author, &keys)? else { return Ok(false) };
        // What cannot be decoded is nobody's key.
        let Ok(bundle) = decode::<wire::HistoryBundle>(encoded.into(), BUNDLE_MAX) else { return Ok(false) };
        self.take_bundle(chat, &bundle, at)
    }

    /// Keeps a piece, and gives the whole when it was the last one that was missing.
    fn assemble(
        &mut self,
        chat: &Chat,
        author: AccountId,
        keys: &wire::HistoryKeys,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        if keys.pieces == 1 {
            return Ok(Some(keys.content.to_vec()));
        }
        let hand_over = params![chat.number, author.as_bytes(), keys.hand_over_id.as_ref()];
        let held: u32 = self
            .db
            .prepare_cached("SELECT count(*) FROM hand_overs WHERE conversation = ?1")?
            .query_row([chat.number], |row| row.get(0))?;
        if held >= HELD_MAX {
            self.db.execute("DELETE FROM hand_overs WHERE conversation = ?1", [chat.number])?;
        }
        self.db
            .prepare_cached(
                "INSERT OR IGNORE INTO hand_overs (conversation, author, id, piece, content) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                chat.number,
                author.as_bytes(),
                keys.hand_over_id.as_ref(),
                keys.piece,
                keys.content.as_ref()
            ])?;
        let pieces = self
            .db
            .prepare_cached(
                "SELECT content FROM hand_overs WHERE conversation = ?1 AND author = ?2 AND id = ?3 ORDER BY piece",
            )?
            .query_map(hand_over, |row| row.get::<_, Vec<u8>>(0))?
            .collect::<Result<Vec<_>, _>>()?;
        if pieces.len() < keys.pieces as usize {
            return Ok(None);
        }
        self.db.execute("DELETE FROM hand_overs WHERE conversation = ?1 AND author = ?2 AND id = ?3", hand_over)?;
        Ok(Some(pieces.concat()))
    }

    fn take_bundle(&mut self, chat: &Chat, bundle: &wire::HistoryBundle, at: GroupPosition) -> Result<bool, Mishap> {
        let known: BTreeSet<_> = self.readable_positions(chat)?.into_iter().map(place).collect();
        let mut unknown = Vec::new();
        for (index, key) in (0..).zip(&bundle.keys) {
            let position = position(key.generation, key.epoch)?;
            if place(position) < place(at) && !known.contains(&place(position)) {
                unknown.push((index, position, key));
            }
        }
        // Whoever was there all the time has nothing to learn.
        if unknown.is_empty() || is_excessive(bundle) {
            return Ok(false);
        }
        let devices = self.vouched(bundle)?;
        let mut rosters = Rosters { bundle, devices: &devices, built: None };
        for (index, position, key) in unknown {
            let Some(secret) = Secret::copy_from(&key.secret) else { continue };
            self.keep_readable(chat, position, &EpochSecret::from_secret(secret), rosters.at(index), true)?;
        }
        Ok(true)
    }

    /// The devices whose certificates are good, and by the identity key that is known of the account, if one is.
    fn vouched<'b>(&mut self, bundle: &'b wire::HistoryBundle) -> Result<Vec<Vouched<'b>>, Mishap> {
        let mut devices = BTreeMap::new();
        for device in &bundle.devices {
            let Ok(certificate) = DeviceCertificate::decode(&device.certificate) else { continue };
            // It may have expired since.
            let Ok(verified) = certificate.verify_on_first_use(Time::from_unix_seconds(0)) else { continue };
            let claims = verified.claims();
            let known = known_key(self.db, claims.account)?;
            if known.is_some_and(|known| known != *verified.identity().as_bytes()) {
                continue;
            }
            if known.is_none() {
                self.keys_changed(claims.account)?;
            }
            self.keep_certificate(&certificate)?;
            let sender = Sender { account: claims.account, device: claims.device };
            devices.insert(sender, (claims.device_key, device.spans.as_slice()));
        }
        Ok(devices.into_iter().map(|(sender, (key, spans))| Vouched { sender, key, spans }).collect())
    }
}

/// Whether a commit of this device brought an account into a conversation in which something may have been said before.
fn brings_somebody(group: &Group, commit: &Commit, before: GroupPosition) -> bool {
    let is_own = commit.committer == *group.own_leaf();
    is_own && before.epoch.get() > 0 && commit.effects.iter().any(|effect| matches!(effect, Effect::AccountAdded(_)))
}

struct Vouched<'b> {
    sender: Sender,
    key: DevicePublicKey,
    spans: &'b [wire::HistorySpan],
}

/// The rosters of a bundle, one after the other. Most are as the one before.
struct Rosters<'b> {
    bundle: &'b wire::HistoryBundle,
    devices: &'b [Vouched<'b>],
    built: Option<(u32, Roster)>,
}

impl Rosters<'_> {
    fn at(&mut self, index: u32) -> &Roster {
        let is_same = self.built.as_ref().is_some_and(|(built, _)| !self.changes_between(*built, index));
        if !is_same {
            self.built = Some((index, self.build(index)));
        }
        &self.built.as_ref().expect("it was just built").1
    }

    fn changes_between(&self, from: u32, to: u32) -> bool {
        let between = |index: u32| (from + 1..=to).contains(&index);
        self.bundle.rules.iter().any(|rules| between(rules.first))
            || self
                .devices
                .iter()
                .flat_map(|device| device.spans)
                .any(|span| between(span.first) || between(span.last.saturating_add(1)))
    }

    fn build(&self, index: u32) -> Roster {
        let rules = self.bundle.rules.iter().rfind(|rules| rules.first <= index);
        let mut roster = rules.map_or_else(Roster::default, |rules| Roster::with_rules(rules.post, rules.rename));
        for device in self.devices {
            if let Some(span) = device.spans.iter().find(|span| (span.first..=span.last).contains(&index)) {
                roster.seat(device.sender, &device.key, span.role);
            }
        }
        roster
    }
}

/// A device is a member in one more epoch.
fn extend(spans: &mut Vec<wire::HistorySpan>, index: u32, role: u32) {
    match spans.last_mut().filter(|last| last.last + 1 == index && last.role == role) {
        Some(last) => last.last = index,
        None => spans.push(wire::HistorySpan { first: index, last: index, role }),
    }
}

fn keys_in(body: &[u8]) -> Option<wire::HistoryKeys> {
    let event: wire::Event = decode(body.to_vec().into(), limits::EVENT_MAX).ok()?;
    let Some(Content::HistoryKeys(keys)) = event.content else { return None };
    let is_whole = keys.hand_over_id.len() == ID_LEN
        && (1..=PIECES_MAX).contains(&keys.pieces)
        && keys.piece < keys.pieces
        && (1..=PIECE_MAX).contains(&keys.content.len());
    is_whole.then_some(keys)
}

/// Whether it would take more work than any conversation gives reason for.
fn is_excessive(bundle: &wire::HistoryBundle) -> bool {
    let spans = bundle.devices.iter().map(|device| device.spans.len()).sum::<usize>();
    bundle.keys.len() > KEYS_MAX
        || bundle.devices.len() > DEVICES_MAX
        || spans > SPANS_MAX
        || bundle.rules.len() > RULES_MAX
}

fn place(position: GroupPosition) -> (u32, u64) {
    (position.generation.get(), position.epoch.get())
}

/// Bytes of a bundle in one event, which has room for some more.
const PIECE_MAX: usize = 60_000;
const PIECES_MAX: u32 = 64;
const BUNDLE_MAX: usize = PIECE_MAX * PIECES_MAX as usize;
/// Pieces of a conversation that wait for others.
const HELD_MAX: u32 = 2 * PIECES_MAX;
/// Epochs that are passed on, the newest of them.
const KEYS_MAX: usize = 8_000;
const DEVICES_MAX: usize = 8_000;
const SPANS_MAX: usize = 16_000;
const RULES_MAX: usize = 1_000;
