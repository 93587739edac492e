//! The store of files goes away: people talk on, and uploads go on when it is back (O7).

use std::time::Duration;

use sotto_crypto::mls::Suite;
use sotto_proto::wire::ErrorCode;
use sotto_server_tests::backing::{BusKind, StoreKind};
use sotto_server_tests::files::{complete, download, new_file, put, random_bytes, reserve};
use sotto_server_tests::link::Transport;
use sotto_test_services::S3;

use crate::community::Community;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_store_of_files_people_talk_on_and_uploads_resume_o7() {
    let s3 = tokio::task::spawn_blocking(|| S3::start().unwrap()).await.unwrap();
    let community = Community::start_with(StoreKind::Sqlite, BusKind::Local, &["--blobs", &s3.url()]).await;
    let town = community.town(Transport::Frames).await.with_suite(Suite::Classical);
    let mut alice = town.register("alice").await.unwrap();
    let chat = alice.start_group(&[]).await.unwrap();
    let (file, content) = (new_file(), random_bytes(PARTS * PART));
    reserve(&alice.link, file, chat, content.len(), PART).await.unwrap();
    put(&alice.link, file, 0, PART, &content).await.unwrap();

    s3.set_away(true);
    let refused = put(&alice.link, file, 1, PART, &content).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::Unavailable, "it says that one may try again");
    alice.says(chat, "while files wait").await.unwrap();
    assert_eq!(alice.hears(chat).await.unwrap(), ["while files wait"]);

    s3.set_away(false);
    for index in 1..PARTS {
        let deadline = tokio::time::Instant::now() + Duration::from_mins(1);
        while let Err(refused) = put(&alice.link, file, index, PART, &content).await {
            assert_eq!(refused.code(), ErrorCode::Unavailable);
            assert!(tokio::time::Instant::now() < deadline, "it recovers by itself");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    complete(&alice.link, file).await.unwrap();
    let arrived = download(&alice.link, file, 0, 0).await.unwrap();
    assert_eq!(arrived, content, "byte for byte");
    community.end().await;
    tokio::task::spawn_blocking(move || drop(s3)).await.unwrap();
}

const PART: usize = 65_536;
const PARTS: usize = 4;
