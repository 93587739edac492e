//! Programs that answer.

mod action;
mod exec;
mod http;

use sotto_client::engine::Stand;
use sotto_proto::ConversationId;

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
    let serving = match bot.http {
        Some(address) => {
            let (listener, token) = http::bind(session, address, console).await?;
            Some(tokio::spawn(http::serve(listener, session.clone(), token)))
        }
        None => None,
    };
    let answered = answer(session, &bot, console).await;
    if let Some(serving) = serving {
        serving.abort();
    }
    answered
}

async fn answer(session: &Session, bot: &Bot, console: &mut Console) -> Result<(), Failure> {
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
        for message in arrivals.next(session, only).await? {
            if let Some(program) = bot.exec.as_ref().filter(|_| !message.own) {
                exec::answer(session, program, &bot.arguments, &message, console).await;
                mark_read(session, &message).await?;
                left -= 1;
                if left == 0 {
                    return session.in_time(session.at_rest()).await;
                }
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
