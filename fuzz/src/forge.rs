//! A forger: takes a damaged message apart as far as it can, and renews the signatures and tags over it, as somebody who
//! holds the keys could. Without it hardly any damage would get past the first signature.

use std::ops::Range;

use mls_rs::CipherSuiteProvider;
use rand::SeedableRng;
use rand::rngs::StdRng;
use sotto_crypto::mls::provider::{MlsCrypto, Randomness};
use sotto_crypto::primitives::{AeadKey, SigningKey, hkdf, hkdf_expand, hkdf_extract, hmac_sha256, sha256};
use sotto_crypto::secret::Secret;

use crate::village::SUITE;

/// Who may sign, and what the signatures and tags run over.
pub struct Keys {
    /// The key of the member in [`member_leaf`](Self::member_leaf).
    pub member: SigningKey,
    /// That member's place in the tree.
    pub member_leaf: u32,
    /// The server's, as external sender.
    pub server: SigningKey,
    /// The key of a device that joins from outside, into the first free place.
    pub joiner: SigningKey,
    /// That place.
    pub joiner_leaf: u32,
    /// The encoded group context (RFC 9420 §8.1).
    pub context: Vec<u8>,
    /// What membership tags are made with (RFC 9420 §6.2).
    pub membership_key: [u8; 32],
}

impl Keys {
    /// A public message with its leaf node, if it has one, its content and its membership tag signed anew.
    pub fn mend(&self, message: &[u8]) -> Option<Vec<u8>> {
        let mut message = message.to_vec();
        let handshake = Handshake::find(&message)?;
        let (key, leaf) = match handshake.sender {
            MEMBER => (&self.member, self.member_leaf),
            EXTERNAL => (&self.server, 0),
            NEW_MEMBER_COMMIT => (&self.joiner, self.joiner_leaf),
            _ => return None,
        };
        if let Some(node) = &handshake.leaf {
            let place = [&vector(&message[handshake.group.clone()])[..], &leaf.to_be_bytes()].concat();
            let place = if message[node.source] == KEY_PACKAGE { Vec::new() } else { place };
            let signed = [&message[node.unsigned.clone()], &place].concat();
            put_signature(&mut message, node.unsigned.end, key, "LeafNodeTBS", &signed)?;
        }
        let context: &[u8] = if handshake.sender == EXTERNAL { &[] } else { &self.context };
        let signed = [&message[..handshake.content_end], context].concat();
        put_signature(&mut message, handshake.content_end, key, "FramedContentTBS", &signed)?;
        if handshake.sender == MEMBER {
            let tagged_end = message.len() - TAG_LEN;
            let tagged = [&signed, &message[handshake.content_end..tagged_end]].concat();
            let tag = hmac_sha256(&self.membership_key, &[&tagged]);
            message[tagged_end..].copy_from_slice(&vector(tag.expose_secret()));
        }
        Some(message)
    }
}

/// Seals any bytes as the holder of `secret` could, with a salt of zeros (`docs/PROTOCOL.md` §3).
pub fn seal(secret: &[u8], label: &str, context: &[u8], associated_data: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let keys = hkdf::<76>(&[0; 16], secret, &[label.as_bytes(), context]);
    let (key, rest) = keys.expose_secret().split_first_chunk::<32>().expect("76 bytes");
    let (nonce, commitment) = rest.split_first_chunk().expect("44 bytes");
    let key = AeadKey::from_secret(Secret::fill(|bytes| *bytes = *key));
    let sealed = key.seal_with_nonce(nonce, associated_data, plaintext).expect("short enough");
    [[0; 16].as_slice(), commitment, &sealed].concat()
}

/// A group info with its signature renewed by `key` (RFC 9420 §12.4.3).
pub fn mend_group_info(message: &[u8], key: &SigningKey) -> Option<Vec<u8>> {
    let mut message = message.to_vec();
    let end = message.len().checked_sub(SIGNATURE_LEN).filter(|end| *end > MESSAGE_HEADER)?;
    let signed = message[MESSAGE_HEADER..end].to_vec();
    put_signature(&mut message, end, key, "GroupInfoTBS", &signed)?;
    Some(message)
}

/// The tree and group info of a group of one, made to fit each other: the leaf is signed by `key`, the group info names the
/// tree's hash (RFC 9420 §7.8) and is signed too.
pub fn mend_founding(group_info: &[u8], tree: &[u8], key: &SigningKey) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut tree = tree.to_vec();
    let nodes = Reader::new(&tree, 0).vector()?;
    let leaf_start = nodes.start + 2; // present, and a leaf
    let leaf = Leaf::find(&mut Reader::new(&tree, leaf_start))?;
    let mut signed = tree.get(leaf.unsigned.clone())?.to_vec();
    if tree[leaf.source] != KEY_PACKAGE {
        signed.extend([&vector(&group_id_of(group_info)?)[..], &[0; 4]].concat());
    }
    put_signature(&mut tree, leaf.unsigned.end, key, "LeafNodeTBS", &signed)?;
    let node = tree.get(leaf_start..leaf.unsigned.end + SIGNATURE_LEN)?;
    let hash = sha256(&[&[1], &0_u32.to_be_bytes(), &[1], node]);

    let mut info = group_info.to_vec();
    let mut reader = Reader::new(&info, MESSAGE_HEADER + 4);
    reader.vector()?;
    reader.skip(8)?;
    let place = reader.vector().filter(|place| place.len() == hash.len())?;
    info[place].copy_from_slice(&hash);
    Some((mend_group_info(&info, key)?, tree))
}

/// A key package with the signatures of its leaf and of itself renewed by `key` (RFC 9420 §10).
pub fn mend_key_package(message: &[u8], key: &SigningKey) -> Option<Vec<u8>> {
    let mut message = message.to_vec();
    let mut reader = Reader::new(&message, MESSAGE_HEADER + 4);
    reader.vector()?;
    let leaf = Leaf::find(&mut reader)?;
    let signed = message.get(leaf.unsigned.clone())?.to_vec();
    put_signature(&mut message, leaf.unsigned.end, key, "LeafNodeTBS", &signed)?;
    let end = message.len().checked_sub(SIGNATURE_LEN).filter(|end| *end > MESSAGE_HEADER)?;
    let signed = message[MESSAGE_HEADER..end].to_vec();
    put_signature(&mut message, end, key, "KeyPackageTBS", &signed)?;
    Some(message)
}

/// The secret under which `message`'s membership tag verifies, looked for in the state of a member.
pub fn find_membership_key(message: &[u8], context: &[u8], state: &[u8]) -> Option<[u8; 32]> {
    let (tagged, tag) = message.split_at_checked(message.len().checked_sub(TAG_LEN)?)?;
    let content_end = Handshake::find(message)?.content_end;
    let tagged = [&tagged[..content_end], context, &tagged[content_end..]].concat();
    let fits = |key: &&[u8]| vector(hmac_sha256(key, &[&tagged]).expose_secret()) == tag;
    state.windows(32).find(fits).and_then(|key| key.try_into().ok())
}

/// A Welcome as a hostile member can make one (RFC 9420 §12.4.3.1): any group secrets and any group info, sealed to a key
/// package as they must be. The confirmation tag, in the place where one is, is made to fit.
pub fn welcome(invited: &Invited<'_>, secrets: &[u8], info: &[u8]) -> Vec<u8> {
    let member_secret = hkdf_extract(&JOINER_SECRET, &[0; 32]);
    let info = confirm(info, member_secret.expose_secret(), invited.adder).unwrap_or_else(|| info.to_vec());
    let welcome_secret = expand(member_secret.expose_secret(), "welcome", &[]);
    let key = AeadKey::from_secret(Secret::fill(|key| *key = expand(&welcome_secret, "key", &[])));
    let sealed_info = key.seal_with_nonce(&expand(&welcome_secret, "nonce", &[]), &[], &info).expect("short enough");
    let context = [vector(b"MLS 1.0 Welcome"), vector(&sealed_info)].concat();
    let randomness = Randomness::default();
    let provider = MlsCrypto::new(randomness.clone()).suite(SUITE);
    let seal = || provider.hpke_seal(&invited.init_key.to_vec().into(), &context, None, secrets);
    let sealed = randomness.lend(&mut StdRng::seed_from_u64(7), seal).expect("a key of an honest key package");
    let secrets = [vector(invited.reference), vector(&sealed.kem_output), vector(&sealed.ciphertext)].concat();
    [&[0, 1, 0, 3], &SUITE.number().to_be_bytes()[..], &vector(&secrets), &vector(&sealed_info)].concat()
}

/// Who is invited, and by whom.
pub struct Invited<'a> {
    pub reference: &'a [u8; 32],
    pub init_key: &'a [u8],
    pub adder: &'a SigningKey,
}

/// Group secrets with the joiner secret that [`welcome`] uses, and nothing else.
pub fn group_secrets() -> Vec<u8> {
    [&vector(&JOINER_SECRET)[..], &[0, 0]].concat()
}

/// A group info, without the header of a message, whose confirmation tag follows from the joiner secret, signed by `key`.
fn confirm(info: &[u8], member_secret: &[u8; 32], key: &SigningKey) -> Option<Vec<u8>> {
    let mut reader = Reader::new(info, 4);
    reader.vector()?; // group id
    reader.skip(8)?;
    reader.vector()?; // tree hash
    let transcript = reader.vector()?;
    reader.vector()?; // extensions of the group
    let context = info.get(..reader.at)?;
    let epoch_secret = expand(member_secret, "epoch", context);
    let tag = hmac_sha256(&expand::<32>(&epoch_secret, "confirm", &[]), &[&info[transcript]]);
    reader.vector()?; // extensions of the group info
    let place = reader.vector().filter(|place| place.len() == 32)?;
    let mut message = [&[0, 1, 0, 4], info].concat();
    message[MESSAGE_HEADER + place.start..MESSAGE_HEADER + place.end].copy_from_slice(tag.expose_secret());
    mend_group_info(&message, key).map(|message| message[MESSAGE_HEADER..].to_vec())
}

/// `ExpandWithLabel` (RFC 9420 §8).
fn expand<const N: usize>(secret: &[u8; 32], label: &str, context: &[u8]) -> [u8; N] {
    let len = u16::try_from(N).expect("a key").to_be_bytes();
    let label = vector(format!("MLS 1.0 {label}").as_bytes());
    let mut output = [0; N];
    hkdf_expand(secret, &[&len, &label, &vector(context)], &mut output).expect("a key is short");
    output
}

/// Where the parts of a public message lie (RFC 9420 §6).
struct Handshake {
    sender: u8,
    group: Range<usize>,
    leaf: Option<Leaf>,
    content_end: usize,
}

impl Handshake {
    fn find(message: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(message, MESSAGE_HEADER);
        let group = reader.vector()?;
        reader.skip(8)?;
        let sender = reader.byte()?;
        reader.skip(if sender == MEMBER || sender == EXTERNAL { 4 } else { 0 })?;
        reader.vector()?;
        let is_commit = reader.byte()? == COMMIT;
        let tags = usize::from(is_commit) + usize::from(sender == MEMBER);
        let content_end = message.len().checked_sub(SIGNATURE_LEN + tags * TAG_LEN).filter(|end| *end > reader.at)?;
        let leaf = is_commit.then(|| Self::leaf_of_path(&mut reader)).flatten();
        let leaf = leaf.filter(|leaf| leaf.unsigned.end + SIGNATURE_LEN <= content_end);
        Some(Self { sender, group, leaf, content_end })
    }

    fn leaf_of_path(reader: &mut Reader<'_>) -> Option<Leaf> {
        reader.vector()?; // proposals
        (reader.byte()? == 1).then(|| Leaf::find(reader))?
    }
}

/// Where the parts of a leaf node lie (RFC 9420 §7.2).
struct Leaf {
    source: usize,
    unsigned: Range<usize>,
}

impl Leaf {
    fn find(reader: &mut Reader<'_>) -> Option<Self> {
        let start = reader.at;
        reader.vector()?; // encryption key
        reader.vector()?; // signature key
        reader.skip(2)?; // type of the credential
        reader.vector()?;
        (0..5).try_for_each(|_| reader.vector().map(drop))?; // capabilities
        let source = reader.at;
        let made_for = reader.byte()?;
        reader.skip(if made_for == KEY_PACKAGE { 16 } else { 0 })?; // lifetime
        if made_for == LEAF_OF_COMMIT {
            reader.vector()?; // hash of the parent
        }
        reader.vector()?; // extensions
        Some(Self { source, unsigned: start..reader.at })
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    fn skip(&mut self, len: usize) -> Option<()> {
        self.at = self.at.checked_add(len).filter(|end| *end <= self.bytes.len())?;
        Some(())
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    /// A vector with its length before it (RFC 9420 §2.1.2): where its content lies.
    fn vector(&mut self) -> Option<Range<usize>> {
        let first = self.byte()?;
        let more = [0, 1, 3][usize::from(first >> 6).min(2)];
        let mut len = usize::from(first & 0x3F);
        for _ in 0..more {
            len = len << 8 | usize::from(self.byte()?);
        }
        let start = self.at;
        self.skip(len)?;
        Some(start..self.at)
    }
}

fn group_id_of(group_info: &[u8]) -> Option<Vec<u8>> {
    let place = Reader::new(group_info, MESSAGE_HEADER + 4).vector()?;
    Some(group_info[place].to_vec())
}

/// `SignWithLabel` (RFC 9420 §5.1.2), written with its length to where the old signature begins.
fn put_signature(message: &mut [u8], at: usize, key: &SigningKey, label: &str, content: &[u8]) -> Option<()> {
    let label = vector(format!("MLS 1.0 {label}").as_bytes());
    let signature = key.sign_unlabelled(&[label, vector(content)].concat());
    message.get_mut(at..at + SIGNATURE_LEN)?.copy_from_slice(&vector(&signature.to_bytes()));
    Some(())
}

fn vector(content: &[u8]) -> Vec<u8> {
    let len = u32::try_from(content.len()).expect("inputs are short");
    let prefix = match len {
        0..64 => len.to_be_bytes()[3..].to_vec(),
        64..16_384 => (len | 0x4000).to_be_bytes()[2..].to_vec(),
        _ => (len | 0x8000_0000).to_be_bytes().to_vec(),
    };
    [&prefix, content].concat()
}

const JOINER_SECRET: [u8; 32] = [0x5A; 32];
/// Version and wire format.
const MESSAGE_HEADER: usize = 4;
const SIGNATURE_LEN: usize = 66;
const TAG_LEN: usize = 33;
const MEMBER: u8 = 1;
const EXTERNAL: u8 = 2;
const NEW_MEMBER_COMMIT: u8 = 4;
const COMMIT: u8 = 3;
const KEY_PACKAGE: u8 = 1;
const LEAF_OF_COMMIT: u8 = 3;
