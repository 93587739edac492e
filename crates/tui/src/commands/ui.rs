//! The full screen, from the door on.

use super::arrival::Arrival;
use super::open;
use crate::arguments::{Command, Common};
use crate::console::Console;
use crate::failure::{Class, Failure};
use crate::relay::Relay;
use crate::screen::{self, Door, Left, Screen};

/// Opens the screen, and stays until the person leaves. Where nobody is signed in, that comes first.
pub(super) async fn run(common: &Common, console: &mut Console) -> Result<(), Failure> {
    screen::require_terminal()?;
    // A passphrase is asked for on the line, before the screen takes the terminal.
    let door = match known(common, console).await? {
        Some(arrival) if arrival.words().await?.is_some() => Door::Words(arrival),
        Some(arrival) => return stay(&mut Screen::take()?, arrival, common, console).await,
        None => Door::Nobody,
    };
    let mut screen = Screen::take()?;
    match screen::enter(&mut screen, door, common, console).await? {
        Some(arrival) => stay(&mut screen, arrival, common, console).await,
        None => Ok(()),
    }
}

/// Who is known here. A profile in which nobody ever signed in is none.
async fn known(common: &Common, console: &Console) -> Result<Option<Arrival>, Failure> {
    let (profile, session) = match open(common, Command::Ui.name(), console) {
        Ok(opened) => opened,
        Err(failure) if failure.class == Class::SignedOut => return Ok(None),
        Err(failure) => return Err(failure),
    };
    let is_nobodys = session.look(|engine| Ok(engine.own_account().is_none())).await?;
    let arrival = Arrival { profile, session };
    if is_nobodys {
        arrival.turn_away().await?;
        return Ok(None);
    }
    Ok(Some(arrival))
}

/// Whose session has ended can still read what is here, and sign in again from there.
async fn stay(screen: &mut Screen, mut arrival: Arrival, common: &Common, console: &Console) -> Result<(), Failure> {
    let _relay = Relay::begin(&arrival.session);
    while screen::open(screen, &arrival.session, console.language).await? == Left::ToSignIn {
        match screen::enter(screen, Door::Again(arrival), common, console).await? {
            Some(back) => arrival = back,
            None => return Ok(()),
        }
    }
    Ok(())
}
