//! The people of the scenarios, and what they would send.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use sotto_proto::{
    AccountId, ConversationId, DeviceId, Epoch, EventId, Generation, GroupPosition, RequestId, SessionId, Version,
    WelcomeId,
};
use sotto_server::clock::Timestamp;
use sotto_server::store::{
    AttemptId, Done, GroupState, Kind, LoginRecord, MemberChange, Name, NewAccount, NewCommit, NewConversation,
    NewDevice, NewEvent, NewLogin, NewProposals, NewSession, NewWelcome, Opening, Receipt, Refusal, Role, Store,
    StoreError, TokenHash, VaultRecord,
};

pub(crate) const ANN: AccountId = AccountId::from_bytes([0xa1; 16]);
pub(crate) const BEN: AccountId = AccountId::from_bytes([0xb1; 16]);
pub(crate) const CAT: AccountId = AccountId::from_bytes([0xc1; 16]);
pub(crate) const NOBODY: AccountId = AccountId::from_bytes([0xee; 16]);
pub(crate) const CHAT: ConversationId = ConversationId::from_bytes([0x11; 16]);

/// Sixteen bytes that no other call gives: by process, time and count.
pub(crate) fn random() -> [u8; 16] {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    let count = u128::from(COUNT.fetch_add(1, Ordering::Relaxed));
    let mixed = nanos.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835) ^ (count << 64);
    (mixed ^ u128::from(std::process::id())).to_be_bytes()
}

pub(crate) fn at(millis: u64) -> Timestamp {
    Timestamp::from_unix_millis(1_800_000_000_000 + millis)
}

pub(crate) fn version(number: u64) -> Version {
    Version::new(number).unwrap()
}

pub(crate) fn position(generation: u32, epoch: u64) -> GroupPosition {
    GroupPosition { generation: Generation::new(generation).unwrap(), epoch: Epoch::new(epoch).unwrap() }
}

pub(crate) fn refused<T: std::fmt::Debug>(answer: Result<T, StoreError>) -> Refusal {
    match answer {
        Err(StoreError::Refused(refusal)) => refusal,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

/// The device of an account: the same bytes but the last.
pub(crate) fn device_of(account: AccountId) -> DeviceId {
    let mut bytes = *account.as_bytes();
    bytes[15] = 1;
    DeviceId::from_bytes(bytes)
}

pub(crate) fn vault_device_of(account: AccountId) -> DeviceId {
    let mut bytes = *account.as_bytes();
    bytes[15] = 2;
    DeviceId::from_bytes(bytes)
}

pub(crate) fn new_device(id: DeviceId, is_vault: bool) -> NewDevice {
    let key = [id.as_bytes()[0] ^ id.as_bytes()[15]; 32];
    NewDevice {
        id,
        is_vault,
        device_key: key,
        certificate: [&id.as_bytes()[..], b"certificate"].concat(),
        sealed_name: Vec::new(),
    }
}

pub(crate) fn name(text: &str) -> Name {
    Name { text: text.to_owned(), skeleton: text.replace('0', "o").replace('1', "l") }
}

pub(crate) fn vault(number: u64) -> VaultRecord {
    VaultRecord {
        version: version(number),
        root_by_password: vec![1; 64],
        root_by_recovery: vec![2; 64],
        recovery_key: vec![3; 32],
    }
}

pub(crate) fn login(byte: u8) -> LoginRecord {
    LoginRecord { opaque: vec![byte; 192], memory_kib: 65_536, passes: 3 }
}

pub(crate) fn new_account(id: AccountId, user_name: &str) -> NewAccount {
    NewAccount {
        id,
        registration: [id.as_bytes()[0]; 32],
        user_name: name(user_name),
        email: Some(name(&format!("{user_name}@example.org"))),
        identity_key: [id.as_bytes()[0]; 32],
        login: login(7),
        vault: vault(1),
        devices: vec![new_device(device_of(id), false), new_device(vault_device_of(id), true)],
        storage_quota: 1 << 20,
        at: at(0),
    }
}

pub(crate) async fn register(store: &dyn Store, people: &[(AccountId, &str)]) {
    for (id, user_name) in people {
        assert_eq!(store.create_account(new_account(*id, user_name)).await.unwrap(), Done::Now);
    }
}

pub(crate) fn new_session(account: AccountId, token: u8) -> NewSession {
    NewSession {
        id: SessionId::from_bytes(random()),
        account,
        device: device_of(account),
        device_key: new_device(device_of(account), false).device_key,
        token: TokenHash([token; 32]),
        expires_at: at(1_000_000),
        at: at(u64::from(token)),
    }
}

pub(crate) fn new_login(account: AccountId, attempt: u8) -> NewLogin {
    NewLogin {
        attempt: AttemptId([attempt; 16]),
        expires_at: at(1000),
        session: NewSession { id: SessionId::from_bytes([attempt; 16]), ..new_session(account, attempt) },
        proved: login(7).opaque,
        factor: None,
    }
}

pub(crate) fn request(byte: u8) -> RequestId {
    RequestId::from_bytes([byte; 16])
}

pub(crate) fn joined(account: AccountId, role: Role) -> MemberChange {
    MemberChange::Joined { account, role, whole_history: false, requested_by: None }
}

pub(crate) fn state(epoch: u64) -> GroupState {
    GroupState {
        observer: format!("observer of epoch {epoch}").into(),
        tree: format!("tree of epoch {epoch}").into(),
        ..GroupState::default()
    }
}

pub(crate) fn welcome(account: AccountId, device: DeviceId) -> NewWelcome {
    NewWelcome {
        id: WelcomeId::from_bytes(random()),
        account,
        device,
        reference: [&device.as_bytes()[..], b"reference"].concat(),
        welcome: b"welcome".to_vec(),
    }
}

/// A conversation whose first commit added everybody: it stands at epoch 1, with two entries.
pub(crate) fn new_conversation(id: ConversationId, kind: Kind, members: &[AccountId]) -> NewConversation {
    let role = |index| if index == 0 { Role::Owner } else { Role::Member };
    let changes = members.iter().enumerate().map(|(index, account)| joined(*account, role(index))).collect();
    let welcomes = members.iter().skip(1).map(|account| welcome(*account, device_of(*account))).collect();
    NewConversation {
        id,
        kind,
        creation: [id.as_bytes()[0]; 32],
        opening: Opening {
            group_info: b"group info".to_vec(),
            beginning: b"observer of epoch 0".to_vec(),
            commit: Some(b"first commit".to_vec()),
            state: state(1),
            members: changes,
            welcomes,
        },
        at: at(0),
    }
}

/// Ann and others, registered, in a group.
pub(crate) async fn group(store: &dyn Store, others: &[(AccountId, &str)]) {
    register(store, &[(ANN, "ann")]).await;
    register(store, others).await;
    let members: Vec<_> = [ANN].into_iter().chain(others.iter().map(|(id, _)| *id)).collect();
    store.create_conversation(ANN, new_conversation(CHAT, Kind::Group, &members)).await.unwrap();
}

pub(crate) fn commit(epoch: u64, message: &[u8], members: Vec<MemberChange>) -> NewCommit {
    NewCommit {
        conversation: CHAT,
        position: position(1, epoch),
        judged_after: None,
        message: message.to_vec(),
        state: state(epoch + 1),
        members,
        welcomes: Vec::new(),
        at: at(epoch),
    }
}

pub(crate) fn proposals_for(epoch: u64, proposals: &[Vec<u8>]) -> NewProposals {
    NewProposals {
        conversation: CHAT,
        position: position(1, epoch),
        judged_after: None,
        proposals: proposals.to_vec(),
        observer: b"proposed".to_vec(),
        at: at(3),
    }
}

pub(crate) fn event(id: u32, epoch: u64) -> NewEvent {
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&id.to_be_bytes());
    NewEvent {
        conversation: CHAT,
        id: EventId::from_bytes(bytes),
        position: position(1, epoch),
        sealed: [&id.to_be_bytes()[..], &[0x5e; 100]].concat().into(),
        at: at(u64::from(id)),
    }
}

pub(crate) async fn say(store: &dyn Store, id: u32) -> Receipt {
    store.append(event(id, 1), None).await.unwrap()
}
