//! The bus between nodes, by a NATS subject. At most once, which is all that hints need.

use std::time::Duration;

use async_nats::{Client, ConnectOptions, Event, Subscriber};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::sync::broadcast::{self, error::TryRecvError};
use tokio::time::timeout;

use super::word::{decode, encode};
use super::{Bus, BusError, Heard, Listener, Word, speaker};

/// Carries words between all nodes that connect to the same server and use the same prefix.
#[derive(Clone, Debug)]
pub struct NatsBus {
    client: Client,
    speaker: u64,
    subject: String,
    /// Speaks when words may have been lost: after every disconnection, and when a listener was too slow.
    lost: broadcast::Sender<()>,
}

impl NatsBus {
    /// Connects; reconnects by itself ever after. The prefix keeps communities on one broker apart: ASCII without dots or spaces.
    pub async fn connect(url: &str, prefix: &str) -> Result<Self, BusError> {
        let (lost, _) = broadcast::channel(1);
        let teller = lost.clone();
        let options = ConnectOptions::new().subscription_capacity(WAITING).event_callback(move |event| {
            if matches!(event, Event::Connected | Event::SlowConsumer(_)) {
                let _ = teller.send(());
            }
            std::future::ready(())
        });
        let client = options.connect(url).await.map_err(|error| BusError(Box::new(error)))?;
        Ok(Self { client, speaker: speaker(), subject: format!("{prefix}.live"), lost })
    }

    /// Waits until what was published has left.
    pub async fn flush(&self) -> Result<(), BusError> {
        self.client.flush().await.map_err(|error| BusError(Box::new(error)))
    }

    /// Returns once the broker has taken all subscriptions made before: it takes what comes over one connection in order. So a word
    /// that is published afterwards, by whomever, is heard.
    async fn hear_own_echo(&self) -> Result<(), BusError> {
        let inbox = self.client.new_inbox();
        let mut echo = self.client.subscribe(inbox.clone()).await.map_err(|error| BusError(Box::new(error)))?;
        self.client.publish(inbox, Bytes::new()).await.map_err(|error| BusError(Box::new(error)))?;
        self.flush().await?;
        // Without a broker there is nothing to wait for; what is missed until it is back is told as missed.
        let _ = timeout(ECHO, echo.next()).await;
        Ok(())
    }
}

#[async_trait]
impl Bus for NatsBus {
    async fn publish(&self, word: Word) -> Result<(), BusError> {
        let payload = encode(self.speaker, &word);
        self.client.publish(self.subject.clone(), payload).await.map_err(|error| BusError(Box::new(error)))
    }

    async fn listen(&self) -> Result<Box<dyn Listener>, BusError> {
        let lost = self.lost.subscribe();
        let words = self.client.subscribe(self.subject.clone()).await.map_err(|error| BusError(Box::new(error)))?;
        self.hear_own_echo().await?;
        Ok(Box::new(NatsListener { own: self.speaker, words, lost }))
    }
}

struct NatsListener {
    own: u64,
    words: Subscriber,
    lost: broadcast::Receiver<()>,
}

#[async_trait]
impl Listener for NatsListener {
    async fn next(&mut self) -> Option<Heard> {
        loop {
            if matches!(self.lost.try_recv(), Ok(()) | Err(TryRecvError::Lagged(_))) {
                return Some(Heard::Missed);
            }
            tokio::select! {
                biased;
                lost = self.lost.recv() => match lost {
                    Ok(()) | Err(broadcast::error::RecvError::Lagged(_)) => return Some(Heard::Missed),
                    Err(broadcast::error::RecvError::Closed) => return None,
                },
                message = self.words.next() => match decode(message?.payload) {
                    Some((speaker, word)) if speaker != self.own => return Some(Heard::Word(word)),
                    _ => {}
                },
            }
        }
    }
}

/// Words that wait for a slow listener.
const WAITING: usize = 4096;

/// How long a broker may take to answer.
const ECHO: Duration = Duration::from_secs(5);
