//! A server is backed up as docs/OPERATING.md says, destroyed, and restored: people log in, and read all that was said before.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use rand::RngExt as _;
use sotto_crypto::mls::Suite;
use sotto_proto::wire::ErrorCode;
use sotto_proto::{ConversationId, FileId, wire};
use sotto_server_tests::backing::{Backing, BusKind, StoreKind};
use sotto_server_tests::link::{Link, Transport};
use sotto_server_tests::people::{Device, Town, randomness};
use sotto_server_tests::program::Program;
use sotto_test_services::postgres_program;
use tempfile::TempDir;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_on_sqlite_comes_back_from_its_backup() {
    let place = Place::new();
    let mut program = Program::in_folder(place.data(), &flags(&[])).unwrap();
    let mut people = People::arrive(&program).await;
    people.say_and_share("before the first backup").await;
    back_up(&program, &place);
    let forgotten = people.say_and_share("deleted before the second backup").await;
    people.delete(forgotten).await;
    people.say_and_share("before the second backup").await;
    back_up(&program, &place);

    people.alice.says(people.chat, "after the last backup").await.unwrap();
    place.keep_key();
    program.kill().unwrap();
    fs::remove_dir_all(place.data()).unwrap();

    fs::rename(place.backup(), place.data()).unwrap();
    let refused = Program::in_folder(place.data(), &flags(&[])).err().unwrap().to_string();
    assert!(refused.contains("is not the one that the accounts of this database were made under"), "{refused}");
    place.bring_key();
    people.are_all_there(&Program::in_folder(place.data(), &flags(&[])).unwrap()).await;
}

/// The database by `pg_dump`, then the folder of files.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_on_postgres_comes_back_from_its_backup() {
    let place = Place::new();
    let backing = Backing::new(StoreKind::Postgres, BusKind::Local).await.unwrap();
    let flags = flags(&backing.flags());
    let mut program = Program::in_folder(place.data(), &flags).unwrap();
    let mut people = People::arrive(&program).await;
    people.say_and_share("before the backup").await;

    let (url, dump) = (backing.database_url().unwrap(), place.0.path().join("sotto.dump"));
    postgres("pg_dump", &["--format", "custom", "--file", dump.to_str().unwrap(), url]);
    run(Command::new("cp").arg("--recursive").args([place.data(), place.backup()]));

    people.alice.says(people.chat, "after the backup").await.unwrap();
    program.kill().unwrap();
    fs::remove_dir_all(place.data()).unwrap();
    let (server, name) = url.rsplit_once('/').unwrap();
    let statements = [format!("DROP DATABASE {name} WITH (FORCE)"), format!("CREATE DATABASE {name}")];
    for statement in &statements {
        postgres("psql", &["--quiet", "--no-psqlrc", "--command", statement, &format!("{server}/postgres")]);
    }

    postgres("pg_restore", &["--exit-on-error", "--dbname", url, dump.to_str().unwrap()]);
    fs::rename(place.backup(), place.data()).unwrap();
    let mut program = Program::in_folder(place.data(), &flags).unwrap();
    people.are_all_there(&program).await;
    program.stop().unwrap();
    backing.remove().await.unwrap();
}

#[tokio::test]
async fn a_backup_says_what_it_cannot_do() {
    let place = Place::new();
    let program = Program::in_folder(place.data(), &flags(&[])).unwrap();
    let refused = program.operate(&["backup", "/dev/null/backup"]).unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.starts_with("sotto-server: cannot copy into /dev/null/backup: "), "{said}");
}

/// Alice and Bob, what they said and what they shared.
struct People {
    alice: Device,
    bob: Device,
    chat: ConversationId,
    said: Vec<String>,
    shared: Vec<(FileId, Bytes)>,
}

impl People {
    async fn arrive(program: &Program) -> Self {
        let town = town(program).await;
        let (mut alice, mut bob) = (town.register("alice").await.unwrap(), town.register("bob").await.unwrap());
        let chat = alice.start_group(&[&bob]).await.unwrap();
        bob.hears(chat).await.unwrap();
        bob.accepts(chat).await.unwrap();
        Self { alice, bob, chat, said: Vec::new(), shared: Vec::new() }
    }

    async fn say_and_share(&mut self, text: &str) -> FileId {
        self.alice.says(self.chat, text).await.unwrap();
        self.said.push(text.to_owned());
        let mut content = vec![0; PART + 1_000];
        randomness().fill(&mut content[..]);
        let (file, content) = (FileId::from_bytes(randomness().random()), Bytes::from(content));
        upload(&self.alice.link, file, self.chat, &content).await;
        self.shared.push((file, content));
        file
    }

    async fn delete(&mut self, file: FileId) {
        self.alice.link.call(wire::DeleteFileRequest { file_id: file.to_wire() }).await.unwrap();
        self.shared.retain(|(shared, _)| *shared != file);
    }

    /// All that was acknowledged before the backup; and life goes on.
    async fn are_all_there(mut self, program: &Program) {
        let town = town(program).await;
        let mut laptop = town.log_in(&self.alice.person).await.unwrap();
        laptop.join_through_the_vault(self.chat).await.unwrap();
        assert_eq!(laptop.hears(self.chat).await.unwrap(), self.said, "a new device reads everything");

        self.bob.reconnect(&town).await.unwrap();
        assert_eq!(self.bob.hears(self.chat).await.unwrap(), self.said, "a session from before goes on");
        for (file, content) in &self.shared {
            assert_eq!(download(&self.bob.link, *file).await.unwrap(), *content);
        }
        self.bob.says(self.chat, "we are back").await.unwrap();
        assert_eq!(laptop.hears(self.chat).await.unwrap().last(), Some(&"we are back"));
    }
}

/// Where a server and its backup live.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(TempDir::with_prefix("sotto-backup-").unwrap())
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn backup(&self) -> PathBuf {
        self.0.path().join("backup")
    }

    /// Apart from the rest.
    fn keep_key(&self) {
        fs::copy(self.data().join("server.key"), self.0.path().join("server.key")).unwrap();
    }

    fn bring_key(&self) {
        fs::copy(self.0.path().join("server.key"), self.data().join("server.key")).unwrap();
    }
}

fn back_up(program: &Program, place: &Place) {
    let done = program.operate(&["backup", place.backup().to_str().unwrap()]).unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(!place.backup().join("server.key").exists());
}

/// People here do in a moment what they do in a month elsewhere: no rates.
fn flags(backing: &[String]) -> Vec<String> {
    [backing, &["--rate-percent", "0"].map(str::to_owned)].concat()
}

async fn town(program: &Program) -> Town {
    Town::at(program.address(), Transport::Frames).await.unwrap().with_suite(Suite::Classical)
}

async fn upload(link: &Link, file: FileId, chat: ConversationId, content: &Bytes) {
    let (file_id, conversation_id, size) = (file.to_wire(), chat.to_wire(), content.len() as u64);
    let part_size = u32::try_from(PART).unwrap();
    let request = wire::ReserveFileRequest { file_id: file_id.clone(), conversation_id, size, part_size };
    link.call(request).await.unwrap();
    for (index, start) in (0..).zip((0..content.len()).step_by(PART)) {
        let data = content.slice(start..content.len().min(start + PART));
        link.call(wire::UploadPartRequest { file_id: file_id.clone(), index, data }).await.unwrap();
    }
    link.call(wire::CompleteFileRequest { file_id }).await.unwrap();
}

async fn download(link: &Link, file: FileId) -> Result<Bytes, ErrorCode> {
    let request = wire::DownloadFileRequest { file_id: file.to_wire(), offset: 0, length: 0 };
    let (mut pieces, mut content) = (link.stream(request).await, BytesMut::new());
    while let Some(piece) = pieces.next().await {
        content.extend_from_slice(&piece.map_err(|refused| refused.code())?.piece);
    }
    Ok(content.freeze())
}

fn postgres(program: &str, arguments: &[&str]) {
    run(Command::new(postgres_program(program).unwrap()).args(arguments));
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

const PART: usize = 65_536;
