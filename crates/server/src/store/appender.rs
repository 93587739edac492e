//! Group commit: appends that wait at the same time share one transaction, and each is answered once that is durable.
//!
//! Nobody waits for company. While one batch is being committed the next one gathers; on an idle server a batch is one event.

use std::sync::{Arc, Mutex};

use sotto_proto::ConversationId;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::sql::append::write_batch;
use super::sql::connection::Database;
use super::{NewEvent, Receipt, Refusal, StoreError, Witness};

/// Takes events and writes them in batches.
pub(super) struct Appender {
    /// None once closed.
    lanes: Mutex<Option<Vec<mpsc::Sender<Job>>>>,
    writers: Mutex<Vec<JoinHandle<()>>>,
}

struct Job {
    event: NewEvent,
    witness: Option<Arc<dyn Witness>>,
    reply: oneshot::Sender<Result<Receipt, StoreError>>,
}

impl Appender {
    pub(super) fn start(database: &Arc<Database>) -> Self {
        let (lanes, writers) = (0..database.lanes()).map(|_| start_lane(Arc::clone(database))).unzip();
        Self { lanes: Mutex::new(Some(lanes)), writers: Mutex::new(writers) }
    }

    /// Hands an event over and waits until it is durable. When the caller gives up, the event may be written all the same.
    pub(super) async fn append(
        &self,
        event: NewEvent,
        witness: Option<Arc<dyn Witness>>,
    ) -> Result<Receipt, StoreError> {
        let lane = self.lane(event.conversation).ok_or_else(closed)?;
        let (reply, answer) = oneshot::channel();
        lane.send(Job { event, witness, reply }).await.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    /// Takes nothing more, and waits until what was taken is written.
    pub(super) async fn close(&self) {
        drop(self.lanes.lock().expect("no holder of this lock panics").take());
        let writers = std::mem::take(&mut *self.writers.lock().expect("no holder of this lock panics"));
        for writer in writers {
            // A writer that panicked has dropped its jobs, and their callers know.
            let _ = writer.await;
        }
    }

    /// One conversation always takes the same lane, so that lanes do not wait for each other's locks.
    fn lane(&self, conversation: ConversationId) -> Option<mpsc::Sender<Job>> {
        let lanes = self.lanes.lock().expect("no holder of this lock panics");
        let lanes = lanes.as_ref()?;
        lanes.get(usize::from(conversation.as_bytes()[0]) % lanes.len()).cloned()
    }
}

fn start_lane(database: Arc<Database>) -> (mpsc::Sender<Job>, JoinHandle<()>) {
    let (sender, receiver) = mpsc::channel(QUEUE);
    (sender, tokio::spawn(write_batches(database, receiver)))
}

async fn write_batches(database: Arc<Database>, mut queue: mpsc::Receiver<Job>) {
    let mut jobs = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut jobs, BATCH).await > 0 {
        let (events, waiting): (Vec<_>, Vec<_>) =
            jobs.drain(..).map(|job| (job.event, (job.witness, job.reply))).unzip();
        let answers = write_batch(&database, &events).await;
        for (index, (event, (witness, reply))) in events.into_iter().zip(waiting).enumerate() {
            let answer = answer(&answers, index);
            if let (Some(witness), Ok(receipt)) = (witness, &answer) {
                witness.appended(event, *receipt);
            }
            // Whoever gave up does not need the answer.
            let _ = reply.send(answer);
        }
    }
}

/// A batch fails as a whole for reasons outside of it; each event was refused or taken by itself.
fn answer(answers: &Result<Vec<Result<Receipt, Refusal>>, StoreError>, index: usize) -> Result<Receipt, StoreError> {
    match answers {
        Ok(answers) => answers[index].map_err(StoreError::from),
        Err(error) => Err(error.clone()),
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable(Arc::new(std::io::Error::new(std::io::ErrorKind::BrokenPipe, "the store is closing")))
}

/// Most events in one transaction: at the size limit of an event about 36 MiB.
const BATCH: usize = 512;
/// Most events that wait for a lane; whoever comes then waits outside.
const QUEUE: usize = 1024;
