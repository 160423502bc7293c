//! `can --batch`: SubjectAccessReview specs in, decisions out, as the apiserver would answer.

use std::borrow::Cow;
use std::path::Path;

use ringwall_model::{Decision, User, Verdict};
use ringwall_rbac::{Authorizer, Options, Question, Target};
use serde::Deserialize;

use crate::commands::lines::{Answered, Lines, Unanswered};
use crate::error::{Exit, Failure};
use crate::render::json::{self, DecisionJson};
use crate::session;

/// Longest line that is read: etcd refuses requests over 1.5 MiB, so no apiserver takes a longer review.
const MAX_LINE: usize = 2 * 1024 * 1024;

/// `spec` of a SubjectAccessReview, `authorization.k8s.io/v1`. Unknown fields are ignored, as the apiserver does.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ReviewSpec<'a> {
    #[serde(borrow)]
    resource_attributes: Option<ResourceAttributes<'a>>,
    #[serde(borrow)]
    non_resource_attributes: Option<NonResourceAttributes<'a>>,
    #[serde(borrow)]
    user: Option<Cow<'a, str>>,
    groups: Option<Vec<String>>,
}

/// Selectors are left out: in a review only `name` is a name.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ResourceAttributes<'a> {
    #[serde(borrow)]
    namespace: Option<Cow<'a, str>>,
    #[serde(borrow)]
    verb: Option<Cow<'a, str>>,
    #[serde(borrow)]
    group: Option<Cow<'a, str>>,
    #[serde(borrow)]
    resource: Option<Cow<'a, str>>,
    #[serde(borrow)]
    subresource: Option<Cow<'a, str>>,
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NonResourceAttributes<'a> {
    #[serde(borrow)]
    path: Option<Cow<'a, str>>,
    #[serde(borrow)]
    verb: Option<Cow<'a, str>>,
}

/// Answers each line of a file, or of standard input for `-`.
pub(super) fn run(folder: &Path, questions: &Path) -> Result<Exit, Failure> {
    let lines = Lines::open(questions, MAX_LINE)?;
    let snapshot = session::open(folder)?;
    session::print_problems(&snapshot.problems)?;
    let authorizer = Authorizer::with_options(&snapshot.cluster, Options { assume_defaults: false });
    lines.answer(&mut |line, out| {
        let decided = line.text.clone().and_then(|text| Ok(parse(text)?.answer(&authorizer)));
        match decided {
            Ok(decision) => {
                json::print_line(out, &DecisionJson::from(&decision))?;
                Ok(Answered::Yes)
            }
            Err(error) => {
                json::print_line(out, &Unanswered::because(error))?;
                Ok(Answered::No)
            }
        }
    })
}

/// A spec that the apiserver would take.
struct Review<'a> {
    user: User,
    attributes: Attributes<'a>,
}

enum Attributes<'a> {
    Resource(ResourceAttributes<'a>),
    Path(NonResourceAttributes<'a>),
}

/// Reads a spec and refuses what the apiserver's validation refuses.
///
/// Source: `pkg/apis/authorization/validation/validation.go`, release 1.34.
fn parse(line: &[u8]) -> Result<Review<'_>, String> {
    let spec: ReviewSpec<'_> =
        serde_json::from_slice(line).map_err(|error| format!("not a spec: {error}"))?;
    let attributes = match (spec.resource_attributes, spec.non_resource_attributes) {
        (Some(resource), None) => Attributes::Resource(resource),
        (None, Some(path)) => Attributes::Path(path),
        _ => return Err("a spec has either `resourceAttributes` or `nonResourceAttributes`".into()),
    };
    let user = User::new(spec.user.unwrap_or_default(), spec.groups.unwrap_or_default());
    if user.name.is_empty() && user.groups.is_empty() {
        return Err("a spec has a `user` or `groups`".into());
    }
    Ok(Review { user, attributes })
}

impl Review<'_> {
    fn answer(&self, authorizer: &Authorizer<'_>) -> Decision {
        let (verb, target) = match &self.attributes {
            Attributes::Path(NonResourceAttributes { path, verb }) => {
                (verb, Target::NonResource { path: text(path) })
            }
            Attributes::Resource(ResourceAttributes {
                namespace,
                verb,
                group,
                resource,
                subresource,
                name,
            }) => {
                let target = Target::Resource {
                    group: text(group),
                    resource: text(resource),
                    subresource: text(subresource),
                    name: text(name),
                    namespace: text(namespace),
                };
                (verb, target)
            }
        };
        let mut decision = authorizer.decide(&Question { user: &self.user, verb: text(verb), target });
        // What could not be judged is denied here, and said: nothing enforces on a guess.
        if decision.verdict == Verdict::Unknown {
            decision.verdict = Verdict::Denied;
        }
        decision
    }
}

fn text<'f>(field: &'f Option<Cow<'_, str>>) -> &'f str {
    field.as_deref().unwrap_or_default()
}
