//! The page of every code, as `docs/codes` has them, inside the binary.

use include_dir::{Dir, include_dir};

static PAGES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/docs/codes");

/// The explanation of one code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// The code, `E0201`.
    pub code: &'static str,
    /// The whole page, in Markdown.
    pub text: &'static str,
}

impl Page {
    /// What its first line says after the code.
    #[must_use]
    pub fn title(&self) -> &'static str {
        let first = self.text.lines().next().unwrap_or_default();
        first.split_once(':').map_or(first, |(_, title)| title).trim()
    }
}

/// Every page, in order of codes.
#[must_use]
pub fn all() -> Vec<Page> {
    let mut pages: Vec<Page> = PAGES
        .files()
        .filter_map(|file| {
            let code = file.path().file_name()?.to_str()?.strip_suffix(".md").filter(|name| is_code(name))?;
            Some(Page { code, text: file.contents_utf8()? })
        })
        .collect();
    pages.sort_unstable_by_key(|page| page.code);
    pages
}

/// A letter and four digits.
fn is_code(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|letter| letter.is_ascii_uppercase())
        && name.len() == 5
        && bytes.all(|byte| byte.is_ascii_digit())
}

/// The page of a code as people write it: `E0201`, `e0201`, `e201`, or `201` where only one letter has that number.
#[must_use]
pub fn page(code: &str) -> Option<Page> {
    let code = code.trim();
    let digits = code.trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
    let letters = code[..code.len() - digits.len()].to_ascii_uppercase();
    let number: u32 = digits.parse().ok().filter(|_| digits.bytes().all(|digit| digit.is_ascii_digit()))?;
    let mut matching = all().into_iter().filter(|page| {
        let (letter, digits) = page.code.split_at(1);
        digits.parse() == Ok(number) && (letters.is_empty() || letter == letters)
    });
    let first = matching.next()?;
    // `201` means the error where a lint or finding has the same number.
    Some(matching.fold(first, |best, page| if page.code.starts_with('E') { page } else { best }))
}

#[cfg(test)]
mod tests {
    use super::{all, page};

    #[test]
    fn a_code_is_found_however_it_is_written() {
        let first = all().into_iter().find(|page| page.code.starts_with('E')).expect("there are pages of errors");
        let short = first.code[1..].trim_start_matches('0');
        for written in
            [first.code, &first.code.to_lowercase(), &format!("e{short}"), short, &format!(" {} ", first.code)]
        {
            assert_eq!(page(written), Some(first), "{written}");
        }
    }

    #[test]
    fn what_is_no_code_has_no_page() {
        for written in ["", "E", "E9999", "X0201", "+201", "E-1", "99999999999999999999", "é"] {
            assert_eq!(page(written), None, "{written}");
        }
    }

    #[test]
    fn every_page_has_its_code_and_a_title() {
        for page in all() {
            assert!(page.text.starts_with(&format!("# {}: ", page.code)), "{}", page.code);
            assert!(!page.title().is_empty(), "{}", page.code);
        }
    }
}
