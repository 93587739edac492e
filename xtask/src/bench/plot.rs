//! A drawing of figures beside their aims: bars on a logarithmic scale, with the aim as a line in the middle.

use std::fmt::Write as _;

use super::page::rounded;
use super::results::Row;

/// None where nothing has an aim. To the right of the line is better, whichever way the aim points.
pub fn draw(rows: &[Row]) -> Option<String> {
    let bars: Vec<_> = rows.iter().filter_map(|row| row.aim().map(|(bound, met)| (row, bound, met))).collect();
    if bars.is_empty() {
        return None;
    }
    let height = TOP + bars.len() * PITCH + 8;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"{AIM}\" y=\"12\" text-anchor=\"middle\" fill=\"#555\">aim</text>\n"
    );
    for (at, (row, bound, met)) in bars.into_iter().enumerate() {
        svg += &bar(row, bound, met, TOP + at * PITCH);
    }
    let _ = writeln!(svg, "<line x1=\"{AIM}\" x2=\"{AIM}\" y1=\"{TOP}\" y2=\"{height}\" stroke=\"#555\"/>\n</svg>");
    Some(svg)
}

fn bar(row: &Row, bound: f64, met: bool, y: usize) -> String {
    let (figure, fill) = (row.median(), if met { "#2f7d6b" } else { "#b3412f" });
    let better = if row.aim.starts_with('<') { bound / figure } else { figure / bound };
    let length = (better.log10() / DECADES).clamp(-1.0, 1.0) * HALF;
    let (x, width) = (AIM + length.min(0.0), length.abs().max(1.0));
    let text = y + PITCH - 8;
    let what = escaped(&format!("{}: {}", row.chapter, row.what));
    format!(
        "<rect x=\"{x:.0}\" y=\"{y}\" width=\"{width:.0}\" height=\"{}\" fill=\"{fill}\"/>\n\
         <text x=\"4\" y=\"{text}\">{what}</text>\n\
         <text x=\"{}\" y=\"{text}\" text-anchor=\"end\">{} {}</text>\n",
        PITCH - 5,
        WIDTH - 4,
        rounded(figure),
        escaped(&row.unit)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

const WIDTH: usize = 900;
const AIM: f64 = 600.0;
const HALF: f64 = 200.0;
/// How much better or worse the ends of the scale stand for, in powers of ten.
const DECADES: f64 = 2.0;
const TOP: usize = 20;
const PITCH: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_an_aim_is_drawn() {
        let row = |aim: &str| Row {
            chapter: "Server".into(),
            what: "a < b".into(),
            unit: "ms".into(),
            aim: aim.into(),
            runs: vec![1.0],
        };
        assert_eq!(draw(&[row("")]), None);
        let drawing = draw(&[row("< 5"), row("")]).unwrap();
        assert_eq!((drawing.matches("<rect").count(), drawing.contains("a &lt; b")), (2, true));
    }
}
