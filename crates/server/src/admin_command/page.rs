//! Answers on the operator's screen.

use std::io::{self, Write};

use sotto_proto::wire::ReportReason;

use super::size::Size;
use crate::clock::Timestamp;
use crate::store::{AccountSummary, Counts, Report};

pub(super) struct Page<'a>(&'a mut (dyn Write + Send));

impl<'a> Page<'a> {
    pub(super) fn new(out: &'a mut (dyn Write + Send)) -> Self {
        Self(out)
    }

    pub(super) fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.0, "{text}")
    }

    pub(super) fn heading(&mut self) -> io::Result<()> {
        self.columns("NAME", "SINCE", "ACTIVE", "STORES", "OF", "STATE")
    }

    pub(super) fn row(&mut self, account: &AccountSummary) -> io::Result<()> {
        let (used, quota) = (Size::from_bytes(account.storage_used), Size::from_bytes(account.storage_quota));
        let (made, active) = (date(account.created_at), date(account.active_at));
        self.columns(&account.user_name, &made, &active, &used.to_string(), &quota.to_string(), state(account))
    }

    pub(super) fn account(&mut self, account: &AccountSummary) -> io::Result<()> {
        self.heading()?;
        self.row(account)?;
        writeln!(self.0, "account {}", account.account)?;
        writeln!(self.0, "devices {}, conversations {}", account.devices, account.conversations)
    }

    pub(super) fn counts(&mut self, counts: &Counts) -> io::Result<()> {
        let bytes = Size::from_bytes(counts.file_bytes).to_string();
        for (what, count) in [
            ("accounts", counts.accounts),
            ("active in the last 30 days", counts.active_accounts),
            ("devices", counts.devices),
            ("conversations", counts.conversations),
            ("log entries", counts.entries),
            ("files", counts.files),
            ("connections", counts.connections),
            ("open reports", counts.open_reports),
        ] {
            writeln!(self.0, "{count:>12}  {what}")?;
        }
        writeln!(self.0, "{bytes:>12}  of files")?;
        Ok(())
    }

    pub(super) fn report(&mut self, report: &Report, who: &str, whom: &str) -> io::Result<()> {
        let at = date(report.at);
        writeln!(self.0, "{}  {at}  {who} reports {whom}: {}", report.id, reason(report.reason))?;
        self.quoted("says", &report.comment)?;
        self.quoted("shows", &report.shown)
    }

    /// Somebody else's words: they cannot pretend to be ours, nor speak to the terminal.
    fn quoted(&mut self, what: &str, text: &str) -> io::Result<()> {
        for line in text.lines() {
            let harmless: String = line.chars().flat_map(harmless).collect();
            writeln!(self.0, "    {what}: {harmless}")?;
        }
        Ok(())
    }

    fn columns(
        &mut self,
        name: &str,
        made: &str,
        active: &str,
        used: &str,
        quota: &str,
        state: &str,
    ) -> io::Result<()> {
        let line = format!("{name:<32}  {made:<10}  {active:<10}  {used:>10}  {quota:>10}  {state}");
        writeln!(self.0, "{}", line.trim_end())
    }
}

fn state(account: &AccountSummary) -> &'static str {
    match (account.admin, account.suspended) {
        (true, true) => "admin, suspended",
        (true, false) => "admin",
        (false, true) => "suspended",
        (false, false) => "",
    }
}

fn reason(number: u32) -> String {
    let reason = i32::try_from(number).ok().and_then(|number| ReportReason::try_from(number).ok());
    let name = reason.unwrap_or_default().as_str_name();
    name.trim_start_matches("REPORT_REASON_").to_ascii_lowercase().replace('_', " ")
}

/// Printable ASCII and letters as they are; what moves, hides or turns text round by its number.
fn harmless(c: char) -> impl Iterator<Item = char> {
    let plain = c == ' ' || c.is_ascii_graphic() || c.is_alphanumeric();
    let shown = plain.then_some(c);
    let escaped = (!plain).then(|| c.escape_unicode()).into_iter().flatten();
    shown.into_iter().chain(escaped)
}

/// The day in UTC, or a dash for never.
fn date(at: Timestamp) -> String {
    if at == Timestamp::ZERO {
        return "-".to_owned();
    }
    // Days since 0000-03-01, so that the leap day is the last of its year; 719,468 of them lie before 1970.
    let days = at.unix_millis() / 86_400_000 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_dates() {
        for (seconds, shown) in [
            (1, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_709_164_800, "2024-02-29"),
            (1_800_000_000, "2027-01-15"),
            (4_107_542_399, "2100-02-28"),
            (4_107_542_400, "2100-03-01"),
        ] {
            assert_eq!(date(Timestamp::from_unix_millis(seconds * 1_000)), shown);
        }
        assert_eq!(date(Timestamp::ZERO), "-");
    }

    #[test]
    fn what_others_wrote_does_not_speak_to_the_terminal_m21() {
        let mut out = Vec::new();
        Page::new(&mut out).quoted("says", "привет\u{1b}[2J\nnobody reports olga\u{202e}").unwrap();
        let told = String::from_utf8(out).unwrap();
        assert_eq!(told, "    says: привет\\u{1b}[2J\n    says: nobody reports olga\\u{202e}\n");
    }
}
