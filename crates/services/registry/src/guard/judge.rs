//! What the rules say of an image, once it is known.

use ringwall_registry::RepositoryName;
use ringwall_registry::guard::{self, Facts, Reason, Scan, Signature};
use ringwall_signing::{ImageDigest, Reference};

use super::configuration::{Configuration, GuardRule};
use super::images::{Images, ScanKnown};

/// Who wants the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject<'a> {
    /// The image.
    pub image: &'a Reference,
    /// The namespace of the pod that would run it; nothing for a pull.
    pub namespace: Option<&'a str>,
}

/// What the rules say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// The digest that was judged; nothing if no rule asked, or nobody could tell.
    pub digest: Option<ImageDigest>,
    /// Why it is refused, a line each.
    pub refused: Vec<String>,
    /// Why it would be, by rules in audit mode.
    pub would_refuse: Vec<String>,
}

/// Judges an image by all rules that are for it. What can't be found out is a reason to refuse it.
pub async fn judge<I: Images>(configuration: &Configuration, images: &I, subject: Subject<'_>) -> Judged {
    let mut judged = Judged::default();
    for rule in configuration.of(subject.image, subject.namespace) {
        by_rule(rule, images, subject.image, &mut judged).await;
    }
    judged
}

async fn by_rule<I: Images>(rule: &GuardRule, images: &I, image: &Reference, judged: &mut Judged) {
    let name = &rule.rule.name;
    let unknown = |why: String| format!("rule `{name}`: {why}");
    let repository = match RepositoryName::parse(&image.repository) {
        Ok(repository) => repository,
        Err(_) => {
            return judged.add(rule, unknown(format!("`{}` is no repository's name", image.repository)));
        }
    };
    // A tag may move between two questions: the first answer's digest is what all others are about.
    let mut asked = image.clone();
    asked.digest = asked.digest.or_else(|| judged.digest.clone());
    let known = match images.image(&asked, rule.trust.as_ref()).await {
        Ok(known) => known,
        Err(why) => return judged.add(rule, unknown(format!("the image can't be looked at: {why}"))),
    };
    let needs_scan =
        rule.rule.scanned || rule.rule.max_scan_age_days.is_some() || rule.rule.max_severity.is_some();
    let scan = if needs_scan { images.scan(image, &known.digest).await } else { ScanKnown::None };
    let why = known.signatures.as_ref().map(ringwall_signing::Report::why_unsigned).unwrap_or_default();
    let signature = match &known.signatures {
        None => Signature::Unverified("nobody is trusted to sign it"),
        Some(report) if report.signatures().next().is_some() => Signature::Verified,
        Some(report) if report.checked.is_empty() && report.problems.is_empty() => Signature::None,
        Some(_) => Signature::Unverified(&why),
    };
    let scan = match &scan {
        ScanKnown::None => Scan::None,
        ScanKnown::Failed(why) => Scan::Failed(why),
        ScanKnown::Complete { advisories_of, worst, worst_fixable } => {
            Scan::Complete { advisories_of: *advisories_of, worst: *worst, worst_fixable: *worst_fixable }
        }
    };
    let facts = Facts { repository: &repository, signature, scan, now: images.now() };
    let verdict = guard::judge([&rule.rule], &facts);
    judged.digest = Some(known.digest);
    let line = |(rule, reason): &(String, Reason)| format!("rule `{rule}`: {reason}");
    judged.refused.extend(verdict.refused.iter().map(line));
    judged.would_refuse.extend(verdict.would_refuse.iter().map(line));
}

impl Judged {
    pub(super) fn add(&mut self, rule: &GuardRule, line: String) {
        match rule.rule.mode {
            guard::Mode::Enforce => self.refused.push(line),
            guard::Mode::Audit => self.would_refuse.push(line),
        }
    }
}
