//! Near misses: which of the names that are valid at a place was probably meant. The answer is the same on every machine and
//! does not depend on the order of the candidates.

/// Names longer than this (in characters) are compared for equality only: a distance costs the product of both lengths.
const LONGEST_COMPARED: usize = 64;

/// The candidate nearest to `name`: equal but for case, else within a Damerau–Levenshtein distance of a third of the name's
/// length (at least 1), with at least one character in common. Of equally near ones that of the nearest length (letters are swapped
/// more often than left out), then the first by name.
#[must_use]
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().count();
    let limit = (length / 3).max(1);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let distance = distance(name, length, candidate, limit)?;
            Some((distance, candidate.chars().count().abs_diff(length), candidate))
        })
        .min()
        .map(|(.., candidate)| candidate)
}

/// Whether two names differ only in case and underscores, so that one is meant where the other stands: `LeakyReLU`, `leaky_relu`.
#[must_use]
pub fn is_same_word(name: &str, other: &str) -> bool {
    let letters = |name: &'_ str| name.to_lowercase().replace('_', "");
    name.len().max(other.len()) <= LONGEST_COMPARED && letters(name) == letters(other)
}

/// 0 where the names are equal but for case; `None` beyond the limit.
fn distance(name: &str, length: usize, candidate: &str, limit: usize) -> Option<usize> {
    if name.to_lowercase() == candidate.to_lowercase() {
        return Some(0);
    }
    let candidate_length = candidate.chars().count();
    let longest = length.max(candidate_length);
    if longest > LONGEST_COMPARED || length.abs_diff(candidate_length) > limit {
        return None;
    }
    let distance = strsim::damerau_levenshtein(name, candidate);
    (distance <= limit && distance < longest).then_some(distance)
}

#[cfg(test)]
mod tests {
    use super::{is_same_word, nearest};

    #[test]
    fn case_wins_over_distance() {
        assert_eq!(nearest("ReLU", ["selu", "relu", "relu6"]), Some("relu"));
    }

    #[test]
    fn case_and_underscores_make_no_other_word() {
        assert!(is_same_word("LeakyReLU", "leaky_relu") && is_same_word("He_Normal", "he_normal"));
        assert!(!is_same_word("relu", "relu6"));
    }

    #[test]
    fn transpositions_count_once() {
        assert_eq!(nearest("desne", ["flatten", "dense"]), Some("dense"));
        assert_eq!(nearest("tahn", ["tan", "tanh"]), Some("tanh"));
    }

    #[test]
    fn a_third_of_the_name_may_differ() {
        assert_eq!(nearest("sigmiodd", ["sigmoid"]), Some("sigmoid"));
        assert_eq!(nearest("linear", ["dense", "lecun"]), None);
    }

    #[test]
    fn ties_go_to_the_first_name_whatever_the_order() {
        assert_eq!(nearest("cat", ["hat", "bat"]), Some("bat"));
        assert_eq!(nearest("cat", ["bat", "hat"]), Some("bat"));
    }

    #[test]
    fn names_with_nothing_in_common_are_not_near() {
        assert_eq!(nearest("a", ["b"]), None);
        assert_eq!(nearest("", ["a"]), None);
    }

    #[test]
    fn a_giant_name_costs_nothing() {
        let giant = "x".repeat(1 << 20);
        let other = "y".repeat(1 << 20);
        assert_eq!(nearest(&giant, [other.as_str()]), None);
    }
}
