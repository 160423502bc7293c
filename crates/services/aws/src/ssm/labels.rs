//! Labels of versions.

use ringwall_store::Change;
use serde::Deserialize;
use serde_json::json;

use super::access::{Found, allowed_whole};
use super::no_parameter;
use super::rows::Parameter;
use crate::authorize::Answer;
use crate::call::Call;
use crate::error::{ApiError, Result};

/// Most labels of a version.
///
/// Source: AWS, *Systems Manager API Reference*, LabelParameterVersion.
const MAX_LABELS: usize = 10;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct LabelParameterVersion {
    name: String,
    parameter_version: Option<i64>,
    labels: Vec<String>,
}

/// Whether it can be a label.
///
/// Source: AWS, *Systems Manager API Reference*, LabelParameterVersion: letters, numbers, periods, hyphens and underscores;
/// not with a number, `aws` or `ssm` at its beginning.
fn is_label(label: &str) -> bool {
    let lower = label.to_ascii_lowercase();
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    label.bytes().all(good)
        && !label.starts_with(|letter: char| letter.is_ascii_digit())
        && !lower.starts_with("aws")
        && !lower.starts_with("ssm")
}

/// A label that another version has moves. If one cannot be a label, none is attached, and those that cannot are told.
///
/// Source: AWS, *Systems Manager API Reference*, LabelParameterVersion.
pub(crate) async fn label_parameter_version(call: &Call<'_>, input: LabelParameterVersion) -> Result<Answer> {
    let found = allowed_whole(call, &input.name, "ssm:LabelParameterVersion").await?;
    let bad: Vec<&String> = input.labels.iter().filter(|label| !is_label(label)).collect();
    if !bad.is_empty() {
        let version = input.parameter_version.unwrap_or(found.row.value.latest.number);
        return Ok(found.permit.answer(json!({ "InvalidLabels": bad, "ParameterVersion": version })));
    }
    let mut labelled = 0;
    change(call, &found, |parameter| {
        labelled = input.parameter_version.unwrap_or(parameter.latest.number);
        known(parameter, labelled)?;
        for label in &input.labels {
            parameter.labels.insert(label.clone(), labelled);
        }
        if parameter.labels_of(labelled).len() > MAX_LABELS {
            let message = "A parameter version can have a maximum of ten labels.";
            return Err(ApiError::new("ParameterVersionLabelLimitExceeded", message));
        }
        Ok(())
    })
    .await?;
    Ok(found.permit.answer(json!({ "InvalidLabels": [], "ParameterVersion": labelled })))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UnlabelParameterVersion {
    name: String,
    parameter_version: i64,
    labels: Vec<String>,
}

/// Source: AWS, *Systems Manager API Reference*, UnlabelParameterVersion.
pub(crate) async fn unlabel_parameter_version(
    call: &Call<'_>,
    input: UnlabelParameterVersion,
) -> Result<Answer> {
    let found = allowed_whole(call, &input.name, "ssm:UnlabelParameterVersion").await?;
    let (mut removed, mut other) = (Vec::new(), Vec::new());
    change(call, &found, |parameter| {
        known(parameter, input.parameter_version)?;
        let has = |label: &&String| parameter.labels.get(*label) == Some(&input.parameter_version);
        (removed, other) = input.labels.iter().partition(has);
        parameter.labels.retain(|label, _| !removed.contains(&label));
        Ok(())
    })
    .await?;
    Ok(found.permit.answer(json!({ "RemovedLabels": removed, "InvalidLabels": other })))
}

fn known(parameter: &Parameter, version: i64) -> Result<()> {
    if parameter.has(version) {
        return Ok(());
    }
    let message = format!(
        "Systems Manager could not find version {version} of {}. Verify the version and try again.",
        parameter.name
    );
    Err(ApiError::new("ParameterVersionNotFound", message))
}

/// Changes a parameter, by what it says now.
pub(crate) async fn change(
    call: &Call<'_>,
    found: &Found,
    mut to: impl FnMut(&mut Parameter) -> Result<()>,
) -> Result<()> {
    let changed = |parameter: Option<&Parameter>| {
        let mut parameter = parameter.ok_or_else(|| no_parameter(&found.name.asked))?.clone();
        to(&mut parameter)?;
        Ok::<_, ApiError>(Change::Put(parameter))
    };
    call.shared.ssm.parameters.update(&found.row.place, changed).await?;
    Ok(())
}
