//! The key of the store: with the system's keyring, or under a passphrase.

use std::fs;
use std::path::{Path, PathBuf};

use keyring::Entry;
use rand::rngs::{StdRng, SysRng};
use rand::{Rng as _, SeedableRng as _};
use serde::{Deserialize, Serialize};
use sotto_client::store::StoreKey;
use sotto_crypto::login::{Password, StretchCost};
use sotto_crypto::passphrase::{self, PassphraseError};
use sotto_crypto::secret::Secret;
use zeroize::Zeroizing;

use super::{cannot_read, write_private};
use crate::console::Console;
use crate::failure::Failure;
use crate::secrets::{self, Ask};
use crate::words::Message;

/// Who keeps the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Keeper {
    /// The system's keyring, under this name.
    Keyring(String),
    /// A file beside the store, under a passphrase.
    Passphrase,
}

/// Where the passphrase comes from.
#[derive(Debug)]
pub(crate) struct Passphrase {
    pub(crate) file: Option<PathBuf>,
    pub(crate) typed: Typed,
}

/// Where it is typed, if no file and no variable has it.
pub(crate) enum Typed {
    /// On the line, when it turns out to be needed.
    OnTheLine,
    /// It was typed on the screen already, or is asked for there.
    OnTheScreen(Option<Zeroizing<String>>),
}

impl std::fmt::Debug for Typed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Typed(..)")
    }
}

/// Draws a key and gives it to a keeper: to the system's keyring, unless there is none or a passphrase was given.
pub(super) fn make(folder: &Path, passphrase: &Passphrase, console: &Console) -> Result<(Keeper, StoreKey), Failure> {
    let no_randomness = |error: rand::rngs::SysError| Message::SystemFailed { why: error.to_string() }.failed();
    let mut rng = StdRng::try_from_rng(&mut SysRng).map_err(no_randomness)?;
    let key = Secret::generate(&mut rng);
    if !passphrase.is_given()
        && let Some(keeper) = put_into_keyring(&key, &mut rng)
    {
        return Ok((keeper, store_key(&key)));
    }
    let typed = passphrase.ask(Message::AskNewPassphrase, true, console)?;
    let sealed = passphrase::seal(&key, &typed, COST, &mut rng).map_err(failure)?;
    write_private(&folder.join(FILE), &sealed)?;
    Ok((Keeper::Passphrase, store_key(&key)))
}

/// Gets the key back.
pub(super) fn fetch(
    folder: &Path,
    keeper: &Keeper,
    passphrase: &Passphrase,
    console: &Console,
) -> Result<StoreKey, Failure> {
    let key = match keeper {
        Keeper::Keyring(name) => from_keyring(name).ok_or_else(|| Message::KeyMissing.failed())?,
        Keeper::Passphrase => {
            let file = folder.join(FILE);
            let sealed = fs::read(&file).map_err(|error| cannot_read(&file, &error))?;
            passphrase::open(&sealed, &passphrase.ask(Message::AskPassphrase, false, console)?).map_err(failure)?
        }
    };
    Ok(store_key(&key))
}

fn store_key(key: &Secret<32>) -> StoreKey {
    StoreKey::take(&mut Zeroizing::new(*key.expose_secret()))
}

/// The keeper need not keep it any more. A file goes with the folder.
pub(super) fn forget(keeper: &Keeper) {
    if let Keeper::Keyring(name) = keeper {
        // One that is gone already, or a keyring that is, is as good.
        let _ = Entry::new(SERVICE, name).and_then(|entry| entry.delete_credential());
    }
}

/// None where there is no keyring, or none that keeps what it is given.
fn put_into_keyring(key: &Secret<32>, rng: &mut StdRng) -> Option<Keeper> {
    let mut name = [0; 16];
    rng.fill_bytes(&mut name);
    let name = u128::from_be_bytes(name);
    let name = format!("{name:032x}");
    Entry::new(SERVICE, &name).ok()?.set_secret(key.expose_secret()).ok()?;
    (from_keyring(&name).as_ref() == Some(key)).then_some(Keeper::Keyring(name))
}

fn from_keyring(name: &str) -> Option<Secret<32>> {
    let secret = Zeroizing::new(Entry::new(SERVICE, name).ok()?.get_secret().ok()?);
    Secret::copy_from(&secret)
}

impl Passphrase {
    /// Whether it need not be asked for.
    fn is_given(&self) -> bool {
        let is_typed = matches!(self.typed, Typed::OnTheScreen(Some(_)));
        is_typed || self.file.is_some() || std::env::var_os(VARIABLE).is_some()
    }

    fn ask(&self, question: Message, is_new: bool, console: &Console) -> Result<Password, Failure> {
        match &self.typed {
            Typed::OnTheScreen(Some(typed)) => {
                return Password::new(typed).map_err(|_| Message::PasswordLength.misused());
            }
            Typed::OnTheScreen(None) if !self.is_given() => return Err(Message::NoPassphrase.misused()),
            Typed::OnTheScreen(None) | Typed::OnTheLine => {}
        }
        secrets::ask(&Ask {
            file: self.file.as_deref(),
            variable: VARIABLE,
            question,
            twice: is_new,
            otherwise: Message::NoPassphrase,
            language: console.language,
        })
    }
}

fn failure(error: PassphraseError) -> Failure {
    match error {
        PassphraseError::WrongPassphrase => Message::WrongPassphrase.failed(),
        PassphraseError::Malformed | PassphraseError::Memory => {
            Message::StoreFailed { why: error.to_string() }.failed()
        }
    }
}

pub(super) const FILE: &str = "key";
const VARIABLE: &str = "SOTTO_PASSPHRASE";
const SERVICE: &str = "sotto";
/// Every command pays it.
const COST: StretchCost = StretchCost::MINIMUM;
