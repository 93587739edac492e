//! A group moves on: by one commit for each epoch.

use sotto_proto::Commit;
use sotto_proto::wire::{self, EntryKind};

use super::gate::Session;
use super::judging::{self, Judged, Outcome};
use super::{Fault, Model, Moment};

impl Model {
    pub(super) fn commit(
        &mut self,
        caller: &Session,
        request: wire::CommitRequest,
        at: &mut Moment<'_>,
    ) -> Result<wire::CommitResponse, Fault> {
        let Commit { conversation: id, position, commit, welcomes } = Commit::try_from(request)?;
        let conversation = self.joined(caller.account, id)?;
        if conversation.position != position {
            let before = conversation.taken_before(position, &commit).ok_or_else(|| conversation.conflict())?;
            return Ok(receipt(before.seq, before.epoch + 1, before.received_at_ms));
        }
        let judged = judging::judge(&conversation.observer, &commit, at.now)?;
        judging::check_sender(&judged.committer, caller)?;
        let joiner = judged.joined.then_some(&judged.committer);
        self.check_leaves(judged.added.iter().map(|(leaf, _)| leaf).chain(joiner))?;
        let newcomers = judging::newcomers(Some(&conversation.standing), &judged.standing);
        let strangers = self.strangers(caller.account, &newcomers)?;
        let welcomes = judging::addressed(&judged.added, welcomes)?;

        let Judged { observer, standing, .. } = judged;
        let conversation = self.conversation_mut(id)?;
        let seq = conversation.take_handshake(EntryKind::Commit, commit, at.now)?;
        let epoch = conversation.position.epoch.get();
        self.settle(id, Outcome { observer, standing, welcomes, by: caller.account, strangers }, at)?;
        // A joiner's commit ends the epoch without the removals that were proposed in it.
        self.propose_due(id, at.now)?;
        Ok(receipt(seq, epoch, at.now))
    }
}

fn receipt(seq: u64, epoch: u64, received_at_ms: u64) -> wire::CommitResponse {
    wire::CommitResponse { seq, epoch, received_at_ms }
}
