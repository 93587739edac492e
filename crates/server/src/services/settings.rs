//! What an operator can set about the services.

/// Settings with defaults that suit a family as well as a school.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether new accounts are taken.
    pub registration_open: bool,
    /// Bytes that a new account may store.
    pub storage_quota: u64,
    /// All rates of calls, in percent of the contract's; 0 switches them off.
    pub rate_percent: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { registration_open: true, storage_quota: 10 << 30, rate_percent: 100 }
    }
}
