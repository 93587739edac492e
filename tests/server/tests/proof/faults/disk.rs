//! The disk is full: writing stops with a clear word, reading goes on, and room is all it takes (O3).

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use sotto_crypto::mls::Suite;
use sotto_proto::wire::ErrorCode;
use sotto_server_tests::files::{complete, new_file, put, random_bytes, reserve};
use sotto_server_tests::link::{Transport, code_of};
use sotto_server_tests::people::Town;
use sotto_server_tests::program::Program;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_stops_writing_and_nothing_else_o3() {
    let Some(program) = Program::on_a_small_disk(DISK_MIB, &["--rate-percent".to_owned(), "0".to_owned()]).unwrap()
    else {
        // Only an administrator can make a small disk.
        eprintln!("NOT CHECKED: this machine does not let us mount a small disk");
        return;
    };
    let town = Town::at(program.address(), Transport::Frames).await.unwrap().with_suite(Suite::Classical);
    let mut alice = town.register("alice").await.unwrap();
    let chat = alice.start_group(&[]).await.unwrap();
    alice.says(chat, "there is room").await.unwrap();

    let (file, content) = (new_file(), random_bytes(60_000));
    reserve(&alice.link, file, chat, content.len(), PART).await.unwrap();

    let ballast = fill(&program);
    let refused = loop {
        match alice.says(chat, &"x".repeat(30_000)).await {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(code_of(&refused), Some(ErrorCode::ReadOnly));
    let kept = alice.hears(chat).await.unwrap().len();
    assert!(kept >= 1, "reading goes on");
    alice.sync(Bytes::new()).await.unwrap();
    let refused = put(&alice.link, file, 0, PART, &content).await.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::ReadOnly, "so is an upload");

    std::fs::remove_file(ballast).unwrap();
    let deadline = tokio::time::Instant::now() + Duration::from_mins(1);
    while let Err(error) = alice.says(chat, "there is room again").await {
        assert_eq!(code_of(&error), Some(ErrorCode::ReadOnly));
        assert!(tokio::time::Instant::now() < deadline, "it recovers by itself");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    put(&alice.link, file, 0, PART, &content).await.unwrap();
    complete(&alice.link, file).await.unwrap();
    let texts = alice.hears(chat).await.unwrap();
    assert_eq!((texts.len(), texts.last()), (kept + 1, Some(&"there is room again")), "what was refused is not there");
}

/// Takes all the room that is left, as seen by the server.
fn fill(program: &Program) -> PathBuf {
    let root = PathBuf::from(format!("/proc/{}/root", program.process_id().unwrap()));
    let ballast = root.join(program.data().strip_prefix("/").unwrap()).join("ballast");
    let mut file = File::create(&ballast).unwrap();
    while file.write_all(&[0; 4_096]).is_ok() {}
    ballast
}

const DISK_MIB: u32 = 48;
const PART: usize = 65_536;
