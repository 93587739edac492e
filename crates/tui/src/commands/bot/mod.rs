//! Programs that answer.

mod action;
mod exec;
mod http;
mod webhook;

use sotto_client::engine::Stand;
use sotto_proto::ConversationId;

use webhook::Webhook;

use super::listen::{Arrivals, Seen};
use crate::arguments::Bot;
use crate::console::Console;
use crate::failure::Failure;
use crate::finding;
use crate::objects::MessageObject;
use crate::session::Session;

/// Answers until somebody ends it. What was answered is marked as read, so that the next run goes on after it.
pub(super) async fn run(session: &Session, bot: Bot, console: &mut Console) -> Result<(), Failure> {
    session.require_account().await?;
    let target = bot.webhook.as_deref().map(webhook::target).transpose()?;
    let (mut serving, mut hook) = (None, None);
    if let Some(address) = bot.http {
        let (listener, token) = http::bind(session, address, console).await?;
        hook = target.map(|target| Webhook::new(target, token.clone()));
        serving = Some(tokio::spawn(http::serve(listener, session.clone(), token)));
    }
    let answered = answer(session, &bot, hook.as_ref(), console).await;
    if let Some(serving) = serving {
        serving.abort();
    }
    answered
}

async fn answer(session: &Session, bot: &Bot, hook: Option<&Webhook>, console: &mut Console) -> Result<(), Failure> {
    let only = match &bot.chat {
        Some(named) => Some(finding::chat(session, named, console.language).await?.id),
        None => None,
    };
    let mut arrivals = Arrivals::begin(session, Seen::read).await?;
    let mut left = bot.count.unwrap_or(u64::MAX);
    loop {
        if bot.accept {
            accept_all(session).await?;
        }
        let messages = arrivals.next(session, only).await?;
        if bot.accept {
            // What has arrived may be a request that was not there a moment ago.
            accept_all(session).await?;
        }
        for message in messages {
            if message.own || (bot.exec.is_none() && hook.is_none()) {
                continue;
            }
            if let Some(program) = &bot.exec {
                exec::answer(session, program, &bot.arguments, &message, console).await;
            }
            if let Some(hook) = hook {
                hook.tell(session, &message, console).await;
            }
            mark_read(session, &message).await?;
            left -= 1;
            if left == 0 {
                return session.in_time(session.at_rest()).await;
            }
        }
    }
}

async fn accept_all(session: &Session) -> Result<(), Failure> {
    let asked = session.look(|engine| {
        let asked = engine.chats()?.into_iter().filter(|chat| chat.stand == Stand::Requested && chat.ready);
        Ok(asked.map(|chat| chat.id).collect::<Vec<_>>())
    });
    for chat in asked.await? {
        session.with(move |engine, moment| engine.accept(chat, moment)).await?;
    }
    Ok(())
}

async fn mark_read(session: &Session, message: &MessageObject) -> Result<(), Failure> {
    let (Ok(chat), seq) = (message.chat.parse::<ConversationId>(), message.seq) else { return Ok(()) };
    session.with(move |engine, moment| engine.mark_read(chat, seq, moment)).await
}
