//! Policies that open a role or a repository too wide.

use ringwall_model::Severity;

use super::Tell;
use super::details::{lower, ringwall, signal};
use crate::cloudtrail::call::Call;
use crate::cloudtrail::policy::{Open, opened};
use crate::field::{Field, Text};
use crate::finding::{Kind, Place};
use crate::object::object;

static TRUST_OPENED: Kind = ringwall(
    "Persistence:IAMUser/Ringwall.RoleTrustOpened",
    Severity::High,
    "A role can be assumed by anybody, or by more than was meant",
    "Put the trust policy back, and hold it to principals or to one `:sub` of the provider. Look for `AssumeRole` of the role since.",
);
static PROVIDER_CREATED: Kind = ringwall(
    "Persistence:IAMUser/Ringwall.IdentityProviderCreated",
    Severity::Medium,
    "The account was made to trust another identity provider",
    "Delete the provider unless it was meant: whoever runs the issuer assumes each role that trusts it.",
);
static REPOSITORY_OPENED: Kind = ringwall(
    "Policy:IAMUser/Ringwall.ImageRepositoryOpened",
    Severity::Medium,
    "An image repository was opened to everybody",
    "Put the policy back (`aws ecr set-repository-policy`). If it lets everybody push, the images in it can't be trusted: deploy by \
     digest, and build them anew.",
);

pub(super) const KINDS: &[&Kind] = &[&TRUST_OPENED, &PROVIDER_CREATED, &REPOSITORY_OPENED];

object! {
    struct Role {
        "roleName" => name: Field<Text<'a>>,
        "policyDocument" => policy: Field<Text<'a>>,
        "assumeRolePolicyDocument" => trust: Field<Text<'a>>,
        "url" => url: Field<Text<'a>>,
    }

    struct Repository {
        "repositoryName" => name: Field<Text<'a>>,
        "policyText" => policy: Field<Text<'a>>,
    }
}

pub(super) fn look_at_iam(call: &Call<'_>, place: &Place, tell: Tell<'_>) {
    let role: Role<'_> = match call.action {
        "UpdateAssumeRolePolicy" | "CreateRole" | "CreateOpenIDConnectProvider" => call.request(),
        _ => return,
    };
    if call.action == "CreateOpenIDConnectProvider" {
        provider(call, role.url.text(), place, tell);
        return;
    }
    let trust = if call.action == "CreateRole" { role.trust.text() } else { role.policy.text() };
    let assumes = |action: &str| {
        let action = action.to_ascii_lowercase();
        action == "*" || action == "sts:*" || action.starts_with("sts:assume")
    };
    let Some(open) = opened(trust, call.account, assumes) else { return };
    let (severity, to) = match &open {
        Open::Anybody => (Severity::High, "by everybody".to_owned()),
        Open::AnySubject(provider) => (Severity::High, format!("by everybody whom `{provider}` vouches for")),
        Open::Account(_) if call.is_infrastructure() || call.action == "CreateRole" => return,
        Open::Account(account) => (Severity::Medium, format!("by `{account}`, of another account")),
    };
    let severity = if call.is_infrastructure() { lower(severity) } else { severity };
    let name = role.name.text();
    let description = format!("`{}` lets the role `{name}` be assumed {to}", call.who());
    tell(signal(&TRUST_OPENED, severity, call, place, name, description));
}

/// Issuers of EKS's clusters and of well-known builders are set up often, and by people.
fn provider(call: &Call<'_>, url: &str, place: &Place, tell: Tell<'_>) {
    let host = url.trim_start_matches("https://");
    let is_eks = host
        .strip_prefix("oidc.eks.")
        .or_else(|| host.strip_prefix("oidc-eks."))
        .and_then(|rest| rest.split('/').next())
        .is_some_and(|rest| {
            [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"].iter().any(|domain| rest.ends_with(domain))
        });
    if is_eks || call.is_infrastructure() {
        return;
    }
    let description = format!("`{}` made account {} trust `{url}`", call.who(), call.account);
    tell(signal(&PROVIDER_CREATED, PROVIDER_CREATED.severity, call, place, url, description));
}

pub(super) fn look_at_ecr(call: &Call<'_>, place: &Place, tell: Tell<'_>) {
    let repository: Repository<'_> = match call.action {
        "SetRepositoryPolicy" | "PutRegistryPolicy" => call.request(),
        _ => return,
    };
    let allows = |wanted: &'static [&'static str]| {
        move |action: &str| {
            let action = action.to_ascii_lowercase();
            action == "*" || action == "ecr:*" || wanted.contains(&action.as_str())
        }
    };
    /// Source: AWS Service Authorization Reference, *Actions, resources, and condition keys for Amazon Elastic Container Registry*.
    const PUSH: &[&str] =
        &["ecr:putimage", "ecr:initiatelayerupload", "ecr:uploadlayerpart", "ecr:completelayerupload"];
    const PULL: &[&str] = &["ecr:batchgetimage", "ecr:getdownloadurlforlayer", "ecr:get*", "ecr:batchget*"];
    let policy = repository.policy.text();
    let is_open = |wanted| opened(policy, call.account, allows(wanted)) == Some(Open::Anybody);
    let (severity, what) = if is_open(PUSH) {
        (Severity::High, "push to")
    } else if is_open(PULL) {
        (REPOSITORY_OPENED.severity, "pull from")
    } else {
        return;
    };
    let severity = if call.is_infrastructure() { lower(severity) } else { severity };
    let name = repository.name.text();
    let description = format!("`{}` lets everybody {what} the repository `{name}`", call.who());
    tell(signal(&REPOSITORY_OPENED, severity, call, place, name, description));
}
