//! Which repositories are scanned, and when.

use ringwall_oci::control::{Account, setting};
use ringwall_registry::scanning::{Applied, Configuration, Frequency, ScanType};
use serde::Deserialize;
use serde_json::{Value, json};

use super::access::{Found, change_account, on_registry, seek};
use super::registry::Nothing;
use super::repositories::ScanOnPush;
use super::{invalid, no_repository, rules};
use crate::authorize::{Answer, Ask};
use crate::call::Call;
use crate::error::{ApiError, Result};

/// The scanning configuration of a registry.
///
/// # Errors
///
/// What was filed is none any more: a fault of this side.
pub(crate) fn configuration(account: &Account) -> Result<Configuration> {
    let kept = account.scanning.clone().unwrap_or_else(|| json!({}));
    serde_json::from_value(kept).map_err(|error| ApiError::internal(&error))
}

fn written(configuration: &Configuration) -> Result<Value> {
    serde_json::to_value(configuration).map_err(|error| ApiError::internal(&error))
}

/// Source: AWS, *Amazon ECR API Reference*, GetRegistryScanningConfiguration.
pub(crate) async fn get_registry(call: &Call<'_>, _: Nothing) -> Result<Answer> {
    let (permit, account) = on_registry(call, Ask::new("ecr:GetRegistryScanningConfiguration", "*")).await?;
    let configuration = written(&configuration(&account)?)?;
    Ok(permit.answer(json!({ "registryId": call.account(), "scanningConfiguration": configuration })))
}

/// Source: AWS, *Amazon ECR API Reference*, PutRegistryScanningConfiguration.
pub(crate) async fn put_registry(call: &Call<'_>, input: Value) -> Result<Answer> {
    let (permit, _) = on_registry(call, Ask::new("ecr:PutRegistryScanningConfiguration", "*")).await?;
    let read: Configuration = rules::read(input)?;
    let configuration = written(&read)?;
    change_account(call, |account| {
        account.scanning = Some(configuration.clone());
        Ok(())
    })
    .await?;
    Ok(permit.answer(json!({ "registryScanningConfiguration": configuration })))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PutImageScanningConfiguration {
    registry_id: Option<String>,
    repository_name: String,
    image_scanning_configuration: ScanOnPush,
}

/// Source: AWS, *Amazon ECR API Reference*, PutImageScanningConfiguration.
pub(crate) async fn put_of_repository(
    call: &Call<'_>,
    input: PutImageScanningConfiguration,
) -> Result<Answer> {
    let sought = seek(call, input.registry_id.as_deref(), &input.repository_name).await?;
    let found = sought.allowed(call, "ecr:PutImageScanningConfiguration")?;
    let scanning = json!({ "scanOnPush": input.image_scanning_configuration.scan_on_push });
    found
        .change(call, |settings| {
            settings.insert(setting::SCANNING.to_owned(), scanning.clone());
            Ok(())
        })
        .await?;
    let answer = json!({
        "registryId": found.account,
        "repositoryName": found.name,
        "imageScanningConfiguration": scanning,
    });
    Ok(found.permit.answer(answer))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BatchGetRepositoryScanningConfiguration {
    repository_names: Vec<String>,
}

/// What holds for a repository. With basic scanning its own `scanOnPush` counts beside the registry's filters.
fn shown(found: &Found, configuration: &Configuration) -> Result<Value> {
    let name = rules::name(&found.name)?;
    let Applied { frequency, filters } = configuration.applied(&name);
    let own = found.repository.settings.get(setting::SCANNING).and_then(|own| own.get("scanOnPush"));
    let own = own.and_then(Value::as_bool).unwrap_or_default();
    let on_push = match frequency {
        Frequency::OnPush | Frequency::Continuous => true,
        Frequency::Manual => own && configuration.scan_type() == ScanType::Basic,
        Frequency::Disabled => false,
    };
    let frequency = match frequency {
        Frequency::Continuous => Some("CONTINUOUS_SCAN"),
        _ if on_push => Some("SCAN_ON_PUSH"),
        Frequency::Manual => Some("MANUAL"),
        // There is no word for it: left out.
        _ => None,
    };
    let filters = serde_json::to_value(filters).map_err(|error| ApiError::internal(&error))?;
    let mut shown = json!({
        "repositoryArn": found.arn,
        "repositoryName": found.name,
        "scanOnPush": on_push,
        "appliedScanFilters": filters,
    });
    if let (Some(members), Some(frequency)) = (shown.as_object_mut(), frequency) {
        members.insert("scanFrequency".to_owned(), frequency.into());
    }
    Ok(shown)
}

/// Each repository that is asked for has to be allowed; that one is not there is told beside those that are.
///
/// Source: AWS, *Amazon ECR API Reference*, BatchGetRepositoryScanningConfiguration.
pub(crate) async fn batch_get(
    call: &Call<'_>,
    input: BatchGetRepositoryScanningConfiguration,
) -> Result<Answer> {
    const ACTION: &str = "ecr:BatchGetRepositoryScanningConfiguration";
    let row = call.shared.ecr.control.account(call.account()).await?;
    let configuration = configuration(&row.map(|row| row.value.clone()).unwrap_or_default())?;
    let (mut shown_all, mut failures, mut permit) = (Vec::new(), Vec::new(), None);
    for name in &input.repository_names {
        let sought = seek(call, None, name).await?;
        let ask = sought.ask(ACTION);
        sought.note(call);
        permit = Some(call.authorize(&ask)?);
        if sought.repository.is_none() {
            failures.push(json!({
                "repositoryName": name,
                "failureCode": "REPOSITORY_NOT_FOUND",
                "failureReason": no_repository(call.account(), name).message,
            }));
            continue;
        }
        shown_all.push(shown(&sought.allowed_as(call, &ask)?, &configuration)?);
    }
    // The model asks for one name at least.
    let permit = permit.ok_or_else(|| invalid("Invalid parameter at 'repositoryNames'"))?;
    Ok(permit.answer(json!({ "scanningConfigurations": shown_all, "failures": failures })))
}
