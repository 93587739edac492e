//! Groups: beginning one, and who may do what there.

use serde::Serialize;
use sotto_client::engine::{Attempt, Change, Engine, EngineError, Moment, Stand};
use sotto_client::timeline::Standing;
use sotto_crypto::mls::governance::Role as WireRole;
use sotto_proto::wire::event::Content;
use sotto_proto::wire::{self, ConversationKind};
use sotto_proto::{AccountId, ConversationId, UserName};

use super::chats::{founded, now_ms};
use super::messages::say;
use crate::arguments::{Group, Role};
use crate::console::{Console, Shown};
use crate::failure::Failure;
use crate::finding;
use crate::objects::{self, ChatObject, Names, Person};
use crate::session::Session;
use crate::words::{Language, Message};

pub(super) async fn run(session: &Session, group: Group, console: &mut Console) -> Result<(), Failure> {
    session.catch_up(console).await?;
    match group {
        Group::Create { title, names } => create(session, title, &names, console).await,
        Group::Members { chat } => members(session, &chat, console).await,
        Group::Add { chat, names } => {
            let chat = find(session, &chat, console).await?;
            for name in &names {
                add(session, chat, &finding::user(name)?).await?;
            }
            console.say(&Message::Done)
        }
        Group::Remove { chat, names } => {
            let chat = find(session, &chat, console).await?;
            for name in &names {
                remove(session, chat, name).await?;
            }
            console.say(&Message::Done)
        }
        Group::Role { chat, name, role } => {
            let chat = find(session, &chat, console).await?;
            set_role(session, chat, &name, role).await?;
            console.say(&Message::Done)
        }
        Group::Rename { chat, title } => {
            let chat = find(session, &chat, console).await?;
            let description = session.look(move |engine| description(engine, chat)).await?;
            let title = wire::Title { title, description, again: false };
            say(session, chat, Content::Title(title), false, console).await
        }
        Group::Leave { chat } => {
            let chat = find(session, &chat, console).await?;
            leave(session, chat).await?;
            console.say(&Message::Done)
        }
    }
}

async fn find(session: &Session, named: &str, console: &Console) -> Result<ConversationId, Failure> {
    let chat = finding::chat(session, named, console.language).await?;
    if chat.kind == ConversationKind::Group { Ok(chat.id) } else { Err(Message::NoGroup.misused()) }
}

fn description(engine: &Engine, chat: ConversationId) -> Result<String, EngineError> {
    Ok(engine.scene(chat)?.title.description)
}

/// With those who are known it begins; the others are found by their names and added.
async fn create(session: &Session, title: String, names: &[String], console: &mut Console) -> Result<(), Failure> {
    let names = names.iter().map(|name| finding::user(name)).collect::<Result<Vec<_>, _>>()?;
    let wanted = names.clone();
    let known = session.look(move |engine| known(engine, &wanted)).await?;
    let accounts: Vec<AccountId> = known.iter().map(|(_, account)| *account).collect();
    let chat = session.with(move |engine, moment| engine.start_group(&title, &accounts, moment)).await?;
    founded(session, chat, &names.iter().map(UserName::as_str).collect::<Vec<_>>().join(", @")).await?;
    session.until(move |engine| engine.queued(chat).ok().filter(Vec::is_empty).map(|_| ())).await?;
    let strangers: Vec<_> = names.iter().filter(|name| known.iter().all(|(user, _)| user != *name)).collect();
    for name in &strangers {
        add(session, chat, name).await?;
    }
    let object =
        session.look(move |engine| engine.chat(chat)?.map(|chat| ChatObject::of(engine, &chat, now_ms())).transpose());
    let Some(object) = object.await? else { return Err(Message::NotYetOpen.failed()) };
    console.show(&object)
}

/// Those of the names with whom there is a chat of two.
fn known(engine: &Engine, names: &[UserName]) -> Result<Vec<(UserName, AccountId)>, EngineError> {
    let mut known = Vec::new();
    for other in engine.chats()?.iter().filter_map(|chat| chat.other) {
        let user = objects::user_name(engine, other)?;
        known.extend(names.iter().find(|name| name.as_str() == user).map(|name| (name.clone(), other)));
    }
    known.dedup();
    Ok(known)
}

pub(crate) async fn add(session: &Session, chat: ConversationId, name: &UserName) -> Result<(), Failure> {
    let (wanted, shown) = (name.clone(), name.as_str().to_owned());
    let is_there = move |engine: &mut Engine| member(engine, chat, wanted.as_str()).ok().flatten().map(|_| ());
    let invited = name.clone();
    let ask = move |engine: &mut Engine, moment: &mut Moment<'_>| engine.invite(chat, &invited, moment);
    session.carry_out(ask, is_there, |change| failed(change, chat, &shown)).await
}

async fn remove(session: &Session, chat: ConversationId, named: &str) -> Result<(), Failure> {
    let (name, account) = require_member(session, chat, named).await?;
    let is_gone = move |engine: &mut Engine| {
        let members = engine.members(chat).ok()?;
        members.iter().all(|member| member.account != account).then_some(())
    };
    let ask = move |engine: &mut Engine, moment: &mut Moment<'_>| engine.remove(chat, account, moment);
    session.carry_out(ask, is_gone, |change| failed(change, chat, &name)).await
}

async fn set_role(session: &Session, chat: ConversationId, named: &str, role: Role) -> Result<(), Failure> {
    let (name, account) = require_member(session, chat, named).await?;
    let (role, standing) = match role {
        Role::Member => (WireRole::Member, Standing::Member),
        Role::Admin => (WireRole::Admin, Standing::Admin),
        Role::Owner => (WireRole::Owner, Standing::Owner),
    };
    let is_so = move |engine: &mut Engine| {
        let members = engine.members(chat).ok()?;
        members.iter().any(|member| member.account == account && member.standing == standing).then_some(())
    };
    let ask = move |engine: &mut Engine, moment: &mut Moment<'_>| engine.set_role(chat, account, role, moment);
    session.carry_out(ask, is_so, |change| failed(change, chat, &name)).await
}

async fn leave(session: &Session, chat: ConversationId) -> Result<(), Failure> {
    let has_left = move |engine: &mut Engine| {
        let stand = engine.chat(chat).ok()?.map(|chat| chat.stand);
        (stand != Some(Stand::Member)).then_some(())
    };
    let ask = move |engine: &mut Engine, moment: &mut Moment<'_>| engine.leave(chat, moment);
    session.carry_out(ask, has_left, |change| failed(change, chat, "")).await
}

fn failed(change: &Change, chat: ConversationId, whom: &str) -> Option<Failure> {
    match change {
        Change::Failed { what: Attempt::Find, why } => Some(Failure::of(*why, whom)),
        Change::Failed { what: Attempt::Change(failed) | Attempt::Leave(failed), why } if *failed == chat => {
            Some(Failure::of(*why, whom))
        }
        _ => None,
    }
}

async fn require_member(session: &Session, chat: ConversationId, named: &str) -> Result<(String, AccountId), Failure> {
    let name = finding::user(named)?.as_str().to_owned();
    let wanted = name.clone();
    let account = session.look(move |engine| member(engine, chat, &wanted)).await?;
    match account {
        Some(account) => Ok((name, account)),
        None => Err(Message::NoSuchMember { name }.misused()),
    }
}

fn member(engine: &Engine, chat: ConversationId, user: &str) -> Result<Option<AccountId>, EngineError> {
    for member in engine.members(chat)? {
        if objects::user_name(engine, member.account)? == user {
            return Ok(Some(member.account));
        }
    }
    Ok(None)
}

/// A member of a group.
#[derive(Serialize)]
struct MemberObject {
    #[serde(flatten)]
    person: Person,
    role: &'static str,
    /// Up to where it has read.
    read_seq: u64,
    /// Up to where it has received.
    delivered_seq: u64,
    #[serde(skip)]
    standing: Standing,
}

impl Shown for MemberObject {
    fn in_words(&self, language: Language) -> String {
        let role = match self.standing {
            Standing::Member => Message::Member,
            Standing::Admin => Message::Admin,
            Standing::Owner => Message::Owner,
        };
        format!("{}  {}", self.person.in_words(language), role.say(language))
    }
}

async fn members(session: &Session, named: &str, console: &mut Console) -> Result<(), Failure> {
    let chat = finding::chat(session, named, console.language).await?.id;
    let members = session.look(move |engine| {
        let names = Names::of(engine, chat)?;
        let objects = engine.members(chat)?.into_iter().map(|member| {
            let role = match member.standing {
                Standing::Member => "member",
                Standing::Admin => "admin",
                Standing::Owner => "owner",
            };
            Ok(MemberObject {
                person: names.person(member.account)?,
                role,
                read_seq: member.reading.read_seq,
                delivered_seq: member.reading.delivered_seq,
                standing: member.standing,
            })
        });
        let mut objects = objects.collect::<Result<Vec<_>, EngineError>>()?;
        objects.sort_by(|one, other| (other.standing, &one.person.user).cmp(&(one.standing, &other.person.user)));
        Ok(objects)
    });
    members.await?.iter().try_for_each(|member| console.show(member))
}
