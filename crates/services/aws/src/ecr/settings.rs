//! Account settings.

use ringwall_oci::control::{Account, BLOB_MOUNTING, REGISTRY_POLICY_SCOPE, SCAN_TYPE_VERSION};
use serde::Deserialize;
use serde_json::json;

use super::access::{change_account, on_registry};
use super::invalid;
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::Result;

fn known(name: &str) -> Result<()> {
    if Account::default().setting(name).is_none() {
        return Err(invalid(format!(
            "Invalid parameter at 'name' failed to satisfy constraint: 'Member must satisfy enum value set: [{SCAN_TYPE_VERSION}, {REGISTRY_POLICY_SCOPE}, {BLOB_MOUNTING}]'"
        )));
    }
    Ok(())
}

fn ask(action: &str, name: &str) -> Ask {
    Ask::new(action, "*").with("ecr:AccountSetting", name)
}

#[derive(Debug, Deserialize)]
pub(crate) struct GetAccountSetting {
    name: String,
}

/// Source: AWS, *Amazon ECR API Reference*, GetAccountSetting.
pub(crate) async fn get_account_setting(call: &Call<'_>, input: GetAccountSetting) -> Result<Answer> {
    let (permit, account) = on_registry(call, ask("ecr:GetAccountSetting", &input.name)).await?;
    known(&input.name)?;
    Ok(permit.answer(json!({ "name": input.name, "value": account.setting(&input.name) })))
}

#[derive(Debug, Deserialize)]
pub(crate) struct PutAccountSetting {
    name: String,
    value: String,
}

/// Source: AWS, *Amazon ECR API Reference*, PutAccountSetting, which names the values that can be set.
pub(crate) async fn put_account_setting(call: &Call<'_>, input: PutAccountSetting) -> Result<Answer> {
    let (permit, _) = on_registry(call, ask("ecr:PutAccountSetting", &input.name)).await?;
    known(&input.name)?;
    let values: &[&str] = match input.name.as_str() {
        SCAN_TYPE_VERSION => &["AWS_NATIVE"],
        REGISTRY_POLICY_SCOPE => &["V2"],
        _ => &["ENABLED", "DISABLED"],
    };
    if !values.contains(&input.value.as_str()) {
        let message =
            "Invalid parameter at 'value' failed to satisfy constraint: 'Member must satisfy enum value set:";
        return Err(invalid(format!("{message} [{}]'", values.join(", "))));
    }
    change_account(call, |account| {
        account.settings.insert(input.name.clone(), input.value.clone());
        Ok(())
    })
    .await?;
    Ok(permit.answer(json!({ "name": input.name, "value": input.value })))
}
