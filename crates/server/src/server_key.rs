//! The server's own key: 32 random bytes in a file, from which all its other keys are derived.
//!
//! Whoever loses it loses the logins of all accounts; whoever steals it can try passwords. It is backed up apart from the database.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;

use sotto_crypto::secret::Secret;

use crate::services::{random_bytes, random_source};

/// Reads the key, or makes it where there is none. Servers that start together on one folder agree on one.
pub(crate) fn open(file: &Path) -> io::Result<Arc<Secret<32>>> {
    match read(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make(file)?;
            read(file)
        }
        outcome => outcome,
    }
    .map(Arc::new)
}

fn read(file: &Path) -> io::Result<Secret<32>> {
    let mut open = File::open(file)?;
    if open.metadata()?.mode() & 0o077 != 0 {
        return Err(invalid("others can read it; take their rights away with chmod 600"));
    }
    let mut outcome = Ok(());
    let key = Secret::fill(|bytes| outcome = open.read_exact(bytes));
    outcome.map_err(|_| invalid("it is shorter than a key"))?;
    if open.read(&mut [0])? != 0 {
        return Err(invalid("it is longer than a key"));
    }
    Ok(key)
}

/// The key is there as a whole or not at all, whatever happens meanwhile, and never replaces another.
fn make(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Containers that share the folder may share process ids too.
    let unfinished = file.with_extension(format!("new-{:032x}", u128::from_be_bytes(random_bytes())));
    let key = Secret::<32>::generate(&mut random_source());
    let mut open = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished)?;
    open.write_all(key.expose_secret())?;
    open.sync_all()?;
    let linked = std::fs::hard_link(&unfinished, file);
    std::fs::remove_file(&unfinished)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => File::open(folder)?.sync_all(),
    }
}

fn invalid(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_key_is_made_once_for_this_user_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("server.key");
        let made = open(&file).unwrap();
        let again = open(&file).unwrap();
        assert_eq!(made.expose_secret(), again.expose_secret());
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing unfinished stays");
    }

    #[test]
    fn servers_that_start_together_agree() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("server.key");
        make(&file).unwrap();
        let first = open(&file).unwrap();
        make(&file).unwrap();
        assert_eq!(first.expose_secret(), open(&file).unwrap().expose_secret());
    }

    #[test]
    fn what_is_no_key_or_not_ours_alone_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("server.key");
        for size in [0, 31, 33] {
            fs::write(&file, vec![7; size]).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
            assert_eq!(open(&file).unwrap_err().kind(), io::ErrorKind::InvalidData, "{size}");
        }
        fs::write(&file, [7; 32]).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(open(&file).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
