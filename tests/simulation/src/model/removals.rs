//! Takes the leaves of revoked devices out of every group, by proposals of the server as an external sender.

use bytes::Bytes;
use sotto_crypto::mls::observer::{Observer, ObserverError};
use sotto_crypto::primitives::SigningKey;
use sotto_crypto::revocation::DeviceRevocation;
use sotto_crypto::time::Time;
use sotto_proto::wire::EntryKind;
use sotto_proto::{AccountId, ConversationId, DeviceId};

use super::{Fault, Model};

impl Model {
    /// A device was revoked: its leaves have to go, wherever its account is or was a member.
    pub(super) fn note_removal(&mut self, account: AccountId, device: DeviceId, revocation: &Bytes, now: u64) {
        let concerned = self.conversations.values().filter(|conversation| conversation.members.contains_key(&account));
        let concerned: Vec<_> = concerned.map(|conversation| conversation.id).collect();
        for id in concerned {
            if let Ok(conversation) = self.conversation_mut(id) {
                conversation.due.insert(device, revocation.clone());
            }
            // What a group refuses for now is tried again after its next handshake.
            let _ = self.propose_due(id, now);
        }
    }

    /// Proposes what is due and not proposed in this epoch.
    pub(super) fn propose_due(&mut self, id: ConversationId, now: u64) -> Result<(), Fault> {
        let keys = self.keys.clone();
        let conversation = self.conversation_mut(id)?;
        let before = conversation.last_seq();
        for (device, revocation) in conversation.due.clone() {
            if !conversation.standing.leaves().any(|leaf| leaf.device == device) {
                conversation.due.remove(&device);
            } else if !conversation.observer.pending_removals()?.iter().any(|leaf| leaf.device == device) {
                // The leaf may show another certificate than the one that was revoked: trying again changes nothing.
                let proposed = propose(&conversation.observer, &revocation, &keys.external_sender, super::time(now));
                if let Ok((observer, proposal)) = proposed {
                    conversation.take_handshake(EntryKind::Proposal, proposal.into(), now)?;
                    conversation.observer = observer;
                }
            }
        }
        if conversation.last_seq() > before {
            self.grown(id);
        }
        Ok(())
    }
}

fn propose(
    observer: &Observer,
    revocation: &[u8],
    server: &SigningKey,
    now: Time,
) -> Result<(Observer, Vec<u8>), ObserverError> {
    let revocation = DeviceRevocation::decode(revocation).map_err(|error| ObserverError::Handshake(error.into()))?;
    let proposal = observer.propose_revoked(&revocation, server)?;
    let (next, _) = observer.process(&proposal, now)?;
    Ok((next, proposal))
}
