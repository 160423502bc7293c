use ringwall_model::{CheckResult, Outcome, Reason, Responsible, Ring, Severity};

use super::mapping::{Mapping, aws_auth};
use super::{Flaw, Mappings};

/// The check that holds for a mapping without a flaw.
const TAKES_EFFECT: &str = "mapping-takes-effect";

impl Mappings {
    /// The checks of the identity ring: a failure for each flaw, a pass for each mapping that has none and
    /// takes effect.
    pub fn results(&self) -> Vec<CheckResult> {
        let own = self.flaws.iter().map(|flaw| CheckResult {
            object: Some(aws_auth()),
            arn: None,
            reasons: Vec::new(),
            ..failure(flaw, Responsible::Customer)
        });
        own.chain(self.all.iter().flat_map(of_mapping)).collect()
    }
}

fn of_mapping(mapping: &Mapping) -> Vec<CheckResult> {
    let responsible = if mapping.is_owned_by_eks() { Responsible::Aws } else { Responsible::Customer };
    let reason = mapping.reason();
    let place = |result: CheckResult, reasons: Vec<Reason>| CheckResult {
        object: mapping.origin.is_aws_auth().then(aws_auth),
        arn: Some(mapping.principal.to_string()).filter(|principal| principal.starts_with("arn:")),
        reasons,
        ..result
    };
    if mapping.flaws.is_empty() {
        return vec![place(pass(mapping, responsible), vec![reason])];
    }
    let flaws = mapping.flaws.iter().map(|flaw| {
        let mut result = failure(flaw, responsible);
        // What a mapping would give matters little while it lets nobody in.
        if !flaw.never && !mapping.takes_effect() {
            result.severity = Severity::Low;
        }
        place(result, vec![reason.clone()])
    });
    flaws.collect()
}

fn failure(flaw: &Flaw, responsible: Responsible) -> CheckResult {
    CheckResult {
        check: flaw.kind.check(),
        ring: Ring::Identity,
        title: flaw.kind.title(),
        object: None,
        arn: None,
        source: flaw.source.clone(),
        outcome: Outcome::Fail,
        why: flaw.text.clone(),
        responsible,
        severity: flaw.severity,
        reasons: Vec::new(),
        remedy: flaw.kind.remedy(),
    }
}

/// A pass, or unknown where the export does not tell enough to say so.
fn pass(mapping: &Mapping, responsible: Responsible) -> CheckResult {
    let (outcome, why) = match mapping.not_evaluated.first() {
        Some(missing) => (Outcome::Unknown, missing.clone()),
        None => (Outcome::Pass, mapping.reason().text.to_string()),
    };
    CheckResult {
        check: TAKES_EFFECT,
        ring: Ring::Identity,
        title: "mappings take effect as they are written",
        object: None,
        arn: None,
        source: mapping.source.clone(),
        outcome,
        why,
        responsible,
        severity: Severity::Low,
        reasons: Vec::new(),
        remedy: "nothing to do",
    }
}
