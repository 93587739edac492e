//! How keeping bytes can fail, by who has to act.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

use thiserror::Error;

/// A part was not stored, read or removed.
#[derive(Clone, Debug, Error)]
pub enum BlobError {
    /// Other bytes were stored as this part before.
    #[error("other bytes are stored as this part")]
    Taken,

    /// There is no such part.
    #[error("the part is not there")]
    Missing,

    /// The object store is away, or the outcome is not known. The same may be tried again.
    #[error("the store of files does not answer")]
    Away(#[source] Cause),

    /// The disk is full or broken, or the store takes nothing more: reads go on, writes do not.
    #[error("the store of files cannot be written")]
    Full(#[source] Cause),

    /// The setting is wrong.
    #[error("{0}")]
    Setting(String, #[source] Option<Cause>),

    /// The store refuses what it must accept, or has what was never written: a wrong setting, a bug, or damage.
    #[error("the store of files is not as it must be")]
    Broken(#[source] Cause),
}

/// What the object store said, for the log.
pub type Cause = Arc<dyn StdError + Send + Sync>;

impl From<io::Error> for BlobError {
    fn from(error: io::Error) -> Self {
        let class = class_of_io(&error);
        class.of(Arc::new(error))
    }
}

impl From<object_store::Error> for BlobError {
    fn from(error: object_store::Error) -> Self {
        use object_store::Error;
        let class = match &error {
            Error::NotFound { .. } => return Self::Missing,
            Error::AlreadyExists { .. } | Error::Precondition { .. } => return Self::Taken,
            Error::Generic { .. } => class_of_chain(&error),
            _ => Class::Broken,
        };
        class.of(Arc::new(error))
    }
}

#[derive(Clone, Copy)]
enum Class {
    Away,
    Full,
    Broken,
}

impl Class {
    fn of(self, cause: Cause) -> BlobError {
        match self {
            Self::Away => BlobError::Away(cause),
            Self::Full => BlobError::Full(cause),
            Self::Broken => BlobError::Broken(cause),
        }
    }
}

/// What the system said, somewhere below. An error that does not come from it came over the network.
fn class_of_chain(error: &(dyn StdError + 'static)) -> Class {
    let mut below = Some(error);
    while let Some(error) = below {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return class_of_io(error);
        }
        below = error.source();
    }
    Class::Away
}

fn class_of_io(error: &io::Error) -> Class {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::StorageFull | Kind::QuotaExceeded | Kind::ReadOnlyFilesystem | Kind::FileTooLarge => Class::Full,
        Kind::PermissionDenied | Kind::NotFound | Kind::NotADirectory | Kind::UnexpectedEof => Class::Broken,
        // A disk that fails says so in a number that has no name here.
        _ if error.raw_os_error() == Some(EIO) => Class::Full,
        _ => Class::Away,
    }
}

const EIO: i32 = 5;
