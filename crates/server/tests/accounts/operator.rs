//! The operator's command line, beside a server that runs.

use std::time::Duration;

use clap::FromArgMatches as _;
use sotto_proto::ReportId;
use sotto_proto::wire::{self, ErrorCode};
use sotto_server::admin_command::{self, AdminCommand, AdminError};
use sotto_server::clock::Clock as _;
use sotto_server::store::{Report, Store, attach_postgres, attach_sqlite};

use crate::support::database::{Postgres, Sqlite};
use crate::support::{World, world};

/// Types a command, and returns what was written.
async fn typed(store: &dyn Store, world: &World, line: &str) -> Result<String, AdminError> {
    let matches =
        AdminCommand::command().get_matches_from([&["admin"], &line.split(' ').collect::<Vec<_>>()[..]].concat());
    let command = AdminCommand::from_arg_matches(&matches).unwrap();
    let mut out = Vec::new();
    let no_files = || unreachable!("no command here looks at files");
    admin_command::run(&command, store, no_files, world.clock.now(), &mut out).await?;
    Ok(String::from_utf8(out).unwrap())
}

async fn an_operator_works_beside_the_server(beside: &dyn Store, world: &World) {
    let (olga, bob) = (world.register("olga").await, world.register("bob").await);
    let get = wire::GetAccountRequest { account_id: bob.account.to_wire() };
    assert_eq!(world.refused(&olga.device, get.clone()).await, ErrorCode::Forbidden);

    assert_eq!(typed(beside, world, "create @Olga").await.unwrap(), "olga is an admin now.\n");
    assert_eq!(typed(beside, world, "create olga").await.unwrap(), "olga is an admin already.\n");
    world.clock.advance(Duration::from_secs(2));
    world.call(&olga.device, get.clone()).await.unwrap();

    assert!(typed(beside, world, "suspend bob").await.unwrap().starts_with("bob is suspended"));
    assert_eq!(typed(beside, world, "quota bob 1536K").await.unwrap(), "bob may store 1.5 MiB; it stores 0 bytes.\n");
    let bob_now = world.call(&olga.device, get.clone()).await.unwrap().account.unwrap();
    assert_eq!((bob_now.suspended, bob_now.storage_quota), (true, 1_572_864));
    let list = typed(beside, world, "list --suspended").await.unwrap();
    let row = "bob                               2027-01-15  2027-01-15     0 bytes     1.5 MiB  suspended";
    assert_eq!(list.lines().nth(1), Some(row));
    assert_eq!(typed(beside, world, "resume bob").await.unwrap(), "bob is not suspended.\n");
    assert!(typed(beside, world, "show olga").await.unwrap().contains("devices 2, conversations 0"));
    assert!(typed(beside, world, "counts").await.unwrap().contains("           2  accounts\n"));

    assert_eq!(typed(beside, world, "revoke olga").await.unwrap(), "olga is no admin any more.\n");
    world.clock.advance(Duration::from_secs(2));
    assert_eq!(world.refused(&olga.device, get).await, ErrorCode::Forbidden);
    let nobody = typed(beside, world, "create nobody").await.unwrap_err().to_string();
    assert!(nobody.contains("no account with the user name nobody") && nobody.contains("registered in the app"));
    assert!(matches!(typed(beside, world, "show ../x").await, Err(AdminError::NotAName(..))));
}

async fn an_operator_reads_and_closes_reports(beside: &dyn Store, world: &World) {
    let (olga, bob) = (world.register("olga").await, world.register("bob").await);
    assert_eq!(typed(beside, world, "reports").await.unwrap(), "No reports are open.\n");
    let report = Report {
        id: ReportId::from_bytes([0xab; 16]),
        reporter: olga.account,
        account: bob.account,
        conversation: None,
        reason: wire::ReportReason::Spam as u32,
        comment: "again and again\u{7}".to_owned(),
        shown: "buy!\nnow!".to_owned(),
        at: world.clock.now(),
    };
    world.store.report(report).await.unwrap();
    let id = "ab".repeat(16);
    assert_eq!(
        typed(beside, world, "reports").await.unwrap(),
        format!(
            "{id}  2027-01-15  olga reports bob: spam\n    says: again and again\\u{{7}}\n    shows: buy!\n    shows: now!\n"
        )
    );
    assert_eq!(typed(beside, world, &format!("close {id}")).await.unwrap(), format!("Report {id} is closed now.\n"));
    assert_eq!(
        typed(beside, world, &format!("close {id}")).await.unwrap(),
        format!("Report {id} is closed already.\n")
    );
    assert_eq!(typed(beside, world, "reports").await.unwrap(), "No reports are open.\n");
    let absent = typed(beside, world, &format!("close {}", "cd".repeat(16))).await;
    assert!(matches!(absent, Err(AdminError::NoReport(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_sqlite() {
    let home = Sqlite::new();
    let store = home.open().await.unwrap();
    let beside = attach_sqlite(home.folder()).await.unwrap();
    let world = world(store.clone(), 100);
    an_operator_works_beside_the_server(&*beside, &world).await;
    store.close().await;
    beside.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_postgres() {
    let home = Postgres::new().await;
    let store = home.open().await.unwrap();
    let beside = attach_postgres(&home.url()).await.unwrap();
    an_operator_reads_and_closes_reports(&*beside, &world(store.clone(), 100)).await;
    beside.close().await;
    store.close().await;
    home.remove().await;
}

/// Two processes at once is what SQLite's own locks are for: nothing is lost and nothing fails while both write.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server_and_operator_write_at_once() {
    let home = Sqlite::new();
    let store = home.open().await.unwrap();
    let beside = attach_sqlite(home.folder()).await.unwrap();
    let world = world(store.clone(), 100);
    let (olga, bob) = (world.register("olga").await, world.register("bob").await);
    let serving = async {
        for _ in 0..50 {
            store.set_quota(olga.account, 7).await.unwrap();
        }
    };
    let operating = async {
        for _ in 0..50 {
            beside.set_quota(bob.account, 9).await.unwrap();
        }
    };
    futures_util::future::join(serving, operating).await;
    let olgas = beside.account_summary(olga.account).await.unwrap().storage_quota;
    let bobs = store.account_summary(bob.account).await.unwrap().storage_quota;
    assert_eq!((olgas, bobs), (7, 9));
    beside.close().await;
    store.close().await;
}

#[tokio::test]
async fn without_a_database_of_this_version_nothing_is_touched() {
    let home = tempfile::tempdir().unwrap();
    let refused = admin_command::open(home.path(), None).await.err().unwrap();
    assert!(matches!(refused, AdminError::NoServer(_)), "{refused}");
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0, "nothing was made");

    let sqlite = Sqlite::new();
    sqlite.open().await.unwrap().close().await;
    admin_command::open(sqlite.folder(), None).await.unwrap().close().await;
    std::fs::write(home.path().join("sotto.db"), []).unwrap();
    let refused = admin_command::open(home.path(), None).await.err().unwrap();
    assert!(matches!(refused, AdminError::OtherVersion), "{refused}");
    let postgres = Postgres::new().await;
    let refused = admin_command::open(home.path(), Some(&postgres.url())).await.err().unwrap();
    assert!(matches!(refused, AdminError::OtherVersion), "{refused}");
    postgres.remove().await;
}
