//! The list of conversations. What its rows need is read for all of them at once, since asking for each takes ten questions a row.

use std::collections::BTreeMap;

use prost::Message as _;
use sotto_proto::wire::ConversationKind;
use sotto_proto::{AccountId, ConversationId, ID_LEN, SlotId};

use super::chat::{Chat, Membership, Stand};
use super::epochs::Roster;
use super::people::{Contact, contact, contacts};
use super::settings::{Name, OfChat, Preferences, of_chat};
use super::trouble::Trouble;
use super::verifying::{kept_key, undecided, undecided_member, verified_key};
use super::view::{profile_name, roster_at};
use super::{Engine, EngineError};
use crate::history::{self, Item, Unread};
use crate::store::StoreError;
use crate::timeline::Scene;

/// A conversation as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatView {
    /// Which.
    pub id: ConversationId,
    /// What it is.
    pub kind: ConversationKind,
    /// How the account stands to it.
    pub stand: Stand,
    /// Who asked, if it is a request.
    pub requested_by: Option<AccountId>,
    /// What it is called; for a chat of two the other's name.
    pub title: String,
    /// The other side of a chat of two.
    pub other: Option<AccountId>,
    /// The newest thing in it.
    pub last: Option<Item>,
    /// How its author is called, where that is not clear: in a group, for what others said.
    pub last_by: Option<String>,
    /// When something last happened, in milliseconds since 1970 of the server's time.
    pub at_ms: u64,
    /// What is left to read.
    pub unread: Unread,
    /// Whether the device can open it yet.
    pub ready: bool,
    /// What does not add up.
    pub trouble: Option<Trouble>,
    /// The verified member whose identity key has changed: nothing is sent before the person has decided.
    pub undecided: Option<AccountId>,
    /// Whether the person has verified the other side of a chat of two, and nothing has changed since.
    pub verified: bool,
    /// What was begun to be written.
    pub draft: String,
    /// What the person has set for it.
    pub preferences: Preferences,
}

impl Engine {
    /// All conversations, the last active first.
    pub fn chats(&self) -> Result<Vec<ChatView>, EngineError> {
        let chats = Chat::all(self.store.connection())?;
        let mut besides = self.besides(&chats)?;
        // What was given up before anything could be read is not shown; what a history file brought is.
        let is_shown =
            |chat: &&Chat| chat.membership != Membership::Former || chat.window.is_some() || chat.read_seq > 0;
        let shown = chats.iter().filter(is_shown);
        shown.map(|chat| self.chat_view(chat, besides.remove(&chat.number).unwrap_or_default())).collect()
    }

    /// One conversation.
    pub fn chat(&self, id: ConversationId) -> Result<Option<ChatView>, EngineError> {
        let Some(chat) = Chat::load(self.store.connection(), id)? else { return Ok(None) };
        let beside = self.beside(&chat)?;
        Ok(Some(self.chat_view(&chat, beside)?))
    }

    fn chat_view(&self, chat: &Chat, beside: Beside) -> Result<ChatView, EngineError> {
        let Beside { other, contact, scene, newest, speaker, undecided, verified_key, of_chat } = beside;
        let OfChat { preferences, draft } = of_chat;
        let verified = contact.as_ref().is_some_and(|contact| {
            contact.new_identity.is_none() && contact.identity.is_some() && contact.identity == verified_key
        });
        let hidden = other.filter(|_| contact.as_ref().is_some_and(|contact| contact.blocked));
        let unread = self.unread(chat, newest.as_ref(), hidden)?;
        let last = match hidden {
            Some(hidden) => self.store.page(chat.id, None, LAST_AMONG)?.into_iter().rfind(|item| item.author != hidden),
            None => newest,
        };
        let author = last.as_ref().map(|item| item.author).filter(|author| Some(*author) != self.own_account());
        let author = author.filter(|_| chat.kind == ConversationKind::Group);
        let last_by =
            author.and_then(|author| profile_name(&scene, author).or(speaker.map(|speaker| speaker.user_name)));
        let title = match other {
            Some(other) => profile_name(&scene, other).or(contact.map(|contact| contact.user_name)),
            None => scene.title.title.map(|title| title.as_str().to_owned()),
        };
        Ok(ChatView {
            id: chat.id,
            kind: chat.kind,
            stand: chat.stand,
            requested_by: chat.requested_by,
            title: title.unwrap_or_default(),
            other,
            last,
            last_by,
            at_ms: chat.server_at_ms,
            unread,
            ready: matches!(chat.membership, Membership::Member | Membership::Former) || chat.window.is_some(),
            trouble: chat.trouble,
            undecided,
            verified,
            draft,
            preferences,
        })
    }

    fn unread(&self, chat: &Chat, newest: Option<&Item>, hidden: Option<AccountId>) -> Result<Unread, StoreError> {
        let is_read = newest.is_none_or(|newest| newest.seq <= chat.read_seq);
        match self.own_account().filter(|_| !is_read && hidden.is_none()) {
            Some(own) => self.store.unread(chat.id, chat.read_seq, own),
            None => Ok(Unread::default()),
        }
    }

    fn beside(&self, chat: &Chat) -> Result<Beside, EngineError> {
        let (db, account) = (self.store.connection(), self.memory.account.as_ref());
        let other = self.other_side(chat)?;
        let both = account.zip(other);
        let newest = self.store.page(chat.id, None, 1)?.pop();
        Ok(Beside {
            other,
            verified_key: both.map(|(own, other)| verified_key(db, own, other)).transpose()?.flatten(),
            contact: other.map(|other| contact(db, other)).transpose()?.flatten(),
            scene: self.store.scene(chat.id)?,
            speaker: newest.as_ref().map(|item| contact(db, item.author)).transpose()?.flatten(),
            newest,
            undecided: account.map(|account| undecided_member(db, account, chat)).transpose()?.flatten(),
            of_chat: account.map(|account| of_chat(db, account, chat.id)).transpose()?.unwrap_or_default(),
        })
    }

    /// The same for all conversations, by their numbers.
    fn besides(&self, chats: &[Chat]) -> Result<BTreeMap<i64, Beside>, EngineError> {
        let (db, account) = (self.store.connection(), self.memory.account.as_ref());
        let (contacts, mut others) = (contacts(db)?, self.other_sides()?);
        let (mut scenes, mut newest, settings) = (history::scenes(db)?, history::newest(db)?, self.settings()?);
        let undecided = account.map(|account| undecided(db, account)).transpose()?.unwrap_or_default();
        let beside = |chat: &Chat| -> Result<(i64, Beside), EngineError> {
            let other = match chat.kind {
                ConversationKind::Direct => others.remove(&chat.number).unwrap_or(chat.requested_by),
                _ => None,
            };
            let setting = |name: Name| account.and_then(|account| settings.get(&name.slot(account)?));
            let of_chat = setting(Name::Chat(chat.id)).map(|body| OfChat::decode(body.as_slice()));
            let roster = if undecided.is_empty() { None } else { roster_at(db, chat)? };
            let newest = newest.remove(&chat.number);
            let beside = Beside {
                other,
                speaker: newest.as_ref().and_then(|item| contacts.get(&item.author)).cloned(),
                verified_key: other.and_then(|other| kept_key(setting(Name::Contact(other))?)),
                contact: other.and_then(|other| contacts.get(&other)).cloned(),
                scene: scenes.remove(&chat.number).unwrap_or_default(),
                newest,
                undecided: roster.and_then(|roster| undecided.iter().copied().find(|member| roster.has(*member))),
                of_chat: of_chat.and_then(Result::ok).unwrap_or_default(),
            };
            Ok((chat.number, beside))
        };
        chats.iter().map(beside).collect()
    }

    /// The other sides of all chats of two whose members are known.
    fn other_sides(&self) -> Result<BTreeMap<i64, Option<AccountId>>, StoreError> {
        self.store
            .connection()
            .prepare_cached(
                "SELECT conversation, body FROM chats CROSS JOIN rosters ON number = (
                   SELECT roster FROM epochs WHERE epochs.conversation = chats.conversation
                   ORDER BY generation DESC, epoch DESC LIMIT 1)
                 WHERE kind = ?1",
            )?
            .query_map([i32::from(ConversationKind::Direct)], |row| {
                let roster = Roster::decode(row.get_ref(1)?.as_blob()?).ok();
                Ok((row.get(0)?, roster.and_then(|roster| self.other_in(&roster))))
            })?
            .map(|row| Ok(row?))
            .collect()
    }

    fn settings(&self) -> Result<BTreeMap<SlotId, Vec<u8>>, StoreError> {
        self.store
            .connection()
            .prepare_cached("SELECT slot, body FROM settings")?
            .query_map([], |row| Ok((SlotId::from_bytes(row.get::<_, [u8; ID_LEN]>(0)?), row.get(1)?)))?
            .map(|row| Ok(row?))
            .collect()
    }
}

/// What a row shows that is not kept with the conversation itself.
#[derive(Default)]
struct Beside {
    other: Option<AccountId>,
    contact: Option<Contact>,
    scene: Scene,
    newest: Option<Item>,
    /// Who said that.
    speaker: Option<Contact>,
    undecided: Option<AccountId>,
    /// The identity key of the other side that the person has verified.
    verified_key: Option<[u8; 32]>,
    of_chat: OfChat,
}

/// How far back the last shown thing is looked for where one side is hidden.
const LAST_AMONG: u32 = 50;
