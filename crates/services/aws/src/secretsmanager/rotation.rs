//! When secrets are to be rotated.
//!
//! AWS rotates by a Lambda function of the customer. No function runs here: a schedule is kept and shown, and whoever
//! rotates, such as a job in the cluster, reads `NextRotationDate` and puts the new value. Once `AWSCURRENT` has moved, the
//! secret counts as rotated, and the next date follows. What would have to run at once is refused, not ignored.

use serde::Deserialize;
use serde_json::{Value, json};

use super::access::{allowed, seek, usable};
use super::change::change;
use super::rows::{Rotation, Rules};
use super::schedule::Schedule;
use super::{parameter, request};
use crate::authorize::Answer;
use crate::call::Call;
use crate::error::Result;

impl Rotation {
    /// Notes that the secret was rotated, if it is to be.
    pub(crate) fn done(&mut self, now: i64) {
        if self.enabled {
            self.last = Some(now);
            self.next = self.rules.as_ref().and_then(|rules| rules.schedule.next(now));
        }
    }
}

impl Rules {
    /// `RotationRules`
    pub(crate) fn shown(&self) -> Value {
        let (name, value) = match &self.schedule {
            Schedule::AfterDays(days) => ("AutomaticallyAfterDays", Value::from(*days)),
            Schedule::Expression(text) => ("ScheduleExpression", text.as_str().into()),
        };
        let mut rules = json!({ name: value });
        if let (Some(duration), Some(members)) = (&self.duration, rules.as_object_mut()) {
            members.insert("Duration".to_owned(), duration.as_str().into());
        }
        rules
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RotationRules {
    automatically_after_days: Option<i64>,
    duration: Option<String>,
    schedule_expression: Option<String>,
}

impl RotationRules {
    fn read(self) -> Result<Rules> {
        let schedule = match (self.automatically_after_days, self.schedule_expression) {
            (Some(days), None) => Schedule::AfterDays(days),
            (None, Some(text)) => Schedule::Expression(text),
            _ => {
                return Err(parameter(
                    "RotationRules have either AutomaticallyAfterDays or ScheduleExpression.",
                ));
            }
        };
        if !schedule.is_valid() {
            return Err(parameter("The rotation schedule is invalid."));
        }
        let hours = self.duration.as_deref().map(|text| text.trim_end_matches('h').parse::<u32>());
        if hours.is_some_and(|hours| !hours.is_ok_and(|hours| (1..=24).contains(&hours))) {
            return Err(parameter("The Duration of a rotation window is 1h to 24h."));
        }
        Ok(Rules { schedule, duration: self.duration })
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RotateSecret {
    secret_id: String,
    #[serde(rename = "RotationLambdaARN")]
    lambda: Option<String>,
    rotation_rules: Option<RotationRules>,
    rotate_immediately: Option<bool>,
    #[serde(default)]
    external_secret_rotation_metadata: Vec<Value>,
    external_secret_rotation_role_arn: Option<String>,
}

/// Source: AWS, *Secrets Manager API Reference*, RotateSecret. It rotates at once unless told otherwise, which cannot be done
/// here.
pub(crate) async fn rotate_secret(call: &Call<'_>, input: RotateSecret) -> Result<Answer> {
    let sought = seek(call, &input.secret_id).await?;
    let flag = |value: bool| if value { "true" } else { "false" };
    let immediately = input.rotate_immediately.unwrap_or(true);
    let ask = sought
        .ask(call, "secretsmanager:RotateSecret")
        .with_some("secretsmanager:RotationLambdaARN", input.lambda.as_deref())
        .with_some(
            "secretsmanager:ExternalSecretRotationRoleArn",
            input.external_secret_rotation_role_arn.as_deref(),
        )
        .with("secretsmanager:ModifyRotationRules", flag(input.rotation_rules.is_some()))
        .with("secretsmanager:RotateImmediately", flag(immediately));
    let found = sought.allowed(call, &ask)?;
    found.usable()?;
    if input.external_secret_rotation_role_arn.is_some()
        || !input.external_secret_rotation_metadata.is_empty()
    {
        return Err(parameter("Managed external secrets are not supported."));
    }
    if immediately {
        return Err(request(
            "Rotation functions are not run here, so that nothing can be rotated at once. Set RotateImmediately to false to \
             keep the schedule, and rotate by PutSecretValue.",
        ));
    }
    let lambda = input.lambda.filter(|lambda| !lambda.is_empty());
    if lambda.as_deref().is_some_and(|lambda| !is_function(lambda)) {
        return Err(parameter("RotationLambdaARN must be the ARN of a Lambda function."));
    }
    let rules = input.rotation_rules.map(RotationRules::read).transpose()?;
    let now = call.now();
    let found = change(call, found, |secret| {
        usable(secret)?;
        let mut rotation = secret.rotation.clone().unwrap_or_default();
        rotation.lambda = lambda.clone().or(rotation.lambda);
        rotation.rules = rules.clone().or(rotation.rules);
        let Some(rules) = &rotation.rules else {
            return Err(request(
                "A secret is rotated by a schedule: RotationRules are needed the first time.",
            ));
        };
        rotation.enabled = true;
        rotation.next = rules.schedule.next(now);
        secret.rotation = Some(rotation);
        secret.changed = now;
        Ok(())
    })
    .await?;
    Ok(found.permit.answer(json!({ "ARN": &*found.arn, "Name": found.name() })))
}

fn is_function(arn: &str) -> bool {
    let arn = arn.parse::<ringwall_model::Arn>();
    arn.is_ok_and(|arn| arn.service == "lambda" && arn.resource.starts_with("function:"))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CancelRotateSecret {
    secret_id: String,
}

/// Source: AWS, *Secrets Manager API Reference*, CancelRotateSecret: the function and the rules stay, to be turned on again.
pub(crate) async fn cancel_rotate_secret(call: &Call<'_>, input: CancelRotateSecret) -> Result<Answer> {
    let found = allowed(call, &input.secret_id, "secretsmanager:CancelRotateSecret").await?;
    let now = call.now();
    let found = change(call, found, |secret| {
        usable(secret)?;
        let Some(rotation) = &mut secret.rotation else {
            return Err(request("You tried to cancel the rotation of a secret that has none."));
        };
        rotation.enabled = false;
        rotation.next = None;
        secret.changed = now;
        Ok(())
    })
    .await?;
    Ok(found.permit.answer(json!({ "ARN": &*found.arn, "Name": found.name() })))
}
