use rand_core::CryptoRng;
use sotto_crypto::time::Time;

/// What the engine cannot know by itself: what time it is, and something that nobody can guess.
pub struct Moment<'a> {
    /// The clock of the device, in milliseconds since 1970.
    pub now_ms: u64,
    /// Randomness.
    pub rng: &'a mut (dyn CryptoRng + 'a),
}

impl Moment<'_> {
    pub(super) fn random<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.rng.fill_bytes(&mut bytes);
        bytes
    }
}

/// The time that the server would give, as far as its clock was seen. Everything that others judge by their clock uses it, so that a
/// device whose own clock is wrong by a year works like any other.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ServerClock {
    ahead_ms: i64,
}

impl ServerClock {
    pub(super) fn set(&mut self, server_ms: u64, device_ms: u64) {
        self.ahead_ms = signed(server_ms).saturating_sub(signed(device_ms));
    }

    pub(super) const fn ahead_ms(self) -> i64 {
        self.ahead_ms
    }

    pub(super) fn now_ms(self, moment: &Moment<'_>) -> u64 {
        moment.now_ms.saturating_add_signed(self.ahead_ms)
    }

    pub(super) fn now(self, moment: &Moment<'_>) -> Time {
        Time::from_unix_seconds(self.now_ms(moment) / 1_000)
    }
}

fn signed(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}
