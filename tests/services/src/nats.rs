use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};

use crate::process::{Server, bound_to_us};
use crate::{PAUSE, ServiceError, free_port};

/// A NATS server on loopback that keeps nothing.
pub struct Nats {
    server: Option<Server>,
    program: PathBuf,
    port: u16,
}

impl Nats {
    /// Starts a server and waits until it answers a ping.
    pub fn start() -> Result<Self, ServiceError> {
        let program = find().ok_or(ServiceError::Missing("nats-server"))?;
        let mut nats = Self { server: None, program, port: free_port()? };
        nats.start_again()?;
        Ok(nats)
    }

    /// Stops the server.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// Starts the server again, where it was.
    pub fn start_again(&mut self) -> Result<(), ServiceError> {
        let port = self.port;
        let mut command = bound_to_us(&self.program, None);
        command.args(["--addr", "127.0.0.1", "--port", &port.to_string()]);
        let mut server = Server::start(command)?;
        server.await_answer("NATS", || answers(port).is_ok_and(|pong| pong))?;
        self.server = Some(server);
        Ok(())
    }

    /// Where clients connect.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }
}

/// The protocol is text: the server says INFO, then answers PING with PONG.
fn answers(port: u16) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(PAUSE * 20))?;
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let greeting = lines.next().transpose()?.unwrap_or_default();
    stream.write_all(b"CONNECT {\"verbose\":false}\r\nPING\r\n")?;
    let reply = lines.next().transpose()?.unwrap_or_default();
    Ok(greeting.starts_with("INFO ") && reply == "PONG")
}

/// Debian puts it beside the system's daemons, which a user's path may not name.
fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain([Path::new("/usr/sbin").to_owned(), Path::new("/usr/local/bin").to_owned()])
        .map(|folder| folder.join("nats-server"))
        .find(|program| program.exists())
}
