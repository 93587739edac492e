//! What has to be done again and again, whoever calls: prune, purge, and finish what was interrupted.
//!
//! Each step can be interrupted, done twice, and done by several nodes at once.

use std::sync::Arc;
use std::time::Duration;

use sotto_crypto::primitives::VerifyingKey;
use sotto_proto::ConversationId;

use super::files::Files;
use super::removals::Removals;
use super::{Context, Failure};

pub(super) struct Upkeep {
    context: Arc<Context>,
    removals: Arc<Removals>,
    files: Arc<Files>,
}

impl Upkeep {
    pub(super) fn new(context: Arc<Context>, removals: Arc<Removals>, files: Arc<Files>) -> Self {
        Self { context, removals, files }
    }

    pub(super) fn external_sender(&self) -> VerifyingKey {
        self.context.external_sender.verifying_key()
    }

    /// Never ends. A step that fails is tried again the next time.
    pub(super) async fn run(&self) {
        loop {
            if let Err(failure) = self.once().await {
                tracing::warn!(code = ?failure.code(), "upkeep was interrupted");
            }
            self.rest().await;
        }
    }

    pub(super) async fn once(&self) -> Result<(), Failure> {
        self.removals.propose_due().await?;
        self.prune().await?;
        self.context.store.purge_expired(self.context.now()).await?;
        self.files.collect().await
    }

    /// Until the next round; removals do not wait for it.
    async fn rest(&self) {
        let round = tokio::time::sleep(BETWEEN_ROUNDS);
        tokio::pin!(round);
        loop {
            tokio::select! {
                () = &mut round => return,
                () = self.removals.wait() => {
                    if let Err(failure) = self.removals.propose_due().await {
                        tracing::warn!(code = ?failure.code(), "removals were interrupted");
                    }
                }
            }
        }
    }

    /// Deletes events that have stayed for as long as the members agreed.
    async fn prune(&self) -> Result<(), Failure> {
        let (now, mut after) = (self.context.now(), None);
        loop {
            let overdue = self.context.store.overdue(now, after, CONVERSATIONS_AT_ONCE).await?;
            for (conversation, seconds) in &overdue {
                self.prune_one(*conversation, *seconds).await?;
            }
            let Some((last, _)) = overdue.last() else { return Ok(()) };
            after = Some(*last);
        }
    }

    async fn prune_one(&self, conversation: ConversationId, seconds: u32) -> Result<(), Failure> {
        let before = self.context.now().minus(Duration::from_secs(seconds.into()));
        while self.context.store.prune(conversation, before, EVENTS_AT_ONCE).await? > 0 {}
        Ok(())
    }
}

const BETWEEN_ROUNDS: Duration = Duration::from_mins(1);
const CONVERSATIONS_AT_ONCE: u32 = 256;
const EVENTS_AT_ONCE: u32 = 500;
