//! Durable appends a second: shared transactions against one transaction for each, in the same run.
//!
//!     cargo run --release -p sotto-server --example store_bench -- FOLDER [POSTGRES_URL]
//!
//! The folder should be on the disk that is to be measured, and empty.
#![allow(clippy::print_stdout, reason = "its output is what it is for")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sotto_proto::{AccountId, ConversationId, Epoch, EventId, Generation, GroupPosition, Version};
use sotto_server::clock::Timestamp;
use sotto_server::store::{
    GroupState, Kind, LoginRecord, MemberChange, Name, NewAccount, NewConversation, NewEvent, Opening, Role, Store,
    StoreError, VaultRecord, open_postgres, open_sqlite,
};

const APPENDERS: u32 = 50;
const WHILE: Duration = Duration::from_secs(4);
const BODY: usize = 256;
const ANN: AccountId = AccountId::from_bytes([1; 16]);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("FOLDER is missing")?);
    measure("SQLite", open_sqlite(&folder).await?).await?;
    if let Some(url) = arguments.next() {
        measure("PostgreSQL", open_postgres(&url, 8).await?).await?;
    }
    Ok(())
}

/// One appender at a time cannot share: that is one insert for each transaction.
async fn measure(name: &str, store: Arc<dyn Store>) -> Result<(), StoreError> {
    prepare(&*store).await?;
    let (alone, _) = run(&store, 1, 1).await?;
    let (shared, p99) = run(&store, 2, APPENDERS).await?;
    println!("{name}: one transaction for each {alone:.0}/s; {APPENDERS} appenders {shared:.0}/s, p99 {p99:?}");
    store.close().await;
    Ok(())
}

async fn run(store: &Arc<dyn Store>, round: u32, appenders: u32) -> Result<(f64, Duration), StoreError> {
    let begin = Instant::now();
    let tasks = (0..appenders).map(|appender| tokio::spawn(append_for_a_while(Arc::clone(store), round, appender)));
    let mut latencies = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        latencies.extend(task.await.expect("an appender does not panic")?);
    }
    let seconds = begin.elapsed().as_secs_f64();
    latencies.sort_unstable();
    let p99 = latencies.get(latencies.len() * 99 / 100).copied().unwrap_or_default();
    #[allow(clippy::cast_precision_loss, reason = "a rate needs no more digits")]
    let rate = latencies.len() as f64 / seconds;
    Ok((rate, p99))
}

async fn append_for_a_while(store: Arc<dyn Store>, round: u32, appender: u32) -> Result<Vec<Duration>, StoreError> {
    let deadline = Instant::now() + WHILE;
    let mut latencies = Vec::new();
    for number in 0_u32.. {
        let begin = Instant::now();
        if begin > deadline {
            break;
        }
        store.append(event(round, appender, number), None).await?;
        latencies.push(begin.elapsed());
    }
    Ok(latencies)
}

fn event(round: u32, appender: u32, number: u32) -> NewEvent {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&round.to_be_bytes());
    id[4..8].copy_from_slice(&appender.to_be_bytes());
    id[8..12].copy_from_slice(&number.to_be_bytes());
    NewEvent {
        conversation: conversation(appender),
        id: EventId::from_bytes(id),
        position: GroupPosition { generation: Generation::FIRST, epoch: Epoch::FIRST },
        sealed: vec![0x5a; BODY].into(),
        at: Timestamp::ZERO,
    }
}

/// Each pair of people has its own.
fn conversation(appender: u32) -> ConversationId {
    let mut id = [0; 16];
    id[0] = u8::try_from(appender % 256).unwrap_or_default();
    ConversationId::from_bytes(id)
}

async fn prepare(store: &dyn Store) -> Result<(), StoreError> {
    let empty = Vec::new;
    let vault = VaultRecord {
        version: Version::FIRST,
        root_by_password: empty(),
        root_by_recovery: empty(),
        recovery_key: empty(),
    };
    let account = NewAccount {
        id: ANN,
        registration: [0; 32],
        user_name: Name { text: "ann".to_owned(), skeleton: "ann".to_owned() },
        email: None,
        identity_key: [0; 32],
        login: LoginRecord { opaque: empty(), memory_kib: 1, passes: 1 },
        vault,
        devices: Vec::new(),
        storage_quota: 0,
        at: Timestamp::ZERO,
    };
    store.create_account(account).await?;
    for appender in 0..APPENDERS {
        let owner = MemberChange::Joined { account: ANN, role: Role::Owner, whole_history: true, requested_by: None };
        let opening = Opening {
            group_info: b"group info".to_vec(),
            beginning: b"observer of epoch 0".to_vec(),
            commit: None,
            state: GroupState::default(),
            members: vec![owner],
            welcomes: Vec::new(),
        };
        let id = conversation(appender);
        let new = NewConversation { id, kind: Kind::Group, creation: [0; 32], opening, at: Timestamp::ZERO };
        store.create_conversation(ANN, new).await?;
    }
    Ok(())
}
