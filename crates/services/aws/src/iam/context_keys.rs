//! Which condition keys policies ask for.
//!
//! Source: AWS IAM API Reference, *GetContextKeysForCustomPolicy*, *GetContextKeysForPrincipalPolicy*.

use std::collections::BTreeMap;

use ringwall_iam::{Policy, PolicyKind, Version};
use serde::Deserialize;
use serde_json::json;

use super::fault::invalid;
use super::simulate::sources;
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::Result;
use crate::policy;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct OfCustom {
    policy_input_list: Vec<String>,
}

pub(crate) async fn of_custom(call: &Call<'_>, input: OfCustom) -> Result<Answer> {
    let permit = call.authorize(&Ask::new("iam:GetContextKeysForCustomPolicy", "*"))?;
    let mut keys = BTreeMap::new();
    for text in &input.policy_input_list {
        let policy = policy::read(PolicyKind::Identity, "policy", text).map_err(invalid)?;
        add(&policy, &mut keys);
    }
    Ok(permit.answer(json!({ "ContextKeyNames": keys.into_values().collect::<Vec<_>>() })))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct OfPrincipal {
    policy_source_arn: String,
    #[serde(default)]
    policy_input_list: Vec<String>,
}

pub(crate) async fn of_principal(call: &Call<'_>, input: OfPrincipal) -> Result<Answer> {
    let (permit, subject) = sources::subject(call, &input.policy_source_arn).await?;
    let mut keys = BTreeMap::new();
    for source in sources::given(PolicyKind::Identity, "PolicyInputList", &input.policy_input_list)? {
        add(&source.policy, &mut keys);
    }
    for source in sources::identity(call, &subject).await? {
        add(&source.policy, &mut keys);
    }
    Ok(permit.answer(json!({ "ContextKeyNames": keys.into_values().collect::<Vec<_>>() })))
}

/// Adds the keys of a policy's conditions and variables, by their names in lower case, each as it was first written.
pub(crate) fn add(policy: &Policy, keys: &mut BTreeMap<String, String>) {
    let mut put = |name: &str| {
        keys.entry(name.to_ascii_lowercase()).or_insert_with(|| name.to_owned());
    };
    let has_variables = policy.version == Version::V2012;
    for statement in &policy.statements {
        for condition in &statement.conditions {
            put(condition.key.written());
            if has_variables {
                condition.written.iter().flat_map(|value| variables(value)).for_each(&mut put);
            }
        }
        let resources = statement.resources.as_ref().map(|element| &*element.patterns).unwrap_or_default();
        if has_variables {
            resources.iter().flat_map(|(pattern, _)| variables(pattern.written())).for_each(&mut put);
        }
    }
}

/// Names of the variables in a text; `${*}`, `${?}` and `${$}` are none.
fn variables(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split("${").skip(1).filter_map(|rest| rest.split_once('}'));
    let names = parts.map(|(inside, _)| inside.split(',').next().unwrap_or_default().trim());
    names.filter(|name| name.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_and_variables_are_told_once_each() {
        let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*",
            "Resource":"arn:aws:s3:::b/${aws:username}/${*}/${aws:PrincipalTag/team, 'none'}",
            "Condition":{"StringEquals":{"AWS:UserName":"x","aws:SourceVpc":["${aws:userid}"]}}}]}"#;
        let keys = |text: &str| {
            let mut keys = BTreeMap::new();
            add(&policy::read(PolicyKind::Identity, "p", text).unwrap(), &mut keys);
            keys.into_values().collect::<Vec<_>>()
        };
        assert_eq!(keys(text), ["aws:PrincipalTag/team", "aws:SourceVpc", "aws:userid", "AWS:UserName"]);
        assert_eq!(keys(&text.replace("2012", "2008")), ["aws:SourceVpc", "AWS:UserName"]);
    }
}
