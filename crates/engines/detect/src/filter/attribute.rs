//! The attributes of findings that GuardDuty lets one filter by.

/// What values of an attribute are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Texts; flags are `true` and `false`.
    Text,
    /// Numbers.
    Number,
    /// Times: Unix milliseconds, or as findings write them.
    Time,
}

/// An attribute by the name that GuardDuty has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// `resource.kubernetesDetails.kubernetesUserDetails.username`.
    pub name: &'static str,
    /// What its values are.
    pub form: Form,
}

/// A name a line, in the order of their bytes; behind it what its values are, unless they are texts. `testbed/aws/findings.py` holds it to
/// AWS's model.
///
/// Source: AWS GuardDuty API Reference, `CreateFilter`, `FindingCriteria`.
static TABLE: &str = include_str!("attributes.txt");

/// Longest name that a nearest one is looked for: twice the longest that there is.
const MAX_NAME: usize = 256;

fn table() -> impl Iterator<Item = Attribute> {
    TABLE.lines().map(|line| match line.split_once(' ') {
        Some((name, "number")) => Attribute { name, form: Form::Number },
        Some((name, _)) => Attribute { name, form: Form::Time },
        None => Attribute { name: line, form: Form::Text },
    })
}

impl Attribute {
    /// The attribute of this name.
    pub fn named(name: &str) -> Option<Self> {
        table().find(|known| known.name == name)
    }

    /// The attribute that was probably meant: one that ends like it, or else one that differs in a third of it at most.
    pub(super) fn nearest(name: &str) -> Option<&'static str> {
        if name.len() > MAX_NAME {
            return None;
        }
        let lower = name.to_ascii_lowercase();
        let edits = |known: &Self| strsim::damerau_levenshtein(&lower, &known.name.to_ascii_lowercase());
        let ends_like_it = |known: &Self| {
            let (known, lower) = (known.name.to_ascii_lowercase(), lower.as_str());
            known.strip_suffix(lower).is_some_and(|before| before.ends_with('.'))
        };
        table()
            .map(|known| (edits(&known), known))
            .filter(|(edits, known)| edits.saturating_mul(3) <= lower.len() || ends_like_it(known))
            .min_by_key(|(edits, _)| *edits)
            .map(|(_, known)| known.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole() {
        let names: Vec<&str> = table().map(|known| known.name).collect();
        assert!(names.len() > 600 && names.is_sorted(), "{}", names.len());
        for line in TABLE.lines() {
            let form = line.split_once(' ').map_or("", |(_, form)| form);
            assert!(["", "number", "time"].contains(&form), "{line}");
        }
        assert_eq!(Attribute::named("severity").map(|known| known.form), Some(Form::Number));
        assert_eq!(Attribute::named("updatedAt").map(|known| known.form), Some(Form::Time));
        assert_eq!(Attribute::named("Type"), None);
    }

    #[test]
    fn what_was_meant_is_found() {
        for (written, meant) in [
            ("Type", Some("type")),
            ("severty", Some("severity")),
            ("username", Some("resource.rdsDbUserDetails.user")),
            (
                "kubernetesUserDetails.username",
                Some("resource.kubernetesDetails.kubernetesUserDetails.username"),
            ),
            (
                "resource.kubernetesDetails.kubernetesWorkloadDetails.container.imagePrefix",
                Some("resource.kubernetesDetails.kubernetesWorkloadDetails.containers.imagePrefix"),
            ),
            ("quite something else", None),
        ] {
            let found = Attribute::nearest(written);
            // A bare `username` is that of several.
            assert!(found == meant || (written == "username" && found.is_some()), "{written}: {found:?}");
        }
    }
}
