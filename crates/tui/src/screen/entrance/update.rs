//! What happens at the door when somebody types.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use sotto_crypto::login::Password;
use sotto_crypto::recovery::RecoveryCode;
use sotto_proto::UserName;
use zeroize::Zeroizing;

use super::hidden::Hidden;
use super::model::{Form, Model, Page, Value, Way, What, Words};
use crate::commands::{recovery_code, require_email};
use crate::failure::Failure;
use crate::finding;
use crate::screen::editor::Editor;
use crate::words::Message;

/// Something that the world is to do.
pub(super) enum Wish {
    /// Out, or back to where one was.
    Leave,
    Enter(Box<Entry>),
    Code(String),
    /// The recovery words are kept.
    Kept,
}

/// What somebody comes in by.
pub(super) struct Entry {
    pub(super) server: String,
    pub(super) passphrase: Option<Zeroizing<String>>,
    pub(super) by: By,
}

pub(super) enum By {
    Password { name: Option<String>, password: Password },
    New { user: UserName, email: String, password: Password },
    Words { name: String, code: RecoveryCode, password: Password },
}

/// What came of it.
pub(super) enum Outcome {
    /// Somebody is in; new recovery words are to be kept first.
    In(Option<Words>),
    CodeNeeded,
    Failed(Failure),
}

/// Takes in a key.
pub(super) fn press(model: &mut Model, key: KeyEvent) -> Option<Wish> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    if key.kind == KeyEventKind::Release {
        return None;
    }
    if control && matches!(key.code, KeyCode::Char('c' | 'q')) {
        return Some(Wish::Leave);
    }
    if model.is_busy {
        return None;
    }
    model.problem = None;
    match &mut model.page {
        Page::Choose { .. } => choose(model, key),
        Page::Form(form) if key.code == KeyCode::Esc => {
            if form.way == Way::Again {
                return Some(Wish::Leave);
            }
            model.page = Page::Choose { at: 0 };
            None
        }
        Page::Form(_) => fill_in(model, key),
        Page::Code(editor) => {
            let code = editor.text().trim().to_owned();
            if key.code == KeyCode::Enter && !code.is_empty() {
                model.is_busy = true;
                return Some(Wish::Code(code));
            }
            editor.press(key);
            None
        }
        Page::Words(_) | Page::WordsBack { .. } => words(model, key),
    }
}

/// Takes in what was pasted.
pub(super) fn paste(model: &mut Model, text: &str) {
    let text = text.lines().collect::<Vec<_>>().join(" ");
    match &mut model.page {
        Page::Form(form) if !model.is_busy => match form.fields.get_mut(form.at).map(|field| &mut field.value) {
            Some(Value::Open(editor)) => editor.insert(&text),
            Some(Value::Secret(hidden)) => hidden.insert(&text),
            None => {}
        },
        Page::Code(editor) if !model.is_busy => editor.insert(&text),
        _ => {}
    }
}

/// Takes in what came of a wish. Gives one where nothing is left to be done here.
pub(super) fn take(model: &mut Model, outcome: Outcome) -> Option<Wish> {
    model.is_busy = false;
    match outcome {
        Outcome::In(None) => return Some(Wish::Kept),
        Outcome::In(Some(words)) => model.page = Page::Words(words),
        Outcome::CodeNeeded => model.page = Page::Code(Editor::default()),
        Outcome::Failed(failure) => match &mut model.page {
            Page::Form(form) if failure.message == Message::NoPassphrase => {
                form.ask_passphrase();
                model.problem = Some(Message::DoorPassphrase);
            }
            Page::Code(editor) => {
                editor.take();
                model.problem = Some(failure.message);
            }
            _ => model.problem = Some(failure.message),
        },
    }
    None
}

fn choose(model: &mut Model, key: KeyEvent) -> Option<Wish> {
    let Page::Choose { at } = &mut model.page else { return None };
    match key.code {
        KeyCode::Up | KeyCode::Char('k') | KeyCode::BackTab => *at = at.saturating_sub(1),
        KeyCode::Down | KeyCode::Char('j') | KeyCode::Tab => *at = (*at + 1).min(WAYS.len()),
        KeyCode::Enter => match WAYS.get(*at) {
            Some((way, _)) => model.page = Page::Form(Form::of(*way, &model.server)),
            None => return Some(Wish::Leave),
        },
        _ => {}
    }
    None
}

fn fill_in(model: &mut Model, key: KeyEvent) -> Option<Wish> {
    let Page::Form(form) = &mut model.page else { return None };
    let last = form.fields.len() - 1;
    match key.code {
        KeyCode::Up | KeyCode::BackTab => form.at = form.at.saturating_sub(1),
        KeyCode::Down | KeyCode::Tab => form.at = (form.at + 1).min(last),
        KeyCode::Enter if form.at < last => form.at += 1,
        KeyCode::Enter => match entry(form) {
            Ok(entry) => {
                model.is_busy = true;
                return Some(Wish::Enter(Box::new(entry)));
            }
            Err(failure) => model.problem = Some(failure.message),
        },
        _ => match form.fields.get_mut(form.at).map(|field| &mut field.value) {
            Some(Value::Open(editor)) => {
                editor.press(key);
            }
            Some(Value::Secret(hidden)) => hidden.press(key),
            None => {}
        },
    }
    None
}

/// What was filled in, if it can be used.
fn entry(form: &Form) -> Result<Entry, Failure> {
    let named = form.text(What::Login).trim().trim_start_matches('@').to_owned();
    let by = match form.way {
        Way::Again => By::Password { name: None, password: password(form, What::Password)? },
        Way::SignIn => By::Password { name: Some(required(named)?), password: password(form, What::Password)? },
        Way::Register => {
            let user = finding::user(form.text(What::User).trim())?;
            let email = form.text(What::Email).trim().to_owned();
            require_email(&email)?;
            By::New { user, email, password: new_password(form)? }
        }
        Way::Recover => {
            let code = recovery_code(form.text(What::Words))?;
            By::Words { name: required(named)?, code, password: new_password(form)? }
        }
    };
    if form.text(What::Passphrase) != form.text(What::PassphraseAgain) {
        return Err(Message::PasswordsDiffer.misused());
    }
    let passphrase = Zeroizing::new(form.text(What::Passphrase).to_owned());
    let passphrase = Some(passphrase).filter(|passphrase| !passphrase.is_empty());
    Ok(Entry { server: form.text(What::Server).trim().to_owned(), passphrase, by })
}

fn required(name: String) -> Result<String, Failure> {
    if name.is_empty() { Err(Message::BadUserName { name }.misused()) } else { Ok(name) }
}

fn password(form: &Form, what: What) -> Result<Password, Failure> {
    Password::new(form.text(what)).map_err(|_| Message::PasswordLength.misused())
}

fn new_password(form: &Form) -> Result<Password, Failure> {
    if form.text(What::NewPassword) != form.text(What::Again) {
        return Err(Message::PasswordsDiffer.misused());
    }
    password(form, What::NewPassword)
}

/// The words are shown until they are written down, and some of them are asked back.
fn words(model: &mut Model, key: KeyEvent) -> Option<Wish> {
    let none = Words { text: Zeroizing::default(), asked: Vec::new() };
    let page = std::mem::replace(&mut model.page, Page::Words(none));
    model.page = match (page, key.code) {
        (Page::Words(words), KeyCode::Enter) => {
            let typed = words.asked.iter().map(|_| Hidden::default()).collect();
            Page::WordsBack { words, typed, at: 0 }
        }
        (Page::WordsBack { words, .. }, KeyCode::Esc) => Page::Words(words),
        (Page::WordsBack { words, mut typed, mut at }, code) => {
            let last = typed.len().saturating_sub(1);
            match code {
                KeyCode::Up | KeyCode::BackTab => at = at.saturating_sub(1),
                KeyCode::Down | KeyCode::Tab => at = (at + 1).min(last),
                KeyCode::Enter if at < last => at += 1,
                KeyCode::Enter if are_right(&words, &typed) => return Some(Wish::Kept),
                KeyCode::Enter => {
                    model.problem = Some(Message::WordsBackWrong);
                    typed.iter_mut().for_each(Hidden::clear);
                    at = 0;
                }
                _ => {
                    if let Some(typed) = typed.get_mut(at) {
                        typed.press(key);
                    }
                }
            }
            Page::WordsBack { words, typed, at }
        }
        (page, _) => page,
    };
    None
}

fn are_right(words: &Words, typed: &[Hidden]) -> bool {
    let same = |(place, typed): (&usize, &Hidden)| words.word(*place) == typed.text().trim().to_lowercase();
    words.asked.iter().zip(typed).all(same)
}

/// What one can choose; after the last comes leaving.
pub(super) const WAYS: [(Way, Message); 3] =
    [(Way::SignIn, Message::DoorSignIn), (Way::Register, Message::DoorRegister), (Way::Recover, Message::DoorRecover)];
