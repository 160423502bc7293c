/// Least similarity at which a word is offered: below it suggestions confuse more than they help.
const LEAST_SIMILARITY: f64 = 0.75;

/// The known word that is most like the one given, if one is like it at all.
pub(crate) fn closest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&word.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(similarity, _)| *similarity >= LEAST_SIMILARITY)
        // Of equals the first in the alphabet, so that the same input gives the same answer.
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))
        .map(|(_, candidate)| candidate)
}

/// A hint that offers the closest known word, if there is one.
pub(crate) fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    closest(word, known).map(|candidate| format!("did you mean `{candidate}`?"))
}

/// Known words that are like the one given, the most alike first: those that contain it, or else those that resemble it.
pub(crate) fn alike(word: &str, known: impl Iterator<Item = String>, most: usize) -> Vec<String> {
    let lower = word.to_lowercase();
    let mut candidates: Vec<(f64, String)> = known
        .filter_map(|candidate| {
            let other = candidate.to_lowercase();
            let contains = !lower.is_empty() && other.contains(&lower);
            let similarity = if contains { 1.0 } else { strsim::jaro_winkler(&lower, &other) };
            (similarity >= LEAST_SIMILARITY).then_some((similarity, candidate))
        })
        .collect();
    candidates.sort_by(|a, b| {
        b.0.total_cmp(&a.0).then_with(|| a.1.len().cmp(&b.1.len())).then_with(|| a.1.cmp(&b.1))
    });
    candidates.dedup();
    candidates.into_iter().take(most).map(|(_, candidate)| candidate).collect()
}

#[cfg(test)]
mod tests {
    use super::alike;

    #[test]
    fn what_contains_a_word_is_offered_before_what_resembles_it() {
        let known = ["shop/orders", "orders", "orders", "order-07", "nothing"].map(str::to_owned);
        assert_eq!(alike("ORDERS", known.clone().into_iter(), 5), ["orders", "shop/orders", "order-07"]);
        assert_eq!(alike("ordres", known.clone().into_iter(), 1), ["orders"]);
        assert!(alike("xyz", known.into_iter(), 5).is_empty());
    }
}
