//! An engine at work for a command: asked, waited for, and told apart from a server that does not answer.

use std::path::PathBuf;
use std::time::Duration;

use sotto_client::engine::{Change, Engine, EngineError, Moment};
use sotto_native_client::{Client, ClientError, Reach};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::timeout;

use crate::console::Console;
use crate::failure::Failure;
use crate::words::Message;

/// A client of one profile, and how patient its user is.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) folder: PathBuf,
    pub(crate) server: String,
    pub(crate) wait: Duration,
    pub(crate) offline: bool,
}

impl Session {
    /// Does something with the engine.
    pub(crate) async fn with<T: Send + 'static>(
        &self,
        run: impl FnOnce(&mut Engine, &mut Moment<'_>) -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, Failure> {
        Ok(self.client.with(run).await??)
    }

    /// Looks at the engine.
    pub(crate) async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Engine) -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, Failure> {
        self.with(|engine, _| look(engine)).await
    }

    /// Fails unless somebody is signed in.
    pub(crate) async fn require_account(&self) -> Result<(), Failure> {
        let (known, signed_in) =
            self.look(|engine| Ok((engine.own_account().is_some(), engine.is_signed_in()))).await?;
        match (known, signed_in) {
            (true, true) => Ok(()),
            (true, false) => Err(Message::SessionEnded.signed_out()),
            (false, _) => Err(Message::NotSignedIn.signed_out()),
        }
    }

    /// Fetches what is new. Without a server, what is here has to do, and the person is told.
    pub(crate) async fn catch_up(&self, console: &mut Console) -> Result<(), Failure> {
        self.require_account().await?;
        if self.offline {
            return Ok(());
        }
        let caught_up = timeout(self.wait, self.at_rest()).await;
        self.require_account().await?;
        if !matches!(caught_up, Ok(Ok(()))) {
            console.note(&Message::Offline);
        }
        Ok(())
    }

    /// Fails unless somebody is signed in and the server answers; what is under way has come to its end then.
    pub(crate) async fn require_server(&self) -> Result<(), Failure> {
        self.require_account().await?;
        let at_rest = self.in_time(self.at_rest()).await;
        self.require_account().await?;
        at_rest
    }

    /// Waits until everything is asked and answered; fails when the server is away.
    pub(crate) async fn at_rest(&self) -> Result<(), Failure> {
        let mut line = self.client.line();
        let mut changes = self.client.changes();
        loop {
            let now = *line.borrow_and_update();
            if now.at_rest {
                return Ok(());
            }
            if now.reach == Reach::Away {
                return Err(self.unreachable());
            }
            tokio::select! {
                changed = line.changed() => changed.map_err(|_| ClientError::Ended)?,
                // A session that has ended is at rest without a cursor.
                change = changes.recv() => if matches!(change, Ok(Change::SignedOut | Change::Wiped)) { return Ok(()) },
            }
        }
    }

    /// Asks the engine for something and waits for the change that says what became of it.
    pub(crate) async fn outcome<T>(
        &self,
        ask: impl FnOnce(&mut Engine, &mut Moment<'_>) -> Result<(), EngineError> + Send + 'static,
        judge: impl FnMut(&Change) -> Option<Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let mut changes = self.client.changes();
        self.with(ask).await?;
        self.in_time(async { told(&mut changes, judge).await? }).await
    }

    /// Asks the engine for something and waits until it can be seen, or until a change says that it failed.
    pub(crate) async fn carry_out<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&mut Engine, &mut Moment<'_>) -> Result<(), EngineError> + Send + 'static,
        done: impl Fn(&mut Engine) -> Option<T> + Clone + Send + 'static,
        failed: impl Fn(&Change) -> Option<Failure>,
    ) -> Result<T, Failure> {
        let mut changes = self.client.changes();
        self.with(ask).await?;
        let settled = async {
            tokio::select! {
                done = self.client.until(done) => Ok(done?),
                failure = told(&mut changes, failed) => Err(failure?),
            }
        };
        self.in_time(settled).await
    }

    /// Waits until something can be seen in the engine.
    pub(crate) async fn until<T: Send + 'static>(
        &self,
        look: impl Fn(&mut Engine) -> Option<T> + Clone + Send + 'static,
    ) -> Result<T, Failure> {
        self.in_time(async { Ok(self.client.until(look).await?) }).await
    }

    /// What takes longer than the person wants to wait fails, and says whether the server is to blame.
    pub(crate) async fn in_time<T>(&self, what: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        timeout(self.wait, what).await.unwrap_or_else(|_| {
            let away = self.client.line().borrow().reach != Reach::There;
            Err(if away {
                self.unreachable()
            } else {
                Message::TooSlow { seconds: self.wait.as_secs().to_string() }.failed()
            })
        })
    }

    fn unreachable(&self) -> Failure {
        Message::Unreachable { server: self.server.clone() }.failed()
    }
}

/// Waits for a change that says something.
async fn told<T>(changes: &mut Receiver<Change>, mut judge: impl FnMut(&Change) -> Option<T>) -> Result<T, Failure> {
    loop {
        match changes.recv().await {
            Ok(change) => {
                if let Some(verdict) = judge(&change) {
                    return Ok(verdict);
                }
            }
            Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return Err(ClientError::Ended.into()),
        }
    }
}
