//! How fast a transfer goes.

/// Bytes that came through, and when.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    since: Option<(u64, u64)>,
    per_second: u64,
}

impl Pace {
    /// So many bytes are through by now.
    pub(super) fn note(&mut self, done: u64, now_ms: u64) {
        let Some((at_ms, before)) = self.since else {
            self.since = Some((now_ms, done));
            return;
        };
        let elapsed_ms = now_ms.saturating_sub(at_ms);
        if elapsed_ms < SAMPLE_MS {
            return;
        }
        let lately = done.saturating_sub(before).saturating_mul(1_000) / elapsed_ms;
        self.per_second = if self.per_second == 0 { lately } else { (self.per_second * 7 + lately * 3) / 10 };
        self.since = Some((now_ms, done));
    }

    /// Bytes a second; none before that is known.
    pub(super) fn per_second(self) -> Option<u64> {
        Some(self.per_second).filter(|speed| *speed > 0)
    }
}

/// Shorter stretches say little.
const SAMPLE_MS: u64 = 250;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_follows_what_comes_through() {
        let mut pace = Pace::default();
        pace.note(500, 0);
        assert_eq!(pace.per_second(), None, "what was there before does not count");
        pace.note(600, 100);
        assert_eq!(pace.per_second(), None);
        pace.note(1_500, 1_000);
        assert_eq!(pace.per_second(), Some(1_000));
        pace.note(4_500, 2_000);
        assert_eq!(pace.per_second(), Some(1_600));
    }
}
