//! Codes to be scanned, drawn with characters.

use qrcode::{Color, EcLevel, QrCode};

/// The margin that the standard asks for, in modules.
pub(crate) const MARGIN: usize = 4;
/// As much of it as scanners make do with, where there is little room.
pub(crate) const NARROW_MARGIN: usize = 2;

/// A code in half blocks for bright characters on a dark ground: its bright parts are drawn, and the dark ones left out, since not every
/// scanner reads a code whose colours are swapped.
pub(crate) fn drawn(text: &str, margin: usize) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let (width, modules) = (code.width(), code.into_colors());
    let within = margin..margin + width;
    let side = width + 2 * margin;
    let is_bright = |x: usize, y: usize| {
        let is_margin = !within.contains(&x) || !within.contains(&y);
        y < side && (is_margin || modules[(y - margin) * width + x - margin] == Color::Light)
    };
    let row = |y| (0..side).map(|x| block(is_bright(x, y), is_bright(x, y + 1))).collect();
    let rows: Vec<String> = (0..side).step_by(2).map(row).collect();
    Some(rows.join("\n"))
}

fn block(is_upper_bright: bool, is_lower_bright: bool) -> char {
    match (is_upper_bright, is_lower_bright) {
        (true, true) => '█',
        (true, false) => '▀',
        (false, true) => '▄',
        (false, false) => ' ',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "SOTTO-VERIFY:1:CODE";

    #[test]
    fn the_margin_of_a_code_is_bright() {
        let code = drawn(TEXT, MARGIN).unwrap();
        let rows: Vec<&str> = code.lines().collect();
        assert!(rows[0].chars().all(|block| block == '█'), "{code}");
        // The last row has but the upper half.
        let (last, whole) = rows.split_last().unwrap();
        assert!(last.chars().all(|block| block == '▀'), "{code}");
        assert!(whole.iter().all(|row| row.starts_with("████") && row.ends_with("████")), "{code}");
        assert!(rows[2].starts_with("████ "), "the frame of the first corner is dark\n{code}");
    }

    #[test]
    fn a_code_is_read_off_a_dark_screen_also_with_a_narrow_margin() {
        let text = TEXT.to_owned() + &"ABCD2345".repeat(19);
        for margin in [MARGIN, NARROW_MARGIN] {
            let code = drawn(&text, margin).unwrap();
            let rows: Vec<Vec<char>> = code.lines().map(|row| row.chars().collect()).collect();
            let is_bright = |x: usize, y: usize| {
                let block = rows.get(y / 2).and_then(|row| row.get(x)).copied().unwrap_or(' ');
                block == '█' || block == if y.is_multiple_of(2) { '▀' } else { '▄' }
            };
            // Each module is some pixels of a photograph, and around the code the screen is dark.
            let (pixels, around) = (4, 6);
            let side = (rows[0].len() + 2 * around) * pixels;
            let mut photograph = rqrr::PreparedImage::prepare_from_greyscale(side, side, |x, y| {
                let module = |at: usize| (at / pixels).checked_sub(around);
                match (module(x), module(y)) {
                    (Some(x), Some(y)) if is_bright(x, y) => 230,
                    _ => 20,
                }
            });
            let found = photograph.detect_grids();
            assert_eq!(found[0].decode().unwrap().1, text, "with a margin of {margin}");
        }
    }
}
