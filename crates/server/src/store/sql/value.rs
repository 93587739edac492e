//! Values on their way into and out of SQL, the same for both databases.

use sotto_proto::{
    AccountId, ConversationId, DeviceId, Epoch, EventId, FileId, Generation, GroupPosition, ReportId, RequestId,
    SessionId, SlotId, Version, WelcomeId,
};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments as _, Row as _};

use super::failure::{broken, failure};
use crate::clock::Timestamp;
use crate::store::StoreError;

/// One parameter of a statement.
#[derive(Clone, Debug)]
pub(crate) enum Arg<'a> {
    Int(i64),
    MaybeInt(Option<i64>),
    Bytes(&'a [u8]),
    MaybeBytes(Option<&'a [u8]>),
    Text(&'a str),
    MaybeText(Option<&'a str>),
    /// PostgreSQL only: a column of a batch.
    IntColumn(Vec<i64>),
    /// PostgreSQL only: a column of a batch.
    BytesColumn(Vec<&'a [u8]>),
}

/// A list of parameters: `args![&account, 5_u64, "name"]`.
macro_rules! args {
    ($($value:expr),* $(,)?) => { &[$($crate::store::sql::value::Arg::from($value)),*] };
}
pub(crate) use args;

macro_rules! args_from_ids {
    ($($id:ty),*) => {$(
        impl<'a> From<&'a $id> for Arg<'a> {
            fn from(id: &'a $id) -> Self {
                Self::Bytes(id.as_bytes())
            }
        }

        impl<'a> From<Option<&'a $id>> for Arg<'a> {
            fn from(id: Option<&'a $id>) -> Self {
                Self::MaybeBytes(id.map(|id| &id.as_bytes()[..]))
            }
        }
    )*};
}
args_from_ids!(AccountId, ConversationId, DeviceId, EventId, FileId, ReportId, RequestId, SessionId, SlotId, WelcomeId);

impl<'a> From<&'a [u8]> for Arg<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a> From<&'a Vec<u8>> for Arg<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a> From<&'a bytes::Bytes> for Arg<'a> {
    fn from(bytes: &'a bytes::Bytes) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Arg<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a> From<Option<&'a [u8]>> for Arg<'a> {
    fn from(bytes: Option<&'a [u8]>) -> Self {
        Self::MaybeBytes(bytes)
    }
}

impl<'a> From<&'a str> for Arg<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Arg<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<Option<&'a str>> for Arg<'a> {
    fn from(text: Option<&'a str>) -> Self {
        Self::MaybeText(text)
    }
}

impl From<i64> for Arg<'_> {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<u64> for Arg<'_> {
    fn from(number: u64) -> Self {
        Self::Int(int(number))
    }
}

impl From<u32> for Arg<'_> {
    fn from(number: u32) -> Self {
        Self::Int(number.into())
    }
}

impl From<bool> for Arg<'_> {
    fn from(flag: bool) -> Self {
        Self::Int(flag.into())
    }
}

impl From<Option<u64>> for Arg<'_> {
    fn from(number: Option<u64>) -> Self {
        Self::MaybeInt(number.map(int))
    }
}

impl From<Timestamp> for Arg<'_> {
    fn from(time: Timestamp) -> Self {
        time.unix_millis().into()
    }
}

impl From<Version> for Arg<'_> {
    fn from(version: Version) -> Self {
        version.get().into()
    }
}

impl From<Generation> for Arg<'_> {
    fn from(generation: Generation) -> Self {
        generation.get().into()
    }
}

impl From<Epoch> for Arg<'_> {
    fn from(epoch: Epoch) -> Self {
        epoch.get().into()
    }
}

/// Databases count up to 2^63 − 1, the wire up to 2^53 − 1: what is larger is as good as infinite.
pub(crate) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn for_sqlite(args: &[Arg<'_>]) -> Result<SqliteArguments, StoreError> {
    let mut list = SqliteArguments::default();
    for arg in args {
        match arg {
            Arg::Int(number) => list.add(*number),
            Arg::MaybeInt(number) => list.add(*number),
            Arg::Bytes(bytes) => list.add(*bytes),
            Arg::MaybeBytes(bytes) => list.add(*bytes),
            Arg::Text(text) => list.add(*text),
            Arg::MaybeText(text) => list.add(*text),
            Arg::IntColumn(_) | Arg::BytesColumn(_) => Err("SQLite has no arrays".into()),
        }
        .map_err(|error| failure(sqlx::Error::Encode(error)))?;
    }
    Ok(list)
}

pub(super) fn for_postgres(args: &[Arg<'_>]) -> Result<PgArguments, StoreError> {
    let mut list = PgArguments::default();
    for arg in args {
        match arg {
            Arg::Int(number) => list.add(*number),
            Arg::MaybeInt(number) => list.add(*number),
            Arg::Bytes(bytes) => list.add(*bytes),
            Arg::MaybeBytes(bytes) => list.add(*bytes),
            Arg::Text(text) => list.add(*text),
            Arg::MaybeText(text) => list.add(*text),
            Arg::IntColumn(numbers) => list.add(numbers),
            Arg::BytesColumn(column) => list.add(column),
        }
        .map_err(|error| failure(sqlx::Error::Encode(error)))?;
    }
    Ok(list)
}

/// One row of a result. Columns are counted from 0, in the order of the statement.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

macro_rules! column {
    ($row:expr, $column:expr) => {
        match $row {
            Row::Sqlite(row) => row.try_get($column).map_err(failure),
            Row::Postgres(row) => row.try_get($column).map_err(failure),
        }
    };
}

impl Row {
    pub(crate) fn int(&self, column: usize) -> Result<i64, StoreError> {
        column!(self, column)
    }

    pub(crate) fn maybe_int(&self, column: usize) -> Result<Option<i64>, StoreError> {
        column!(self, column)
    }

    pub(crate) fn bytes(&self, column: usize) -> Result<Vec<u8>, StoreError> {
        column!(self, column)
    }

    pub(crate) fn maybe_bytes(&self, column: usize) -> Result<Option<Vec<u8>>, StoreError> {
        column!(self, column)
    }

    pub(crate) fn text(&self, column: usize) -> Result<String, StoreError> {
        column!(self, column)
    }

    pub(crate) fn maybe_text(&self, column: usize) -> Result<Option<String>, StoreError> {
        column!(self, column)
    }

    pub(crate) fn number(&self, column: usize) -> Result<u64, StoreError> {
        u64::try_from(self.int(column)?).map_err(|_| broken("a number is negative"))
    }

    pub(crate) fn maybe_number(&self, column: usize) -> Result<Option<u64>, StoreError> {
        let number = self.maybe_int(column)?.map(u64::try_from).transpose();
        number.map_err(|_| broken("a number is negative"))
    }

    pub(crate) fn count(&self, column: usize) -> Result<u32, StoreError> {
        u32::try_from(self.int(column)?).map_err(|_| broken("a count is out of bounds"))
    }

    pub(crate) fn flag(&self, column: usize) -> Result<bool, StoreError> {
        Ok(self.int(column)? != 0)
    }

    pub(crate) fn time(&self, column: usize) -> Result<Timestamp, StoreError> {
        self.number(column).map(Timestamp::from_unix_millis)
    }

    pub(crate) fn version(&self, column: usize) -> Result<Version, StoreError> {
        Version::new(self.number(column)?).ok_or_else(|| broken("a version is out of bounds"))
    }

    /// Generation and epoch, in two columns that follow each other.
    pub(crate) fn position(&self, column: usize) -> Result<GroupPosition, StoreError> {
        let generation = Generation::new(self.count(column)?).ok_or_else(|| broken("a generation is 0"))?;
        let epoch = Epoch::new(self.number(column + 1)?).ok_or_else(|| broken("an epoch is out of bounds"))?;
        Ok(GroupPosition { generation, epoch })
    }

    /// An identifier, a key, a hash: bytes of a known length.
    pub(crate) fn array<const N: usize>(&self, column: usize) -> Result<[u8; N], StoreError> {
        self.bytes(column)?.try_into().map_err(|_| broken("bytes have the wrong length"))
    }

    pub(crate) fn id<T: for<'b> TryFrom<&'b [u8]>>(&self, column: usize) -> Result<T, StoreError> {
        T::try_from(&self.bytes(column)?).map_err(|_| broken("an id has the wrong length"))
    }

    pub(crate) fn maybe_id<T: for<'b> TryFrom<&'b [u8]>>(&self, column: usize) -> Result<Option<T>, StoreError> {
        let bytes = self.maybe_bytes(column)?;
        bytes.map(|bytes| T::try_from(&bytes).map_err(|_| broken("an id has the wrong length"))).transpose()
    }
}
