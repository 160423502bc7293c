//! Trust policies that let in more than is meant.
//!
//! What a trust policy lets in is asked of the evaluator, with callers that it cannot mean: somebody of an account that
//! nobody named, a repository that does not exist, a user without a second factor.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use ringwall_model::{CheckResult, Reason, Severity, Verdict};

use super::probe::{CANARY, allows_all};
use super::purpose::{IDENTITY_CENTER, Purpose, is_eks_issuer, oidc_url};
use super::{About, Judge, in_words};
use crate::context::Context;
use crate::inventory::{Ask, Known};
use crate::layers::Layer;
use crate::policy::{AwsPrincipalPattern, Effect, Policy, PrincipalPattern};
use crate::principal::{AwsPrincipal, Principal};

pub(super) const ABOUT: About = About {
    check: "iam-trust-too-wide",
    title: "trust policies let in whom they mean",
    remedy: "name who may take the role: a role's ARN, an ExternalId, a second factor, the `sub` of one repository and branch",
};

/// An account that nobody has.
const NOBODYS_ACCOUNT: &str = "000000000000";

/// Identity providers that vouch for anybody who opens an account there.
///
/// Sources: the providers' own pages on OpenID Connect with AWS: GitHub Actions, GitLab, HCP Terraform, Buildkite,
/// Vercel.
const OPEN_TO_ALL: [&str; 5] = [
    "token.actions.githubusercontent.com",
    "gitlab.com",
    "app.terraform.io",
    "agent.buildkite.com",
    "oidc.vercel.com",
];

/// The audience that the AWS CLI and CI products ask for unless told otherwise.
const USUAL_AUDIENCE: &str = "sts.amazonaws.com";

impl Judge<'_> {
    pub(super) fn trusts(&self) -> Vec<CheckResult> {
        let mut results = Vec::new();
        for known in self.inventory.principals() {
            match &known.trust {
                Some(Ok(trust)) => results.extend(self.trust(known, trust)),
                Some(Err(why)) => {
                    let arn = &known.principal.arn;
                    let why = format!("who may take {}: {why}", in_words(arn));
                    let source = known.principal.source.clone();
                    results.push(CheckResult { source, ..ABOUT.unknown(Some(arn), why) });
                }
                None => {}
            }
        }
        ABOUT.or_passes(results)
    }

    fn trust(&self, known: &Known<'_>, trust: &Policy) -> Vec<CheckResult> {
        let door = Door { judge: self, known, gaps: RefCell::default() };
        if let Some(open) = door.everybody() {
            return vec![open];
        }
        let mut results = door.other_accounts(trust);
        results.extend(door.without_second_factor(trust));
        for (provider, url) in providers(trust) {
            results.extend(door.provider(trust, &provider, &url));
        }
        let gaps: Vec<String> = door.gaps.take().into_iter().collect();
        if results.is_empty() && !gaps.is_empty() {
            let arn = &known.principal.arn;
            let why =
                format!("whether {} can be taken by more than it means: {}", in_words(arn), gaps.join("; "));
            let source = known.principal.source.clone();
            results.push(CheckResult { source, ..ABOUT.unknown(Some(arn), why) });
        }
        results
    }
}

/// The identity providers that a trust policy names, but for those of EKS clusters, with their URLs.
fn providers(trust: &Policy) -> Vec<(Arc<str>, String)> {
    let mut found: Vec<(Arc<str>, String)> = Vec::new();
    for pattern in allowed_patterns(trust) {
        let PrincipalPattern::Federated(provider) = pattern else { continue };
        let Some(url) = oidc_url(provider).filter(|url| !is_eks_issuer(url)) else { continue };
        if !found.iter().any(|(known, _)| known == provider) {
            found.push((Arc::clone(provider), url.to_owned()));
        }
    }
    found
}

fn allowed_patterns(trust: &Policy) -> impl Iterator<Item = &PrincipalPattern> {
    let allows = trust.statements.iter().filter(|statement| statement.effect == Effect::Allow);
    let elements = allows.filter_map(|statement| statement.principals.as_ref());
    elements
        .filter(|element| !element.negated)
        .flat_map(|element| &element.patterns)
        .map(|(pattern, _)| pattern)
}

/// The values that conditions of a trust policy compare a key with.
fn values<'t>(trust: &'t Policy, key: &str) -> BTreeSet<&'t str> {
    let conditions = trust.statements.iter().flat_map(|statement| &statement.conditions);
    let of_key = conditions.filter(|condition| condition.key.lower().eq_ignore_ascii_case(key));
    of_key.flat_map(|condition| &condition.written).map(|value| &**value).collect()
}

/// One role's trust policy, at which callers knock.
struct Door<'d> {
    judge: &'d Judge<'d>,
    known: &'d Known<'d>,
    /// What could not be evaluated, and might let somebody in.
    gaps: RefCell<BTreeSet<String>>,
}

impl Door<'_> {
    /// Whether the trust policy lets somebody in, whatever their own policies say, and by which statements.
    fn admits(&self, who: Principal, action: &str, keys: &[(&str, &str)]) -> Option<Vec<Reason>> {
        let ask = Ask {
            principal: who,
            action: action.into(),
            resource: Arc::clone(&self.known.principal.arn),
            context: keys.iter().copied().collect::<Context>(),
        };
        let mut gathered = self.judge.inventory.gather(&ask).ok()?;
        let all = allows_all();
        gathered.policies.identity = vec![&all];
        gathered.policies.boundary.clear();
        gathered.policies.unread.retain(|unread| matches!(unread.layer, Layer::Rcp | Layer::Resource));
        let reply = gathered.reply();
        if reply.decision.verdict == Verdict::Unknown {
            self.gaps.borrow_mut().extend(reply.decision.not_evaluated.iter().cloned());
        }
        let of_trust = |deciding: &&crate::verdict::Deciding<'_>| deciding.layer == Layer::Resource;
        (reply.decision.verdict == Verdict::Allowed).then(|| {
            reply.verdict.statements.iter().filter(of_trust).map(|deciding| deciding.reason()).collect()
        })
    }

    fn fails(&self, severity: Severity, why: String, reasons: Vec<Reason>) -> CheckResult {
        let arn = &self.known.principal.arn;
        ABOUT.fails(Some(arn), severity, format!("{} {why}", in_words(arn)), reasons)
    }

    fn partition(&self) -> &str {
        self.judge.inventory.cluster().info.partition.as_deref().unwrap_or("aws")
    }

    fn somebody(&self, account: &str, what: &str) -> Option<Principal> {
        let arn = format!("arn:{}:iam::{account}:{what}/{CANARY}", self.partition());
        AwsPrincipal::parse(&arn.into()).ok().map(Principal::Aws)
    }

    /// Source: AWS IAM User Guide, *AWS JSON policy elements: Principal*: "We strongly recommend that you do not use a
    /// wildcard (*) in the Principal element of a resource-based policy with an Allow effect".
    fn everybody(&self) -> Option<CheckResult> {
        let stranger = self.somebody(NOBODYS_ACCOUNT, "role")?;
        let reasons = self.admits(stranger, "sts:AssumeRole", &[])?;
        let why = "can be taken by anybody with an AWS account".into();
        Some(self.fails(Severity::Critical, why, reasons))
    }

    /// Source: AWS IAM User Guide, *Access to AWS accounts owned by third parties*: the external id.
    fn other_accounts(&self, trust: &Policy) -> Vec<CheckResult> {
        let own = self.own_account();
        let organization = self.judge.inventory.cluster().aws.organization.as_ref();
        let mut results = Vec::new();
        let mut told: BTreeSet<&str> = BTreeSet::new();
        for pattern in allowed_patterns(trust) {
            let PrincipalPattern::Aws(aws) = pattern else { continue };
            let (account, named) = match aws {
                AwsPrincipalPattern::Account(account) => (account, None),
                AwsPrincipalPattern::Role { account, name } => (account, Some(name)),
                _ => continue,
            };
            let is_kin = organization.is_some_and(|organization| organization.path_to(account).is_some());
            if **account == *own || is_kin || !told.insert(account) {
                continue;
            }
            let caller = match named {
                None => self.somebody(account, "role"),
                Some(name) => {
                    let arn = format!("arn:{}:iam::{account}:role/{name}", self.partition());
                    AwsPrincipal::parse(&arn.into()).ok().map(Principal::Aws)
                }
            };
            let Some(reasons) = caller.and_then(|caller| self.admits(caller, "sts:AssumeRole", &[])) else {
                continue;
            };
            let whose = match organization {
                Some(_) => "which is not of the organization",
                None => "which may not be of the organization",
            };
            let (severity, who) = match (named, organization) {
                (Some(name), _) => (Severity::Low, format!("role {name} of account {account}")),
                (None, Some(_)) => (Severity::High, format!("everybody whom account {account} lets")),
                (None, None) => (Severity::Medium, format!("everybody whom account {account} lets")),
            };
            let why = format!("can be taken by {who}, {whose}, without an external id");
            results.push(self.fails(severity, why, reasons));
        }
        results
    }

    /// Roles of people that a stolen password or key is enough for.
    ///
    /// Source: AWS IAM User Guide, *Secure API access with MFA*.
    fn without_second_factor(&self, trust: &Policy) -> Option<CheckResult> {
        let own = self.own_account();
        let of_people = |used: &&super::purpose::Used| used.arn == self.known.principal.arn;
        let used = self.judge.uses.iter().find(of_people)?;
        let names_account = allowed_patterns(trust).any(
            |pattern| matches!(pattern, PrincipalPattern::Aws(AwsPrincipalPattern::Account(account)) if **account == *own),
        );
        if !used.is(Purpose::Person)
            || !names_account
            || self.known.principal.name.starts_with(IDENTITY_CENTER)
        {
            return None;
        }
        // A request signed with a long-lived key lacks the key; a session that was made without a factor has `false`.
        let ways: [&[(&str, &str)]; 2] = [&[], &[("aws:MultiFactorAuthPresent", "false")]];
        let reasons = ways.into_iter().find_map(|keys| {
            let user = self.somebody(&own, "user")?;
            self.admits(user, "sts:AssumeRole", keys)
        })?;
        let why = "of people can be taken by every user of the account without a second factor".into();
        Some(self.fails(Severity::Medium, why, reasons))
    }

    /// Sources: AWS IAM User Guide, *Create a role for OpenID Connect federation*, "Configuring a role for GitHub OIDC
    /// identity provider" and *Identity-provider controls for shared OIDC providers*.
    fn provider(&self, trust: &Policy, provider: &Arc<str>, url: &str) -> Vec<CheckResult> {
        let (sub, aud, owner) =
            (format!("{url}:sub"), format!("{url}:aud"), format!("{url}:repository_owner"));
        let audience = self.audience(trust, provider, &aud);
        let owned_by = values(trust, &owner).first().copied();
        let knock = |subject: &str, audience: &str| {
            let mut keys = vec![(sub.as_str(), subject), (aud.as_str(), audience)];
            keys.extend(owned_by.map(|value| (owner.as_str(), value)));
            self.admits(Principal::Federated(Arc::clone(provider)), "sts:AssumeRoleWithWebIdentity", &keys)
        };
        let stranger = format!("repo:{CANARY}/{CANARY}:ref:refs/heads/main");
        if let Some(reasons) = knock(&stranger, &audience) {
            let open = OPEN_TO_ALL.contains(&url) && owned_by.is_none();
            let severity = if open { Severity::Critical } else { Severity::High };
            let why =
                format!("can be taken by everybody for whom {url} vouches: its trust compares no `sub`");
            return vec![self.fails(severity, why, reasons)];
        }
        let mut results = Vec::new();
        let subjects = values(trust, &sub);
        for subject in &subjects {
            let Some((organization, _)) = subject.split_once('/') else { continue };
            let ends = [":ref:refs/heads/main", ":ref_type:branch:ref:main"];
            let reasons =
                ends.iter().find_map(|end| knock(&format!("{organization}/{CANARY}{end}"), &audience));
            if let Some(reasons) = reasons {
                let name = organization.split_once(':').map_or(organization, |(_, name)| name);
                let why = format!(
                    "can be taken by every repository of `{name}` at {url}: `{subject}` leaves the repository open"
                );
                results.push(self.fails(Severity::High, why, reasons));
                break;
            }
        }
        let one = subjects.first().map(|subject| subject.replace('*', CANARY)).unwrap_or_default();
        if let Some(reasons) = knock(&one, CANARY).filter(|_| !self.has_one_audience(provider)) {
            let why = format!("takes tokens of {url} that were made for others: its trust compares no `aud`");
            results.push(self.fails(Severity::Low, why, reasons));
        }
        results
    }

    /// An audience that the trust policy takes, as far as it compares one.
    fn audience(&self, trust: &Policy, provider: &str, key: &str) -> String {
        let written = values(trust, key).into_iter().find(|value| !value.contains(['*', '?']));
        let clients = self.clients(provider).and_then(<[_]>::first).map(|client| &**client);
        written.or(clients).unwrap_or(USUAL_AUDIENCE).to_owned()
    }

    /// Whether IAM itself takes one audience alone from a provider.
    fn has_one_audience(&self, provider: &str) -> bool {
        self.clients(provider).is_some_and(|clients| clients.len() == 1)
    }

    fn clients(&self, provider: &str) -> Option<&[Arc<str>]> {
        let mut providers = self.judge.inventory.cluster().aws.oidc_providers.iter();
        providers.find(|known| *known.arn == *provider)?.client_ids.as_deref()
    }

    fn own_account(&self) -> String {
        self.known.principal.arn.split(':').nth(4).unwrap_or_default().to_owned()
    }
}
