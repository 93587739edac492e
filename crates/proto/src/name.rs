//! Names: what people log in by, are found by and are called.

use core::fmt;

use crate::limits::{DISPLAY_NAME_CHARS_MAX, DISPLAY_NAME_MAX, EMAIL_MAX, USER_NAME_MAX, USER_NAME_MIN};
use crate::{Invalid, Reason};

/// A user name: 3 to 32 of `a-z 0-9 _ .`, beginning with a letter, with no separator at the end or beside another one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserName(String);

impl UserName {
    /// Parses a name exactly as it is on the wire.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, Invalid> {
        check_user_name(text).map_err(|reason| Invalid::new(field, reason))?;
        Ok(Self(text.to_owned()))
    }

    /// Parses what a person typed: spaces around it, one leading `@` and capital letters are forgiven.
    pub fn from_input(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        Self::parse("user_name", &text.strip_prefix('@').unwrap_or(text).to_ascii_lowercase())
    }

    /// The name, without `@`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the name looks like at a glance. Two names with equal skeletons cannot exist on one server.
    pub fn skeleton(&self) -> String {
        let bare: String = self.0.chars().filter(|c| !is_separator(*c)).map(look_alike).collect();
        bare.replace("rn", "m").replace("vv", "w")
    }

    /// Whether the name is kept back, because it looks like that of the operator or the product.
    pub fn is_reserved(&self) -> bool {
        let skeleton = self.skeleton();
        RESERVED.iter().any(|reserved| Self((*reserved).to_owned()).skeleton() == skeleton)
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserName({self})")
    }
}

/// An e-mail address, checked as little as sense allows: nothing is ever sent to it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    /// Parses an address and folds its ASCII letters to lower case.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, Invalid> {
        check_email(text).map_err(|reason| Invalid::new(field, reason))?;
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// The folded address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Prints no more than that there is one: whose address it is belongs in no log.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(..)")
    }
}

/// What somebody logs in by. A user name has no `@`, an address has one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LoginName {
    /// By user name.
    User(UserName),
    /// By e-mail address.
    Email(Email),
}

impl LoginName {
    /// Parses a name as it is on the wire.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, Invalid> {
        if text.contains('@') {
            Email::parse(field, text).map(Self::Email)
        } else {
            UserName::parse(field, text).map(Self::User)
        }
    }
}

/// What a person or conversation is called: 1 to 128 bytes, at most 64 characters, on one line, without characters that hide, reverse or
/// pretend. It is only ever inside sealed events.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DisplayName(String);

impl DisplayName {
    /// Parses a name.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, Invalid> {
        check_display_name(text).map_err(|reason| Invalid::new(field, reason))?;
        Ok(Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Prints no more than that there is one: it is content.
impl fmt::Debug for DisplayName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DisplayName(..)")
    }
}

fn check_user_name(text: &str) -> Result<(), Reason> {
    check_size(text, USER_NAME_MIN, USER_NAME_MAX)?;
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || is_separator(c);
    if let Some(c) = text.chars().find(|c| !allowed(*c)) {
        return Err(Reason::Character(c));
    }
    if !text.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Err(Reason::Malformed("does not begin with a letter"));
    }
    if text.ends_with(is_separator) {
        return Err(Reason::Malformed("ends with a separator"));
    }
    if text.as_bytes().windows(2).any(|pair| pair.iter().all(|byte| is_separator((*byte).into()))) {
        return Err(Reason::Malformed("has two separators beside each other"));
    }
    Ok(())
}

fn is_separator(c: char) -> bool {
    matches!(c, '_' | '.')
}

/// Characters that many typefaces draw alike become one.
fn look_alike(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | 'i' | 'j' => 'l',
        '2' => 'z',
        '5' => 's',
        '8' => 'b',
        '9' => 'g',
        other => other,
    }
}

fn check_email(text: &str) -> Result<(), Reason> {
    check_size(text, 3, EMAIL_MAX)?;
    if let Some(c) = text.chars().find(|c| c.is_whitespace() || c.is_control()) {
        return Err(Reason::Character(c));
    }
    let (local, domain) = text.rsplit_once('@').ok_or(Reason::Malformed("has no @"))?;
    if local.is_empty() || local.len() > 64 || local.contains('@') {
        return Err(Reason::Malformed("has no single name of 1 to 64 bytes before its @"));
    }
    if domain.split('.').any(|label| label.is_empty() || label.len() > 63) {
        return Err(Reason::Malformed("has no host name after its @"));
    }
    Ok(())
}

fn check_display_name(text: &str) -> Result<(), Reason> {
    check_size(text, 1, DISPLAY_NAME_MAX)?;
    let count = text.chars().count();
    if count > DISPLAY_NAME_CHARS_MAX {
        return Err(Reason::Count { min: 1, max: DISPLAY_NAME_CHARS_MAX, actual: count });
    }
    if let Some(c) = text.chars().find(|c| is_deceptive(*c)) {
        return Err(Reason::Character(c));
    }
    if text.trim() != text {
        return Err(Reason::Malformed("begins or ends with a space"));
    }
    if text.chars().all(|c| is_joiner(c) || c.is_whitespace()) {
        return Err(Reason::Malformed("shows nothing"));
    }
    Ok(())
}

/// Controls, line breaks, marks of direction, and characters of no width except the joiners, which scripts and emoji need.
fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}'
            | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFD}' | '\u{E0000}'..='\u{E001F}' | '\u{E0080}'..='\u{E0FFF}')
}

fn is_joiner(c: char) -> bool {
    matches!(c, '\u{034F}' | '\u{200C}' | '\u{200D}' | '\u{FE00}'..='\u{FE0F}' | '\u{E0020}'..='\u{E007F}')
}

fn check_size(text: &str, min: usize, max: usize) -> Result<(), Reason> {
    if (min..=max).contains(&text.len()) { Ok(()) } else { Err(Reason::Size { min, max, actual: text.len() }) }
}

const RESERVED: [&str; 16] = [
    "abuse",
    "admin",
    "administrator",
    "everyone",
    "help",
    "moderator",
    "official",
    "operator",
    "postmaster",
    "root",
    "security",
    "server",
    "sotto",
    "support",
    "system",
    "webmaster",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn user(text: &str) -> Result<UserName, Reason> {
        UserName::parse("user_name", text).map_err(|invalid| invalid.reason)
    }

    fn email(text: &str) -> Result<Email, Reason> {
        Email::parse("email", text).map_err(|invalid| invalid.reason)
    }

    fn display(text: &str) -> Result<DisplayName, Reason> {
        DisplayName::parse("display_name", text).map_err(|invalid| invalid.reason)
    }

    #[test]
    fn user_names_keep_the_rule() {
        for good in ["bob", "alice_1", "a.b.c", "z99", &"x".repeat(USER_NAME_MAX)] {
            assert_eq!(user(good).unwrap().as_str(), good);
        }
        assert_eq!(user("al"), Err(Reason::Size { min: 3, max: 32, actual: 2 }));
        assert_eq!(user(&"x".repeat(33)), Err(Reason::Size { min: 3, max: 32, actual: 33 }));
        assert_eq!(user("Alice"), Err(Reason::Character('A')));
        assert_eq!(user("al-ice"), Err(Reason::Character('-')));
        assert_eq!(user("алиса"), Err(Reason::Character('а')));
        assert_eq!(user("1alice"), Err(Reason::Malformed("does not begin with a letter")));
        assert_eq!(user("_alice"), Err(Reason::Malformed("does not begin with a letter")));
        assert_eq!(user("alice."), Err(Reason::Malformed("ends with a separator")));
        assert_eq!(user("al._ice"), Err(Reason::Malformed("has two separators beside each other")));
    }

    #[test]
    fn what_people_type_is_forgiven() {
        assert_eq!(UserName::from_input("  @Alice_1 "), UserName::parse("user_name", "alice_1"));
        assert!(UserName::from_input("@@alice").is_err());
        assert!(UserName::from_input("al ice").is_err());
    }

    #[test]
    fn look_alikes_share_a_skeleton() {
        for (one, other) in
            [("alice", "a1ice"), ("alice", "al.i_ce"), ("bob", "b0b"), ("mark", "rnark"), ("will", "wili")]
        {
            assert_eq!(user(one).unwrap().skeleton(), user(other).unwrap().skeleton(), "{one} {other}");
        }
        assert_ne!(user("alice").unwrap().skeleton(), user("alicia").unwrap().skeleton());
    }

    #[test]
    fn the_operators_names_are_reserved_in_all_their_looks() {
        for name in ["admin", "adm1n", "a.d.m.i.n", "s0tto", "supp0rt"] {
            assert!(user(name).unwrap().is_reserved(), "{name}");
        }
        assert!(!user("sottovoce").unwrap().is_reserved());
    }

    #[test]
    fn addresses_are_checked_little_and_folded() {
        assert_eq!(email("Alice@Example.ORG").unwrap().as_str(), "alice@example.org");
        assert!(email("a@b").is_ok());
        for bad in ["", "a@", "@b.c", "no-at-sign", "a@b@c", "a b@c.d", "a@b..c", "a@.b", "a\n@b.c"] {
            assert!(email(bad).is_err(), "{bad:?}");
        }
        assert!(email(&format!("a@{}", "b".repeat(300))).is_err());
        assert_eq!(format!("{:?}", email("alice@example.org").unwrap()), "Email(..)");
    }

    #[test]
    fn an_at_sign_tells_the_names_apart() {
        assert!(matches!(LoginName::parse("login_name", "alice"), Ok(LoginName::User(_))));
        assert!(matches!(LoginName::parse("login_name", "alice@example.org"), Ok(LoginName::Email(_))));
    }

    #[test]
    fn display_names_may_be_in_any_script() {
        for good in ["A", "Алиса", "アリス", "محمد", "👩‍👩‍👧", "Jean-Luc O'Neill", "x y"] {
            assert_eq!(display(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn display_names_do_not_deceive() {
        assert_eq!(display(""), Err(Reason::Size { min: 1, max: 128, actual: 0 }));
        assert_eq!(display(&"a".repeat(65)), Err(Reason::Count { min: 1, max: 64, actual: 65 }));
        for c in ['\n', '\0', '\u{202E}', '\u{2066}', '\u{200B}', '\u{FEFF}', '\u{3164}', '\u{2028}'] {
            assert_eq!(display(&format!("al{c}ice")), Err(Reason::Character(c)));
        }
        assert_eq!(display(" alice"), Err(Reason::Malformed("begins or ends with a space")));
        assert_eq!(display("\u{200D}"), Err(Reason::Malformed("shows nothing")));
    }

    proptest! {
        #[test]
        fn any_text_is_a_name_or_refused(text in "\\PC{0,40}") {
            let _ = UserName::from_input(&text);
            let _ = Email::parse("email", &text);
            let _ = DisplayName::parse("display_name", &text);
        }

        #[test]
        fn an_accepted_name_is_printed_as_it_came(text in "[a-z][a-z0-9_.]{2,31}") {
            if let Ok(name) = UserName::parse("user_name", &text) {
                prop_assert_eq!(name.to_string(), text);
            }
        }
    }
}
