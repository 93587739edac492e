//! What people type, paste and scan: recovery codes, safety numbers, the codes that verify a contact, names, ids, passwords.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sotto_crypto::identity::{DeviceKey, IdentityPublicKey};
use sotto_crypto::login::Password;
use sotto_crypto::recovery::RecoveryCode;
use sotto_crypto::safety::{Party, SafetyNumber, Verdict, judge_qr_text, qr_text};
use sotto_crypto::secret::Secret;
use sotto_fuzz as _;
use sotto_proto::frame::AccessToken;
use sotto_proto::{AccountId, DisplayName, Email, LoginName, Method, UserName};

static PARTIES: LazyLock<(Party, Party)> = LazyLock::new(|| (party(1), party(2)));

fuzz_target!(|text: &str| {
    if let Ok(code) = RecoveryCode::parse(text) {
        assert_eq!(RecoveryCode::parse(&code.expose_words().join(" ")), Ok(code));
    }
    verify(text);
    name(text);
    if let Ok(id) = text.parse::<AccountId>() {
        assert_eq!(id.to_string(), text.to_ascii_lowercase());
    }
    if let Some(method) = Method::from_path(text) {
        assert_eq!(method.path(), text);
    }
    if let Ok(token) = AccessToken::parse("access_token", text.to_owned()) {
        assert_eq!(token.expose_secret(), text);
    }
    let _ = Password::new(text);
});

fn verify(text: &str) {
    let (me, contact) = &*PARTIES;
    if judge_qr_text(text, me, contact) == Ok(Verdict::Verified) {
        assert_eq!(text, qr_text(contact, me));
    }
    if SafetyNumber::between(me, contact).matches_digits(text) {
        assert_eq!(text.bytes().filter(u8::is_ascii_digit).count(), 60);
    }
}

fn name(text: &str) {
    if let Ok(name) = UserName::from_input(text) {
        assert_eq!(UserName::parse("user_name", name.as_str()), Ok(name.clone()));
        assert!(name.skeleton().len() <= name.as_str().len());
    }
    if let Ok(email) = Email::parse("email", text) {
        assert_eq!(Email::parse("email", email.as_str()), Ok(email));
    }
    if let Ok(name) = DisplayName::parse("display_name", text) {
        assert_eq!(name.as_str(), text);
    }
    let _ = LoginName::parse("login_name", text);
}

fn party(number: u8) -> Party {
    let key = DeviceKey::from_seed(&Secret::fill(|seed| *seed = [number; 32])).public();
    let identity = IdentityPublicKey::from_bytes(key.as_bytes()).expect("a real key");
    Party { account: AccountId::from_bytes([number; 16]), identity }
}
