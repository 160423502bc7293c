//! Condition keys that AWS does not have, or not for the statement's actions.

use super::actions::nearest;
use super::checks::{self, Level};
use super::findings::{Findings, quoted, quoted_list};
use crate::catalog::{Action, Catalog, Service, catalog};
use crate::condition::{Comparison, Condition};
use crate::policy::{Effect, Statement};

/// Actions that are looked at for a key; a pattern of more is not judged.
const MAX_ACTIONS: usize = 2_000;

/// Claims of a token that are often written without its issuer.
const CLAIMS: [&str; 4] = ["sub", "aud", "amr", "oaud"];

/// Keys that belong to the caller's credentials or to where it runs, so that any action may have them.
///
/// Source: IAM User Guide, *AWS global condition context keys*, "Available keys for AWS web identity federation" and the
/// keys of EC2, Lambda, ECS and Systems Manager for requests from their compute.
const OF_CALLER: [&str; 6] =
    ["saml", "sts", "identitystore", "cognito-identity", "cognito-identity-unauth", "signin"];

pub(super) fn statement(statement: &Statement, out: &mut Findings) {
    for condition in &statement.conditions {
        match unknown(catalog(), condition.key.written()) {
            Some((means, hint)) => {
                let seems = format!("to compare the key {}", quoted(condition.key.written()));
                let means = format!("{means}{}", consequence(condition, statement.effect));
                out.add(checks::KEY_UNKNOWN, condition.line, seems, means, hint);
            }
            None => for_actions(statement, condition, out),
        }
    }
}

/// What a condition comes to on a key that no request has.
fn consequence(condition: &Condition, effect: Effect) -> &'static str {
    let operator = condition.operator;
    let holds = if operator.comparison == Comparison::Null {
        condition.written.iter().any(|value| value.eq_ignore_ascii_case("true"))
    } else {
        operator.if_exists
            || match operator.set {
                Some(crate::condition::SetOperator::ForAllValues) => true,
                Some(crate::condition::SetOperator::ForAnyValue) => false,
                None => operator.negated,
            }
    };
    match (holds, effect) {
        (true, _) => ", so the condition always holds",
        (false, Effect::Allow) => ", so the statement allows nothing",
        (false, Effect::Deny) => ", so the statement denies nothing",
    }
}

fn unknown(catalog: &Catalog, key: &str) -> Option<(String, String)> {
    if catalog.condition_key(key).is_some() {
        return None;
    }
    let Some((prefix, name)) = key.split_once(':') else {
        let means = "no key of AWS: a key has a prefix before a colon".to_owned();
        let hint = if CLAIMS.contains(&key) {
            format!("write the token's issuer before it, as in `token.actions.githubusercontent.com:{key}`")
        } else {
            "write `aws:…`, a service's prefix, or a token's issuer before it".to_owned()
        };
        return Some((means, hint));
    };
    if prefix.contains('.') {
        let means = "no key of AWS: it makes no key of that claim of a token".to_owned();
        let hint = "claims are `aud`, `sub`, `amr`, `oaud` and `email`; a few issuers have more".to_owned();
        return Some((means, hint));
    }
    if prefix.eq_ignore_ascii_case("aws") {
        let hint = nearest(key, catalog.shared_condition_keys())
            .unwrap_or_else(|| "*AWS global condition context keys* lists all of them".into());
        return Some(("no global key of AWS".to_owned(), hint));
    }
    match catalog.service(prefix) {
        Some(service) => {
            let hint = nearest(key, service.condition_keys().iter().map(|known| known.name))
                .unwrap_or_else(|| "the Service Authorization Reference lists the service's keys".into());
            Some((format!("no key of `{}`", service.prefix()), hint))
        }
        None => {
            let hint = match name {
                _ if name.contains('/') || CLAIMS.contains(&name) => {
                    "an issuer is a host name, without `https://`".to_owned()
                }
                _ => nearest(prefix, catalog.services().map(Service::prefix))
                    .unwrap_or_else(|| "a key begins with `aws:`, a service's prefix or an issuer".into()),
            };
            Some(("no key of AWS: no service has that prefix".to_owned(), hint))
        }
    }
}

/// Whether the statement's actions have the key of a service.
fn for_actions(statement: &Statement, condition: &Condition, out: &mut Findings) {
    let key = condition.key.lower();
    let Some((prefix, name)) = key.split_once(':') else { return };
    let is_tag = matches!(key, "aws:tagkeys") || key.starts_with("aws:requesttag/");
    let is_of_caller =
        OF_CALLER.contains(&prefix) || name.starts_with("source") || name.starts_with("roleassumed");
    if statement.actions.negated || (prefix == "aws" && !is_tag) || prefix.contains('.') || is_of_caller {
        return;
    }
    if prefix != "aws" && catalog().shared_condition_keys().any(|known| known.eq_ignore_ascii_case(key)) {
        return;
    }
    let (mut some, mut known) = (false, false);
    let mut lacking: Vec<&str> = Vec::new();
    let mut looked_at = 0;
    for (pattern, _) in &statement.actions.patterns {
        if pattern.is_everything() {
            return;
        }
        let (mut has, mut exists) = (false, false);
        for (service, action) in catalog().matching(pattern.written()) {
            looked_at += 1;
            if looked_at > MAX_ACTIONS {
                return;
            }
            exists = true;
            has |= has_key(service, action, key);
        }
        known |= exists;
        some |= has;
        if exists && !has {
            lacking.push(pattern.written());
        }
    }
    let shown = quoted(condition.key.written());
    if known && !some {
        let seems = format!("to narrow the statement's actions by {shown}");
        let means = format!("none of them has the key{}", consequence(condition, statement.effect));
        let hint = "the Service Authorization Reference lists the keys of each action";
        let check = if prefix == "aws" {
            checks::KEY_OF_NO_ACTION.at(Level::Warning)
        } else {
            checks::KEY_OF_NO_ACTION
        };
        out.add(check, condition.line, seems, means, hint);
    } else if !lacking.is_empty() && some && prefix != "aws" {
        let seems = format!("to narrow all of the statement's actions by {shown}");
        let without = consequence(condition, statement.effect);
        let (lack, them) = if lacking.len() == 1 { ("lacks", "it is") } else { ("lack", "they are") };
        let means = format!("{} {lack} the key{}", quoted_list(lacking), of_them(without, them));
        out.add(
            checks::KEY_OF_SOME_ACTIONS,
            condition.line,
            seems,
            means,
            "give them a statement of their own",
        );
    }
}

/// The same as [`consequence`], of some actions of a statement.
fn of_them(consequence: &str, them: &str) -> String {
    match consequence {
        ", so the statement allows nothing" => format!(", so {them} not allowed"),
        ", so the statement denies nothing" => format!(", so {them} not denied"),
        other => other.to_owned(),
    }
}

fn has_key(service: &Service, action: &Action, key: &str) -> bool {
    let is_it = |known: &&'static str| {
        let (begin, is_family) = match known.split_once("${") {
            Some((begin, _)) => (begin, true),
            None => (*known, false),
        };
        let written = if is_family { key.get(..begin.len()) } else { Some(key) };
        written.is_some_and(|written| written.eq_ignore_ascii_case(begin))
    };
    let of_types = action.resources().iter().filter_map(|resource| service.resource_type(resource.name));
    action.condition_keys().iter().any(is_it)
        || of_types.flat_map(|resource_type| resource_type.condition_keys()).any(is_it)
}
