use ringwall_detect::finding::Finding;
use ringwall_model::Severity;

/// Which findings a sink gets.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    least: Severity,
    types: Vec<String>,
}

impl Filter {
    /// Those of a severity, or a worse one, whose type one of the patterns fits; without patterns, any type.
    pub(crate) fn new(least: Severity, types: &[String]) -> Self {
        Self { least, types: types.to_vec() }
    }

    pub(crate) fn passes(&self, finding: &Finding) -> bool {
        finding.severity >= self.least
            && (self.types.is_empty() || self.types.iter().any(|pattern| fits(pattern, finding.kind.name)))
    }
}

/// Whether a pattern is a whole name; `*` stands for anything, also for nothing.
fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let mut last = None;
    for part in parts {
        // All but the last one are taken where they come first: that leaves the most to those that follow.
        if let Some(between) = last.replace(part) {
            match rest.split_once(between) {
                Some((_, after)) => rest = after,
                None => return false,
            }
        }
    }
    last.map_or(rest.is_empty(), |last| rest.ends_with(last))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::fits;

    #[test]
    fn types_are_chosen_by_patterns() {
        let name = "Policy:Kubernetes/AnonymousAccessGranted";
        for pattern in ["*", "Policy:*", "*:Kubernetes/*", "*Granted", name, "P*y*:*d", "**"] {
            assert!(fits(pattern, name), "{pattern}");
        }
        for pattern in
            ["", "policy:*", "Kubernetes", "*:Kubernetes", "Policy:Kubernetes/", "*Granted*x", "P*PP*"]
        {
            assert!(!fits(pattern, name), "{pattern}");
        }
        assert!(!fits("ab*ba", "aba"), "no letter counts twice");
    }

    /// By trying every length that the star can have.
    fn naive(pattern: &[u8], name: &[u8]) -> bool {
        match pattern.split_first() {
            None => name.is_empty(),
            Some((b'*', rest)) => (0..=name.len()).any(|skip| naive(rest, &name[skip..])),
            Some((first, rest)) => name.first() == Some(first) && naive(rest, &name[1..]),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn patterns_are_as_the_naive_ones(pattern in "[ab*]{0,8}", name in "[ab]{0,10}") {
            prop_assert_eq!(fits(&pattern, &name), naive(pattern.as_bytes(), name.as_bytes()));
        }
    }
}
