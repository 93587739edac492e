//! Beginning a conversation.

use std::collections::BTreeMap;

use sotto_crypto::chain::ChainHead;
use sotto_crypto::mls::Suite;
use sotto_crypto::mls::governance::{FIRST_GENERATION, Governance, Kind, Policy, Role};
use sotto_crypto::mls::group::{Changes, Group};
use sotto_proto::wire::{ConversationKind, ErrorCode};
use sotto_proto::{AccountId, ConversationHead, ConversationId, wire};

use super::change::{Attempt, Change, Why};
use super::chat::{Chat, Membership, Window};
use super::intents::{Intent, welcomes_of};
use super::requests::{Failure, Lane};
use super::step::{Mishap, Step};
use crate::store::StoreError;

impl Step<'_, '_> {
    /// A conversation that is here at once, and on the server when it can be reached.
    pub(super) fn begin_founding(&mut self, kind: ConversationKind, others: &[AccountId]) -> Result<Chat, Mishap> {
        let id = ConversationId::from_bytes(self.moment.random());
        let number = crate::history::number_of(self.db, id)?;
        let mut chat = Chat::new(number, id, kind, Membership::Founding);
        chat.server_at_ms = self.memory.clock.now_ms(self.moment);
        chat.save(self.db)?;
        self.intend(&chat, &Intent::found(others))?;
        self.tell(Change::Chats);
        Ok(chat)
    }

    /// First, the key packages of everybody's devices, the own other ones among them.
    pub(super) fn found_next(&mut self, chat: &Chat) -> Result<(), Mishap> {
        let Some((_, intent)) = self.first_intent(chat)? else { return Ok(()) };
        let own = self.account()?.id;
        let everybody: Vec<_> = intent.accounts().chain([own]).collect();
        Ok(self.claim(chat, &everybody, Suite::PostQuantum.number())?)
    }

    /// Then the group with everybody in it.
    pub(super) fn found_claimed(
        &mut self,
        chat: &mut Chat,
        reply: wire::ClaimKeyPackagesResponse,
    ) -> Result<(), Mishap> {
        let Some((_, intent)) = self.first_intent(chat)? else { return Ok(()) };
        let others: Vec<_> = intent.accounts().collect();
        let packages = match self.checked(reply)? {
            Ok(packages) => packages,
            Err(why) => return self.give_up_founding(chat, why),
        };
        let reached = |account: &AccountId| packages.iter().any(|package| package.leaf().account == *account);
        if !others.iter().all(reached) {
            return self.give_up_founding(chat, Why::NobodyThere);
        }
        let governance = self.agreement(chat, &others)?;
        let now = self.now();
        let participant = self.account()?.participant(now)?;
        let mut group = Group::found(&participant, &governance, now, &mut self.moment.rng)?;
        let (group_info, ratchet_tree) = (group.group_info()?.into(), group.tree()?.into());
        let mut request = wire::CreateConversationRequest {
            conversation_id: chat.id.to_wire(),
            kind: chat.kind.into(),
            group_info,
            ratchet_tree,
            ..Default::default()
        };
        if !packages.is_empty() {
            let changes = packages.into_iter().fold(Changes::new(), Changes::add_device);
            let Ok(pending) = group.commit(changes, now, &mut self.moment.rng) else {
                return self.give_up_founding(chat, Why::NotAllowed);
            };
            request.welcomes = welcomes_of(&pending)?;
            request.commit = pending.commit.into();
        }
        self.keep_epoch(chat, &group)?;
        self.put_group(chat, group)?;
        Ok(self.call(Lane::Log(chat.id), &request)?)
    }

    fn agreement(&self, chat: &Chat, others: &[AccountId]) -> Result<Governance, Mishap> {
        let account = self.account()?;
        let kind = match chat.kind {
            ConversationKind::Direct => Kind::Direct,
            ConversationKind::Saved => Kind::Saved,
            ConversationKind::Group | ConversationKind::Unspecified => Kind::Group,
        };
        let owners = if kind == Kind::Direct { others } else { &[] };
        let roles: BTreeMap<_, _> =
            owners.iter().copied().chain([account.id]).map(|owner| (owner, Role::Owner)).collect();
        Ok(Governance {
            conversation: chat.id,
            generation: FIRST_GENERATION,
            kind,
            suite: Suite::PostQuantum,
            server_key: account.server_key,
            policy: Policy::default_for(kind),
            roles,
        })
    }

    pub(super) fn founded(&mut self, chat: &mut Chat, reply: wire::CreateConversationResponse) -> Result<(), Mishap> {
        let head = ConversationHead::try_from(reply.head.ok_or(Mishap::Bad("head"))?)?;
        if let Some((number, _)) = self.first_intent(chat)? {
            self.drop_intent(number)?;
        }
        chat.take_head(&head);
        chat.membership = Membership::Member;
        let start = ChainHead::start(chat.id);
        chat.window = Some(Window { low: start, high: start });
        self.keep_head(chat, start)?;
        self.tell(Change::Chats);
        Ok(())
    }

    /// The server did not take it. A chat that exists already, because the other side or another device was first, takes over what was
    /// written here.
    pub(super) fn founding_refused(&mut self, chat: &mut Chat, failure: &Failure) -> Result<(), Mishap> {
        let Failure::Refused(detail) = failure else { return Ok(()) };
        let code = ErrorCode::of(detail);
        if code != ErrorCode::ConversationExists {
            return self.give_up_founding(chat, Why::Refused(code));
        }
        let id = ConversationId::parse("conversation_id", &detail.conversation_id)?;
        let existing = self.chat_or_new(id, chat.kind)?;
        existing.save(self.db)?;
        self.db
            .prepare_cached("UPDATE outbox SET conversation = ?2 WHERE conversation = ?1")?
            .execute([chat.number, existing.number])?;
        self.erase(chat)?;
        self.update(|account| account.wants.add(super::account::Wants::SYNC))?;
        self.tell(Change::Started(id));
        self.revisit(id);
        Ok(())
    }

    fn give_up_founding(&mut self, chat: &mut Chat, why: Why) -> Result<(), Mishap> {
        self.fail(Attempt::Start(chat.id), why);
        Ok(self.erase(chat)?)
    }

    /// Takes away a conversation that never came to be.
    fn erase(&mut self, chat: &mut Chat) -> Result<(), StoreError> {
        self.memory.groups.remove(&chat.id);
        for table in ["outbox", "intents", "epochs", "heads", "groups", "chats"] {
            self.db.execute(&format!("DELETE FROM {table} WHERE conversation = ?1"), [chat.number])?;
        }
        chat.membership = Membership::Former;
        self.tell(Change::Chats);
        Ok(())
    }
}
