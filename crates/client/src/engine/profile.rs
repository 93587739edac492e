//! How a person wants to be seen: set once for the account, and told to a conversation before the next thing that is said there.

use prost::Message as _;
use rusqlite::params;
use sotto_proto::wire::Profile;
use sotto_proto::wire::event::Content;

use super::chat::Chat;
use super::settings::{Name, setting};
use super::step::{Mishap, Step};
use crate::history;

impl Step<'_, '_> {
    /// Whoever speaks has introduced themselves.
    pub(super) fn introduce(&mut self, chat: &Chat) -> Result<(), Mishap> {
        let profile: Profile = setting(self.db, self.account()?, &Name::Profile)?;
        let wanted = profile.encode_to_vec();
        let told: Vec<u8> = self
            .db
            .prepare_cached("SELECT introduced_as FROM chats WHERE conversation = ?1")?
            .query_row([chat.number], |row| row.get(0))?;
        if wanted.is_empty() || wanted == told {
            return Ok(());
        }
        self.db
            .prepare_cached("UPDATE chats SET introduced_as = ?2 WHERE conversation = ?1")?
            .execute(params![chat.number, wanted])?;
        let own = self.account()?.id;
        let scene = history::scene(self.db, chat.id)?;
        let known = scene.profiles.get(&own);
        if known.is_some_and(|known| known.name.as_str() == profile.display_name && known.about == profile.about) {
            return Ok(());
        }
        let body = self.event(Content::Profile(profile), "");
        self.enqueue_first(chat, &body)
    }
}
