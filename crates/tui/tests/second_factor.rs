//! The second factor in the terminal, with an authenticator at hand: turned on, asked for, and turned off.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

#[allow(dead_code, unreachable_pub, reason = "one rig for all tests of the terminal")]
mod rig;

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;
use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rig::people::People;
use serde_json::Value;
use sha1::Sha1;

#[test]
fn alice_turns_on_a_second_factor_and_is_asked_for_it() {
    let people = People::new(&["alice"]);

    // The secret is shown, the first code is read, and codes for the drawer come back.
    let mut enabling = people.sotto("alice", &["2fa", "enable", "--json"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(enabling.stdout.take().unwrap()).lines();
    let drawn: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    let secret = drawn["secret"].as_str().unwrap();
    assert!(drawn["uri"].as_str().unwrap().contains(secret));
    writeln!(enabling.stdin.take().unwrap(), "{}", code(secret)).unwrap();
    let on: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    assert!(enabling.wait().unwrap().success());
    let backup = on["backup_codes"][0].as_str().unwrap();

    // Another device needs a code, the right one, and one of the drawer works once.
    let login =
        |device: &str, code: &[&str]| people.tries(device, &[&["login", "--user", "alice", "--json"], code].concat());
    let refused = |output: std::process::Output, with: &str| {
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && said.contains(with), "{said}");
    };
    refused(login("laptop", &["--code", "000000"]), "second-factor-wrong");
    assert!(login("laptop", &["--code", backup]).status.success());
    refused(login("tablet", &["--code", backup]), "second-factor-wrong");

    // What needs the password needs a code as well, and without one it is as before.
    let off = people.does("laptop", &["2fa", "disable", "--code", on["backup_codes"][1].as_str().unwrap()]);
    assert_eq!(off, "Done.\n");
    assert!(login("tablet", &[]).status.success());
}

/// RFC 6238, as authenticators do it: six digits every half a minute.
fn code(secret: &str) -> String {
    let key = BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
    let step = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 30;
    let mut mac = Hmac::<Sha1>::new_from_slice(&key).unwrap();
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let at = usize::from(digest[19] & 15);
    let number = u32::from_be_bytes(digest[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}
