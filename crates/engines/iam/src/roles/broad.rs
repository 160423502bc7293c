//! Policies that grant more than the role's other evidence says it needs.

use std::collections::BTreeSet;
use std::sync::Arc;

use ringwall_model::{CheckResult, IamPrincipalKind, Reason, Severity};

use super::evidence::{Evidence, Named, is_looked_for};
use super::powers::{ANYTHING, ESCALATIONS, EVERYWHERE, PASS_ROLE, PASSINGS, POWERFUL};
use super::probe::{Answer, Prober};
use super::purpose::{Purpose, Used};
use super::{About, Judge, in_words, listed};
use crate::inventory::Known;
use crate::policy::Effect;

pub(super) const ABOUT: About = About {
    check: "iam-over-broad",
    title: "policies grant what their role needs",
    remedy: "name the actions and the resources that it needs, and limit `iam:PassRole` by `iam:PassedToService`",
};

/// Names that are told of what the objects name.
const SHOWN: usize = 3;

/// Something that a role may do and should not.
struct Part {
    what: String,
    severity: Severity,
    reasons: Vec<Reason>,
}

/// Whom a principal's rights are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holder {
    /// Pods, nodes and automation: whoever gets in there has the rights at once.
    Machine,
    /// People, who may have wide rights for a reason.
    Person,
}

impl Judge<'_> {
    pub(super) fn over_broad(&self) -> Vec<CheckResult> {
        let prober = Prober::new(self.inventory);
        let evidence = Evidence::of(self.inventory.cluster());
        let mut failures = Vec::new();
        for known in self.inventory.principals() {
            let used = self.uses.iter().find(|used| used.arn == known.principal.arn);
            let Some(holder) = holder(known, used) else { continue };
            let named = used.map(|used| evidence.named(used.accounts())).unwrap_or_default();
            let inquiry =
                Inquiry { prober: &prober, known, used, holder, named: &named, gaps: BTreeSet::new() };
            failures.extend(inquiry.result());
        }
        ABOUT.or_passes(failures)
    }
}

/// Whom a principal is for, if it is judged here: the cluster's own role and those of AWS have what AWS says they need.
fn holder(known: &Known<'_>, used: Option<&Used>) -> Option<Holder> {
    if known.principal.kind == IamPrincipalKind::User {
        return Some(Holder::Person);
    }
    let used = used.filter(|used| !used.is(Purpose::Cluster))?;
    let machines = [Purpose::ServiceAccount, Purpose::AddOn, Purpose::Automation, Purpose::Node];
    if machines.into_iter().any(|purpose| used.is(purpose)) {
        return Some(Holder::Machine);
    }
    let creates = used.is(Purpose::ClusterCreator) && !used.is(Purpose::AwsService);
    (used.is(Purpose::Person) || creates).then_some(Holder::Person)
}

struct Inquiry<'q> {
    prober: &'q Prober<'q>,
    known: &'q Known<'q>,
    used: Option<&'q Used>,
    holder: Holder,
    named: &'q [Named],
    gaps: BTreeSet<String>,
}

impl Inquiry<'_> {
    fn result(mut self) -> Option<CheckResult> {
        let mut parts = Vec::new();
        match self.everything() {
            Some(part) => parts.push(part),
            None => {
                let services = self.services(&mut parts);
                self.escalations(&mut parts);
                parts.extend(self.passing());
                self.everywhere(&services, &mut parts);
            }
        }
        let arn = &self.known.principal.arn;
        let Some(severity) = parts.iter().map(|part| part.severity).max() else {
            let gaps: Vec<String> = self.gaps.into_iter().collect();
            let why = format!("whether {} may do more than it needs: {}", in_words(arn), gaps.join("; "));
            let unknown = || CheckResult {
                source: self.known.principal.source.clone(),
                ..ABOUT.unknown(Some(arn), why)
            };
            return (!gaps.is_empty()).then(unknown);
        };
        parts.sort_by_key(|part| std::cmp::Reverse(part.severity));
        let whose = self.used.and_then(whose).map(|whose| format!(" of {whose}")).unwrap_or_default();
        let words: Vec<String> = parts.iter().map(|part| part.what.clone()).collect();
        let why = format!("{}{whose} may {}", in_words(arn), words.join("; "));
        let mut reasons: Vec<Reason> = Vec::new();
        for reason in parts.into_iter().flat_map(|part| part.reasons) {
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        Some(ABOUT.fails(Some(arn), severity, why, reasons))
    }

    fn may(&mut self, action: &str, resource: &str, keys: &[(&str, &str)]) -> Option<Vec<Reason>> {
        let own: &str = &self.known.principal.arn;
        let resource = resource.replace("{self}", own);
        let Answer { allowed, reasons, gaps, conditions: _ } =
            self.prober.ask(self.known, action, &resource, keys, &|_| true);
        self.gaps.extend(gaps);
        allowed.then_some(reasons)
    }

    /// Every action there is.
    fn everything(&mut self) -> Option<Part> {
        let reasons = self.may(ANYTHING.0, ANYTHING.1, &[])?;
        let severity = match self.holder {
            Holder::Machine => Severity::Critical,
            Holder::Person => Severity::High,
        };
        Some(Part { what: "do everything in the account, or nearly".into(), severity, reasons })
    }

    /// Services of which it may do everything.
    fn services(&mut self, parts: &mut Vec<Part>) -> BTreeSet<Arc<str>> {
        let mut found = BTreeSet::new();
        let mut reasons = Vec::new();
        for service in candidates(self.known) {
            let resource = match &*service {
                "s3" => "arn:{p}:s3:::{canary}".to_owned(),
                service => format!("arn:{{p}}:{service}:{{r}}:{{a}}:{{canary}}"),
            };
            if let Some(allowing) = self.may(&format!("{service}:RingwallCanary"), &resource, &[]) {
                reasons.extend(allowing);
                found.insert(service);
            }
        }
        if !found.is_empty() {
            let names: Vec<String> = found.iter().map(|service| format!("`{service}:*`")).collect();
            let powerful = found.iter().any(|service| POWERFUL.contains(&&**service));
            let severity = if powerful { Severity::High } else { Severity::Medium };
            parts.push(Part { what: format!("do {} on everything", listed(&names)), severity, reasons });
        }
        found
    }

    fn escalations(&mut self, parts: &mut Vec<Part>) {
        for escalation in &ESCALATIONS {
            let mut reasons = Vec::new();
            let all = escalation.asks.iter().all(|(action, resource)| {
                let allowing = self.may(action, resource, &[]);
                let allowed = allowing.is_some();
                reasons.extend(allowing.into_iter().flatten());
                allowed
            });
            let told =
                parts.iter().any(|part| escalation.what.ends_with("itself") && part.reasons == reasons);
            if all && !told {
                let actions: Vec<String> =
                    escalation.asks.iter().map(|(action, _)| format!("`{action}`")).collect();
                let what = format!("{} ({})", escalation.what, listed(&actions));
                parts.push(Part { what, severity: escalation.severity, reasons });
            }
        }
    }

    /// Whether it may pass every role, and to what.
    fn passing(&mut self) -> Option<Part> {
        let (pass, role) = PASS_ROLE;
        let mut reasons = self.may(pass, role, &[]).unwrap_or_default();
        let by_itself = !reasons.is_empty();
        let mut to = Vec::new();
        for passing in &PASSINGS {
            let Some(passes) = self.may(pass, role, &[("iam:PassedToService", passing.service)]) else {
                continue;
            };
            if let Some(allowing) = self.may(passing.action, passing.resource, &[]) {
                to.push(passing.what.to_owned());
                reasons.extend(passes);
                reasons.extend(allowing);
            }
        }
        if !to.is_empty() {
            let what = format!("give every role of the account to {} (`{pass}`)", listed(&to));
            return Some(Part { what, severity: Severity::Critical, reasons });
        }
        let what = format!("pass every role of the account to a service (`{pass}` on everything)");
        by_itself.then_some(Part { what, severity: Severity::High, reasons })
    }

    /// Data on everything, held against what the objects of its service accounts name.
    fn everywhere(&mut self, services: &BTreeSet<Arc<str>>, parts: &mut Vec<Part>) {
        for power in &EVERYWHERE {
            // Nodes that reach data are told by a check of their own.
            let of_node = self.used.is_some_and(|used| used.is(Purpose::Node));
            if of_node || services.contains(power.service) {
                continue;
            }
            let Some(mut reasons) = self.may(power.action, power.resource, &[]) else { continue };
            let named: Vec<&Named> =
                self.named.iter().filter(|named| named.service == power.service).collect();
            let mut what = format!("{} (`{}`)", power.what, power.action);
            let has_workloads = self.used.is_some_and(|used| used.accounts().next().is_some());
            if has_workloads && is_looked_for(power.service) {
                what = format!("{what}, while its workloads name {}", names(&named, power.noun));
                reasons.extend(named.iter().map(|named| named.reason.clone()));
            }
            let severity = match self.holder {
                Holder::Machine => power.severity,
                Holder::Person => power.severity.min(Severity::Medium),
            };
            parts.push(Part { what, severity, reasons });
        }
    }
}

/// Services of which a policy names every action: `s3:*`.
fn candidates(known: &Known<'_>) -> BTreeSet<Arc<str>> {
    let allows = known
        .policies()
        .flat_map(|policy| &policy.statements)
        .filter(|statement| statement.effect == Effect::Allow && !statement.actions.negated);
    allows
        .flat_map(|statement| &statement.actions.patterns)
        .filter_map(|(pattern, _)| pattern.written().split_once(':'))
        .filter(|(service, name)| *name == "*" && !service.contains(['*', '?']))
        .map(|(service, _)| service.to_ascii_lowercase().into())
        .collect()
}

fn whose(used: &Used) -> Option<String> {
    let mut accounts: Vec<String> =
        used.accounts().map(|(namespace, name)| format!("service account {namespace}/{name}")).collect();
    accounts.sort_unstable();
    accounts.dedup();
    if !accounts.is_empty() {
        return Some(listed(&accounts));
    }
    used.uses.first().map(|one| one.purpose.of_what().to_owned())
}

/// `1 secret (a/b)`, `no secret`.
fn names(named: &[&Named], (one, several): (&str, &str)) -> String {
    let shown: Vec<&str> = named.iter().take(SHOWN).map(|named| &*named.name).collect();
    let more = if named.len() > SHOWN { ", …" } else { "" };
    match named.len() {
        0 => format!("no {one}"),
        1 => format!("1 {one} ({})", shown.join(", ")),
        count => format!("{count} {several} ({}{more})", shown.join(", ")),
    }
}
