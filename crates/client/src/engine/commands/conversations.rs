//! Conversations: beginning them, who is in them, and what may be done there.

use sotto_crypto::mls::governance::{Policy, Role};
use sotto_proto::wire::ConversationKind;
use sotto_proto::wire::event::Content;
use sotto_proto::{AccountId, ConversationId, DeviceId, ReportId, UserName, wire};

use crate::engine::intents::Intent;
use crate::engine::people::Search;
use crate::engine::requests::Lane;
use crate::engine::{Engine, EngineError, Moment};

impl Engine {
    /// Finds an account by its name and begins a chat with it, with a first message if there is one. [`Change::Started`] names the chat.
    pub fn start_direct(
        &mut self,
        name: &UserName,
        greeting: Option<Content>,
        moment: &mut Moment<'_>,
    ) -> Result<(), EngineError> {
        let greeting = greeting.map(|content| self.checked_event(content, "", moment)).transpose()?;
        self.signed_in_step(moment, |step| {
            step.search(name, Search::Direct { greeting });
            Ok(())
        })
    }

    /// Begins a group with accounts that are known already, by chats or by [`Engine::invite`].
    pub fn start_group(
        &mut self,
        title: &str,
        members: &[AccountId],
        moment: &mut Moment<'_>,
    ) -> Result<ConversationId, EngineError> {
        let title = wire::Title { title: title.to_owned(), description: String::new(), again: false };
        let title = self.checked_event(Content::Title(title), "", moment)?;
        self.signed_in_step(moment, |step| {
            let chat = step.begin_founding(ConversationKind::Group, members)?;
            step.enqueue(&chat, &title)?;
            Ok(chat.id)
        })
    }

    /// Finds an account by its name and adds it to a group.
    pub fn invite(
        &mut self,
        chat: ConversationId,
        name: &UserName,
        moment: &mut Moment<'_>,
    ) -> Result<(), EngineError> {
        self.in_chat(chat, moment, |step, chat| {
            step.search(name, Search::Add(chat.id));
            Ok(())
        })
    }

    /// Adds accounts to a group.
    pub fn add(
        &mut self,
        chat: ConversationId,
        accounts: &[AccountId],
        moment: &mut Moment<'_>,
    ) -> Result<(), EngineError> {
        self.intend(chat, &Intent::add(accounts), moment)
    }

    /// Removes an account from a group.
    pub fn remove(
        &mut self,
        chat: ConversationId,
        account: AccountId,
        moment: &mut Moment<'_>,
    ) -> Result<(), EngineError> {
        self.intend(chat, &Intent::remove(account), moment)
    }

    /// Gives an account a role.
    pub fn set_role(
        &mut self,
        chat: ConversationId,
        account: AccountId,
        role: Role,
        moment: &mut Moment<'_>,
    ) -> Result<(), EngineError> {
        self.intend(chat, &Intent::role(account, role), moment)
    }

    /// Changes the rules of a group.
    pub fn set_policy(
        &mut self,
        chat: ConversationId,
        policy: Policy,
        moment: &mut Moment<'_>,
    ) -> Result<(), EngineError> {
        self.intend(chat, &Intent::policy(policy), moment)
    }

    /// Takes another device of the own account out of a conversation.
    pub fn remove_own_device(
        &mut self,
        chat: ConversationId,
        device: DeviceId,
        moment: &mut Moment<'_>,
    ) -> Result<(), EngineError> {
        self.intend(chat, &Intent::remove_device(device), moment)
    }

    /// Leaves a conversation.
    pub fn leave(&mut self, chat: ConversationId, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.intend(chat, &Intent::leave(), moment)
    }

    fn intend(&mut self, chat: ConversationId, intent: &Intent, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.in_chat(chat, moment, |step, chat| Ok(step.intend(chat, intent)?))
    }

    /// Accepts a request of a stranger.
    pub fn accept(&mut self, chat: ConversationId, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.in_chat(chat, moment, |step, chat| {
            let request = wire::AcceptRequestRequest { conversation_id: chat.id.to_wire() };
            Ok(step.call(Lane::Standing(chat.id), &request)?)
        })
    }

    /// Declines a request of a stranger, and blocks the account as well if wanted.
    pub fn decline(&mut self, chat: ConversationId, block: bool, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.in_chat(chat, moment, |step, chat| {
            let request = wire::DeclineRequestRequest { conversation_id: chat.id.to_wire(), block };
            Ok(step.call(Lane::Standing(chat.id), &request)?)
        })
    }

    /// Blocks an account, or takes the block back: it can start nothing with this one, and what it still writes into a chat of the two
    /// is not shown. It is not told.
    pub fn set_blocked(
        &mut self,
        account: AccountId,
        blocked: bool,
        moment: &mut Moment<'_>,
    ) -> Result<(), EngineError> {
        self.signed_in_step(moment, |step| step.set_blocked(account, blocked))
    }

    /// Reports an account to the operator, with what the person chooses to show.
    pub fn report(&mut self, report: wire::ReportRequest, moment: &mut Moment<'_>) -> Result<(), EngineError> {
        self.signed_in_step(moment, |step| {
            let report_id = ReportId::from_bytes(step.moment.random()).to_wire();
            step.memory.traffic.call(&wire::ReportRequest { report_id, ..report });
            Ok(())
        })
    }
}
