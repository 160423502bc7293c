//! Trust policies: by which action who assumes the role.

use super::checks;
use super::findings::{Findings, quoted};
use crate::condition::{Comparison, Condition};
use crate::policy::{Effect, PolicyKind, PrincipalPattern, Statement};
use crate::wildcard::matches;

const ASSUME_ROLE: &str = "sts:assumerole";
const WITH_SAML: &str = "sts:assumerolewithsaml";
const WITH_WEB_IDENTITY: &str = "sts:assumerolewithwebidentity";

pub(super) fn statement(kind: PolicyKind, statement: &Statement, out: &mut Findings) {
    let Some(principals) = &statement.principals else { return };
    if kind != PolicyKind::Trust
        || statement.effect != Effect::Allow
        || principals.negated
        || statement.actions.negated
    {
        return;
    }
    for (pattern, line) in &principals.patterns {
        let (name, needed) = match pattern {
            PrincipalPattern::Federated(name) if name.contains(":saml-provider/") => (name, WITH_SAML),
            PrincipalPattern::Federated(name) => (name, WITH_WEB_IDENTITY),
            PrincipalPattern::Service(name) => (name, ASSUME_ROLE),
            _ => continue,
        };
        let has = |action: &str| {
            statement.actions.patterns.iter().any(|(pattern, _)| matches(&*pattern.parts, action))
        };
        // Tagging and naming the session stand in statements of their own.
        let assumes = [ASSUME_ROLE, WITH_SAML, WITH_WEB_IDENTITY].into_iter().any(has);
        if assumes && !has(needed) {
            let seems = format!("to let {} assume the role", quoted(name));
            let means = "nobody: such a principal assumes roles by another action";
            let action = match needed {
                WITH_SAML => "sts:AssumeRoleWithSAML",
                WITH_WEB_IDENTITY => "sts:AssumeRoleWithWebIdentity",
                _ => "sts:AssumeRole",
            };
            out.add(checks::TRUST_ACTION, *line, seems, means, format!("write `{action}`"));
        } else if needed == WITH_WEB_IDENTITY && assumes {
            subject(statement, name, *line, out);
        }
    }
}

/// Whether a condition says whose token is taken.
fn subject(statement: &Statement, provider: &str, line: u32, out: &mut Findings) {
    const CLAIMS: [&str; 4] = [":sub", ":email", ":app_id", ":user_id"];
    let of_cognito = provider == "cognito-identity.amazonaws.com";
    let claim = |condition: &&Condition| {
        let key = condition.key.lower();
        let names =
            CLAIMS.iter().any(|claim| key.ends_with(claim)) || (key.contains('.') && !key.ends_with(":aud"));
        let is_claim = key.contains('.') && names || (of_cognito && key.ends_with(":aud"));
        let operator = condition.operator;
        is_claim && !operator.negated && !operator.if_exists && operator.comparison != Comparison::Null
    };
    let seems = format!("to let one identity of {} assume the role", quoted(provider));
    let hint = "add a condition on the token's `sub`, as in `system:serviceaccount:NAMESPACE:NAME` or `repo:OWNER/NAME:ref:refs/heads/main`";
    let Some(condition) = statement.conditions.iter().find(claim) else {
        let means = "every identity that the provider gives a token may assume it";
        return out.add(checks::OIDC_SUBJECT, line, seems, means, hint);
    };
    let is_open = |text: &str| {
        let kept: String = text.chars().filter(|c| !matches!(c, '*' | '?')).collect();
        text.contains('*')
            && matches!(
                kept.as_str(),
                "" | "system:serviceaccount"
                    | "system:serviceaccount:"
                    | "system:serviceaccount::"
                    | "repo:"
                    | "repo:/"
                    | "repo:/:"
            )
    };
    if condition.operator.comparison == Comparison::StringLike
        && let Some(text) = condition.written.iter().find(|text| is_open(text))
    {
        let means = format!("{} is every identity of the provider", quoted(text));
        out.add(checks::OIDC_SUBJECT, condition.line, seems, means, hint);
    }
}
