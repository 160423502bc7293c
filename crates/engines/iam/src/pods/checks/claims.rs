//! What trust policies ask of tokens.
//!
//! Sources: Amazon EKS User Guide, *Assign IAM roles to Kubernetes service accounts* (both `:sub` and `:aud`, with
//! `StringEquals`, or `StringLike` for several service accounts); IAM User Guide, *Create a role for OpenID Connect
//! federation* and *Condition operators*; *Multivalued context keys* ("Using ForAllValues with an Allow effect can be
//! overly permissive").

use ringwall_model::{CheckResult, Severity};

use super::super::Pods;
use super::super::irsa::STS;
use super::About;
use super::grant::{Claim, Grant, Name};
use crate::condition::{Comparison, Condition, SetOperator};

const NO_SUBJECT: About = About {
    check: "irsa-no-subject",
    title: "trust policies name the service accounts that they let in",
    remedy: "add a condition `StringEquals` on `ISSUER:sub` with `system:serviceaccount:NAMESPACE:NAME`",
};
const NO_AUDIENCE: About = About {
    check: "irsa-no-audience",
    title: "trust policies name the audience of the tokens that they let in",
    remedy: "add a condition `StringEquals` on `ISSUER:aud` with `sts.amazonaws.com`",
};
const LITERAL_WILDCARD: About = About {
    check: "irsa-literal-wildcard",
    title: "trust policies use wildcards with operators that know them",
    remedy: "name the service accounts in full; for a pattern use `StringLike`, which takes `*` for any text",
};
const WIDE_SUBJECT: About = About {
    check: "irsa-wide-subject",
    title: "patterns of trust policies let in the service accounts they are meant for alone",
    remedy: "list the service accounts in full under `StringEquals`; a `*` also takes colons and names yet to come",
};
const NEGATED_SUBJECT: About = About {
    check: "irsa-negated-subject",
    title: "trust policies say whom they let in, not whom they leave out",
    remedy: "name the service accounts under `StringEquals`; whom a negated operator or `IfExists` lets in grows by itself",
};
const SET_OPERATOR: About = About {
    check: "irsa-set-operator",
    title: "trust policies compare the claims of a token without set operators",
    remedy: "use the operator without `ForAllValues:` or `ForAnyValue:`; `:sub` and `:aud` have one value each",
};
const OTHER_ISSUER: About = About {
    check: "irsa-other-issuer",
    title: "trust policies name the issuer of the cluster whose service accounts they mean",
    remedy: "name the cluster's own issuer (`aws eks describe-cluster`, `identity.oidc.issuer`) in principal and conditions",
};
const BARE_CLAIM: About = About {
    check: "irsa-claim-without-issuer",
    title: "condition keys of claims carry their issuer",
    remedy: "write the key as `ISSUER:sub`, the issuer without `https://`",
};

pub(super) const CHECKS: &[&About] = &[
    &NO_SUBJECT,
    &NO_AUDIENCE,
    &LITERAL_WILDCARD,
    &WIDE_SUBJECT,
    &NEGATED_SUBJECT,
    &SET_OPERATOR,
    &OTHER_ISSUER,
    &BARE_CLAIM,
];

/// How subjects of service accounts begin.
pub(super) const SUBJECTS: &str = "system:serviceaccount:";

impl Pods<'_> {
    pub(super) fn claims_asked(&self, grants: &[Grant<'_>]) -> Vec<CheckResult> {
        type Judge<'j> = &'j dyn Fn(&Grant<'_>) -> Vec<CheckResult>;
        let judges: [(&About, Judge<'_>); 8] = [
            (&NO_SUBJECT, &|grant| self.no_subject(grant)),
            (&NO_AUDIENCE, &|grant| self.no_audience(grant)),
            (&LITERAL_WILDCARD, &literal_wildcards),
            (&WIDE_SUBJECT, &|grant| self.wide_subjects(grant)),
            (&NEGATED_SUBJECT, &|grant| self.negated_subjects(grant)),
            (&SET_OPERATOR, &set_operators),
            (&OTHER_ISSUER, &|grant| self.other_issuers(grant, grants)),
            (&BARE_CLAIM, &bare_claims),
        ];
        let judged = judges
            .into_iter()
            .flat_map(|(about, judge)| about.or(grants.iter().flat_map(judge).collect(), self.trust_gap()));
        judged.collect()
    }

    fn no_subject(&self, grant: &Grant<'_>) -> Vec<CheckResult> {
        if grant.on(Name::Subject).next().is_some() || grant.is_dead() {
            return Vec::new();
        }
        let why = format!(
            "{} lets in every service account of the cluster {}: it asks nothing of `:sub`; {}",
            grant.in_words(),
            self.cluster_of(grant),
            self.beyond(grant)
        );
        vec![NO_SUBJECT.fails(Severity::High, why, vec![grant.reason()])]
    }

    fn no_audience(&self, grant: &Grant<'_>) -> Vec<CheckResult> {
        if grant.on(Name::Audience).next().is_some() || grant.is_dead() {
            return Vec::new();
        }
        let taken = self.provider(grant.provider).and_then(|provider| provider.client_ids.as_ref());
        let others: Vec<&str> = taken
            .into_iter()
            .flatten()
            .map(|audience| &**audience)
            .filter(|audience| *audience != STS)
            .collect();
        let (severity, which) = match (taken, others.as_slice()) {
            (Some(_), []) => (Severity::Low, format!("today that is {STS} alone")),
            (Some(_), others) => (Severity::Medium, format!("also tokens made for {}", others.join(", "))),
            (None, _) => (Severity::Low, "which those are is not in the snapshot".to_owned()),
        };
        let why = format!(
            "{} asks nothing of `:aud`: a token for any audience that the identity provider takes opens the role; {which}",
            grant.in_words()
        );
        vec![NO_AUDIENCE.fails(severity, why, vec![grant.reason()])]
    }

    fn wide_subjects(&self, grant: &Grant<'_>) -> Vec<CheckResult> {
        let like = grant
            .limits(Name::Subject)
            .filter(|condition| condition.operator.comparison == Comparison::StringLike);
        let wide = like.flat_map(|condition| condition.written.iter().map(move |text| (condition, text)));
        let wide = wide.filter(|(_, text)| text.contains(['*', '?']));
        let results = wide.map(|(condition, text)| {
            let within = namespace_of(text);
            let beyond = self.beyond(grant);
            let severity = match within {
                None => Severity::High,
                Some(_) if beyond.starts_with("so it") => Severity::Medium,
                Some(_) => Severity::Low,
            };
            let reach = match within {
                None => "its wildcard crosses the colon before the name, and takes in namespaces that may come to exist".to_owned(),
                Some(namespace) => format!("whoever may create service accounts in {namespace} gets in"),
            };
            let why = format!("{} lets in whatever matches `{text}`: {reach}; {beyond}", grant.in_words());
            WIDE_SUBJECT.fails(severity, why, vec![grant.reason_at(condition)])
        });
        results.collect()
    }

    fn negated_subjects(&self, grant: &Grant<'_>) -> Vec<CheckResult> {
        if grant.limits(Name::Subject).next().is_some() {
            return Vec::new();
        }
        let negated = grant.on(Name::Subject).filter(|of| of.operator.negated || of.operator.if_exists);
        let results = negated.map(|condition| {
            let operator = &condition.operator_written;
            let (severity, what) = if condition.operator.negated {
                (Severity::High, "lets in every service account but those it names".to_owned())
            } else {
                (Severity::Low, "would hold for a token without `:sub`".to_owned())
            };
            let beyond = self.beyond(grant);
            let why = format!("{}: `{operator}` on `:sub` {what}; {beyond}", grant.in_words());
            NEGATED_SUBJECT.fails(severity, why, vec![grant.reason_at(condition)])
        });
        results.collect()
    }

    /// Claims of an issuer other than the provider's; and, of a role that the cluster's service accounts are annotated with,
    /// the provider of another cluster where there is none of this one.
    fn other_issuers(&self, grant: &Grant<'_>, grants: &[Grant<'_>]) -> Vec<CheckResult> {
        let mut results = Vec::new();
        for condition in &grant.statement.conditions {
            let Claim::Foreign(issuer) = grant.claim(condition) else { continue };
            let why = format!(
                "{} lets in tokens of {}, and asks for `{}`, a claim of {issuer}{}: it never holds",
                grant.in_words(),
                grant.issuer,
                condition.key,
                region_note(grant.issuer, issuer)
            );
            results.push(OTHER_ISSUER.fails(Severity::Medium, why, vec![grant.reason_at(condition)]));
        }
        let annotated = self.annotated(grant.role());
        let trusts_own = grants.iter().any(|other| other.own && other.role() == grant.role());
        if let Some(own) = super::super::trusting::issuer(self.inventory)
            && !annotated.is_empty()
            && !trusts_own
        {
            let note = match grant.issuer == own {
                true => format!("{} is a provider of another account than the role's", grant.provider),
                false => format!(
                    "{} is not the cluster's issuer {own}{}",
                    grant.issuer,
                    region_note(own, grant.issuer)
                ),
            };
            let why = format!(
                "{} is annotated with {}, whose trust policy lets in no tokens of this cluster: {note}",
                super::names(&annotated),
                grant.role()
            );
            results.push(OTHER_ISSUER.fails(Severity::Medium, why, vec![grant.reason()]));
        }
        results
    }

    fn cluster_of(&self, grant: &Grant<'_>) -> String {
        match (&self.cluster.info.name, grant.own) {
            (Some(name), true) => name.to_string(),
            _ => format!("of issuer {}", grant.issuer),
        }
    }
}

/// A wildcard under an operator that takes it for itself: no name has one.
fn literal_wildcards(grant: &Grant<'_>) -> Vec<CheckResult> {
    let mut results = Vec::new();
    for name in [Name::Subject, Name::Audience] {
        for condition in grant.on(name) {
            let operator = condition.operator;
            let literal =
                matches!(operator.comparison, Comparison::StringEquals | Comparison::StringEqualsIgnoreCase);
            let Some(text) = condition.written.iter().find(|text| literal && has_wildcard(text)) else {
                continue;
            };
            let (severity, effect) = if operator.negated {
                (Severity::High, "it holds for every token")
            } else {
                (Severity::Low, "nothing matches it")
            };
            let why = format!(
                "{}: `{}` takes `{text}` of `:{}` letter by letter, so {effect}",
                grant.in_words(),
                condition.operator_written,
                name.text()
            );
            results.push(LITERAL_WILDCARD.fails(severity, why, vec![grant.reason_at(condition)]));
        }
    }
    results
}

/// Whether a text has a wildcard that is not written as a variable, `${*}`.
fn has_wildcard(text: &str) -> bool {
    text.replace("${*}", "").replace("${?}", "").contains(['*', '?'])
}

fn set_operators(grant: &Grant<'_>) -> Vec<CheckResult> {
    let mut results = Vec::new();
    for name in [Name::Subject, Name::Audience] {
        for condition in grant.on(name) {
            let Some(set) = condition.operator.set else { continue };
            let (severity, what) = match set {
                SetOperator::ForAllValues => (Severity::Medium, "also holds for a request without the claim"),
                SetOperator::ForAnyValue => {
                    (Severity::Low, "is for keys with several values, which this is not")
                }
            };
            let why = format!(
                "{}: `{}` on `:{}` {what}",
                grant.in_words(),
                condition.operator_written,
                name.text()
            );
            results.push(SET_OPERATOR.fails(severity, why, vec![grant.reason_at(condition)]));
        }
    }
    results
}

fn bare_claims(grant: &Grant<'_>) -> Vec<CheckResult> {
    let bare = grant.statement.conditions.iter().filter(|condition| grant.claim(condition) == Claim::Bare);
    let results = bare.map(|condition: &Condition| {
        let operator = condition.operator;
        let open = operator.negated || operator.if_exists || operator.set == Some(SetOperator::ForAllValues);
        let (severity, effect) = if open {
            (Severity::High, "the condition holds for every token")
        } else {
            (Severity::Low, "the condition never holds")
        };
        let why = format!(
            "{} asks for `{}`: no request has that key without its issuer, so {effect}",
            grant.in_words(),
            condition.key
        );
        BARE_CLAIM.fails(severity, why, vec![grant.reason_at(condition)])
    });
    results.collect()
}

/// The namespace that a pattern stays in; `None` if its wildcard reaches beyond one.
fn namespace_of(pattern: &str) -> Option<&str> {
    let (namespace, _) = pattern.strip_prefix(SUBJECTS)?.split_once(':')?;
    (!namespace.contains(['*', '?'])).then_some(namespace)
}

/// Whether two issuers are EKS's and of different regions, in words.
fn region_note(one: &str, other: &str) -> String {
    let region = |issuer: &str| issuer.split('.').nth(2).map(str::to_owned);
    match (region(one), region(other)) {
        (Some(one), Some(other)) if one != other => format!(" (region {other}, not {one})"),
        _ => String::new(),
    }
}
