//! From one conversation to another, without the bytes.

use std::collections::VecDeque;

use sotto_proto::wire::file_ref::Media;
use sotto_proto::{FileId, wire};

use super::rows::Row;
use super::{TransferState, Turn};
use crate::engine::step::{Mishap, Step};

/// Files that are still to be attached: one with its thumbnail.
pub(super) struct Forward {
    left: VecDeque<FileId>,
    asked: bool,
}

impl Forward {
    pub(super) fn of(file: &wire::FileRef) -> Result<Self, Mishap> {
        let picture = match &file.media {
            Some(Media::Picture(picture)) => Some(picture),
            Some(Media::Video(video)) => video.poster.as_ref(),
            _ => None,
        };
        let thumbnail = picture.and_then(|picture| picture.thumbnail.as_ref()).map(|thumbnail| &thumbnail.file_id);
        let ids = thumbnail.into_iter().chain([&file.file_id]);
        let left = ids.map(|id| Ok(FileId::parse("file_id", id)?)).collect::<Result<_, Mishap>>()?;
        Ok(Self { left, asked: false })
    }

    pub(super) fn answered(&mut self) {
        self.left.pop_front();
        self.asked = false;
    }
}

impl Step<'_, '_> {
    pub(super) fn advance_forward(&mut self, row: &mut Row, forward: &mut Forward) -> Result<Turn, Mishap> {
        if forward.asked {
            return Ok(Turn::On);
        }
        let Some(file) = forward.left.front() else {
            let turn = self.end_turn(row, TransferState::Done)?;
            self.parcel_moved(row)?;
            return Ok(turn);
        };
        self.call_for(
            row.id,
            &wire::AttachFileRequest { file_id: file.to_wire(), conversation_id: row.chat.to_wire() },
        );
        forward.asked = true;
        Ok(Turn::On)
    }
}
