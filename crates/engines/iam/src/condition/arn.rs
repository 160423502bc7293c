use std::sync::Arc;

use crate::pattern::{Part, Pattern, Reach, Syntax};
use crate::wildcard::{Piece, matches};

/// Parts of an ARN.
const PARTS: usize = 6;

/// An ARN with wildcards, as `ArnLike` takes it.
///
/// Source: AWS IAM User Guide, *ARN condition operators*: "Each of the six colon-delimited components of the ARN is
/// checked separately and each can include multi-character match wildcards (*) or single-character match wildcards (?)."
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ArnPattern {
    pattern: Pattern,
    /// The six components; `None` if the pattern has fewer.
    split: Option<Box<[Vec<Part>; PARTS]>>,
}

impl ArnPattern {
    pub(crate) fn new(text: &Arc<str>, variables: bool) -> Self {
        let pattern = Pattern::new(text, Syntax { wildcards: true, variables, arn: false });
        let split = split(&pattern.parts);
        Self { pattern, split }
    }

    pub(crate) fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// Whether it has the six components of an ARN, or may have once its variables are replaced.
    pub(crate) fn is_arn(&self) -> bool {
        self.split.is_some() || self.pattern.has_variables()
    }

    /// Whether an ARN matches; `value` tells what a variable stands for. `None` if one of the two has fewer than six
    /// components.
    pub(crate) fn matches<'a>(
        &'a self,
        arn: &str,
        value: &dyn Fn(&'a Part) -> Option<&'a str>,
    ) -> Option<bool> {
        if arn.splitn(PARTS, ':').count() < PARTS {
            return None;
        }
        let Some(components) = &self.split else { return self.matches_whole(arn, value) };
        let mut texts = arn.splitn(PARTS, ':');
        Some(components.iter().all(|parts| {
            let Some(text) = texts.next() else { return false };
            if !self.pattern.has_variables() {
                return matches(parts.as_slice(), text);
            }
            pieces(parts, value).is_some_and(|pieces| matches(pieces.as_slice(), text))
        }))
    }

    /// A pattern that has its six components only once its variables are replaced: `${aws:PrincipalArn}`.
    fn matches_whole<'a>(&'a self, arn: &str, value: &dyn Fn(&'a Part) -> Option<&'a str>) -> Option<bool> {
        let mut pieces = pieces(&self.pattern.parts, value)?;
        let mut components = 1;
        for piece in &mut pieces {
            match piece {
                Piece::Text(text) => components += text.bytes().filter(|byte| *byte == b':').count(),
                Piece::One(reach) | Piece::Many(reach) if components < PARTS => *reach = Reach::Segment,
                Piece::One(_) | Piece::Many(_) => {}
            }
        }
        (components >= PARTS).then(|| matches(pieces.as_slice(), arn))
    }
}

/// The pieces of parts with their variables replaced; `None` if one has no value.
fn pieces<'a>(parts: &'a [Part], value: &dyn Fn(&'a Part) -> Option<&'a str>) -> Option<Vec<Piece<'a>>> {
    parts.iter().map(|part| Piece::of(part).or_else(|| value(part).map(Piece::Text))).collect()
}

/// The pattern's parts, component by component; `None` if there are fewer than six.
fn split(parts: &[Part]) -> Option<Box<[Vec<Part>; PARTS]>> {
    let mut components: Vec<Vec<Part>> = vec![Vec::new()];
    for part in parts {
        let Part::Text(text) = part else {
            components.last_mut()?.push(part.clone());
            continue;
        };
        let mut rest: &str = text;
        while components.len() < PARTS {
            let Some((before, after)) = rest.split_once(':') else { break };
            if !before.is_empty() {
                components.last_mut()?.push(Part::Text(before.into()));
            }
            components.push(Vec::new());
            rest = after;
        }
        if !rest.is_empty() {
            components.last_mut()?.push(Part::Text(rest.into()));
        }
    }
    components.try_into().ok().map(Box::new)
}
