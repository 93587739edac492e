//! TLS as browsers, other programs and attackers meet it: with a certificate from files, on the real program.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion};
use tempfile::TempDir;

/// The program with a certificate for `localhost`.
struct Server {
    process: Child,
    port: u16,
    certificate: CertificateDer<'static>,
    _folder: TempDir,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (certificate, key) = (folder.path().join("certificate.pem"), folder.path().join("key.pem"));
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_sotto-server"))
            .args(["--listen", "127.0.0.1:0", "--data"])
            .arg(folder.path().join("data"))
            .arg("--tls-certificate")
            .arg(certificate)
            .arg("--tls-key")
            .arg(key)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on https://").expect(&line);
        let port = address.rsplit(':').next().unwrap().parse().unwrap();
        Self { process, port, certificate: made.cert.into(), _folder: folder }
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).unwrap()
    }

    /// Asks whether the server is well, over TLS in one version, as `name`, trusting `roots`.
    fn ask(
        &self,
        version: &'static SupportedProtocolVersion,
        name: &str,
        roots: RootCertStore,
    ) -> std::io::Result<String> {
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connection = ClientConnection::new(Arc::new(config), name.to_owned().try_into().unwrap()).unwrap();
        let mut stream = StreamOwned::new(connection, self.connect());
        write!(stream, "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
        let mut reply = String::new();
        stream.read_to_string(&mut reply)?;
        Ok(reply)
    }

    fn trusted(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        roots
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn both_versions_that_are_good_are_spoken() {
    let server = Server::start();
    for version in [&TLS12, &TLS13] {
        let reply = server.ask(version, "localhost", server.trusted()).unwrap();
        assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    }
}

#[test]
fn another_certificate_than_the_trusted_one_is_refused_n1() {
    let (server, mallory) = (Server::start(), Server::start());
    let refused = mallory.ask(&TLS13, "localhost", server.trusted()).unwrap_err().to_string();
    assert!(refused.contains("invalid peer certificate"), "{refused}");
    let refused = server.ask(&TLS13, "chat.example.org", server.trusted()).unwrap_err().to_string();
    assert!(refused.contains("not valid for name"), "{refused}");
}

#[test]
fn a_downgrade_is_refused_n1() {
    let server = Server::start();
    for version in [TLS_1_0, TLS_1_1] {
        let mut stream = server.connect();
        stream.write_all(&client_hello(version)).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        // A record with a fatal alert: handshake_failure or protocol_version (RFC 8446 §6).
        assert!(matches!(answer[..], [21, _, _, 0, 2, 2, 40 | 70]), "{answer:?}");
    }
}

#[test]
fn who_speaks_no_tls_gets_no_page_n1() {
    let server = Server::start();
    let mut stream = server.connect();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    // The connection may be reset instead of closed.
    let _ = stream.read_to_end(&mut answer);
    assert!(!answer.windows(4).any(|window| window == b"HTTP"), "{answer:?}");
}

/// The greeting of a client that knows nothing newer than `version` (RFC 4346 §7.4.1.2), with one suite of that time.
fn client_hello(version: [u8; 2]) -> Vec<u8> {
    let rest = [&[7; 32][..], &[0], &[0, 2, 0xc0, 0x13], &[1, 0]].concat();
    let hello = [&version[..], &rest].concat();
    let handshake = [&[1, 0, 0, u8::try_from(hello.len()).unwrap()][..], &hello].concat();
    [&[22][..], &version, &[0, u8::try_from(handshake.len()).unwrap()], &handshake].concat()
}

const TLS_1_0: [u8; 2] = [3, 1];
const TLS_1_1: [u8; 2] = [3, 2];
