//! The key of the store: with the system's keyring, or under a passphrase.

use std::fs;
use std::path::{Path, PathBuf};

use rand::rngs::SysRng;
use rand::{SeedableRng as _, rngs::StdRng};
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
    /// A file beside the store, under a passphrase.
    Passphrase,
}

/// Where the passphrase comes from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Passphrase {
    pub(crate) file: Option<PathBuf>,
}

/// Draws a key and gives it to a keeper.
pub(super) fn make(folder: &Path, passphrase: &Passphrase, console: &Console) -> Result<(Keeper, StoreKey), Failure> {
    let no_randomness = |error: rand::rngs::SysError| Message::SystemFailed { why: error.to_string() }.failed();
    let mut rng = StdRng::try_from_rng(&mut SysRng).map_err(no_randomness)?;
    let key = Secret::generate(&mut rng);
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
    match keeper {
        Keeper::Passphrase => {}
    }
}

impl Passphrase {
    fn ask(&self, question: Message, is_new: bool, console: &Console) -> Result<Password, Failure> {
        secrets::ask(&Ask {
            file: self.file.as_deref(),
            variable: "SOTTO_PASSPHRASE",
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
/// Every command pays it.
const COST: StretchCost = StretchCost::MINIMUM;
