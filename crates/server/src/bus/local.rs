//! The bus within one process.

use async_trait::async_trait;
use tokio::sync::broadcast::{self, error::RecvError};

use super::{Bus, BusError, Heard, Listener, Word, speaker};

/// Carries words between the nodes of one process. Each node has a bus of its own, made by [`LocalBus::another`].
#[derive(Clone, Debug)]
pub struct LocalBus {
    speaker: u64,
    words: broadcast::Sender<(u64, Word)>,
}

impl LocalBus {
    /// The bus of one more node, which hears this one and is heard by it.
    #[must_use]
    pub fn another(&self) -> Self {
        Self { speaker: speaker(), words: self.words.clone() }
    }
}

impl Default for LocalBus {
    fn default() -> Self {
        Self { speaker: speaker(), words: broadcast::channel(WAITING).0 }
    }
}

#[async_trait]
impl Bus for LocalBus {
    async fn publish(&self, word: Word) -> Result<(), BusError> {
        // A node alone has nobody to tell but itself.
        if self.words.receiver_count() > 1 {
            let _ = self.words.send((self.speaker, word));
        }
        Ok(())
    }

    async fn listen(&self) -> Result<Box<dyn Listener>, BusError> {
        Ok(Box::new(LocalListener { own: self.speaker, words: self.words.subscribe() }))
    }
}

struct LocalListener {
    own: u64,
    words: broadcast::Receiver<(u64, Word)>,
}

#[async_trait]
impl Listener for LocalListener {
    async fn next(&mut self) -> Option<Heard> {
        loop {
            match self.words.recv().await {
                Ok((speaker, _)) if speaker == self.own => {}
                Ok((_, word)) => return Some(Heard::Word(word)),
                Err(RecvError::Lagged(_)) => return Some(Heard::Missed),
                Err(RecvError::Closed) => return None,
            }
        }
    }
}

/// Words that wait for a slow listener; one more and it looks at everything.
const WAITING: usize = 1024;
