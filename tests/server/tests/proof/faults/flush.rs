//! The disk takes what is written and fails to keep it: whoever is acknowledged is so for good, and nobody else is (O2).

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rand::RngExt as _;
use sotto_crypto::mls::Suite;
use sotto_proto::{ConversationId, EventId};
use sotto_server_tests::backing::StoreKind;
use sotto_server_tests::link::Transport;
use sotto_server_tests::people::{Device, randomness};
use sotto_server_tests::program::Program;

use crate::community::Community;

/// With PostgreSQL the same is that server's own promise.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_acknowledged_that_the_disk_did_not_flush_o2() {
    let mut community = Community::start(StoreKind::Sqlite, sotto_server_tests::backing::BusKind::Local).await;
    let town = community.town(Transport::Frames).await.with_suite(Suite::Classical);
    let mut alice = town.register("alice").await.unwrap();
    let chat = alice.start_group(&[]).await.unwrap();
    let mut acknowledged = vec!["before".to_owned()];
    alice.says(chat, "before").await.unwrap();

    let Some(broken) = BrokenDisk::under(&community.program).unwrap() else {
        eprintln!("NOT CHECKED: this machine does not let us trace a process");
        return;
    };
    let mut refused = 0;
    for number in 0..ATTEMPTS {
        let text = format!("to a broken disk {number}");
        match say_once(&mut alice, chat, &text).await {
            Ok(()) => acknowledged.push(text),
            Err(_) => refused += 1,
        }
    }
    assert_eq!(refused, ATTEMPTS, "no flush succeeded, so nothing can have been acknowledged");
    broken.mend().unwrap();

    // The power fails now: what only lay in memory is gone.
    community.program.kill().unwrap();
    community.program.start_again().unwrap();
    let town = town.moved_to(community.program.address());
    alice.reconnect(&town).await.unwrap();
    alice.says(chat, "after").await.unwrap();
    acknowledged.push("after".to_owned());
    let kept = alice.hears(chat).await.unwrap();
    let kept: Vec<_> = kept.into_iter().filter(|text| !text.starts_with("to a broken disk")).collect();
    assert_eq!(kept, acknowledged, "each once, in order");
    community.end().await;
}

/// Without the patience of a client, who would go on until it is answered.
async fn say_once(alice: &mut Device, chat: ConversationId, text: &str) -> Result<()> {
    let event = alice.seal(chat, EventId::from_bytes(randomness().random()), text)?;
    alice.link.call(event).await?;
    Ok(())
}

/// A tracer that lets each flush of a process fail, for as long as it is attached.
struct BrokenDisk(Child);

impl BrokenDisk {
    /// None where processes may not be traced.
    fn under(program: &Program) -> Result<Option<Self>> {
        let server = program.process_id().context("the server runs")?;
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:error=EIO", "-p"]);
        command.arg(server.to_string()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut tracer = command.spawn().context("cannot start strace; script/setup installs it")?;
        for _ in 0..LOOKS {
            if tracer.try_wait()?.is_some() {
                return Ok(None);
            }
            if is_traced(server)? {
                return Ok(Some(Self(tracer)));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        bail!("strace does not attach")
    }

    fn mend(mut self) -> Result<()> {
        Command::new("kill").arg("-TERM").arg(self.0.id().to_string()).status()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for BrokenDisk {
    fn drop(&mut self) {
        // It has ended if the disk was mended.
        let _ = self.0.kill();
    }
}

/// Whether every thread has its tracer.
fn is_traced(process: u32) -> Result<bool> {
    for thread in std::fs::read_dir(format!("/proc/{process}/task"))? {
        let status = std::fs::read_to_string(thread?.path().join("status"))?;
        if status.lines().any(|line| line == "TracerPid:\t0") {
            return Ok(false);
        }
    }
    Ok(true)
}

const ATTEMPTS: usize = 20;
const LOOKS: usize = 1_000;
