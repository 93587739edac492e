//! The door: where nobody is signed in, the screen offers it. Like the rest of the screen, a model that is updated and drawn, and a loop around
//! it that does what is wished.

mod draw;
mod hidden;
mod model;
#[cfg(test)]
mod tests;
mod update;

use std::pin::Pin;

use rand::CryptoRng;
use ratatui::crossterm::event::Event;
use sotto_client::engine::{Engine, NewAccount};

use super::settings::Settings;
use super::terminal::{Screen, failed};
use crate::arguments::Common;
use crate::commands::{Arrival, Step, cost, device_name};
use crate::console::Console;
use crate::failure::Failure;
use crate::profile::{Passphrase, Typed};

use model::{Form, Model, Page, Way, Words};
use update::{By, Entry, Outcome, Wish};

/// Who comes to the door.
pub(crate) enum Door {
    /// Somebody who is not known here.
    Nobody,
    /// Whose session was ended by the server.
    Again(Arrival),
    /// Who is in, and has not said yet that the recovery words are kept.
    Words(Arrival),
}

/// Lets somebody in. None if the person leaves instead.
pub(crate) async fn enter(
    screen: &mut Screen,
    door: Door,
    common: &Common,
    console: &Console,
) -> Result<Option<Arrival>, Failure> {
    let (page, arrival) = match door {
        Door::Nobody => (Page::Choose { at: 0 }, None),
        Door::Again(arrival) => (Page::Form(Form::of(Way::Again, "")), Some(arrival)),
        Door::Words(arrival) => (words_of(&arrival).await?.map_or(Page::Choose { at: 0 }, Page::Words), Some(arrival)),
    };
    let folder = crate::commands::profile_folder(common);
    let settings = Settings::load(&folder, console.language);
    let size = screen.terminal.size().map_err(|error| failed(&error))?;
    let model = Model {
        size: (size.width, size.height),
        language: settings.language,
        theme: settings.theme,
        page,
        problem: None,
        is_busy: false,
        server: std::env::var("SOTTO_SERVER").unwrap_or_else(|_| "https://".to_owned()),
    };
    Loop { screen, common, console, model, arrival, work: None }.run().await
}

/// Something under way, with the arrival that it has in its hands.
type Work<'l> = Pin<Box<dyn Future<Output = (Option<Arrival>, Outcome)> + 'l>>;

struct Loop<'l> {
    screen: &'l mut Screen,
    common: &'l Common,
    console: &'l Console,
    model: Model,
    arrival: Option<Arrival>,
    work: Option<Work<'l>>,
}

impl Loop<'_> {
    async fn run(mut self) -> Result<Option<Arrival>, Failure> {
        loop {
            let model = &self.model;
            self.screen.terminal.draw(|frame| draw::draw(model, frame)).map_err(|error| failed(&error))?;
            let wish = tokio::select! {
                event = self.screen.keys.recv() => match event.flatten() {
                    Some(event) => happen(&mut self.model, event),
                    None => Some(Wish::Leave),
                },
                (arrival, outcome) = ended(&mut self.work) => {
                    (self.arrival, self.work) = (arrival, None);
                    update::take(&mut self.model, outcome)
                }
            };
            match wish {
                None => {}
                Some(Wish::Leave) => return self.leave().await,
                Some(Wish::Kept) => return self.keep().await,
                Some(Wish::Enter(entry)) => {
                    let (arrival, common, console) = (self.arrival.take(), self.common, self.console);
                    self.work = Some(Box::pin(come(arrival, *entry, common, console)));
                }
                Some(Wish::Code(code)) => {
                    let arrival = self.arrival.take();
                    self.work = Some(Box::pin(give_code(arrival, code)));
                }
            }
        }
    }

    /// Whoever was here before stays so; of a stranger nothing is left behind.
    async fn leave(mut self) -> Result<Option<Arrival>, Failure> {
        // What is under way is not waited for, and does nothing any more.
        self.work = None;
        let Some(arrival) = self.arrival else { return Ok(None) };
        if matches!(self.model.page, Page::Form(Form { way: Way::Again, .. })) {
            return Ok(Some(arrival));
        }
        arrival.turn_away().await.map(|()| None)
    }

    async fn keep(self) -> Result<Option<Arrival>, Failure> {
        if let Some(arrival) = &self.arrival {
            arrival.session.with(Engine::recovery_words_are_kept).await?;
        }
        Ok(self.arrival)
    }
}

fn happen(model: &mut Model, event: Event) -> Option<Wish> {
    match event {
        Event::Key(key) => return update::press(model, key),
        Event::Paste(text) => update::paste(model, &text),
        Event::Resize(width, height) => model.size = (width, height),
        Event::Mouse(_) | Event::FocusGained | Event::FocusLost => {}
    }
    None
}

/// Never, where nothing is under way.
async fn ended(work: &mut Option<Work<'_>>) -> (Option<Arrival>, Outcome) {
    match work {
        Some(work) => work.await,
        None => std::future::pending().await,
    }
}

/// Opens or makes the profile, and signs in there. Who fails is out again.
async fn come(known: Option<Arrival>, entry: Entry, common: &Common, console: &Console) -> (Option<Arrival>, Outcome) {
    let was_known = known.is_some();
    let arrival = match known.map_or_else(|| begin(&entry, common, console), Ok) {
        Ok(arrival) => arrival,
        Err(failure) => return (None, Outcome::Failed(failure)),
    };
    match sign_in(&arrival, entry.by).await {
        Ok(Step::CodeNeeded) => (Some(arrival), Outcome::CodeNeeded),
        Ok(Step::In) => come_in(arrival).await,
        Err(failure) if was_known => (Some(arrival), Outcome::Failed(failure)),
        // Whether something is left behind does not matter as much as why it failed.
        Err(failure) => (None, Outcome::Failed(arrival.turn_away().await.err().unwrap_or(failure))),
    }
}

fn begin(entry: &Entry, common: &Common, console: &Console) -> Result<Arrival, Failure> {
    let typed = Typed::OnTheScreen(entry.passphrase.clone());
    let passphrase = Passphrase { file: common.passphrase_file.clone(), typed };
    Arrival::begin(common, Some(&entry.server), "ui", &passphrase, console)
}

async fn sign_in(arrival: &Arrival, by: By) -> Result<Step, Failure> {
    let device_name = device_name(None);
    match by {
        By::Password { name, password } => arrival.sign_in(name, password, device_name).await,
        By::New { user, email, password } => {
            let new = NewAccount { user_name: user, email, password, cost: cost(), device_name };
            arrival.register(new).await?;
            arrival.session.until(|engine| engine.expose_recovery_words().map(drop)).await?;
            Ok(Step::In)
        }
        By::Words { name, code, password } => {
            arrival.recover(Some(name), code, password, device_name).await.map(|()| Step::In)
        }
    }
}

async fn give_code(arrival: Option<Arrival>, code: String) -> (Option<Arrival>, Outcome) {
    let Some(arrival) = arrival else { return (None, Outcome::CodeNeeded) };
    match arrival.give_code(code).await {
        Ok(()) => come_in(arrival).await,
        Err(failure) => (Some(arrival), Outcome::Failed(failure)),
    }
}

/// Nobody waits until everything is settled: the client lives on, and goes on with it.
async fn come_in(arrival: Arrival) -> (Option<Arrival>, Outcome) {
    let outcome = match words_of(&arrival).await {
        Ok(words) => Outcome::In(words),
        Err(failure) => Outcome::Failed(failure),
    };
    (Some(arrival), outcome)
}

/// The words that are to be kept, and which of them are asked back.
async fn words_of(arrival: &Arrival) -> Result<Option<Words>, Failure> {
    let text = arrival.words().await?;
    let asked = arrival.session.with(|_, moment| Ok(some_of(WORDS, ASKED, moment.rng))).await?;
    Ok(text.map(|text| Words { text, asked }))
}

/// So many different places out of all, in their order.
fn some_of(all: usize, wanted: usize, rng: &mut dyn CryptoRng) -> Vec<usize> {
    let mut places: Vec<usize> = (0..all).collect();
    for at in 0..wanted.min(all) {
        let other = rng.next_u32() as usize % (all - at);
        places.swap(at, at + other);
    }
    places.truncate(wanted);
    places.sort_unstable();
    places
}

/// Of a recovery code, and how many of them are asked back.
const WORDS: usize = 24;
const ASKED: usize = 3;
