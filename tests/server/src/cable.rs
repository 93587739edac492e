//! A cable between two programs, which can be slow, silent, or pulled.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What happens to what goes through a cable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It arrives.
    Passing,
    /// It arrives later.
    Slow(Duration),
    /// It waits, and nobody is told: what a partitioned network looks like.
    Silent,
    /// Connections break, and new ones are refused.
    Pulled,
}

/// Listens on a port of its own, in front of a server.
#[derive(Debug)]
pub struct Cable {
    address: SocketAddr,
    state: watch::Sender<State>,
    accepting: JoinHandle<()>,
}

impl Cable {
    /// Lays one.
    pub async fn to(target: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (address, state) = (listener.local_addr()?, watch::Sender::new(State::Passing));
        let watching = state.subscribe();
        let accepting = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(connect(near, target, watching.clone()));
            }
        });
        Ok(Self { address, state, accepting })
    }

    /// The URL of a service, through a cable to it.
    pub async fn into_url(url: &str) -> Result<(Self, String)> {
        let (_, rest) = url.split_once("://").context("a URL has a scheme")?;
        let host = rest.split(['/', '?']).next().unwrap_or(rest);
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        let cable = Self::to(host.parse()?).await?;
        let through = url.replacen(host, &cable.address.to_string(), 1);
        Ok((cable, through))
    }

    /// Changes what happens from now on, also to connections that are open.
    pub fn set(&self, state: State) {
        self.state.send_replace(state);
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn connect(near: TcpStream, target: SocketAddr, state: watch::Receiver<State>) {
    if *state.borrow() == State::Pulled {
        return;
    }
    let Ok(far) = TcpStream::connect(target).await else { return };
    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
    let both = async { tokio::join!(pass(near_in, far_out, state.clone()), pass(far_in, near_out, state.clone())) };
    let mut pulled = state.clone();
    tokio::select! {
        _ = both => {}
        _ = pulled.wait_for(|state| *state == State::Pulled) => {}
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut state: watch::Receiver<State>) {
    let mut buffer = vec![0; BUFFER];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let Ok(now) = state.wait_for(|state| *state != State::Silent).await.map(|state| *state) else { return };
        if let State::Slow(delay) = now {
            tokio::time::sleep(delay).await;
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

const BUFFER: usize = 64 * 1024;
