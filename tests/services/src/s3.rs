use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::ServiceError;

/// An S3 server on loopback with one empty bucket, in a thread of this process.
pub struct S3 {
    address: SocketAddr,
    away: Arc<AtomicBool>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    folder: TempDir,
}

impl S3 {
    /// Starts a server.
    pub fn start() -> Result<Self, ServiceError> {
        let system = |error| ServiceError::System("starting the S3 server", error);
        let folder = TempDir::with_prefix("sotto-s3-").map_err(system)?;
        std::fs::create_dir(folder.path().join(BUCKET)).map_err(system)?;
        let files = FileSystem::new(folder.path()).map_err(|_| ServiceError::Silent("the S3 server"))?;
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single(KEY_ID, KEY));
        let service = service.build();

        let away = Arc::new(AtomicBool::new(false));
        let (stop, stopped) = oneshot::channel();
        let (say, bound) = channel();
        let serving = {
            let away = away.clone();
            move || serve(&service, &away, stopped, &say)
        };
        let thread = std::thread::Builder::new().name("s3".to_owned()).spawn(serving).map_err(system)?;
        let address = bound.recv().map_err(|_| ServiceError::Silent("the S3 server"))?;
        Ok(Self { address, away, stop: Some(stop), thread: Some(thread), folder })
    }

    /// The bucket, with all that a client needs to use it.
    pub fn url(&self) -> String {
        let address = self.address;
        format!(
            "s3://{BUCKET}?endpoint=http://{address}&allow_http=true&region=local&access_key_id={KEY_ID}&secret_access_key={KEY}"
        )
    }

    /// Whether connections are cut without an answer, as if the server were gone.
    pub fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    /// How many objects there are.
    pub fn objects(&self) -> usize {
        files_below(&self.folder.path().join(BUCKET))
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(service: &S3Service, away: &Arc<AtomicBool>, stopped: oneshot::Receiver<()>, say: &Sender<SocketAddr>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let Ok(runtime) = runtime else { return };
    runtime.block_on(async {
        let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await else { return };
        let Ok(address) = listener.local_addr() else { return };
        // Whoever starts the server waits for this.
        let _ = say.send(address);
        tokio::select! {
            () = accept(&listener, service, away) => {}
            _ = stopped => {}
        }
    });
    runtime.shutdown_background();
}

async fn accept(listener: &TcpListener, service: &S3Service, away: &Arc<AtomicBool>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        tokio::spawn(answer(stream, service.clone(), away.clone()));
    }
}

async fn answer(stream: TcpStream, service: S3Service, away: Arc<AtomicBool>) {
    let service = hyper::service::service_fn(move |request| {
        let (service, away) = (service.clone(), away.clone());
        async move {
            if away.load(Ordering::SeqCst) {
                return Err(s3s::HttpError::new("away".into()));
            }
            hyper::service::Service::call(&service, request).await
        }
    });
    // A client that goes away is no news.
    let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
}

fn files_below(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => files_below(&entry.path()),
            _ => 1,
        })
        .sum()
}

const BUCKET: &str = "files";
const KEY_ID: &str = "sotto";
const KEY: &str = "a-key-for-tests";
