//! What is said in conversations, how far it was read, and what a person keeps beside it.

use sotto_proto::wire::Typing;
use sotto_proto::wire::event::Content as Said;
use sotto_proto::wire::signal::Content;
use sotto_proto::{AccountId, ConversationId, EventId};

use crate::engine::chat::Chat;
use crate::engine::settings::DRAFT_MAX;
use crate::engine::{Change, Engine, EngineError, Moment, Preferences};

impl Engine {
    /// Says something. It cannot be lost from the moment on in which this returns.
    pub fn send(
        &mut self,
        chat: ConversationId,
        content: Said,
        moment: &mut Moment<'_>,
    ) -> Result<EventId, EngineError> {
        self.send_with(chat, content, "", moment)
    }

    /// Says something that older programs may not know, with a line that they show in its place.
    pub fn send_with(
        &mut self,
        chat: ConversationId,
        content: Said,
        fallback: &str,
        moment: &mut Moment<'_>,
    ) -> Result<EventId, EngineError> {
        let body = self.checked_event(content, fallback, moment)?;
        self.in_chat(chat, moment, |step, chat| step.enqueue(chat, &body))
    }

    /// Says something under an id that was drawn before. Whoever does not know whether it was taken asks again, and it is said once.
    pub fn send_as(
        &mut self,
        id: EventId,
        chat: ConversationId,
        content: Said,
        moment: &mut Moment<'_>,
    ) -> Result<(), EngineError> {
        let body = self.checked_event(content, "", moment)?;
        self.in_chat(chat, moment, |step, chat| step.enqueue_once(chat, id, &body))
    }

    /// Takes back a message that was not sent yet. False if the server may have it already.
    pub fn unsend(&mut self, event: EventId, moment: &mut Moment<'_>) -> Result<bool, EngineError> {
        self.step(moment, |step| step.take_back(event))
    }

    /// Everything up to a place of the log was seen.
    pub fn mark_read(&mut self, chat: ConversationId, seq: u64, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.in_chat(chat, moment, |step, chat| {
            if seq > chat.read_seq {
                chat.read_seq = seq.min(chat.high_seq());
                step.tell(Change::Chats);
            }
            Ok(())
        })
    }

    /// Keeps what was begun to be written, on all devices of the account: called when the person pauses.
    pub fn keep_draft(
        &mut self,
        chat: ConversationId,
        draft: &str,
        moment: &mut Moment<'_>,
    ) -> Result<(), EngineError> {
        if draft.len() > DRAFT_MAX {
            return Err(EngineError::TooLong { max: DRAFT_MAX, actual: draft.len() });
        }
        let draft = draft.to_owned();
        self.signed_in_step(moment, |step| step.change_setting_of(chat, |kept| kept.draft = draft))
    }

    /// Sets what holds for a conversation on all devices of the account.
    pub fn set_preferences(
        &mut self,
        chat: ConversationId,
        wanted: &Preferences,
        moment: &mut Moment<'_>,
    ) -> Result<(), EngineError> {
        if wanted.is_too_large() {
            return Err(EngineError::Unusable("so many or so long names of folders"));
        }
        let wanted = wanted.clone();
        self.signed_in_step(moment, |step| step.change_setting_of(chat, |kept| kept.preferences = wanted))
    }

    /// Tells those who are there that the person is writing, or has stopped.
    pub fn typing(&mut self, chat: ConversationId, stopped: bool, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.in_chat(chat, moment, |step, chat| step.signal(chat, Content::Typing(Typing { stopped })))
    }

    /// Tells those with whom the person talks alone that it is there: once a minute while it is, and when it goes.
    pub fn appear(&mut self, online: bool, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.signed_in_step(moment, |step| step.appear(online))
    }

    /// Whether somebody has said lately that they are there.
    pub fn is_there(&self, account: AccountId, now_ms: u64) -> bool {
        self.memory.presence.get(&account).is_some_and(|until_ms| now_ms < *until_ms)
    }

    /// Asks for what lies before the stretch of the log that is here. [`Change::Timeline`] tells when it came.
    pub fn want_history(&mut self, chat: ConversationId, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.in_chat(chat, moment, |_, chat| {
            chat.wants_history = true;
            Ok(())
        })
    }

    /// Whether there is more of a conversation on the server than is here.
    pub fn has_more_history(&self, chat: ConversationId) -> Result<bool, EngineError> {
        let chat = Chat::load(self.store.connection(), chat)?;
        Ok(chat.is_some_and(|chat| chat.window.is_some_and(|window| window.low.seq() >= chat.server_first_seq)))
    }
}
