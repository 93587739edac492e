//! Stretches of a log that were asked for, and what they say about where it begins and ends.

use sotto_crypto::chain::ChainHead;
use sotto_proto::wire::Direction;
use sotto_proto::{ConversationHead, LogEntry, wire};

use super::chat::{Chat, Membership, Window};
use super::step::{Mishap, Step};

impl Step<'_, '_> {
    pub(super) fn range_came(
        &mut self,
        chat: &mut Chat,
        asked: &wire::ReadRangeRequest,
        reply: wire::ReadRangeResponse,
    ) -> Result<(), Mishap> {
        let known = chat.server_seq;
        let told = reply.head.as_ref().map_or(known, |head| head.last_seq);
        self.take_range(chat, asked, reply, told)?;
        let is_newest = asked.direction() == Direction::Forward && !asked.handshakes_only;
        if is_newest && chat.membership == Membership::Member && chat.trouble.is_none() {
            self.doubt(chat, known, told);
        }
        Ok(())
    }

    /// A reply may be older than what has been told since. It is asked for once more; who says the same then, has said it.
    fn doubt(&mut self, chat: &mut Chat, known: u64, told: u64) {
        if told >= known {
            self.memory.doubted.remove(&chat.id);
        } else if self.memory.doubted.insert(chat.id) {
            chat.server_seq = chat.server_seq.max(known);
        }
    }

    fn take_range(
        &mut self,
        chat: &mut Chat,
        asked: &wire::ReadRangeRequest,
        reply: wire::ReadRangeResponse,
        told: u64,
    ) -> Result<(), Mishap> {
        if let Some(head) = reply.head {
            let head = ConversationHead::try_from(head)?;
            chat.take_head(&head);
            if asked.direction() == Direction::Forward && !asked.handshakes_only && chat.window.is_some() {
                chat.compare_with_asked(&head, asked.from_seq - 1);
            }
        }
        let mut entries = Vec::with_capacity(reply.entries.len());
        for entry in reply.entries {
            entries.push(LogEntry::try_from(entry)?);
        }
        if asked.handshakes_only && chat.membership == Membership::Member {
            return self.skip_expired(chat, &entries, reply.more);
        }
        if asked.handshakes_only {
            return self.fast_forward(chat, &entries, reply.more);
        }
        if asked.direction() == Direction::Backward {
            entries.reverse();
        }
        let Some(first) = entries.first() else {
            // Nothing can be read there, and so there is nothing to wait for.
            (chat.server_seq, chat.wants_history) = (chat.high_seq(), false);
            return Ok(());
        };
        let before = reply.chain_before[..].try_into().map_err(|_| Mishap::Bad("chain_before"))?;
        let before = ChainHead::from_parts(first.seq.get() - 1, before);
        if chat.window.is_none() && chat.joined_by > 0 && before.seq() > chat.joined_by {
            return self.begin_beyond(chat);
        }
        if chat.window.is_none() {
            chat.window = Some(Window { low: before, high: before });
            self.keep_head(chat, before)?;
            self.read_on(chat, &entries)?;
            if asked.direction() == Direction::Backward && chat.server_seq > chat.high_seq() {
                chat.server_seq = chat.high_seq();
            }
            return Ok(());
        }
        if asked.direction() == Direction::Backward {
            chat.wants_history = false;
            return self.read_back(chat, &entries, before);
        }
        if before.seq() > chat.high_seq() && chat.server_first_seq > chat.high_seq() + 1 {
            return self.begin_beyond(chat);
        }
        if !self.read_on(chat, &entries)? && told > chat.high_seq() {
            // Entries that end where the known ones end, or begin beyond: the log is not what the head says.
            return Err(Mishap::Bad("a range with holes"));
        }
        Ok(())
    }

    /// The log begins beyond what follows: between two stays in a group there is nothing to read, and nothing but handshakes where events
    /// have expired.
    fn begin_beyond(&mut self, chat: &mut Chat) -> Result<(), Mishap> {
        if self.was_added_again(chat)? {
            chat.begin_again();
        } else if chat.membership == Membership::Member {
            self.ask_for_handshakes(chat)?;
        } else {
            chat.server_seq = chat.high_seq();
        }
        Ok(())
    }
}
