//! What the screen shows and remembers. No input, no output, no clock: [`super::update`] changes it, [`super::draw`] shows it.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use sotto_native_client::Reach;
use sotto_proto::{AccountId, ConversationId, EventId};

use super::editor::Editor;
use super::files::Attached;
use super::look::Window;
use super::places::Places;
use super::settings::Settings;
use super::timeline::{Laid, Setting};
use super::view::{Bubble, ChatRow, Device, Hit, Me, Piece, Proof, Room};
use crate::words::Message;

/// Everything that the screen knows.
#[derive(Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a thing of its own")]
pub(super) struct Model {
    pub(super) size: (u16, u16),
    pub(super) settings: Settings,
    pub(super) zone: TimeZone,
    pub(super) now_ms: u64,
    pub(super) me: Me,
    pub(super) reach: Reach,
    /// Whether the server was reached at all since the start.
    pub(super) was_there: bool,
    /// Whether somebody looks at the terminal, as far as it says.
    pub(super) is_looked_at: bool,
    /// All chats in the order of the list.
    pub(super) chats: Vec<ChatRow>,
    pub(super) are_chats_known: bool,
    /// Where the list's cursor is.
    pub(super) cursor: Option<ConversationId>,
    pub(super) shows_archive: bool,
    /// The chat that is open, and what of it was seen.
    pub(super) open: Option<ConversationId>,
    pub(super) room: Option<Room>,
    pub(super) laid: Laid,
    pub(super) spots: BTreeMap<ConversationId, Spot>,
    pub(super) focus: Focus,
    pub(super) overlay: Option<Overlay>,
    /// What was said last at the bottom of the screen.
    pub(super) notice: Option<Notice>,
    /// Whose name was asked for last.
    pub(super) asked_for: String,
    /// Who writes where, until when.
    pub(super) typing: BTreeMap<(ConversationId, AccountId), u64>,
    /// When the others were last told that one writes.
    pub(super) told_typing_ms: u64,
    /// When the draft is kept.
    pub(super) draft_due_ms: Option<u64>,
    /// When to say again that one is there.
    pub(super) appear_due_ms: u64,
    /// Whether the person leaves to sign in again.
    pub(super) signs_in: bool,
}

/// Which part takes the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Focus {
    Chats,
    Timeline,
    Composer,
}

/// Where one was in a chat, and what one was about to write.
#[derive(Clone, Debug, Default)]
pub(super) struct Spot {
    pub(super) window: Window,
    pub(super) scroll: Scroll,
    pub(super) selected: Option<EventId>,
    pub(super) editor: Editor,
    pub(super) mode: Mode,
    /// Files that go with what is written.
    pub(super) files: Vec<Attached>,
    /// The draft as the engine has it.
    pub(super) kept: String,
    /// The first message that was not read when the chat was opened.
    pub(super) unread_from: Option<EventId>,
    /// Up to where the engine was told that it was read.
    pub(super) read_seq: u64,
}

/// Which rows of the timeline are seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Scroll {
    /// The last ones.
    #[default]
    End,
    /// Beginning with a row of a message.
    Top { id: EventId, row: isize },
    /// A message is to be in the middle, once it is there.
    Around(EventId),
}

/// What Enter does in the composer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Mode {
    #[default]
    New,
    Reply(Box<Bubble>),
    /// Another version of an own message; the draft is put back after it.
    Edit(Box<Bubble>, Editor),
}

/// Something said at the bottom of the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) message: Message,
    pub(super) is_alarm: bool,
}

/// What lies over the screen and takes all keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Overlay {
    Help {
        scroll: u16,
    },
    Ask {
        question: Question,
        editor: Editor,
    },
    Sure {
        what: Deed,
    },
    React {
        bubble: Box<Bubble>,
        editor: Editor,
    },
    Search {
        editor: Editor,
        within: Option<ConversationId>,
        hits: Vec<Hit>,
        at: usize,
    },
    /// One of the chats, by a part of its name.
    Pick {
        what: Pick,
        editor: Editor,
        at: usize,
    },
    /// A path of this machine, with what there is that begins so.
    Path {
        what: PathFor,
        editor: Editor,
        options: Vec<String>,
        at: Option<usize>,
    },
    Members {
        at: usize,
    },
    Proof(Box<Proof>),
    Devices {
        devices: Option<Vec<Device>>,
        at: usize,
    },
    Settings {
        at: usize,
    },
}

/// What a chat is picked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pick {
    /// To go there.
    Open,
    /// To say a message there again.
    Forward(ConversationId, EventId),
}

/// What a path is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PathFor {
    /// A file that goes with the next message.
    Attach(ConversationId),
    /// The folder for so many files of a message.
    Save(ConversationId, EventId, usize),
}

/// What is asked for in one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// Whom to write to.
    Whom,
    /// What to call a new group.
    GroupTitle,
    /// Whom to add.
    Add(ConversationId),
    /// A new title.
    Rename(ConversationId),
    /// How one wants to be called.
    Name,
    DeviceName(sotto_proto::DeviceId),
}

/// Something that is not done before one says yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Delete(ConversationId, EventId, u64),
    Leave(ConversationId),
    Remove(ConversationId, AccountId),
    Block(ConversationId, AccountId),
}

impl Model {
    pub(super) fn new(size: (u16, u16), settings: Settings, zone: TimeZone) -> Self {
        Self {
            size,
            settings,
            zone,
            now_ms: 0,
            me: Me::default(),
            reach: Reach::Unknown,
            was_there: false,
            is_looked_at: true,
            chats: Vec::new(),
            are_chats_known: false,
            cursor: None,
            shows_archive: false,
            open: None,
            room: None,
            laid: Laid::default(),
            spots: BTreeMap::new(),
            focus: Focus::Chats,
            overlay: None,
            notice: None,
            asked_for: String::new(),
            typing: BTreeMap::new(),
            told_typing_ms: 0,
            draft_due_ms: None,
            appear_due_ms: 0,
            signs_in: false,
        }
    }

    pub(super) fn places(&self) -> Places {
        Places::of(self)
    }

    /// The chats that the list shows.
    pub(super) fn listed(&self) -> impl Iterator<Item = &ChatRow> {
        self.chats.iter().filter(|chat| chat.archived == self.shows_archive)
    }

    /// The first chat that the list shows, so that the cursor is among them.
    pub(super) fn list_offset(&self) -> usize {
        let (shown, all) = (self.places().chats_shown(), self.listed().count());
        let at = self.listed().position(|chat| Some(chat.id) == self.cursor).unwrap_or_default();
        at.saturating_sub(shown / 2).min(all.saturating_sub(shown))
    }

    pub(super) fn chat(&self, id: ConversationId) -> Option<&ChatRow> {
        self.chats.iter().find(|chat| chat.id == id)
    }

    pub(super) fn open_chat(&self) -> Option<&ChatRow> {
        self.chat(self.open?)
    }

    pub(super) fn spot(&self) -> Option<&Spot> {
        self.spots.get(&self.open?)
    }

    pub(super) fn spot_mut(&mut self) -> Option<&mut Spot> {
        self.spots.get_mut(&self.open?)
    }

    /// The room of the chat that is open, once it was seen.
    pub(super) fn open_room(&self) -> Option<&Room> {
        self.room.as_ref().filter(|room| Some(room.chat) == self.open)
    }

    pub(super) fn bubbles(&self) -> impl DoubleEndedIterator<Item = &Bubble> {
        let pieces = self.open_room().map(|room| room.pieces.as_slice()).unwrap_or_default();
        pieces.iter().filter_map(|piece| match piece {
            Piece::Bubble(bubble) => Some(bubble),
            Piece::Line { .. } => None,
        })
    }

    pub(super) fn selected(&self) -> Option<&Bubble> {
        let id = self.spot()?.selected?;
        self.bubbles().find(|bubble| bubble.id == id)
    }

    /// Who writes in the chat that is open.
    pub(super) fn writers(&self) -> Vec<&str> {
        let Some(room) = self.open_room() else { return Vec::new() };
        let writes = |account| self.typing.get(&(room.chat, account)).is_some_and(|until| *until > self.now_ms);
        let writers = room.members.iter().filter(|member| !member.own && writes(member.account));
        writers.map(|member| member.name.as_str()).collect()
    }

    /// Lays the timeline out anew, after the room, the width or the language changed.
    pub(super) fn lay_out(&mut self) {
        let laid = self.open_room().map(|room| {
            let setting = Setting {
                width: usize::from(self.places().timeline.width),
                unread_from: self.spot().and_then(|spot| spot.unread_from),
                language: self.settings.language,
                zone: &self.zone,
                now_ms: self.now_ms,
            };
            Laid::of(room, &setting)
        });
        self.laid = laid.unwrap_or_default();
    }

    /// The first row of the timeline that is seen.
    pub(super) fn top_row(&self) -> usize {
        let height = usize::from(self.places().timeline.height);
        let last = self.laid.rows.len().saturating_sub(height);
        let start_of = |id| self.laid.rows_of(id).map(|rows| rows.start);
        let top = match self.spot().map(|spot| spot.scroll).unwrap_or_default() {
            Scroll::End => None,
            Scroll::Top { id, row } => start_of(id).map(|start| start.saturating_add_signed(row)),
            Scroll::Around(id) => start_of(id).map(|start| start.saturating_sub(height / 3)),
        };
        top.unwrap_or(last).min(last)
    }

    /// Rows of the timeline that lie below what is seen.
    pub(super) fn rows_below(&self) -> usize {
        let height = usize::from(self.places().timeline.height);
        self.laid.rows.len().saturating_sub(self.top_row() + height)
    }

    /// When something has to be done though nothing happens.
    pub(super) fn due_ms(&self) -> Option<u64> {
        let typing = self.typing.values().min().copied();
        let appear = self.me.signed_in.then_some(self.appear_due_ms);
        [typing, self.draft_due_ms, appear].into_iter().flatten().min()
    }
}
