//! What the server holds, counted now and then.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sotto_proto::wire::GetCountsResponse;

use crate::clock::Timestamp;
use crate::services::{Context, Failure};

/// For how long figures are given again: counting reads much.
const GOOD_FOR: Duration = Duration::from_mins(1);

/// The last figures.
#[derive(Default)]
pub(super) struct Totals(Mutex<Option<GetCountsResponse>>);

impl Totals {
    pub(super) async fn get(&self, context: &Context) -> Result<GetCountsResponse, Failure> {
        let now = context.now();
        if let Some(recent) = self.recent(now) {
            return Ok(recent);
        }
        let counted = count(context, now).await?;
        *self.last() = Some(counted);
        Ok(counted)
    }

    fn recent(&self, now: Timestamp) -> Option<GetCountsResponse> {
        let counted = (*self.last())?;
        let since = Timestamp::from_unix_millis(counted.counted_at_ms);
        // A clock that was set back must not keep figures for long.
        (since <= now && now < since.plus(GOOD_FOR)).then_some(counted)
    }

    fn last(&self) -> std::sync::MutexGuard<'_, Option<GetCountsResponse>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn count(context: &Context, now: Timestamp) -> Result<GetCountsResponse, Failure> {
    let counts = context.store.counts(now).await?;
    Ok(GetCountsResponse {
        counted_at_ms: now.unix_millis(),
        accounts: counts.accounts,
        active_accounts: counts.active_accounts,
        devices: counts.devices,
        conversations: counts.conversations,
        entries: counts.entries,
        files: counts.files,
        file_bytes: counts.file_bytes,
        connections: counts.connections,
        open_reports: counts.open_reports,
    })
}
