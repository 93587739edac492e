//! The door, as (screen, keys, screen); the stories stand beside those of the rest of the screen.

use ratatui::Frame;
use ratatui::crossterm::event::KeyCode;
use sotto_client::engine::Why;
use zeroize::Zeroizing;

use super::draw::draw;
use super::hidden::Hidden;
use super::model::{Form, Model, Page, Way, Words};
use super::update::{By, Entry, Outcome, Wish, paste, press, take};
use crate::failure::Failure;
use crate::screen::settings::ThemeName;
use crate::screen::tests::{Stage, screen, steps::key_named, tell};
use crate::words::{Language, Message};

#[test]
fn somebody_makes_an_account() {
    tell("somebody_makes_an_account", &mut door());
}

#[test]
fn somebody_signs_in_with_a_second_factor() {
    tell("somebody_signs_in_with_a_second_factor", &mut door());
}

#[test]
fn somebody_comes_back_by_words_in_russian() {
    tell("somebody_comes_back_by_words_in_russian", &mut door());
}

/// All sizes, with every page, and every key at each of them.
#[test]
fn no_size_and_no_key_breaks_the_door() {
    let pages: [fn() -> Page; 6] = [
        || Page::Choose { at: 0 },
        || Page::Form(Form::of(Way::Register, "https://chat.example.org")),
        || Page::Form(Form::of(Way::Recover, "https://chat.example.org")),
        || Page::Code(crate::screen::editor::Editor::with("123456")),
        || Page::Words(words()),
        || Page::WordsBack { words: words(), typed: (0..3).map(|_| Hidden::default()).collect(), at: 0 },
    ];
    for page in pages {
        for (width, height) in [(1, 1), (29, 10), (30, 10), (70, 10), (80, 24), (200, 60)] {
            let mut model = Model { page: page(), size: (width, height), ..door() };
            for key in ["Down", "Up", "Tab", "x", "Backspace", "Left", "Enter", "Esc"] {
                screen(&model);
                press(&mut model, key_named(key));
            }
            screen(&model);
        }
    }
}

/// What is secret shows nowhere but where it is meant to be seen.
#[test]
fn a_password_is_not_on_the_screen() {
    let mut model = Model { page: Page::Form(Form::of(Way::Again, "")), ..door() };
    "likes horses".chars().for_each(|c| drop(press(&mut model, KeyCode::Char(c).into())));
    let shown = screen(&model);
    assert!(shown.contains("••••••••••••") && !shown.contains("horses"), "{shown}");
}

fn door() -> Model {
    Model {
        size: (80, 24),
        language: Language::English,
        theme: ThemeName::Dark,
        page: Page::Choose { at: 0 },
        problem: None,
        is_busy: false,
        server: "https://".to_owned(),
    }
}

fn words() -> Words {
    let text = (1..=24).map(|number| format!("word{number}")).collect::<Vec<_>>().join(" ");
    Words { text: Zeroizing::new(text), asked: vec![2, 11, 23] }
}

impl Stage for Model {
    fn take(&mut self, step: &str, told: &mut String) {
        let step = step.trim_end_matches('\\').trim();
        let (verb, rest) = step.split_once(' ').unwrap_or((step, ""));
        let mut note = |wish: Option<Wish>| told.extend(wish.map(|wish| format!("= {}\n", in_words(&wish))));
        match verb {
            "keys" => rest.split(' ').for_each(|key| note(press(self, key_named(key)))),
            "type" => rest.chars().for_each(|c| note(press(self, KeyCode::Char(c).into()))),
            "paste" => paste(self, rest),
            "russian" => self.language = Language::Russian,
            "comes" => note(take(self, outcome(rest))),
            other => panic!("nobody knows how to '{other}'"),
        }
    }

    fn size(&self) -> (u16, u16) {
        self.size
    }

    fn draw(&self, frame: &mut Frame<'_>) {
        draw(self, frame);
    }
}

fn outcome(name: &str) -> Outcome {
    match name {
        "in" => Outcome::In(None),
        "words" => Outcome::In(Some(words())),
        "code-needed" => Outcome::CodeNeeded,
        "wrong-code" => Outcome::Failed(Message::SecondFactorWrong.failed()),
        "wrong-password" => Outcome::Failed(Failure::of(Why::WrongPassword, "")),
        "no-keyring" => Outcome::Failed(Message::NoPassphrase.misused()),
        other => panic!("nobody knows '{other}'"),
    }
}

fn in_words(wish: &Wish) -> String {
    match wish {
        Wish::Leave => "leave".to_owned(),
        Wish::Code(code) => format!("give the code {code}"),
        Wish::Kept => "go in".to_owned(),
        Wish::Enter(entry) => {
            let Entry { server, passphrase, by } = entry.as_ref();
            let with = if passphrase.is_some() { ", with a passphrase" } else { "" };
            match by {
                By::Password { name: Some(name), .. } => format!("sign in as {name} on {server}{with}"),
                By::Password { name: None, .. } => "sign in again".to_owned(),
                By::New { user, email, .. } => format!("register {} <{email}> on {server}{with}", user.as_str()),
                By::Words { name, .. } => format!("come back as {name} on {server}{with}"),
            }
        }
    }
}
