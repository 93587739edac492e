//! How much goes on at once, of one account and of all on this node.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sotto_proto::AccountId;
use sotto_proto::wire::{ErrorCode, ErrorDetail};

use crate::services::Failure;

pub(super) struct Slots {
    of_account: u32,
    of_all: u32,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    by_account: HashMap<AccountId, u32>,
    all: u32,
}

/// One of them, free again when dropped.
pub(super) struct Slot {
    slots: Arc<Slots>,
    account: AccountId,
}

impl Slots {
    pub(super) fn new(of_account: u32, of_all: u32) -> Self {
        Self { of_account, of_all, taken: Mutex::default() }
    }

    pub(super) fn take(self: &Arc<Self>, account: AccountId) -> Result<Slot, Failure> {
        let mut taken = self.taken();
        if taken.all >= self.of_all {
            return Err(later(ErrorCode::Unavailable));
        }
        let own = taken.by_account.entry(account).or_default();
        if *own >= self.of_account {
            return Err(later(ErrorCode::RateLimited));
        }
        *own += 1;
        taken.all += 1;
        Ok(Slot { slots: self.clone(), account })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = self.slots.taken();
        taken.all -= 1;
        if let Some(own) = taken.by_account.get_mut(&self.account) {
            *own -= 1;
            if *own == 0 {
                taken.by_account.remove(&self.account);
            }
        }
    }
}

fn later(code: ErrorCode) -> Failure {
    Failure::from(ErrorDetail::retry_after(code, RETRY_AFTER_MS))
}

const RETRY_AFTER_MS: u32 = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_few_and_come_back_a18() {
        let slots = Arc::new(Slots::new(2, 3));
        let [ann, ben] = [AccountId::from_bytes([1; 16]), AccountId::from_bytes([2; 16])];
        let first = slots.take(ann).unwrap_or_else(|_| unreachable!());
        let second = slots.take(ann).unwrap_or_else(|_| unreachable!());
        assert_eq!(slots.take(ann).err().map(|failure| failure.code()), Some(ErrorCode::RateLimited));
        let other = slots.take(ben).unwrap_or_else(|_| unreachable!());
        assert_eq!(slots.take(ben).err().map(|failure| failure.code()), Some(ErrorCode::Unavailable));
        drop(first);
        assert!(slots.take(ann).is_ok());
        drop((second, other));
        assert!(slots.taken().by_account.is_empty());
        assert_eq!(slots.taken().all, 0);
    }
}
