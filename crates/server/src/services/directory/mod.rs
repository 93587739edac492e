//! The directory of keys: publishes what changed, and shows what was published (`docs/PROTOCOL.md` 14, `docs/adr/0015`).
//!
//! Every node keeps the tree of the newest head in memory and follows the others by their heads in the store. Whoever inserts a head
//! first has published it; a node that comes second looks again. A head is shown only after it is durable, so that no two of one
//! number are ever seen.

mod lookup;
mod publish;

use std::sync::Arc;

use sotto_crypto::directory::{DirectorySigner, Hash, SignedHead, Tree, log};
use sotto_proto::{limits, wire};
use tokio::sync::Mutex;

use super::fields::{check_count, check_range};
use super::rates::Rate;
use super::{Context, Failure, Visitor};
use crate::store::Session;

pub(super) struct Directory {
    context: Arc<Context>,
    signer: DirectorySigner,
    known: Mutex<Known>,
}

/// The newest head that this node knows, and its tree. A copy is cheap and stays as it is.
#[derive(Clone, Default)]
struct Known {
    head: Option<SignedHead>,
    tree: Tree,
}

impl Known {
    fn epoch(&self) -> u64 {
        self.head.map_or(0, |signed| signed.head.epoch)
    }
}

impl Directory {
    pub(super) fn new(context: Arc<Context>, signer: DirectorySigner) -> Self {
        Self { context, signer, known: Mutex::default() }
    }

    pub(super) async fn get_head(
        &self,
        visitor: &Visitor,
        request: wire::GetHeadRequest,
    ) -> Result<wire::GetHeadResponse, Failure> {
        check_epochs(&request.epochs)?;
        self.context.rates.take(&HEADS, visitor.network())?;
        let known = self.newest().await?;
        self.head_with_proofs(&known, &request.epochs).await
    }

    pub(super) async fn list_steps(
        &self,
        visitor: &Visitor,
        request: wire::ListStepsRequest,
    ) -> Result<wire::ListStepsResponse, Failure> {
        let mut after = check_range("after_epoch", request.after_epoch, limits::NUMBER_MAX)?;
        self.context.rates.take(&STEPS, visitor.network())?;
        let (mut steps, mut size) = (Vec::new(), 0);
        // One at a time: a single audit may be as large as the whole reply.
        while steps.len() < STEPS_AT_ONCE {
            let Some((head, audit)) = self.context.store.steps(after, 1).await?.pop() else {
                return Ok(self.steps(steps, false));
            };
            size += audit.len();
            if size > STEPS_SIZE && !steps.is_empty() {
                break;
            }
            after = head.head.epoch;
            steps.push(wire::DirectoryStep { head: Some((&head).into()), audit: audit.into() });
        }
        Ok(self.steps(steps, true))
    }

    pub(super) async fn look_up(
        &self,
        caller: &Session,
        request: wire::LookUpRequest,
    ) -> Result<wire::LookUpResponse, Failure> {
        lookup::look_up(self, caller, request).await
    }

    pub(super) async fn list_own_entries(
        &self,
        caller: &Session,
        request: wire::ListOwnEntriesRequest,
    ) -> Result<wire::ListOwnEntriesResponse, Failure> {
        lookup::list_own_entries(&self.context, caller, request).await
    }

    fn steps(&self, steps: Vec<wire::DirectoryStep>, more: bool) -> wire::ListStepsResponse {
        wire::ListStepsResponse { keys: Some(self.signer.public().into()), steps, more }
    }

    /// The newest head in the store, and its tree.
    async fn newest(&self) -> Result<Known, Failure> {
        let mut known = self.known.lock().await;
        self.follow(&mut known).await?;
        Ok(known.clone())
    }

    /// Takes over what other nodes have published, or what was there before the start.
    async fn follow(&self, known: &mut Known) -> Result<(), Failure> {
        let news = self.context.store.directory_since(known.epoch()).await?;
        let Some(signed) = news.head.filter(|signed| signed.head.epoch != known.epoch()) else { return Ok(()) };
        if signed.head.epoch < known.epoch() {
            return Err(Failure::internal("the directory in the store is older than it was", None));
        }
        let tree = known.tree.with(&news.leaves.into_iter().collect()).map_err(|error| broken(&error))?;
        if tree.root() != signed.head.tree_root {
            return Err(Failure::internal("the directory in the store is not the one that its head signs", None));
        }
        *known = Known { head: Some(signed), tree };
        Ok(())
    }

    async fn head_with_proofs(&self, known: &Known, epochs: &[u64]) -> Result<wire::GetHeadResponse, Failure> {
        let mut proofs = Vec::new();
        for &epoch in epochs.iter().filter(|epoch| (1..=known.epoch()).contains(*epoch)) {
            proofs.push(wire::HeadProof { epoch, path: self.path(epoch, known.epoch()).await? });
        }
        let keys = Some(self.signer.public().into());
        Ok(wire::GetHeadResponse { keys, head: known.head.as_ref().map(Into::into), proofs })
    }

    /// How a head is in the tree over all heads before `newest`.
    async fn path(&self, epoch: u64, newest: u64) -> Result<Vec<bytes::Bytes>, Failure> {
        let mut path = Vec::new();
        for (start, end) in log::inclusion(epoch - 1, newest - 1) {
            path.push(self.root_of(start, end).await?.to_vec().into());
        }
        Ok(path)
    }

    async fn root_of(&self, start: u64, end: u64) -> Result<Hash, Failure> {
        Ok(log::fold(&self.context.store.log_nodes(&log::cover(start, end)).await?))
    }
}

fn check_epochs(epochs: &[u64]) -> Result<(), Failure> {
    check_count("epochs", epochs, 0..=limits::DIRECTORY_STATED_MAX)?;
    for epoch in epochs {
        check_range("epochs", *epoch, limits::NUMBER_MAX)?;
    }
    Ok(())
}

fn broken(error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::internal("the directory is not as it must be", Some(error))
}

const HEADS: Rate = Rate::per_minute("GetHead", 120);
const STEPS: Rate = Rate::per_minute("ListSteps", 240);
const STEPS_AT_ONCE: usize = 200;
const STEPS_SIZE: usize = 4 << 20;
