//! Codes to be scanned: drawn for a screen, and found in what a camera sees.

use std::fmt::Write as _;

use qrcode::{Color, EcLevel};
use rqrr::PreparedImage;
use serde::Serialize;
use tsify::Tsify;

use crate::failure::{Failure, FailureCode};

/// A code as a drawing: a path of unit squares, the dark ones, in a square with the bright margin that scanners need.
#[derive(Debug, Serialize, Tsify)]
pub struct QrCode {
    /// How many units the square has on each side.
    size: usize,
    path: String,
}

impl QrCode {
    pub(crate) fn of(text: &str) -> Result<Self, Failure> {
        let code = qrcode::QrCode::with_error_correction_level(text, EcLevel::M)
            .map_err(|error| Failure::new(FailureCode::Failed, error.to_string()))?;
        let width = code.width();
        let mut path = String::new();
        for (place, color) in code.to_colors().into_iter().enumerate() {
            if color == Color::Dark {
                let (x, y) = (place % width + MARGIN, place / width + MARGIN);
                // Writing to a string cannot fail.
                let _ = write!(path, "M{x} {y}h1v1h-1z");
            }
        }
        Ok(Self { size: width + 2 * MARGIN, path })
    }
}

/// What the codes in a picture say. A picture is one byte of brightness a point, row by row.
pub(crate) fn texts_in(width: u32, brightness: &[u8]) -> Result<Vec<String>, Failure> {
    let width = width as usize;
    if width == 0 || brightness.len() > POINTS_MAX || !brightness.len().is_multiple_of(width) {
        return Err(Failure::new(FailureCode::Unusable, "a picture of this size"));
    }
    let point = |x: usize, y: usize| brightness[y * width + x];
    let mut picture = PreparedImage::prepare_from_greyscale(width, brightness.len() / width, point);
    let codes = picture.detect_grids();
    Ok(codes.into_iter().take(CODES_MAX).filter_map(|code| Some(code.decode().ok()?.1)).collect())
}

/// ISO/IEC 18004 asks for four.
const MARGIN: usize = 4;
/// More than any camera picture that a page hands over: it scales them down before.
const POINTS_MAX: usize = 4_000_000;
/// So many codes of one picture are read.
const CODES_MAX: usize = 4;
