//! What a misspelt name may have been meant to be.

/// The nearest of the right names, if one is near enough to be what was meant. Only letters and digits count, in small letters.
pub fn nearest<'n>(wrong: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    /// A longer text is no slip of a name, and comparing it takes long.
    const LONGEST: usize = 256;
    if wrong.len() > LONGEST {
        return None;
    }
    let plain = |name: &str| name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let meant = plain(wrong);
    let close = |name: &str| {
        let distance = strsim::damerau_levenshtein(&meant, &plain(name));
        // Two slips, or one in a short word, and never all of it.
        (distance * 3 <= meant.len().max(3) && distance <= 2 && distance < meant.len()).then_some(distance)
    };
    names
        .into_iter()
        .filter_map(|name| Some((close(name)?, name)))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_is_answered_with_what_was_meant_and_another_word_with_nothing() {
        let names = ["status", "workflow", "limit", "max_body"];
        for (wrong, meant) in [
            ("statuss", Some("status")),
            ("Status", Some("status")),
            ("worfklow", Some("workflow")),
            ("maxbody", Some("max_body")),
            ("limmit", Some("limit")),
            ("zzz", None),
            ("", None),
            ("work", None),
        ] {
            assert_eq!(nearest(wrong, names), meant, "{wrong}");
        }
        assert_eq!(nearest(&"s".repeat(10_000), names), None);
    }
}
