//! Writes to a SQLite store until it is killed, and prints what was acknowledged: the victim of the kill test.
//!
//!     durable_writer FOLDER ROUND
//!
//! One line an acknowledged event: its id and its number. A line that is printed is durable.

use std::io::Write as _;
use std::path::PathBuf;

use sotto_proto::{AccountId, ConversationId, Epoch, EventId, Generation, GroupPosition};
use sotto_server::clock::Timestamp;
use sotto_server::store::{
    GroupState, Kind, LoginRecord, MemberChange, Name, NewAccount, NewConversation, NewEvent, Opening, Role, Store,
    StoreError, VaultRecord, open_sqlite,
};

const ANN: AccountId = AccountId::from_bytes([1; 16]);
const CONVERSATIONS: u8 = 4;
const WRITERS: u32 = 16;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("FOLDER is missing")?);
    let round: u32 = arguments.next().ok_or("ROUND is missing")?.parse()?;
    let store = open_sqlite(&folder).await?;
    prepare(&*store).await?;
    let writers = (0..WRITERS).map(|writer| write_for_ever(&*store, round, writer));
    futures_util::future::try_join_all(writers).await?;
    Ok(())
}

/// The same in every round: making what exists already is no error.
async fn prepare(store: &dyn Store) -> Result<(), StoreError> {
    let vault = VaultRecord {
        version: sotto_proto::Version::FIRST,
        root_by_password: Vec::new(),
        root_by_recovery: Vec::new(),
        recovery_key: Vec::new(),
    };
    let account = NewAccount {
        id: ANN,
        registration: [0; 32],
        user_name: Name { text: "ann".to_owned(), skeleton: "ann".to_owned() },
        email: None,
        identity_key: [0; 32],
        login: LoginRecord { opaque: Vec::new(), memory_kib: 1, passes: 1 },
        vault,
        devices: Vec::new(),
        storage_quota: 0,
        at: Timestamp::ZERO,
    };
    store.create_account(account).await?;
    for number in 0..CONVERSATIONS {
        let owner = MemberChange::Joined { account: ANN, role: Role::Owner, whole_history: true, requested_by: None };
        let opening = Opening {
            group_info: b"group info".to_vec(),
            beginning: b"observer of epoch 0".to_vec(),
            commit: None,
            state: GroupState::default(),
            members: vec![owner],
            welcomes: Vec::new(),
        };
        let id = ConversationId::from_bytes([number; 16]);
        let new = NewConversation { id, kind: Kind::Group, creation: [0; 32], opening, at: Timestamp::ZERO };
        store.create_conversation(ANN, new).await?;
    }
    Ok(())
}

async fn write_for_ever(store: &dyn Store, round: u32, writer: u32) -> Result<(), StoreError> {
    for number in 0_u32.. {
        let mut id = [0; 16];
        id[..4].copy_from_slice(&round.to_be_bytes());
        id[4..8].copy_from_slice(&writer.to_be_bytes());
        id[8..12].copy_from_slice(&number.to_be_bytes());
        id[15] = u8::try_from(number % u32::from(CONVERSATIONS)).unwrap_or_default();
        let event = NewEvent {
            conversation: ConversationId::from_bytes([id[15]; 16]),
            id: EventId::from_bytes(id),
            position: GroupPosition { generation: Generation::FIRST, epoch: Epoch::FIRST },
            sealed: id.repeat(16).into(),
            at: Timestamp::ZERO,
        };
        let (id, receipt) = (event.id, store.append(event, None).await?);
        // One write a line: a line is there as a whole or not at all. Whoever reads has gone when this fails.
        let _ = std::io::stdout().write_all(format!("{id} {}\n", receipt.seq).as_bytes());
    }
    Ok(())
}
