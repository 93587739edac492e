//! What to do next. Nothing remembers where a longer course of calls had got to: what is there says what is missing, and so any course
//! goes on after a restart, a lost reply or a lost race.

use std::collections::BTreeSet;

use sotto_crypto::mls::group::{Changes, Group};
use sotto_proto::wire::Direction;
use sotto_proto::{ConversationId, wire};

use super::account::{State, Wants};
use super::chat::{Chat, Membership, Stand};
use super::requests::Lane;
use super::step::{Mishap, Step};
use super::trouble::Trouble;
use crate::history;

impl Step<'_, '_> {
    /// Decides on all calls that are due, for the account and for each conversation that something happened to.
    pub(super) fn settle(&mut self) -> Result<(), Mishap> {
        if self.memory.account.as_ref().is_none_or(|account| account.state == State::SignedOut) {
            return Ok(());
        }
        self.settle_account()?;
        self.settle_transfers()?;
        let mut seen = BTreeSet::new();
        // A conversation can make another one worth a look; it cannot go on for ever.
        for _ in 0..ROUNDS_MAX {
            let has_room = self.dirty.is_empty() && !seen.is_empty();
            if has_room {
                let next = self.next_to_come_in()?.into_iter().chain(self.next_to_succeed()?);
                self.dirty.extend(next.filter(|id| !seen.contains(id)));
            }
            let Some(id) = self.dirty.pop_first() else { break };
            seen.insert(id);
            if let Some(mut chat) = self.chat(id)? {
                self.advance(&mut chat)?;
                chat.save(self.db)?;
            }
        }
        Ok(())
    }

    /// Looks at every conversation in which something is left to be done. The others cost nothing.
    pub(super) fn revisit_unfinished(&mut self) -> Result<(), Mishap> {
        let unfinished = self
            .db
            .prepare_cached(
                "SELECT id FROM chats JOIN conversations ON number = conversation
                 WHERE membership < 2 OR server_seq > high_seq OR wants_history = 1 OR read_seq > marked_read
                   OR EXISTS (SELECT 1 FROM intents WHERE intents.conversation = chats.conversation)
                   OR EXISTS (SELECT 1 FROM outbox WHERE outbox.conversation = chats.conversation)",
            )?
            .query_map([], |row| Ok(ConversationId::from_bytes(row.get(0)?)))?
            .collect::<Result<Vec<_>, _>>()?;
        self.dirty.extend(unfinished);
        let next = self.next_to_succeed()?;
        self.dirty.extend(next);
        Ok(())
    }

    fn settle_account(&mut self) -> Result<(), Mishap> {
        let wants = self.account()?.wants;
        if wants.has(Wants::TOKEN) || self.memory.token_is_stale {
            self.refresh()?;
        }
        if !self.is_in_use() {
            return Ok(());
        }
        if wants.has(Wants::OWN_ACCOUNT) {
            self.call(Lane::OwnAccount, &wire::GetOwnAccountRequest {})?;
        }
        self.settle_renewal()?;
        if wants.has(Wants::PACKAGES) {
            self.publish_packages()?;
        }
        if wants.has(Wants::VAULT_PACKAGE) {
            self.publish_vault_package()?;
        }
        if wants.has(Wants::SYNC) {
            self.ask_what_changed()?;
        }
        if wants.has(Wants::BLOCKED) {
            self.call(Lane::Blocked, &wire::ListBlockedRequest::default())?;
        }
        self.settle_settings()?;
        if wants.has(Wants::SAVED) && !wants.has(Wants::SYNC) && !wants.has(Wants::VAULT_PACKAGE) {
            self.update(|account| account.wants.remove(Wants::SAVED))?;
            let own = self.account()?.id;
            self.direct_with(own)?;
        }
        self.ask_for_keys()?;
        self.settle_directory()
    }

    fn advance(&mut self, chat: &mut Chat) -> Result<(), Mishap> {
        if !self.is_in_use() || self.is_busy(Lane::Log(chat.id))? {
            return Ok(());
        }
        match chat.membership {
            Membership::Founding => self.found_next(chat),
            Membership::Outside if self.may_come_in(chat)? => self.come_in(chat),
            Membership::Outside => Ok(()),
            Membership::Former if self.is_welcome_again(chat)? => {
                chat.begin_again();
                self.come_in(chat)
            }
            Membership::Former => {
                if chat.window.is_some() && chat.is_behind() {
                    return self.ask_for_more(chat);
                }
                self.ask_for_history(chat)
            }
            Membership::Member => {
                let Some(mut group) = self.take_group(chat)? else { return Ok(()) };
                let changed = self.advance_member(chat, &mut group)?;
                if changed {
                    return self.put_group(chat, group);
                }
                self.return_group(chat, group);
                Ok(())
            }
        }
    }

    /// Says whether the group has changed.
    fn advance_member(&mut self, chat: &mut Chat, group: &mut Group) -> Result<bool, Mishap> {
        if chat.window.is_none() {
            self.first_range(chat)?;
            return Ok(false);
        }
        if chat.is_behind() {
            self.ask_for_more(chat)?;
            return Ok(false);
        }
        self.ask_for_history(chat)?;
        if chat.stand == Stand::Requested {
            self.listen_for_greeting(chat)?;
        }
        if chat.stand != Stand::Member && chat.stand != Stand::Requested {
            return Ok(false);
        }
        let mut changed = false;
        if group.has_pending_commit() {
            group.discard_pending();
            changed = true;
        }
        let own = *group.own_leaf();
        let leaving = group.pending_removals().map_err(|_| Mishap::Bad("the agreement on keys"))?;
        if leaving.contains(&own) {
            return Ok(changed);
        }
        if chat.trouble == Some(Trouble::BadCommit) {
            self.pursue_reopening(chat, group)?;
            return Ok(changed);
        }
        // Who was asked by a stranger stays silent until it has decided.
        if chat.stand == Stand::Member {
            self.seal_vault(chat)?;
            if self.succeed_vault(chat, group)? {
                return Ok(true);
            }
            if !leaving.is_empty() && self.commit(chat, group, Changes::new())? {
                return Ok(true);
            }
            if self.pursue(chat, group)? {
                return Ok(true);
            }
            if self.has_unsent(chat)? && self.may_send(chat, group)? {
                if self.renew_if_old(chat)? && self.pursue(chat, group)? {
                    return Ok(true);
                }
                self.send_next(chat, group)?;
            }
        }
        self.mark_next(chat, group)?;
        Ok(changed)
    }

    fn ask_for_more(&mut self, chat: &Chat) -> Result<(), Mishap> {
        let request = wire::ReadRangeRequest {
            conversation_id: chat.id.to_wire(),
            from_seq: chat.high_seq() + 1,
            direction: Direction::Forward.into(),
            limit: 500,
            handshakes_only: false,
        };
        Ok(self.call(Lane::Log(chat.id), &request)?)
    }

    /// What has expired is not there any more; the handshakes between are.
    pub(super) fn ask_for_handshakes(&mut self, chat: &Chat) -> Result<(), Mishap> {
        let request = wire::ReadRangeRequest {
            conversation_id: chat.id.to_wire(),
            from_seq: chat.high_seq().max(chat.joined_by) + 1,
            direction: Direction::Forward.into(),
            limit: 500,
            handshakes_only: true,
        };
        Ok(self.call(Lane::Log(chat.id), &request)?)
    }

    /// A member that came by a Welcome reads from the commit on that brought it in.
    fn first_range(&mut self, chat: &Chat) -> Result<(), Mishap> {
        let request = wire::ReadRangeRequest {
            conversation_id: chat.id.to_wire(),
            from_seq: chat.joined_by.max(1),
            direction: Direction::Forward.into(),
            limit: 500,
            handshakes_only: false,
        };
        Ok(self.call(Lane::Log(chat.id), &request)?)
    }

    /// What a stranger says is not told (docs/PROTOCOL.md, 13.7). A request that was there before its first words is looked at again, a few
    /// times.
    fn listen_for_greeting(&mut self, chat: &Chat) -> Result<(), Mishap> {
        let looks = self.memory.looks.get(&chat.id).copied().unwrap_or_default();
        let lane = Lane::History(chat.id);
        if looks >= LOOKS_MAX || self.is_busy(lane)? || history::has_items(self.db, chat.number)? {
            return Ok(());
        }
        self.memory.looks.insert(chat.id, looks + 1);
        let request = wire::ReadRangeRequest {
            conversation_id: chat.id.to_wire(),
            from_seq: chat.high_seq() + 1,
            direction: Direction::Forward.into(),
            limit: HISTORY_PAGE,
            handshakes_only: false,
        };
        self.call(lane, &request)?;
        if let Some((ticket, _)) = self.kept_in(lane)? {
            self.memory.traffic.postpone(ticket, FIRST_LOOK_MS << (2 * looks), self.moment);
        }
        Ok(())
    }

    fn ask_for_history(&mut self, chat: &Chat) -> Result<(), Mishap> {
        let Some(window) = chat.window else { return Ok(()) };
        if !chat.wants_history || window.low.seq() < chat.server_first_seq {
            return Ok(());
        }
        let request = wire::ReadRangeRequest {
            conversation_id: chat.id.to_wire(),
            from_seq: window.low.seq(),
            direction: Direction::Backward.into(),
            limit: HISTORY_PAGE,
            handshakes_only: false,
        };
        Ok(self.call(Lane::History(chat.id), &request)?)
    }
}

const ROUNDS_MAX: usize = 10_000;
const HISTORY_PAGE: u32 = 100;
/// Greetings come within seconds, or when somebody finds words. The last look is two minutes after the one before.
const FIRST_LOOK_MS: u64 = 2_000;
const LOOKS_MAX: u32 = 4;
