//! The program: reads its settings, says where it listens, and stops cleanly when asked to.

use std::fmt::Display;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;

use sotto_server::admin_command::{self, AdminCommand};
use sotto_server::backup;
use sotto_server::config::{Command, Config};
use sotto_server::{Node, StartError};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

fn main() -> ExitCode {
    match Command::read() {
        Ok(Command::Serve(config)) => serve(&config),
        Ok(Command::Admin(config, command)) => operate(&config, &command),
        Ok(Command::BackUp(config, folder)) => back_up(&config, &folder),
        Ok(Command::PrintConfig) => {
            print(Config::documented_file().trim_end());
            ExitCode::SUCCESS
        }
        Err(error) => {
            complain(error);
            ExitCode::from(USAGE)
        }
    }
}

#[tokio::main]
async fn serve(config: &Config) -> ExitCode {
    log_to_standard_error(&config.log);
    match run(config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(error);
            ExitCode::FAILURE
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn operate(config: &Config, command: &AdminCommand) -> ExitCode {
    match admin_command::operate(config, command, &mut std::io::stdout()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(error);
            ExitCode::FAILURE
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn back_up(config: &Config, folder: &Path) -> ExitCode {
    match backup::back_up(config, folder).await {
        Ok(copied) => {
            let parts = format!(", and {} new parts of files", copied.new_parts);
            let files = if copied.has_files { parts.as_str() } else { "; files are in the object store" };
            print(format_args!("copied the database{files}. The server's key is not in it: keep a copy elsewhere."));
            ExitCode::SUCCESS
        }
        Err(error) => {
            complain(error);
            ExitCode::FAILURE
        }
    }
}

async fn run(config: &Config) -> Result<(), StartError> {
    let listener = listen("listen", config.listen).await?;
    let metrics = match config.metrics {
        None => None,
        Some(address) => Some(listen("metrics", address).await?),
    };
    let shutdown = asked_to_stop()?;
    let node = Node::start(config).await?;
    let scheme = if node.has_tls() { "https" } else { "http" };
    if let Some(metrics) = &metrics {
        tracing::info!(address = %local(metrics, config.listen), "metrics");
    }
    // Whoever waits for this line finds a server that accepts calls.
    print(format_args!("listening on {scheme}://{}", local(&listener, config.listen)));
    node.serve(listener, metrics, shutdown).await;
    Ok(())
}

async fn listen(setting: &'static str, address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|source| StartError::Listen {
        setting,
        address: address.to_string(),
        source,
    })
}

fn local(listener: &TcpListener, asked: SocketAddr) -> SocketAddr {
    listener.local_addr().unwrap_or(asked)
}

fn asked_to_stop() -> Result<impl Future<Output = ()>, StartError> {
    let mut interrupt = signal(SignalKind::interrupt()).map_err(StartError::Signals)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(StartError::Signals)?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping");
    })
}

/// One JSON object a line. Whatever is asked for, the code of others stays at its news: below them it prints headers and frames, with
/// tokens and content in them.
fn log_to_standard_error(filter: &str) {
    let harmless =
        filter_fn(|event| event.target().starts_with("sotto_server") || *event.level() <= tracing::Level::INFO);
    let lines = tracing_subscriber::fmt::layer().json().with_writer(std::io::stderr);
    tracing_subscriber::registry().with(EnvFilter::new(filter)).with(harmless).with(lines).init();
}

/// A closed standard output is not our problem.
fn print(line: impl Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// For the person who has just started it; the log is for machines.
fn complain(error: impl Display) {
    let _ = writeln!(std::io::stderr(), "sotto-server: {error}");
}

/// What programs end with that were called wrongly.
const USAGE: u8 = 2;
