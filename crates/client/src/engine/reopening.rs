//! What becomes of a group after a commit that the server took and that is bad for its members: one of them opens the next generation,
//! without whoever made the commit, and the log goes on (docs/PROTOCOL.md, 7.8).

use sotto_crypto::mls::governance::Role;
use sotto_crypto::mls::group::Group;
use sotto_crypto::mls::key_package::KeyPackage;
use sotto_crypto::mls::standing::Standing;
use sotto_proto::{AccountId, ConversationHead, wire};

use super::change::{Attempt, Change, Why};
use super::chat::{Chat, Membership, Whose};
use super::intents::{Aim, Intent, ReopenAim, welcomes_of};
use super::requests::Lane;
use super::step::{Mishap, Step};

impl ReopenAim {
    /// Those who go on: everybody but the offender, and in a chat whose accounts are fixed everybody.
    pub(super) fn remaining(&self, before: &Standing) -> Vec<AccountId> {
        let closed = before.governance.kind.is_closed();
        before
            .accounts
            .keys()
            .copied()
            .filter(|account| closed || account.as_bytes() != self.offender.as_slice())
            .collect()
    }
}

impl Step<'_, '_> {
    /// A commit of this group cannot be processed. Whoever may leave its maker out, wants to.
    pub(super) fn want_to_reopen(&mut self, chat: &Chat, group: &Group, bad: &[u8], seq: u64) -> Result<(), Mishap> {
        let standing = group.standing().map_err(|_| Mishap::Bad("the agreement on keys"))?;
        let own = self.account()?.id;
        let Some(offender) = group.claimed_committer(bad).map(|leaf| leaf.account) else { return Ok(()) };
        let role = standing.role(&own);
        let may = standing.governance.kind.is_closed()
            || (role >= Some(Role::Admin) && role > standing.role(&offender))
            || role == Some(Role::Owner);
        if may && offender != own {
            self.intend_first(chat, &Intent::reopen(chat.generation, seq, offender))?;
        }
        Ok(())
    }

    /// While a group is broken, nothing else can be done in it.
    pub(super) fn pursue_reopening(&mut self, chat: &mut Chat, group: &mut Group) -> Result<(), Mishap> {
        if let Some((_, Intent { aim: Some(Aim::Reopen(_)) })) = self.first_intent(chat)? {
            self.pursue(chat, group)?;
        }
        Ok(())
    }

    /// Somebody else was first.
    pub(super) fn forget_reopening(&mut self, chat: &Chat) -> Result<(), Mishap> {
        if let Some((number, Intent { aim: Some(Aim::Reopen(_)) })) = self.first_intent(chat)? {
            self.drop_intent(number)?;
        }
        Ok(())
    }

    /// The key packages of those who go on came.
    pub(super) fn reopen(&mut self, chat: &Chat, aim: &ReopenAim, packages: Vec<KeyPackage>) -> Result<(), Mishap> {
        let Some(group) = self.take_group(chat)? else { return Ok(()) };
        let before = group.standing().map_err(|_| Mishap::Bad("the agreement on keys"))?;
        self.return_group(chat, group);
        let now = self.now();
        let participant = self.account()?.participant(now)?;
        let opened = Group::open_generation(&participant, &before, packages, now, &mut self.moment.rng);
        let Ok(mut opening) = opened else {
            if let Some((number, _)) = self.first_intent(chat)? {
                self.drop_intent(number)?;
            }
            self.fail(Attempt::Change(chat.id), Why::NotAllowed);
            return Ok(());
        };
        let request = wire::NewGenerationRequest {
            conversation_id: chat.id.to_wire(),
            generation: chat.generation,
            epoch: chat.server_epoch,
            refused_seq: aim.refused_seq,
            group_info: opening.group_info.into(),
            ratchet_tree: opening.tree.into(),
            welcomes: welcomes_of(&opening.pending)?,
            commit: opening.pending.commit.into(),
        };
        self.store_group(chat, Whose::Next, &mut opening.group)?;
        Ok(self.call(Lane::Log(chat.id), &request)?)
    }

    /// The next generation is this device's. Its first commit comes with the log.
    pub(super) fn reopened(&mut self, chat: &mut Chat, reply: wire::NewGenerationResponse) -> Result<(), Mishap> {
        let head = ConversationHead::try_from(reply.head.ok_or(Mishap::Bad("head"))?)?;
        let Some(group) = self.stored_group(chat, Whose::Next)? else { return Ok(()) };
        self.memory.groups.remove(&chat.id);
        self.put_group(chat, group)?;
        self.forget_opening(chat)?;
        if let Some((number, _)) = self.first_intent(chat)? {
            self.drop_intent(number)?;
        }
        chat.take_head(&head);
        (chat.generation, chat.epoch) = (head.position.generation.get(), 0);
        (chat.trouble, chat.membership) = (None, Membership::Member);
        self.tell(Change::Members(chat.id));
        Ok(())
    }

    pub(super) fn forget_opening(&mut self, chat: &Chat) -> Result<(), Mishap> {
        self.forget_group(chat, Whose::Next)
    }
}
