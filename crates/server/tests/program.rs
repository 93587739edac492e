//! The program as an operator and a browser meet it: started, asked, stopped.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

struct Server {
    process: Child,
    address: String,
    data: TempDir,
}

impl Server {
    fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut process = program()
            .args(["--listen", "127.0.0.1:0", "--data"])
            .arg(data.path().join("kept"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").expect(&line).to_owned();
        Self { process, address, data }
    }

    fn ask(&self, method: &str, path: &str, headers: &[&str]) -> Reply {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let first = [format!("{method} {path} HTTP/1.1"), "host: sotto".to_owned(), "connection: close".to_owned()];
        let lines = first.iter().map(String::as_str).chain(headers.iter().copied()).chain(["", ""]);
        stream.write_all(lines.collect::<Vec<_>>().join("\r\n").as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        Reply::parse(&bytes)
    }

    fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, &[])
    }

    fn interrupt(&self) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

struct Reply {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Reply {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a reply has a head");
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_ascii_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head, body: bytes[end + 4..].to_vec() }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sotto-server"));
    command.stderr(Stdio::piped());
    command
}

/// The first hashed file of a kind that the page names.
fn asset(server: &Server, ending: &str) -> String {
    let page = String::from_utf8(server.get("/").body).unwrap();
    let found = page.split('"').find(|text| text.starts_with("/assets/") && text.ends_with(ending));
    found.expect("no built web app; run `cargo xtask web` first").to_owned()
}

#[test]
fn it_serves_makes_a_private_folder_and_ends_when_interrupted() {
    let mut server = Server::start();

    assert_eq!(server.get("/healthz").status, 200);
    let mode = std::fs::metadata(server.data.path().join("kept")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);

    server.interrupt();
    assert!(server.process.wait().unwrap().success());
}

#[test]
fn a_taken_port_is_one_clear_sentence() {
    let first = Server::start();
    let data = first.data.path().join("other");

    let second = program().args(["--listen", &first.address, "--data"]).arg(data).output().unwrap();

    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(said.starts_with(&format!("sotto-server: cannot listen on {}", first.address)), "{said}");
    assert!(said.contains("Choose another with --listen"), "{said}");
}

#[test]
fn the_later_flag_wins() {
    let data = tempfile::tempdir().unwrap();
    let output =
        program().args(["--listen", "127.0.0.1:0", "--listen", "not an address", "--data"]).arg(data.path()).output();
    assert_eq!(output.unwrap().status.code(), Some(2));
}

#[test]
fn every_reply_carries_the_policy_also_where_nothing_is() {
    let server = Server::start();
    for (path, status) in [("/", 200), ("/healthz", 200), ("/nothing", 404), ("/../../etc/passwd", 404)] {
        let reply = server.get(path);
        assert_eq!(reply.status, status, "{path}");
        let policy = reply.header("content-security-policy").expect(path);
        assert!(policy.contains("script-src 'self' 'wasm-unsafe-eval';"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("'unsafe-"), "{policy}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(reply.header("cross-origin-opener-policy"), Some("same-origin"));
    }
}

/// Nor are figures of the operator told on the address that everybody reaches.
#[test]
fn nothing_for_debugging_is_served_a13() {
    let server = Server::start();
    for path in
        ["/metrics", "/debug", "/debug/pprof", "/admin", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"]
    {
        assert_eq!(server.get(path).status, 404, "{path}");
    }
}

#[test]
fn the_page_is_asked_for_again_and_hashed_files_never() {
    let server = Server::start();
    assert_eq!(server.get("/").header("cache-control"), Some("no-cache"));
    let script = server.get(&asset(&server, ".js"));
    assert_eq!(script.header("cache-control"), Some("public, max-age=31536000, immutable"));
    assert_eq!(script.header("content-type"), Some("text/javascript; charset=utf-8"));
}

#[test]
fn what_the_browser_has_is_not_sent_again() {
    let server = Server::start();
    let tag = server.get("/").header("etag").unwrap().to_owned();

    let again = server.ask("GET", "/", &[&format!("if-none-match: {tag}")]);

    assert_eq!((again.status, again.body.len()), (304, 0));
}

#[test]
fn the_smallest_variant_that_the_browser_takes_is_sent() {
    let server = Server::start();
    let script = asset(&server, ".js");
    let size = |coding: &str| {
        let reply = server.ask("GET", &script, &[&format!("accept-encoding: {coding}")]);
        (reply.header("content-encoding").map(str::to_owned), reply.body.len())
    };

    let (identity, brotli, gzip) = (size("identity"), size("gzip, br"), size("gzip"));

    assert_eq!(identity.0, None);
    assert_eq!(brotli.0.as_deref(), Some("br"));
    assert_eq!(gzip.0.as_deref(), Some("gzip"));
    assert!(brotli.1 < gzip.1 && gzip.1 < identity.1, "{} {} {}", brotli.1, gzip.1, identity.1);
}

#[test]
fn only_reading_is_allowed() {
    let server = Server::start();
    let reply = server.ask("POST", "/", &["content-length: 0"]);
    assert_eq!((reply.status, reply.header("allow")), (405, Some("get, head")));
    let head = server.ask("HEAD", "/", &[]);
    assert_eq!((head.status, head.body.len()), (200, 0));
}
