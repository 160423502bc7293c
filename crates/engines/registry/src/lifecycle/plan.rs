use std::collections::{HashMap, HashSet};

use super::{ActionKind, Count, ImageFacts, Policy, Rule, StorageClass};

/// Milliseconds of a day; ECR's `countUnit` has no other.
const DAY: i64 = 24 * 60 * 60 * 1000;

/// How far an artifact's subject is looked for through artifacts that have subjects: a signature of an SBOM of an image is two
/// steps, and nobody signs thirty times over.
const MAX_SUBJECTS: usize = 32;

/// What a policy does to the images of a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan<'a> {
    /// What is done: images oldest first, each followed by what refers to it.
    pub actions: Vec<Action<'a>>,
    /// What a rule would do, but for a reason that is none of the policy's; oldest image first.
    pub kept: Vec<Kept<'a>>,
}

/// One image, acted on by one rule: a line of `GetLifecyclePolicyPreview`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action<'a> {
    /// The image.
    pub digest: &'a str,
    /// Its tags.
    pub tags: &'a [String],
    /// When it was pushed (milliseconds since 1970).
    pub pushed_at: i64,
    /// Where it is now.
    pub class: StorageClass,
    /// What becomes of it.
    pub kind: ActionKind,
    /// The priority of the rule that says so.
    pub priority: u64,
}

/// An image that a rule would act on and that is kept all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept<'a> {
    /// What would be done.
    pub action: Action<'a>,
    /// Why it is not.
    pub because: Keep,
}

/// Why an image is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// An index references it.
    Referenced,
    /// A cluster runs it, or an image that it references.
    InUse,
}

/// What the policy does to the images of a repository at a time, `now` in milliseconds since 1970. All images of the repository
/// have to be given, since rules count them.
pub fn plan<'a>(policy: &Policy, images: &'a [ImageFacts], now: i64) -> Plan<'a> {
    let followers = Followers::of(images);
    // Oldest first. Images of the same millisecond go by digest, so that a plan doesn't hang on the order in which they came.
    let mut candidates: Vec<Candidate<'a>> = images
        .iter()
        .filter(|image| !followers.follow(image))
        .map(|image| Candidate { image, selected: false, action: None })
        .collect();
    candidates.sort_by_key(|candidate| (candidate.image.pushed_at, &candidate.image.digest));

    for rule in &policy.rules {
        let selected = |candidate: &Candidate<'_>| selects(rule, candidate.image);
        let keeps = match rule.count {
            Count::MoreThan(count) => usize::try_from(count).unwrap_or(usize::MAX),
            _ => 0,
        };
        let surplus = candidates.iter().filter(|candidate| selected(candidate)).count().saturating_sub(keeps);
        for (rank, candidate) in
            candidates.iter_mut().filter(|candidate| selects(rule, candidate.image)).enumerate()
        {
            let first = !std::mem::replace(&mut candidate.selected, true);
            if first && rank < surplus && is_due(rule.count, candidate.image, now) {
                candidate.action = Some(action(rule.action, rule.priority, candidate.image));
            }
        }
    }

    let referenced: HashSet<&str> =
        images.iter().flat_map(|image| &image.references).map(String::as_str).collect();
    let in_use: HashSet<&str> =
        images.iter().filter(|image| image.in_use).map(|image| image.digest.as_str()).collect();
    let mut plan = Plan::default();
    for Candidate { image, action: planned, .. } in candidates {
        let Some(planned) = planned else { continue };
        let because = if referenced.contains(image.digest.as_str()) {
            Some(Keep::Referenced)
        } else if image.in_use || image.references.iter().any(|part| in_use.contains(part.as_str())) {
            Some(Keep::InUse)
        } else {
            None
        };
        if let Some(because) = because {
            plan.kept.push(Kept { action: planned, because });
            continue;
        }
        plan.actions.push(planned);
        for follower in followers.of_subject(&image.digest) {
            if !(planned.kind == ActionKind::Archive && follower.class == StorageClass::Archive) {
                plan.actions.push(action(planned.kind, planned.priority, follower));
            }
        }
    }
    plan
}

/// An image that rules may select.
struct Candidate<'a> {
    image: &'a ImageFacts,
    /// Whether a rule has selected it: none after that acts on it.
    selected: bool,
    action: Option<Action<'a>>,
}

/// Artifacts that go with their subjects, by the subject at the end of their chain; oldest first.
struct Followers<'a> {
    by_subject: HashMap<&'a str, Vec<&'a ImageFacts>>,
    all: HashSet<&'a str>,
}

impl<'a> Followers<'a> {
    fn of(images: &'a [ImageFacts]) -> Self {
        let by_digest: HashMap<&str, &ImageFacts> =
            images.iter().map(|image| (image.digest.as_str(), image)).collect();
        let subject = |image: &ImageFacts| {
            let subject = image.subject.as_deref().filter(|_| image.tags.is_empty())?;
            by_digest.get(subject).copied()
        };
        let mut followers = Self { by_subject: HashMap::new(), all: HashSet::new() };
        for image in images {
            let mut chain = std::iter::successors(subject(image), |at| subject(at)).take(MAX_SUBJECTS);
            // What no end is found for in as many steps is an image as any other.
            let Some(end) = chain.find(|at| subject(at).is_none()) else { continue };
            followers.by_subject.entry(end.digest.as_str()).or_default().push(image);
            followers.all.insert(image.digest.as_str());
        }
        for followers in followers.by_subject.values_mut() {
            followers.sort_by_key(|image| (image.pushed_at, &image.digest));
        }
        followers
    }

    fn follow(&self, image: &ImageFacts) -> bool {
        self.all.contains(image.digest.as_str())
    }

    fn of_subject(&self, digest: &str) -> &[&'a ImageFacts] {
        self.by_subject.get(digest).map_or(&[], Vec::as_slice)
    }
}

/// Whether a rule selects an image, by tags and storage class.
fn selects(rule: &Rule, image: &ImageFacts) -> bool {
    rule.class == image.class && rule.tags.selects(&image.tags)
}

/// Whether an image is older than its rule lets it be; that an image is one too many is not asked here.
fn is_due(count: Count, image: &ImageFacts, now: i64) -> bool {
    let (since, days) = match count {
        Count::MoreThan(_) => return true,
        Count::SincePushed(days) => (Some(image.pushed_at), days),
        Count::SincePulled(days) => {
            (Some(image.pulled_at.max(image.restored_at).unwrap_or(image.pushed_at)), days)
        }
        Count::SinceTransitioned(days) => (image.archived_at, days),
    };
    let limit = i64::try_from(days).ok().and_then(|days| days.checked_mul(DAY));
    // A time that can't be told, or that no clock reaches, is not past: what is kept too long can still be deleted.
    match (since, limit) {
        (Some(since), Some(limit)) => now.saturating_sub(since) > limit,
        _ => false,
    }
}

fn action(kind: ActionKind, priority: u64, image: &ImageFacts) -> Action<'_> {
    Action {
        digest: &image.digest,
        tags: &image.tags,
        pushed_at: image.pushed_at,
        class: image.class,
        kind,
        priority,
    }
}
