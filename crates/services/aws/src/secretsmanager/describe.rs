//! DescribeSecret, and what lists tell of a secret.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::access::allowed;
use super::rows::{self, Secret};
use super::seconds;
use crate::authorize::Answer;
use crate::call::Call;
use crate::error::Result;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeSecret {
    secret_id: String,
}

/// Source: AWS, *Secrets Manager API Reference*, DescribeSecret: the value is not told, and the key of KMS is not used.
pub(crate) async fn describe_secret(call: &Call<'_>, input: DescribeSecret) -> Result<Answer> {
    let found = allowed(call, &input.secret_id, "secretsmanager:DescribeSecret").await?;
    let mut members = members(&found.arn, found.name(), found.secret());
    members.insert("VersionIdsToStages".to_owned(), json!(found.secret().stages()));
    Ok(found.permit.answer(members.into()))
}

/// An entry of ListSecrets.
pub(crate) fn entry(call: &Call<'_>, name: &str, secret: &Secret) -> Value {
    let arn = rows::arn(call.region(), call.account(), name, &secret.suffix);
    let mut members = members(&arn, name, secret);
    members.insert("SecretVersionsToStages".to_owned(), json!(secret.stages()));
    members.into()
}

fn members(arn: &str, name: &str, secret: &Secret) -> Map<String, Value> {
    let mut members = Map::new();
    let mut set = |name: &str, value: Value| members.insert(name.to_owned(), value);
    set("ARN", arn.into());
    set("Name", name.into());
    set("CreatedDate", seconds(secret.created));
    set("LastChangedDate", seconds(secret.changed));
    let tags = secret.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value }));
    set("Tags", tags.collect());
    if let Some(description) = &secret.description {
        set("Description", description.as_str().into());
    }
    if let Some(key) = &secret.kms_key {
        set("KmsKeyId", key.as_str().into());
    }
    if let Some(accessed) = secret.accessed {
        set("LastAccessedDate", seconds(accessed));
    }
    if let Some(due) = secret.due {
        set("DeletedDate", seconds(due));
    }
    if let Some(rotation) = &secret.rotation {
        set("RotationEnabled", rotation.enabled.into());
        if let Some(lambda) = &rotation.lambda {
            set("RotationLambdaARN", lambda.as_str().into());
        }
        if let Some(rules) = &rotation.rules {
            set("RotationRules", rules.shown());
        }
        if let Some(last) = rotation.last {
            set("LastRotatedDate", seconds(last));
        }
        if let Some(next) = rotation.next {
            set("NextRotationDate", seconds(next));
        }
    }
    members
}
