//! A folder with everything of one account on this machine: the encrypted store, its key under lock, and which server it belongs to.

mod key;
mod lock;

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sotto_client::store::{Store, StoreKey};

use crate::console::Console;
use crate::failure::Failure;
use crate::words::Message;

pub(crate) use key::{Keeper, Passphrase, Typed};
pub(crate) use lock::Lock;

/// A profile that this process alone uses.
pub(crate) struct Profile {
    pub(crate) folder: PathBuf,
    pub(crate) card: Card,
    /// The key, while it was drawn just now and nobody needs to be asked for it.
    new_key: Option<StoreKey>,
    _lock: Lock,
}

/// What is known of a profile without its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Card {
    /// The address of the server.
    pub(crate) server: String,
    /// Who keeps the key of the store.
    pub(crate) key: Keeper,
}

impl Profile {
    /// Where a profile is if nobody says otherwise.
    pub(crate) fn usual_folder() -> PathBuf {
        let named = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let data = named("XDG_DATA_HOME").or_else(|| named("HOME").map(|home| home.join(".local/share")));
        data.unwrap_or_default().join("sotto")
    }

    /// A profile that is there.
    pub(crate) fn open(folder: &Path, command: &str) -> Result<Self, Failure> {
        let Some(card) = Card::read(folder)? else { return Err(Message::NotSignedIn.signed_out()) };
        let lock = Lock::take(folder, command)?;
        Ok(Self { folder: folder.to_owned(), card, new_key: None, _lock: lock })
    }

    /// A profile that is there, or what else comes up while another process has it.
    pub(crate) fn open_or<T>(
        folder: &Path,
        command: &str,
        meanwhile: impl FnMut() -> Option<T>,
    ) -> Result<Result<Self, T>, Failure> {
        let Some(card) = Card::read(folder)? else { return Err(Message::NotSignedIn.signed_out()) };
        let entered = Lock::take_or(folder, command, meanwhile)?;
        Ok(entered.map(|lock| Self { folder: folder.to_owned(), card, new_key: None, _lock: lock }))
    }

    /// A profile for signing in: the one that is there, with another server if one is named, or a new one.
    pub(crate) fn open_or_make(
        folder: &Path,
        server: Option<&str>,
        command: &str,
        passphrase: &Passphrase,
        console: &Console,
    ) -> Result<Self, Failure> {
        if let Some(card) = Card::read(folder)? {
            let card = Card { server: server.map_or(card.server, str::to_owned), ..card };
            let lock = Lock::take(folder, command)?;
            let profile = Self { folder: folder.to_owned(), card, new_key: None, _lock: lock };
            return profile.card.write(folder).map(|()| profile);
        }
        let server = server.ok_or_else(|| Message::NoServer.misused())?.to_owned();
        make_folder(folder)?;
        let lock = Lock::take(folder, command)?;
        let (key, new_key) = key::make(folder, passphrase, console)?;
        let card = Card { server, key };
        card.write(folder)?;
        Ok(Self { folder: folder.to_owned(), card, new_key: Some(new_key), _lock: lock })
    }

    /// Opens the store with the key that this profile's keeper has.
    pub(crate) fn open_store(&mut self, passphrase: &Passphrase, console: &Console) -> Result<Store, Failure> {
        let key = match self.new_key.take() {
            Some(key) => key,
            None => key::fetch(&self.folder, &self.card.key, passphrase, console)?,
        };
        let file = self.folder.join(STORE);
        // SQLite gives what it puts beside a database the mode of the database.
        private(OpenOptions::new().append(true).create(true))
            .open(&file)
            .map_err(|error| cannot_write(&file, &error))?;
        let location =
            file.to_str().ok_or_else(|| Message::SystemFailed { why: file.display().to_string() }.failed())?;
        Ok(Store::open(location, &key)?)
    }

    /// Removes everything of the profile.
    pub(crate) fn remove(self) -> Result<(), Failure> {
        key::forget(&self.card.key);
        let files = [
            STORE,
            "sotto.db-wal",
            "sotto.db-shm",
            key::FILE,
            CARD,
            SOCKET,
            HTTP_TOKEN,
            HTTP_ADDRESS,
            lock::FILE,
            crate::screen::FILE,
        ];
        for file in files.map(|name| self.folder.join(name)) {
            match fs::remove_file(&file) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(cannot_write(&file, &error)),
                _ => {}
            }
        }
        // Whatever else somebody put there stays, and the folder with it.
        let _ = fs::remove_dir(&self.folder);
        Ok(())
    }
}

impl Card {
    fn read(folder: &Path) -> Result<Option<Self>, Failure> {
        let file = folder.join(CARD);
        let text = match fs::read(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(cannot_read(&file, &error)),
        };
        serde_json::from_slice(&text).map(Some).map_err(|error| cannot_read(&file, &error))
    }

    fn write(&self, folder: &Path) -> Result<(), Failure> {
        let text = serde_json::to_vec(self).map_err(|error| cannot_write(&folder.join(CARD), &error))?;
        write_private(&folder.join(CARD), &text)
    }
}

/// A folder for a profile belongs to the person alone, and to nothing else.
fn make_folder(folder: &Path) -> Result<(), Failure> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| cannot_write(folder, &error))?;
    let entries = fs::read_dir(folder).map_err(|error| cannot_read(folder, &error))?;
    let strange = |name: &std::ffi::OsStr| name != lock::FILE && name != key::FILE && name != STORE;
    if entries.filter_map(Result::ok).any(|entry| strange(&entry.file_name())) {
        return Err(Message::NotAProfile { folder: folder.display().to_string() }.misused());
    }
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    fs::set_permissions(folder, private).map_err(|error| cannot_write(folder, &error))
}

/// Puts a file in place as a whole, readable by the person alone.
pub(crate) fn write_private(file: &Path, content: &[u8]) -> Result<(), Failure> {
    let draft = file.with_extension("new");
    let written =
        private(OpenOptions::new().write(true).create(true).truncate(true)).open(&draft).and_then(|mut open| {
            open.write_all(content)?;
            open.sync_all()?;
            fs::rename(&draft, file)
        });
    written.map_err(|error| cannot_write(file, &error))
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(0o600)
}

pub(crate) fn cannot_read(file: &Path, error: &impl ToString) -> Failure {
    Message::CannotRead { file: file.display().to_string(), why: error.to_string() }.failed()
}

pub(crate) fn cannot_write(file: &Path, error: &impl ToString) -> Failure {
    Message::CannotWrite { file: file.display().to_string(), why: error.to_string() }.failed()
}

const STORE: &str = "sotto.db";
const CARD: &str = "profile.json";
/// By which programs show a bot that they may use it, and where it listens.
pub(crate) const HTTP_TOKEN: &str = "http-token";
pub(crate) const HTTP_ADDRESS: &str = "http-address";
/// Where the process that has the profile open takes commands of others.
pub(crate) const SOCKET: &str = "socket";
