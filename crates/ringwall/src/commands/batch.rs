//! `can --batch`: SubjectAccessReview specs in, decisions out, as the apiserver would answer.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use ringwall_model::{Decision, User, Verdict};
use ringwall_rbac::{Authorizer, Options, Question, Target};
use serde::{Deserialize, Serialize};

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

/// A line that could not be answered.
#[derive(Debug, Serialize)]
struct Unanswered {
    decision: Option<Verdict>,
    error: String,
}

/// Answers each line of a file, or of standard input for `-`.
pub(super) fn run(folder: &Path, questions: &Path) -> Result<Exit, Failure> {
    let input: Box<dyn BufRead> = if questions == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        let unreadable = |source| Failure::Read { path: questions.display().to_string(), source };
        Box::new(BufReader::new(File::open(questions).map_err(unreadable)?))
    };
    let snapshot = session::open(folder)?;
    session::print_problems(&snapshot.problems)?;
    let authorizer = Authorizer::with_options(&snapshot.cluster, Options { assume_defaults: false });
    let mut out = BufWriter::new(io::stdout().lock());
    let all_answered = answer_all(&authorizer, input, &mut out)?;
    out.flush()?;
    Ok(if all_answered { Exit::Fine } else { Exit::Misuse })
}

/// Whether each line has an answer.
fn answer_all(
    authorizer: &Authorizer<'_>,
    mut input: impl BufRead,
    out: &mut dyn Write,
) -> Result<bool, Failure> {
    let mut all_answered = true;
    let mut line = Vec::new();
    while let Some(length) = read_line(&mut input, &mut line)? {
        let answer = if length > MAX_LINE {
            Err(format!("the line has {length} bytes; the limit is {MAX_LINE}"))
        } else {
            parse(&line).map(|review| review.answer(authorizer))
        };
        match answer {
            Ok(decision) => json::print_line(out, &DecisionJson::from(&decision))?,
            Err(error) => {
                all_answered = false;
                json::print_line(out, &Unanswered { decision: None, error })?;
            }
        }
    }
    Ok(all_answered)
}

/// Reads a line, keeping no more than the limit of it; tells its true length, or `None` at the end.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Option<usize>> {
    line.clear();
    let mut length = 0;
    loop {
        let available = match input.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            available => available?,
        };
        if available.is_empty() {
            return Ok((length > 0).then_some(length));
        }
        let (text, ended) = match available.iter().position(|byte| *byte == b'\n') {
            Some(end) => (available.get(..end).unwrap_or_default(), true),
            None => (available, false),
        };
        length += text.len();
        if length <= MAX_LINE {
            line.extend_from_slice(text);
        }
        let used = text.len() + usize::from(ended);
        input.consume(used);
        if ended {
            return Ok(Some(length));
        }
    }
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
