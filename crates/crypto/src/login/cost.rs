//! How hard it is to guess a password: the parameters of Argon2id (RFC 9106).

use std::time::Duration;

use argon2::{Algorithm, Argon2, Params, Version};
use opaque_ke::errors::InternalError;
use opaque_ke::generic_array::{ArrayLength, GenericArray};
use opaque_ke::ksf::Ksf;

/// Memory and passes of Argon2id with one lane, never below the client's own minimum.
///
/// The server stores the cost with the account and names it at login. Since the type cannot hold less than the minimum, a server
/// that asks for less is refused before the password is touched; and since it cannot hold more than the maximum, a server cannot
/// make a client work without end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StretchCost {
    memory_kib: u32,
    passes: u32,
}

/// The cost is out of bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CostError {
    /// Below what every client insists on.
    #[error("{memory_kib} KiB and {passes} passes protect a password too little")]
    TooLow {
        /// The memory offered.
        memory_kib: u32,
        /// The passes offered.
        passes: u32,
    },
    /// Above what a small device could do.
    #[error("{memory_kib} KiB and {passes} passes are more than a client does")]
    TooHigh {
        /// The memory offered.
        memory_kib: u32,
        /// The passes offered.
        passes: u32,
    },
}

impl StretchCost {
    /// 19 MiB and 2 passes.
    pub const MINIMUM: Self = Self { memory_kib: 19 * 1024, passes: 2 };
    /// 256 MiB and 16 passes.
    pub const MAXIMUM: Self = Self { memory_kib: 256 * 1024, passes: 16 };

    /// Checks a cost that the server named.
    pub const fn new(memory_kib: u32, passes: u32) -> Result<Self, CostError> {
        if memory_kib < Self::MINIMUM.memory_kib || passes < Self::MINIMUM.passes {
            return Err(CostError::TooLow { memory_kib, passes });
        }
        if memory_kib > Self::MAXIMUM.memory_kib || passes > Self::MAXIMUM.passes {
            return Err(CostError::TooHigh { memory_kib, passes });
        }
        Ok(Self { memory_kib, passes })
    }

    /// The cost that takes about `target` on a machine where the minimum took `measured`: first more memory, up to 64 MiB, then
    /// more passes. Never less than the minimum, so a slow machine takes longer.
    #[must_use]
    pub fn calibrated(measured: Duration, target: Duration) -> Self {
        const MEMORY_GOAL_KIB: u32 = 64 * 1024;
        let factor = target.as_micros() / measured.as_micros().max(1);
        let factor = u32::try_from(factor).unwrap_or(u32::MAX).max(1);
        let memory_kib = Self::MINIMUM.memory_kib.saturating_mul(factor).min(MEMORY_GOAL_KIB);
        let work = u64::from(factor) * u64::from(Self::MINIMUM.memory_kib) * u64::from(Self::MINIMUM.passes);
        let passes = u32::try_from(work / u64::from(memory_kib)).unwrap_or(u32::MAX);
        Self { memory_kib, passes: passes.clamp(Self::MINIMUM.passes, Self::MAXIMUM.passes) }
    }

    /// Memory in KiB.
    pub const fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// Passes over the memory.
    pub const fn passes(self) -> u32 {
        self.passes
    }
}

/// OPAQUE's key stretching function (RFC 9807 §2.2): Argon2id version 1.3 with one lane and, since its input is already unique
/// to the account, a salt of 16 zero bytes.
pub(super) struct Argon2id(StretchCost);

impl Argon2id {
    pub(super) fn new(cost: StretchCost) -> Self {
        Self(cost)
    }

    /// Fills the output with what the input stretches to.
    pub(super) fn stretch(&self, input: &[u8], salt: &[u8], output: &mut [u8]) -> Result<(), argon2::Error> {
        let parameters = Params::new(self.0.memory_kib, self.0.passes, 1, None)?;
        Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters).hash_password_into(input, salt, output)
    }
}

impl Default for Argon2id {
    fn default() -> Self {
        Self(StretchCost::MINIMUM)
    }
}

impl Ksf for Argon2id {
    fn hash<L: ArrayLength<u8>>(&self, input: GenericArray<u8, L>) -> Result<GenericArray<u8, L>, InternalError> {
        let mut output = GenericArray::default();
        self.stretch(&input, &[0; 16], &mut output).map_err(|_| InternalError::KsfError)?;
        Ok(output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_cannot_lower_the_cost_s20() {
        let too_low = |memory_kib, passes| Err(CostError::TooLow { memory_kib, passes });
        assert_eq!(StretchCost::new(19 * 1024 - 1, 2), too_low(19 * 1024 - 1, 2));
        assert_eq!(StretchCost::new(19 * 1024, 1), too_low(19 * 1024, 1));
        assert_eq!(StretchCost::new(0, 0), too_low(0, 0));
        assert_eq!(StretchCost::new(19 * 1024, 2), Ok(StretchCost::MINIMUM));
    }

    #[test]
    fn a_server_cannot_make_a_client_work_without_end_m5() {
        assert_eq!(StretchCost::new(256 * 1024, 16), Ok(StretchCost::MAXIMUM));
        assert!(matches!(StretchCost::new(256 * 1024 + 1, 2), Err(CostError::TooHigh { .. })));
        assert!(matches!(StretchCost::new(19 * 1024, 17), Err(CostError::TooHigh { .. })));
        assert!(matches!(StretchCost::new(u32::MAX, u32::MAX), Err(CostError::TooHigh { .. })));
    }

    #[test]
    fn calibration_only_goes_up() {
        let ms = Duration::from_millis;
        assert_eq!(StretchCost::calibrated(ms(500), ms(250)), StretchCost::MINIMUM);
        assert_eq!(StretchCost::calibrated(ms(100), ms(250)), StretchCost { memory_kib: 38 * 1024, passes: 2 });
        assert_eq!(StretchCost::calibrated(ms(20), ms(250)), StretchCost { memory_kib: 64 * 1024, passes: 7 });
        assert_eq!(StretchCost::calibrated(ms(0), ms(10_000)), StretchCost { memory_kib: 64 * 1024, passes: 16 });
    }
}
