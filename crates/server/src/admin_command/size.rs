//! Sizes as operators write them.

use std::fmt;
use std::str::FromStr;

use sotto_proto::limits::NUMBER_MAX;

/// A number of bytes, 0 to 2^53 - 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(u64);

impl Size {
    pub(super) fn from_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    pub(super) fn bytes(self) -> u64 {
        self.0
    }
}

impl FromStr for Size {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        let unit = match text[digits.len()..].to_ascii_uppercase().as_str() {
            "" | "B" => 1,
            "K" | "KIB" => 1 << 10,
            "M" | "MIB" => 1 << 20,
            "G" | "GIB" => 1 << 30,
            "T" | "TIB" => 1 << 40,
            _ => return Err(WANTED),
        };
        let number: u64 = digits.parse().map_err(|_| WANTED)?;
        number.checked_mul(unit).filter(|bytes| *bytes <= NUMBER_MAX).map(Self).ok_or(WANTED)
    }
}

/// In the largest unit of which there is one, with one decimal.
impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((unit, size)) = UNITS.iter().find(|(_, size)| self.0 >= *size) else {
            return write!(f, "{} bytes", self.0);
        };
        let tenths = u128::from(self.0) * 10 / u128::from(*size);
        if tenths % 10 == 0 {
            write!(f, "{} {unit}", tenths / 10)
        } else {
            write!(f, "{}.{} {unit}", tenths / 10, tenths % 10)
        }
    }
}

const UNITS: [(&str, u64); 4] = [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
const WANTED: &str = "write a number of bytes, or one with a unit, as in 500M or 10G";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_and_written_with_units() {
        for (text, bytes, shown) in [
            ("0", 0, "0 bytes"),
            ("1023", 1_023, "1023 bytes"),
            ("1k", 1_024, "1 KiB"),
            ("1536K", 1_572_864, "1.5 MiB"),
            ("500M", 524_288_000, "500 MiB"),
            ("10GiB", 10 << 30, "10 GiB"),
            ("8191T", 8_191 << 40, "8191 TiB"),
        ] {
            let size: Size = text.parse().unwrap();
            assert_eq!((size.bytes(), size.to_string().as_str()), (bytes, shown));
        }
        for wrong in ["", "G", "-1", "1.5G", "10 X", "9007199254740992", "99999999999999999999", "8192T", "1é"] {
            assert_eq!(wrong.parse::<Size>(), Err(WANTED), "{wrong}");
        }
    }
}
