//! Files: sending them, fetching them, and what lies here of them.

use serde::{Deserialize, Serialize};
use sotto_client::engine::{self, Source, TransferId, TransferState};
use sotto_proto::ConversationId;
use tsify::{Ts, Tsify};
use wasm_bindgen::prelude::*;
use web_sys::Blob;

use super::{Client, number};
use crate::failure::{Failure, FailureCode};
use crate::files::{Files, mark_of, number_of};
use crate::view::{self, NewFile};

/// What is on its way in a chat.
#[derive(Serialize, Tsify)]
pub struct Transfers {
    /// Messages that wait for their files, in the order of writing.
    waiting: Vec<view::Waiting>,
    /// Files that come or have come, in the order of their beginning.
    downloads: Vec<view::Transfer>,
}

/// A transfer, unless it is forgotten.
#[derive(Serialize, Tsify)]
#[serde(transparent)]
pub struct MaybeTransfer(Option<view::Transfer>);

/// Files to be sent together.
#[derive(Deserialize, Tsify)]
#[serde(transparent)]
pub struct NewFiles(Vec<NewFile>);

/// What lies here of files.
#[derive(Serialize, Tsify)]
pub struct KeptFiles {
    used: u64,
    count: usize,
    /// Files that can be fetched again go when there are more.
    max: u64,
}

#[wasm_bindgen]
impl Client {
    /// Sends files with a text to go with them, under an id that the page has drawn. `contents` are their bytes in the same order, after
    /// each picture those of its thumbnail. From the moment on in which this resolves the message cannot be lost; large files are read
    /// where they lie, and the page hands them in again when they are asked for ([`Client::provide_source`]).
    #[wasm_bindgen(js_name = sendFiles)]
    pub async fn send_files(
        &self,
        chat: String,
        id: String,
        message: Ts<view::NewMessage>,
        files: Ts<NewFiles>,
        contents: Vec<Blob>,
    ) -> Result<(), Failure> {
        let (chat, id): (ConversationId, _) = (chat.parse()?, id.parse()?);
        let caption = message.to_rust()?.parse()?;
        let mut contents = contents.into_iter();
        let mut sources = Vec::new();
        for file in files.to_rust()?.0 {
            sources.push(self.source(file, &mut contents).await?);
        }
        let locations: Vec<_> = sources.iter().flat_map(locations_of).collect();
        let sent = self.act(|engine, moment| engine.send_files_as(id, chat, sources, &caption, moment));
        self.agent.files().are_made(&locations);
        sent
    }

    /// Hands in a file that is to be sent and could not be read any more. What stopped for that goes on, if it is the same file.
    #[wasm_bindgen(js_name = provideSource)]
    pub fn provide_source(&self, location: String, content: Blob) -> Result<(), Failure> {
        self.agent.files().hold(location.clone(), content);
        let transfers = self.act(|engine, _| engine.transfers(None))?;
        for transfer in transfers.iter().filter(|one| one.location == location && waits_for_source(one.state)) {
            self.act(|engine, moment| engine.resume_transfer(transfer.id, moment))?;
        }
        Ok(())
    }

    /// Gives up a message that waits for its files. False if it does not wait any more.
    #[wasm_bindgen(js_name = cancelFiles)]
    pub fn cancel_files(&self, event: &str) -> Result<bool, Failure> {
        let event = event.parse()?;
        self.act(|engine, moment| engine.cancel_files(event, moment))
    }

    /// Fetches a file of a message, or its thumbnail, unless it is here. `transfer` tells how it goes. Gives the transfer.
    #[wasm_bindgen(js_name = fetchFile)]
    #[expect(clippy::cast_precision_loss, reason = "JavaScript has no other number; exact for 2^53 transfers")]
    pub async fn fetch_file(&self, chat: String, event: String, place: usize, thumbnail: bool) -> Result<f64, Failure> {
        let (chat, event) = (chat.parse()?, event.parse()?);
        let known = self.act(|engine, _| engine.download_of(event, place, thumbnail))?;
        if let Some(known) = known {
            if self.is_here(&known).await {
                return Ok(known.id.get() as f64);
            }
            if known.state == TransferState::Done {
                self.act(|engine, moment| engine.cancel_download(known.id, moment))?;
            } else {
                self.act(|engine, moment| engine.resume_transfer(known.id, moment))?;
                return Ok(known.id.get() as f64);
            }
        }
        if self.agent.files().drawer().is_none() {
            return Err(Failure::new(FailureCode::NoOpfs, "nowhere to put a file"));
        }
        let place_here = self.agent.files().new_place();
        let id = self.act(|engine, moment| {
            if thumbnail {
                engine.download_thumbnail(chat, event, place, &place_here, moment)
            } else {
                engine.download(chat, event, place, &place_here, moment)
            }
        })?;
        Ok(id.get() as f64)
    }

    /// What is on its way in a chat, and what has come.
    #[wasm_bindgen(js_name = transfers)]
    pub fn transfers(&self, chat: &str) -> Result<Ts<Transfers>, Failure> {
        let chat = chat.parse()?;
        self.look(|engine| {
            let is_download = |one: &engine::TransferView| one.course == engine::Course::Download && !one.is_thumbnail;
            let downloads = engine.transfers(Some(chat))?.into_iter().filter(is_download);
            Ok(Transfers {
                waiting: engine.waiting(chat)?.into_iter().map(view::Waiting::from).collect(),
                downloads: downloads.map(view::Transfer::from).collect(),
            })
        })
    }

    /// How a transfer stands.
    #[wasm_bindgen(js_name = transfer)]
    pub fn transfer(&self, id: f64) -> Result<Ts<MaybeTransfer>, Failure> {
        self.look(|engine| Ok(MaybeTransfer(engine.transfer(transfer_of(id))?.map(view::Transfer::from))))
    }

    /// Halts a transfer.
    #[wasm_bindgen(js_name = pauseTransfer)]
    pub fn pause_transfer(&self, id: f64) -> Result<bool, Failure> {
        self.act(|engine, moment| engine.pause_transfer(transfer_of(id), moment))
    }

    /// Lets a transfer go on that was halted, or stopped by an obstacle.
    #[wasm_bindgen(js_name = resumeTransfer)]
    pub fn resume_transfer(&self, id: f64) -> Result<bool, Failure> {
        self.act(|engine, moment| engine.resume_transfer(transfer_of(id), moment))
    }

    /// Gives up a file that comes, with what is here of it.
    #[wasm_bindgen(js_name = cancelDownload)]
    pub fn cancel_download(&self, id: f64) -> Result<bool, Failure> {
        self.act(|engine, moment| engine.cancel_download(transfer_of(id), moment))
    }

    /// A stretch of a file that has come: at most 1 MiB, and less only where it ends.
    #[wasm_bindgen(js_name = readFile)]
    pub async fn read_file(&self, id: f64, offset: f64, length: usize) -> Result<Vec<u8>, Failure> {
        let gone = || Failure::new(FailureCode::Unusable, "a file that is not here any more");
        let transfer = self.act(|engine, _| engine.transfer(transfer_of(id)))?.ok_or_else(gone)?;
        if transfer.state != TransferState::Done {
            return Err(gone());
        }
        let (drawer, kept) = self.agent.files().drawer().zip(number_of(&transfer.location)).ok_or_else(gone)?;
        let left = usize::try_from(transfer.size.saturating_sub(number(offset))).unwrap_or(usize::MAX);
        let length = length.min(engine::PIECE_LEN).min(left);
        if offset == 0.0 {
            drawer.touch(kept).await;
        }
        let content = drawer.read(kept, number(offset), length).await.map_err(|_| gone())?;
        // What is short was altered here, or cut off.
        if content.expose_secret().len() < length {
            return Err(gone());
        }
        Ok(content.expose_secret().to_vec())
    }

    /// How much room files take here.
    #[wasm_bindgen(js_name = keptFiles)]
    pub async fn kept_files(&self) -> Result<Ts<KeptFiles>, Failure> {
        let room = self.agent.room_of_files().await;
        Ok(KeptFiles { used: room.used, count: room.count, max: Files::room() }.into_ts()?)
    }

    /// Removes all files that can be fetched again.
    #[wasm_bindgen(js_name = clearKeptFiles)]
    pub async fn clear_kept_files(&self) {
        self.agent.tidy(0).await;
    }
}

impl Client {
    /// A file with its thumbnail, taken over.
    async fn source(&self, file: NewFile, contents: &mut impl Iterator<Item = Blob>) -> Result<Source, Failure> {
        let missing = || Failure::new(FailureCode::Unusable, "a file without its bytes");
        let content = contents.next().ok_or_else(missing)?;
        let thumbnail = match file.picture.as_ref().and_then(view::NewPicture::thumbnail_media) {
            None => None,
            Some(media) => {
                let small = contents.next().ok_or_else(missing)?;
                let location = format!("{} small", file.location);
                let media_type = small.type_();
                let source = self.admit(location, &small).await;
                Some(Box::new(Source { media_type, media: Some(media), ..source }))
            }
        };
        let media = file.media();
        let source = self.admit(file.location, &content).await;
        Ok(Source { name: file.name, media_type: file.media_type, media, thumbnail, ..source })
    }

    async fn admit(&self, location: String, content: &Blob) -> Source {
        Source {
            location: self.agent.files().admit(location, content).await,
            mark: mark_of(content),
            size: number(content.size()),
            name: String::new(),
            media_type: String::new(),
            media: None,
            thumbnail: None,
        }
    }

    async fn is_here(&self, transfer: &engine::TransferView) -> bool {
        match (self.agent.files().drawer(), number_of(&transfer.location)) {
            (Some(drawer), Some(kept)) => transfer.state == TransferState::Done && drawer.has(kept).await,
            _ => false,
        }
    }
}

fn locations_of(source: &Source) -> Vec<String> {
    let small = source.thumbnail.as_ref().map(|small| small.location.clone());
    small.into_iter().chain([source.location.clone()]).collect()
}

fn waits_for_source(state: TransferState) -> bool {
    use engine::Obstacle::{FileSystem, SourceChanged, SourceMissing};
    matches!(state, TransferState::Stopped(SourceMissing | SourceChanged | FileSystem))
}

#[expect(clippy::cast_possible_truncation, reason = "ids are whole and small")]
fn transfer_of(id: f64) -> TransferId {
    TransferId::from_number(id as i64)
}
