//! The end of the server, as everyone who works for a client hears of it.

use tokio::sync::watch;

/// Hears when to stop. While any of these is alive, the server waits.
#[derive(Clone)]
pub(crate) struct Stop(watch::Receiver<bool>);

/// Says when to stop.
pub(crate) struct Stopper(watch::Sender<bool>);

pub(crate) fn stopper() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(false);
    (Stopper(sender), Stop(receiver))
}

impl Stop {
    /// Waits until it is time to stop.
    pub(crate) async fn asked(&mut self) {
        // A stopper that is gone asks as well.
        let _ = self.0.wait_for(|asked| *asked).await;
    }
}

impl Stopper {
    pub(crate) fn ask(&self) {
        self.0.send_replace(true);
    }

    /// Waits until everyone has stopped.
    pub(crate) async fn all_stopped(&self) {
        self.0.closed().await;
    }
}
