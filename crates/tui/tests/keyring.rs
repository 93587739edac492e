//! The key of a profile in a keyring of the system: a real Secret Service, GNOME's, on a bus of its own.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

#[allow(dead_code, unreachable_pub, reason = "one rig for all tests of the terminal")]
mod rig;

use std::process::Output;

use rig::people::People;

#[test]
fn a_profile_asks_for_no_passphrase_where_there_is_a_keyring() {
    let people = People::new(&[]);
    let registered = with_keyring(&people, "the login password", "sotto register --user alice && sotto whoami");
    assert!(registered.status.success(), "{registered:?}");
    let card = std::fs::read_to_string(people.path("alice/profile.json")).unwrap();
    assert!(card.contains("\"keyring\""), "{card}");
    assert!(!people.path("alice/key").exists(), "the key is not beside the store");

    // The keyring is opened anew, as at the next login.
    let again = with_keyring(&people, "the login password", "sotto whoami");
    assert!(again.status.success(), "{again:?}");
    assert!(String::from_utf8(again.stdout).unwrap().contains("@alice is signed in on "));

    // Without it, or while it is locked, it says so.
    let without = people.sotto("alice", &["whoami", "--json"]).env_remove("SOTTO_PASSPHRASE").output().unwrap();
    let said = String::from_utf8(without.stderr).unwrap();
    assert!(without.status.code() == Some(1) && said.contains("\"key-missing\""), "{said}");

    // Whoever logs out takes the key out of the keyring.
    let gone = with_keyring(&people, "the login password", "sotto logout && secret_count");
    assert!(gone.status.success(), "{gone:?}");
    assert!(String::from_utf8(gone.stdout).unwrap().ends_with("secrets 0\n"), "{:?}", gone.stderr);
}

/// Runs a line of shell with a keyring that is unlocked. What the keyring keeps lies in the folder of all people.
fn with_keyring(people: &People, password: &str, line: &str) -> Output {
    let script = format!(
        r#"secret_count() {{
            found=$(dbus-send --session --print-reply --dest=org.freedesktop.secrets /org/freedesktop/secrets \
                org.freedesktop.Secret.Service.SearchItems dict:string:string:service,sotto)
            echo "secrets $(printf '%s' "$found" | grep -c 'object path')"
        }}
        eval "$(printf '%s' '{password}' | gnome-keyring-daemon --unlock --components=secrets)"
        {line}"#
    );
    let mut command = people.program("alice", "dbus-run-session");
    command.args(["--", "sh", "-c", &script]).env_remove("SOTTO_PASSPHRASE");
    command.env("XDG_RUNTIME_DIR", people.path("runtime")).env("XDG_DATA_HOME", people.path("data"));
    std::fs::create_dir_all(people.path("runtime")).unwrap();
    command.output().expect("dbus and gnome-keyring are there; `script/setup` installs them")
}
