//! Files: sending, forwarding and fetching them.

use sotto_crypto::file::MAX_FILE_LEN;
use sotto_proto::wire::event::Content;
use sotto_proto::{ConversationId, EventId, wire};

use crate::engine::chat::Chat;
use crate::engine::transfers::{Contents, THUMBNAIL_PLACES, check_thumbnail, fallback, message, thumbnail_of};
use crate::engine::{
    Engine, EngineError, FileAnswer, FileJob, JobNumber, Moment, Source, TransferId, TransferView, Waiting,
};
use crate::history::What;
use crate::timeline::{FILES_MAX, Message, State};

impl Engine {
    /// Sends files with a text to go with them, which may be empty. From the moment on in which this returns they cannot be lost, as long
    /// as the files stay where they are and as they are; the message is said when all of them are on the server.
    pub fn send_files(
        &mut self,
        chat: ConversationId,
        sources: Vec<Source>,
        caption: &wire::TextMessage,
        moment: &mut Moment<'_>,
    ) -> Result<EventId, EngineError> {
        self.checked_sources(&sources, caption, moment)?;
        self.in_chat(chat, moment, |step, chat| step.post(chat, Contents::Sources(sources), caption))
    }

    /// The same under an id that was drawn before: however often it is asked for, it is said once.
    pub fn send_files_as(
        &mut self,
        id: EventId,
        chat: ConversationId,
        sources: Vec<Source>,
        caption: &wire::TextMessage,
        moment: &mut Moment<'_>,
    ) -> Result<(), EngineError> {
        self.checked_sources(&sources, caption, moment)?;
        self.in_chat(chat, moment, |step, chat| step.post_once(chat, id, Contents::Sources(sources), caption))
    }

    /// Says in another conversation what a message says, under an id that was drawn before, with its files, whose bytes stay where they
    /// are. From whom it is, is not said, and nobody is called by it.
    pub fn forward(
        &mut self,
        id: EventId,
        (from, event): (ConversationId, EventId),
        to: ConversationId,
        moment: &mut Moment<'_>,
    ) -> Result<(), EngineError> {
        let standing = self.store.item(from, event)?.map(|item| item.what);
        let Some(What::Message(Message { state: State::Standing { text, .. }, .. })) = standing else {
            return Err(EngineError::Unusable("what cannot be forwarded"));
        };
        let files = self.store.message(from, event)?.map(|(_, files)| files).unwrap_or_default();
        let body = Some(text.body.without_mentions());
        let caption = wire::TextMessage { body, forwarded: true, ..wire::TextMessage::default() };
        if files.is_empty() {
            return self.send_as(id, to, Content::Text(caption), moment);
        }
        self.checked_files(files.clone(), &caption, moment)?;
        self.in_chat(to, moment, |step, chat| step.post_once(chat, id, Contents::Forwarded(files), &caption))
    }

    /// Gives up a message that waits for its files. False if it does not wait any more.
    pub fn cancel_files(&mut self, event: EventId, moment: &mut Moment<'_>) -> Result<bool, EngineError> {
        self.signed_in_step(moment, |step| step.unpost(event))
    }

    /// Fetches a file of a message, by its place there from 0, to where the shell puts it. What was begun with the same location goes on.
    pub fn download(
        &mut self,
        chat: ConversationId,
        event: EventId,
        place: usize,
        location: &str,
        moment: &mut Moment<'_>,
    ) -> Result<TransferId, EngineError> {
        let file = self.file_of_message(chat, event, place)?;
        let chat = Chat::load(self.store.connection(), chat)?.ok_or(EngineError::NoSuchChat)?;
        self.signed_in_step(moment, |step| step.fetch_file(&chat, event, place, &file, location))
    }

    /// The same for the thumbnail of a picture.
    pub fn download_thumbnail(
        &mut self,
        chat: ConversationId,
        event: EventId,
        place: usize,
        location: &str,
        moment: &mut Moment<'_>,
    ) -> Result<TransferId, EngineError> {
        let file = thumbnail_of(&self.file_of_message(chat, event, place)?).ok_or(NO_SUCH_MESSAGE)?;
        let chat = Chat::load(self.store.connection(), chat)?.ok_or(EngineError::NoSuchChat)?;
        let place = place + THUMBNAIL_PLACES;
        self.signed_in_step(moment, |step| step.fetch_file(&chat, event, place, &file, location))
    }

    /// The newest download of a file of a message, or of its thumbnail, however it stands.
    pub fn download_of(
        &self,
        event: EventId,
        place: usize,
        is_thumbnail: bool,
    ) -> Result<Option<TransferView>, EngineError> {
        let place = if is_thumbnail { place + THUMBNAIL_PLACES } else { place };
        Ok(self.memory.transfers.download_of(self.store.connection(), event, place)?)
    }

    /// Halts a transfer. False if it does not go.
    pub fn pause_transfer(&mut self, id: TransferId, moment: &mut Moment<'_>) -> Result<bool, EngineError> {
        self.signed_in_step(moment, |step| step.set_transfer_going(id, false))
    }

    /// Lets a transfer go on that was halted, or stopped by an obstacle. False if it goes, or is done.
    pub fn resume_transfer(&mut self, id: TransferId, moment: &mut Moment<'_>) -> Result<bool, EngineError> {
        self.signed_in_step(moment, |step| step.set_transfer_going(id, true))
    }

    /// A download stops that leaves no room to note how it goes; what was here of it is gone. False if it does not go.
    pub fn stop_for_room(&mut self, id: TransferId, moment: &mut Moment<'_>) -> Result<bool, EngineError> {
        self.signed_in_step(moment, |step| step.stop_for_room(id))
    }

    /// Gives up a download with what is here of it, or forgets one that is done. False if there is no such download.
    pub fn cancel_download(&mut self, id: TransferId, moment: &mut Moment<'_>) -> Result<bool, EngineError> {
        self.signed_in_step(moment, |step| step.drop_download(id))
    }

    /// What is to be done with files of this machine now. Each job is given once.
    pub fn file_jobs(&mut self) -> Vec<FileJob> {
        self.memory.transfers.take_jobs()
    }

    /// Hands in what became of a job.
    pub fn file_answer(
        &mut self,
        job: JobNumber,
        answer: FileAnswer,
        moment: &mut Moment<'_>,
    ) -> Result<(), EngineError> {
        self.step(moment, |step| step.job_answered(job, answer))
    }

    /// All transfers of one conversation, or of all, in the order of their beginning.
    pub fn transfers(&self, chat: Option<ConversationId>) -> Result<Vec<TransferView>, EngineError> {
        Ok(self.memory.transfers.views(self.store.connection(), chat)?)
    }

    /// One transfer; none once it is forgotten.
    pub fn transfer(&self, id: TransferId) -> Result<Option<TransferView>, EngineError> {
        Ok(self.memory.transfers.view_of(self.store.connection(), id)?)
    }

    /// Messages of a conversation that wait for their files, in the order of writing.
    pub fn waiting(&self, chat: ConversationId) -> Result<Vec<Waiting>, EngineError> {
        Ok(self.memory.transfers.waiting(self.store.connection(), chat)?)
    }

    fn file_of_message(
        &self,
        chat: ConversationId,
        event: EventId,
        place: usize,
    ) -> Result<wire::FileRef, EngineError> {
        let (_, mut files) = self.store.message(chat, event)?.ok_or(NO_SUCH_MESSAGE)?;
        if place < files.len() { Ok(files.swap_remove(place)) } else { Err(NO_SUCH_MESSAGE) }
    }

    fn checked_sources(
        &mut self,
        sources: &[Source],
        caption: &wire::TextMessage,
        moment: &mut Moment<'_>,
    ) -> Result<(), EngineError> {
        if let Some(large) = sources.iter().find(|source| source.is_too_large()) {
            return Err(EngineError::FileTooLarge { max: MAX_FILE_LEN, actual: large.size });
        }
        sources.iter().try_for_each(check_thumbnail).map_err(EngineError::Unusable)?;
        self.checked_files(sources.iter().map(Source::placeholder).collect(), caption, moment)
    }

    /// Everything that the event will have to keep is looked at before a byte is sent.
    fn checked_files(
        &mut self,
        files: Vec<wire::FileRef>,
        caption: &wire::TextMessage,
        moment: &mut Moment<'_>,
    ) -> Result<(), EngineError> {
        if files.len() > FILES_MAX {
            return Err(EngineError::Unusable("so many files in one message"));
        }
        let message = message(files, caption.clone());
        let fallback = fallback(&message);
        self.checked_event(Content::Files(message), &fallback, moment).map(drop)
    }
}

const NO_SUCH_MESSAGE: EngineError = EngineError::Unusable("a message without this file");
