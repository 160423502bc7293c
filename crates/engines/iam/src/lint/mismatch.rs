//! Actions and resources of one statement that do not go together.

use hashbrown::HashMap;

use super::checks::{self, Level};
use super::findings::{Findings, quoted, quoted_list};
use super::patterns::steps;
use crate::catalog::{Action, ResourceType, Service, catalog};
use crate::pattern::{Part, Pattern, Reach};
use crate::pattern_set::{Budget, Steps, intersects};
use crate::policy::{Effect, Statement};
use crate::wildcard::Piece;

/// Longest resource that is compared, in bytes: an ARN's.
const MAX_RESOURCE: usize = 2048;

/// The resource part of a bucket's ARN; names of buckets hold no slash.
const BUCKET: &str = ":${BucketName}";

/// Where each resource type fits, by the service's prefix and the type's name: one flag a resource.
type Fits = HashMap<(&'static str, &'static str), Vec<bool>>;

pub(super) fn statement(statement: &Statement, out: &mut Findings) {
    let Some(resources) = &statement.resources else { return };
    let is_plain = |(pattern, _): &(Pattern, u32)| {
        pattern.may_begin_with("arn:") && pattern.written().len() <= MAX_RESOURCE && !pattern.is_everything()
    };
    // `*` is good for every action, and what is no ARN has a finding of its own.
    if statement.actions.negated
        || resources.negated
        || resources.patterns.is_empty()
        || !resources.patterns.iter().all(is_plain)
        || statement.actions.patterns.iter().any(|(pattern, _)| pattern.is_everything())
    {
        return;
    }
    let states: Vec<Steps> = resources.patterns.iter().map(|(pattern, _)| steps(pattern)).collect();
    let mut fits = Fits::new();
    let mut used = vec![false; states.len()];
    let mut is_complete = true;
    for (pattern, line) in &statement.actions.patterns {
        let (mut any, mut good, mut only_star) = (false, false, true);
        let mut wanted: Vec<&'static str> = Vec::new();
        for (service, action) in catalog().matching(pattern.written()) {
            any = true;
            only_star &= action.takes_only_star();
            for resource_type in types(service, action) {
                let key = (service.prefix(), resource_type.name());
                let flags = fits.entry(key).or_insert_with(|| {
                    let both = resources.patterns.iter().zip(&states);
                    both.map(|((pattern, _), states)| fits_type(pattern, states, resource_type, out))
                        .collect()
                });
                good |= flags.iter().any(|fits| *fits);
                for (used, fits) in used.iter_mut().zip(flags.iter()) {
                    *used |= *fits;
                }
                wanted.extend(
                    resource_type.arn_patterns().filter(|arn| !wanted.contains(arn)).collect::<Vec<_>>(),
                );
            }
        }
        is_complete &= any && good;
        if any && !good {
            // AWS itself writes ARNs for some of these in its managed policies, so the reference may lack a few.
            let (level, means, hint) = if only_star {
                let means =
                    "nothing: by AWS's reference the action is on no single resource, so only `*` matches";
                let hint = "put it into a statement of its own with `\"Resource\": \"*\"`";
                (Level::Warning, means, hint.to_owned())
            } else {
                let hint = format!("it is on {}", quoted_list(wanted.iter().copied()));
                (Level::Error, "nothing: the action is on no resource of the statement", hint)
            };
            let verb = if statement.effect == Effect::Allow { "allow" } else { "deny" };
            let on = quoted_list(resources.patterns.iter().map(|(pattern, _)| pattern.written()));
            let seems = format!("to {verb} {} on {on}", quoted(pattern.written()));
            out.add(checks::RESOURCE_MISMATCH.at(level), *line, seems, means, hint);
        }
    }
    // Where an action is wrong or unknown, the resource may be right.
    if !is_complete {
        return;
    }
    for ((pattern, line), _) in resources.patterns.iter().zip(&used).filter(|(_, used)| !**used) {
        let seems = format!("to be about {}", quoted(pattern.written()));
        let means = "nothing: no action of the statement is on such a resource";
        out.add(checks::RESOURCE_UNUSED, *line, seems, means, "remove it, or add the action that is meant");
    }
}

/// The resource types that an action takes.
fn types<'c>(service: &'c Service, action: &'c Action) -> impl Iterator<Item = &'c ResourceType> {
    action.resources().iter().filter_map(|resource| service.resource_type(resource.name))
}

/// Whether some resource of the type matches; also if it would take too long to tell.
fn fits_type(pattern: &Pattern, states: &Steps, resource_type: &ResourceType, out: &mut Findings) -> bool {
    resource_type.arn_patterns().any(|arn| {
        if arn.ends_with(BUCKET) && has_slash(pattern) {
            return false;
        }
        let known = type_steps(arn);
        !out.spend(states.len().saturating_mul(known.len()))
            || intersects(states, &known, &Budget::new()) != Some(false)
    })
}

fn has_slash(pattern: &Pattern) -> bool {
    pattern.parts.iter().any(|part| matches!(part, Part::Text(text) if text.contains('/')))
}

/// The ARN of a resource type with a wildcard for each placeholder.
fn type_steps(arn: &'static str) -> Steps {
    let mut pieces = Vec::new();
    let (mut rest, mut colons) = (arn, 0);
    // The last part of an ARN begins behind its fifth colon.
    let reach = |colons| if colons < 5 { Reach::Segment } else { Reach::Anything };
    while let Some(at) = rest.find(['$', '{', '*']) {
        let (text, after) = rest.split_at_checked(at).unwrap_or((rest, ""));
        colons += text.bytes().filter(|byte| *byte == b':').count();
        pieces.push(Piece::Text(text));
        pieces.push(Piece::Many(reach(colons)));
        rest = match after.strip_prefix('*') {
            Some(after) => after,
            None => after.split_once('}').map_or("", |(_, after)| after),
        };
    }
    pieces.push(Piece::Text(rest));
    Steps::of(pieces.as_slice())
}
