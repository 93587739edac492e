//! Codes to be scanned, drawn with characters.

use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};

/// A code in half blocks for bright characters on a dark ground: its bright parts are drawn, and the dark ones left out, since not every
/// scanner reads a code whose colours are swapped.
pub(crate) fn drawn(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    // The library means by dark what it draws.
    let (drawn, left_out) = (Dense1x2::Dark, Dense1x2::Light);
    Some(code.render::<Dense1x2>().dark_color(left_out).light_color(drawn).quiet_zone(true).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_margin_of_a_code_is_bright() {
        let code = drawn("SOTTO-VERIFY:1:CODE").unwrap();
        let rows: Vec<&str> = code.lines().collect();
        assert!(rows[0].chars().all(|block| block == '█'), "{code}");
        // The last row has but the upper half.
        let (last, whole) = rows.split_last().unwrap();
        assert!(last.chars().all(|block| block == '▀'), "{code}");
        assert!(whole.iter().all(|row| row.starts_with("████") && row.ends_with("████")), "{code}");
        assert!(rows[2].starts_with("████ "), "the frame of the first corner is dark\n{code}");
    }
}
