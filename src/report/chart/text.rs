//! How wide a text is at most, and how it is made shorter.

/// The letters of charts, in pixels.
pub(in crate::report) const SIZE: f64 = 12.0;

/// An upper bound for the width of `text` in pixels at `size`, for the sans-serif fonts that browsers use (DejaVu Sans and Verdana
/// are the widest of them).
pub(in crate::report) fn width(text: &str, size: f64) -> f64 {
    let em = |character: char| match character {
        ' ' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | 'i' | 'j' | 'l' | 'I' | '[' | ']' | '(' | ')' => 0.4,
        'f' | 't' | 'r' | '/' | '-' => 0.44,
        '⁰'..='⁹' | '⁻' | '¹' | '²' | '³' => 0.44,
        'm' | 'w' | 'M' | 'W' | '%' | '…' => 1.0,
        'A'..='Z' | '∂' | '×' | '·' | '≥' | '=' | '<' | '>' | '+' | '←' | '→' | '_' => 0.84,
        '0'..='9' | 'a'..='z' => 0.64,
        _ => 1.05,
    };
    text.chars().map(em).sum::<f64>() * size
}

/// At most `most` characters, the middle left out.
pub(in crate::report) fn shorten(name: &str, most: usize) -> String {
    let characters: Vec<char> = name.chars().collect();
    if characters.len() <= most {
        return name.to_owned();
    }
    let tail = most / 2;
    let head: String = characters[..most - tail - 1].iter().collect();
    let tail: String = characters[characters.len() - tail..].iter().collect();
    format!("{head}…{tail}")
}
