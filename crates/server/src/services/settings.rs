//! What an operator can set about the services.

use sotto_proto::limits;

/// Settings with defaults that suit a family as well as a school.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether new accounts are taken.
    pub registration_open: bool,
    /// Bytes that a new account may store.
    pub storage_quota: u64,
    /// Bytes of the largest file that is taken; not more than the contract's.
    pub file_max: u64,
    /// All rates of calls, in percent of the contract's; 0 switches them off.
    pub rate_percent: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { registration_open: true, storage_quota: 10 << 30, file_max: limits::FILE_MAX, rate_percent: 100 }
    }
}

impl Settings {
    /// What differs from the contract's limits, or has no value there, by name.
    pub(super) fn announced(&self) -> Vec<(&'static str, u64)> {
        let lower = (self.file_max < limits::FILE_MAX).then_some(("FILE_MAX", self.file_max));
        lower.into_iter().chain([("STORAGE_QUOTA", self.storage_quota.min(limits::NUMBER_MAX))]).collect()
    }
}
