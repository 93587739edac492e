//! Hears other nodes; and looks by itself, since words get lost.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;

use super::delivery::Job;
use super::hub::Hub;
use super::roster::Rosters;
use crate::bus::{Bus, Heard, Word};
use crate::store::Store;

pub(super) struct Relay {
    store: Arc<dyn Store>,
    bus: Arc<dyn Bus>,
    hub: Arc<Hub>,
    rosters: Arc<Rosters>,
    jobs: mpsc::Sender<Job>,
}

impl Relay {
    pub(super) fn new(
        store: Arc<dyn Store>,
        bus: Arc<dyn Bus>,
        hub: Arc<Hub>,
        rosters: Arc<Rosters>,
        jobs: mpsc::Sender<Job>,
    ) -> Self {
        Self { store, bus, hub, rosters, jobs }
    }

    /// Says from when on other nodes are heard.
    pub(super) fn start(self) -> (watch::Receiver<bool>, [AbortHandle; 2]) {
        let this = Arc::new(self);
        let (hearing, hears) = watch::channel(false);
        let listener = tokio::spawn(this.clone().listen_for_ever(hearing));
        let looker = tokio::spawn(this.look_for_ever());
        (hears, [listener.abort_handle(), looker.abort_handle()])
    }

    async fn listen_for_ever(self: Arc<Self>, hearing: watch::Sender<bool>) {
        loop {
            match self.bus.listen().await {
                Ok(mut listener) => {
                    hearing.send_replace(true);
                    while let Some(heard) = listener.next().await {
                        self.hear(heard).await;
                    }
                    hearing.send_replace(false);
                }
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "other nodes cannot be heard");
                }
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn hear(&self, heard: Heard) {
        match heard {
            Heard::Word(Word::Grown { conversation, up_to }) => self.hand_on(Job::Grown { conversation, up_to }),
            Heard::Word(Word::Members(conversation)) => self.rosters.forget(conversation),
            Heard::Word(Word::Account { account, change }) => self.hub.look(account, change),
            Heard::Word(Word::ToMembers { conversation, except, item }) => {
                self.hand_on(Job::ToMembers { conversation, except, item });
            }
            Heard::Word(Word::ToAccount { account, item }) => self.hub.push_to_account(account, &item),
            Heard::Missed => {
                self.rosters.forget_all();
                self.look().await;
            }
        }
    }

    async fn look_for_ever(self: Arc<Self>) {
        loop {
            tokio::time::sleep(BETWEEN_LOOKS).await;
            self.look().await;
        }
    }

    /// Has the devices look whose account has changed since they did. It also moves the cursors of those that got all live.
    async fn look(&self) {
        for accounts in self.hub.accounts().chunks(ACCOUNTS_AT_ONCE) {
            // What fails now is found next time.
            for (account, change) in self.store.change_numbers(accounts).await.unwrap_or_default() {
                self.hub.look(account, change);
            }
        }
    }

    fn hand_on(&self, job: Job) {
        let _ = self.jobs.try_send(job);
    }
}

/// How long it takes at most until something shows that no word came for.
const BETWEEN_LOOKS: Duration = Duration::from_secs(20);
const AGAIN: Duration = Duration::from_secs(1);
const ACCOUNTS_AT_ONCE: usize = 500;
