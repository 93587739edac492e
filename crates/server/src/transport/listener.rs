//! Takes connections: within limits, and only for as long as the client does its part.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

use super::front::Front;
use super::paced::Paced;
use super::peer::{Peer, Places};
use super::tls::Tls;
use super::{http, router};
use crate::metrics::Refused;

/// Takes connections until it is time to stop. Those that were taken go on for themselves.
pub(crate) async fn accept(listener: TcpListener, tls: Option<Tls>, front: Arc<Front>) {
    let settings = &front.settings;
    let places = Places::new(settings.connections, settings.connections_per_address, settings.proxies.clone());
    let server = http::Server::new(router(front.clone()), front.clone());
    let mut stop = front.stop.clone();
    loop {
        let accepted = tokio::select! {
            () = stop.asked() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, from)) => match places.take(from.ip()) {
                Ok(peer) => welcome(stream, tls.clone(), server.clone(), peer, &front),
                Err(reason) => refuse(&front, reason, from.ip()),
            },
            Err(error) => {
                // Out of files, most likely: those that are open will end.
                tracing::warn!(%error, "cannot take a connection");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
}

fn welcome(stream: TcpStream, tls: Option<Tls>, server: http::Server, peer: Peer, front: &Arc<Front>) {
    // Small frames must not wait for more; a socket that is gone already will say so soon.
    let _ = stream.set_nodelay(true);
    let front = front.clone();
    tokio::spawn(async move {
        let stream = Paced::new(stream);
        let Some(tls) = tls else { return server.serve(stream, peer).await };
        match tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
            Ok(Ok(Some(stream))) => server.serve(stream, peer).await,
            Ok(Ok(None)) => {}
            Ok(Err(_)) | Err(_) => front.metrics.refused(Refused::Tls),
        }
    });
}

fn refuse(front: &Front, reason: Refused, from: IpAddr) {
    front.metrics.refused(reason);
    tracing::debug!(?reason, %from, "a connection was not taken");
}

const HANDSHAKE: Duration = Duration::from_secs(10);
const BREATH: Duration = Duration::from_millis(100);
