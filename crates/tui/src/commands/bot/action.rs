//! What a program wants to be done.

use std::path::PathBuf;

use serde::Deserialize;

use crate::arguments::{ChatNamed, Command, Download, Edit, Forward, MessageOf, React, Send};
use crate::commands::run_in;
use crate::console::Console;
use crate::failure::Failure;
use crate::objects::MessageObject;
use crate::session::Session;
use crate::words::Message;

/// Does what a program answers to a message, one action a line. What goes wrong is told and ends nothing.
pub(super) async fn act_on(session: &Session, said: &str, message: &MessageObject, console: &mut Console) {
    for line in said.lines().filter(|line| !line.trim().is_empty()) {
        if let Err(failure) = act(session, line, message, console).await {
            console.fail(&failure);
        }
    }
}

async fn act(session: &Session, line: &str, message: &MessageObject, console: &mut Console) -> Result<(), Failure> {
    let action = serde_json::from_str::<Action>(line).ok().and_then(|action| action.into_command(Some(message)));
    let Some(command) = action else { return Err(Message::NoAction { line: crate::safe::line(line) }.misused()) };
    run_in(session, command, console).await
}

/// Something to do. A chat or a message that is not named is the one that is answered.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Action {
    /// Says something.
    Send {
        chat: Option<String>,
        #[serde(default)]
        text: String,
        reply: Option<String>,
        /// Paths of this machine.
        #[serde(default)]
        files: Vec<PathBuf>,
    },
    /// Says something in answer to a message.
    Reply {
        chat: Option<String>,
        message: Option<String>,
        #[serde(default)]
        text: String,
        #[serde(default)]
        files: Vec<PathBuf>,
    },
    /// Says in another chat what a message says.
    Forward { chat: Option<String>, message: Option<String>, to: String },
    /// Fetches the files of a message.
    Download { chat: Option<String>, message: Option<String>, to: PathBuf },
    /// Adds a reaction, or takes it back.
    React {
        chat: Option<String>,
        message: Option<String>,
        emoji: String,
        #[serde(default)]
        remove: bool,
    },
    /// Changes what an own message says.
    Edit { chat: Option<String>, message: Option<String>, text: String },
    /// Takes a message back.
    Delete { chat: Option<String>, message: Option<String> },
    /// Counts everything in a chat as read.
    Read { chat: Option<String> },
}

impl Action {
    /// The command that does it. None if it says too little.
    pub(super) fn into_command(self, answered: Option<&MessageObject>) -> Option<Command> {
        let in_chat = |chat: Option<String>| chat.or_else(|| answered.map(|message| message.chat.clone()));
        let to = |chat: Option<String>, message: Option<String>| {
            let message = message.or_else(|| answered.map(|message| message.id.clone()))?;
            Some(MessageOf { chat: in_chat(chat)?, message, no_wait: false })
        };
        let mut command = match self {
            Self::Send { chat, text, reply, files } => {
                Command::Send(Send { chat: in_chat(chat)?, text: Some(text), files, reply, no_wait: false })
            }
            Self::Reply { chat, message, text, files } => {
                let MessageOf { chat, message, no_wait } = to(chat, message)?;
                Command::Send(Send { chat, text: Some(text), files, reply: Some(message), no_wait })
            }
            Self::Forward { chat, message, to: other } => {
                let MessageOf { chat, message, no_wait } = to(chat, message)?;
                Command::Forward(Forward { chat, message, to: vec![other], no_wait })
            }
            Self::Download { chat, message, to: path } => {
                let MessageOf { chat, message, .. } = to(chat, message)?;
                Command::Download(Download { chat, message, to: Some(path), file: None })
            }
            Self::React { chat, message, emoji, remove } => {
                Command::React(React { to: to(chat, message)?, emoji, remove })
            }
            Self::Edit { chat, message, text } => Command::Edit(Edit { of: to(chat, message)?, text }),
            Self::Delete { chat, message } => Command::Delete(to(chat, message)?),
            Self::Read { chat } => Command::Read(ChatNamed { chat: in_chat(chat)? }),
        };
        command.settle_paths().ok()?;
        Some(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(json: &str) -> Option<&'static str> {
        let action: Action = serde_json::from_str(json).unwrap();
        action.into_command(None).map(|command| command.name())
    }

    #[test]
    fn an_action_names_what_it_is_about_unless_it_answers() {
        assert_eq!(command(r#"{"action":"send","chat":"@bob","text":"hi"}"#), Some("send"));
        assert_eq!(command(r#"{"action":"react","chat":"@bob","message":"3","emoji":"👍"}"#), Some("react"));
        assert_eq!(command(r#"{"action":"send","text":"hi"}"#), None);
        assert_eq!(command(r#"{"action":"delete","chat":"@bob"}"#), None);
    }

    #[test]
    fn what_is_not_known_is_no_action() {
        for json in [r#"{"action":"logout"}"#, r#"{"action":"send","text":"hi","to":"@bob"}"#, "[]", "{}"] {
            assert!(serde_json::from_str::<Action>(json).is_err(), "{json}");
        }
    }
}
