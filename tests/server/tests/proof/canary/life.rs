//! A life in brief: every method of the contract, with what it carries when people use it.

mod account;
mod chat;
mod operator;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use rand::RngExt as _;
use sotto_server_tests::people::{Town, randomness};

use super::search::Secret;
use crate::community::Community;

/// Goes through everything, and gives what never left a client, or should not have.
pub(super) async fn live_a_little(community: &Community, town: &Town) -> Result<Vec<Secret>> {
    let mut told = Secrets::default();
    chat::talk(town, &mut told).await.context("talking")?;
    chat::send_files(town).await.context("files")?;
    account::keep_things(town).await.context("keeping things")?;
    account::use_a_second_factor(town, &mut told).await.context("the second factor")?;
    account::change_the_password(town, &mut told).await.context("a new password")?;
    account::come_and_go_with_devices(town, &mut told).await.context("devices")?;
    account::recover(town, &mut told).await.context("recovery")?;
    account::begin_anew(community, town, &mut told).await.context("a reset")?;
    operator::look_after_people(community, town).await.context("the operator")?;
    Ok(told.0)
}

/// What must be nowhere.
#[derive(Default)]
struct Secrets(Vec<Secret>);

impl Secrets {
    fn add(&mut self, name: &str, bytes: &[u8]) {
        self.0.push(Secret { name: name.to_owned(), bytes: bytes.to_vec(), may_be_kept: false });
    }
}

/// Text that is nowhere else.
fn canary(what: &str) -> String {
    format!("{what}{:016x}", randomness().random::<u64>())
}

fn random(size: usize) -> Bytes {
    let mut bytes = vec![0; size];
    randomness().fill(&mut bytes[..]);
    bytes.into()
}
