//! What is said in conversations, how far it was read, and what a person keeps beside it.

use sotto_proto::wire::event::Content;
use sotto_proto::{ConversationId, EventId};

use crate::engine::chat::Chat;
use crate::engine::{Change, Engine, EngineError, Moment, Preferences};

impl Engine {
    /// Says something. It cannot be lost from the moment on in which this returns.
    pub fn send(
        &mut self,
        chat: ConversationId,
        content: Content,
        moment: &mut Moment<'_>,
    ) -> Result<EventId, EngineError> {
        self.send_with(chat, content, "", moment)
    }

    /// Says something that older programs may not know, with a line that they show in its place.
    pub fn send_with(
        &mut self,
        chat: ConversationId,
        content: Content,
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
        content: Content,
        moment: &mut Moment<'_>,
    ) -> Result<(), EngineError> {
        let body = self.checked_event(content, "", moment)?;
        self.in_chat(chat, moment, |step, chat| step.enqueue_once(chat, id, &body))
    }

    /// Takes back a message that was not sent yet. False if the server may have it already.
    pub fn unsend(&mut self, event: EventId, moment: &mut Moment<'_>) -> Result<bool, EngineError> {
        self.step(moment, |step| Ok(step.take_back(event)?))
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

    /// Keeps what was begun to be written.
    pub fn keep_draft(
        &mut self,
        chat: ConversationId,
        draft: &str,
        moment: &mut Moment<'_>,
    ) -> Result<(), EngineError> {
        self.in_chat(chat, moment, |_, chat| {
            draft.clone_into(&mut chat.draft);
            Ok(())
        })
    }

    /// Sets what holds for a conversation on all devices of the account.
    pub fn set_preferences(
        &mut self,
        chat: ConversationId,
        wanted: &Preferences,
        moment: &mut Moment<'_>,
    ) -> Result<(), EngineError> {
        self.in_chat(chat, moment, |step, chat| step.set_preferences(chat.id, wanted))
    }

    /// Tells those who are there that the person is writing, or has stopped.
    pub fn typing(&mut self, chat: ConversationId, stopped: bool, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.in_chat(chat, moment, |step, chat| step.signal_typing(chat, stopped))
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
