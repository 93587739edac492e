//! A program that is told of messages by a webhook: in their order, again until it takes them, and sure that they are from the bot.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

#[allow(dead_code, unreachable_pub, reason = "one rig for all tests of the terminal")]
mod rig;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rig::people::People;
use serde_json::Value;
use sha2::Sha256;

#[test]
fn a_webhook_hears_every_message_once_it_takes_them() {
    let people = People::new(&["alice", "robot"]);
    people.meet("alice", "robot", "One");
    for text in ["Two", "Three"] {
        people.does("alice", &["send", "@robot", text]);
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let hook = format!("http://{}/hook", listener.local_addr().unwrap());
    let bot = ["bot", "--http", "127.0.0.1:0", "--webhook", &hook, "--count", "3"];
    let bot = people.sotto("robot", &bot).spawn().unwrap();

    // The first time it is busy, then it breaks off, then it takes the message and answers.
    let first = hear(&listener);
    let event = first.body.clone();
    first.reply("503 Service Unavailable", "");
    let again = hear(&listener);
    assert_eq!(again.body, event, "the next one waits for this one");
    drop(again);
    let taken = hear(&listener);
    assert_eq!((taken.text(), &taken.body), ("One".to_owned(), &event));
    let token = std::fs::read_to_string(people.path("robot/http-token")).unwrap();
    assert_eq!(taken.head("sotto-signature"), signature(&token, &taken.body));
    assert!(!taken.request.contains(&token), "the token itself is not told");
    taken.reply("200 OK", "{\"action\":\"reply\",\"text\":\"Heard\"}\n");

    // What it refuses is passed over.
    let second = hear(&listener);
    assert_eq!(second.text(), "Two");
    second.reply("422 Unprocessable Content", "");
    let third = hear(&listener);
    assert_eq!(third.text(), "Three");
    third.reply("204 No Content", "");

    let output = bot.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert_eq!(said.matches("it is tried again").count(), 1, "that it is away is said once: {said}");
    assert!(said.contains("The webhook refused a message (422)"), "{said}");
    let history = people.does("alice", &["history", "@robot"]);
    assert!(history.contains("robot → alice “One”: Heard"), "{history}");
    assert!(!people.does("robot", &["chats"]).contains("unread"), "what was taken counts as read");
}

/// A POST that waits for its answer.
struct Posted {
    stream: TcpStream,
    request: String,
    body: String,
}

fn hear(listener: &TcpListener) -> Posted {
    let (stream, _) = listener.accept().unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut request = String::new();
    while !request.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut request).unwrap() > 0, "{request}");
    }
    let mut posted = Posted { stream, request: request.to_lowercase(), body: String::new() };
    assert!(posted.request.starts_with("post /hook http/1.1\r\n"), "{request}");
    let length = posted.head("content-length").parse().unwrap();
    reader.take(length).read_to_string(&mut posted.body).unwrap();
    posted
}

impl Posted {
    fn head(&self, name: &str) -> String {
        let line = self.request.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_else(|| panic!("{name} is not in {}", self.request)).to_owned()
    }

    fn text(&self) -> String {
        let message: Value = serde_json::from_str(&self.body).unwrap();
        message["text"].as_str().unwrap().to_owned()
    }

    fn reply(mut self, status: &str, body: &str) {
        let length =
            if status.starts_with("204") { String::new() } else { format!("content-length: {}\r\n", body.len()) };
        write!(self.stream, "HTTP/1.1 {status}\r\nconnection: close\r\n{length}\r\n{body}").unwrap();
    }
}

fn signature(token: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(token.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    format!("sha256={}", HEXLOWER.encode(&mac.finalize().into_bytes()))
}
