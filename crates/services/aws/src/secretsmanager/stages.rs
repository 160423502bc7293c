//! Versions and their staging labels.
//!
//! Source: AWS, *Secrets Manager User Guide*, "What's in a Secrets Manager secret?", *Secret versions*.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::access::{allowed, seek};
use super::change::change;
use super::list::Page;
use super::rows::{Secret, Version};
use super::{limit, not_found, parameter, seconds};
use crate::authorize::Answer;
use crate::call::Call;
use crate::error::Result;

/// The version that is read unless another is asked for.
pub(crate) const CURRENT: &str = "AWSCURRENT";

/// The version that was current before.
pub(crate) const PREVIOUS: &str = "AWSPREVIOUS";

/// Most labels on all versions of a secret together.
///
/// Source: AWS, *Secrets Manager User Guide*, "AWS Secrets Manager quotas": staging labels attached across all versions of a
/// secret, 20.
const MAX_STAGES: usize = 20;

/// How many versions are kept. Of what is older, those without a label go.
///
/// Source: AWS, *Secrets Manager API Reference*, PutSecretValue: "Secrets Manager keeps 100 of the most recent versions, but
/// it keeps all secret versions created in the last 24 hours".
const KEPT: usize = 100;

/// How long a version is kept in any case, in milliseconds.
const KEPT_FOR: i64 = 24 * 60 * 60 * 1000;

/// Most versions, so that a secret's record stays small: one every ten minutes of a day, which AWS advises against, beside
/// those that are kept.
const MAX_VERSIONS: usize = 250;

impl Secret {
    /// Adds a version with labels, or as the current one, and returns the versions that are not kept any longer.
    ///
    /// # Errors
    ///
    /// `LimitExceededException`
    pub(crate) fn add(
        &mut self,
        id: &str,
        version: Version,
        stages: &[String],
        now: i64,
    ) -> Result<Vec<String>> {
        let first = self.versions.is_empty();
        self.versions.insert(id.to_owned(), version);
        if first || stages.is_empty() {
            self.attach(CURRENT, id, now);
        }
        for stage in stages {
            self.attach(stage, id, now);
        }
        if self.versions.values().map(|version| version.stages.len()).sum::<usize>() > MAX_STAGES {
            return Err(limit(format!("A secret has at most {MAX_STAGES} staging labels.")));
        }
        let removed = self.prune(now);
        if self.versions.len() > MAX_VERSIONS {
            return Err(limit(format!("A secret has at most {MAX_VERSIONS} versions of a day.")));
        }
        self.changed = now;
        Ok(removed)
    }

    /// Moves a label to a version. Where the current version was, the previous one is.
    pub(crate) fn attach(&mut self, stage: &str, to: &str, now: i64) {
        let before = self.with_stage(stage).map(|(id, _)| id.clone());
        if before.as_deref() == Some(to) {
            return;
        }
        for (id, version) in &mut self.versions {
            if id == to {
                version.stages.insert(stage.to_owned());
            } else {
                version.stages.remove(stage);
            }
        }
        if stage == CURRENT
            && let Some(before) = before
        {
            self.attach(PREVIOUS, &before, now);
            if let Some(rotation) = &mut self.rotation {
                rotation.done(now);
            }
        }
    }

    /// Takes away the versions that are not kept any longer.
    fn prune(&mut self, now: i64) -> Vec<String> {
        let surplus = self.versions.len().saturating_sub(KEPT);
        let mut oldest: Vec<(i64, &String, &Version)> =
            self.versions.iter().map(|(id, version)| (version.created, id, version)).collect();
        oldest.sort_unstable_by_key(|(created, id, _)| (*created, *id));
        let removed: Vec<String> = oldest
            .into_iter()
            .take(surplus)
            .filter(|(created, _, version)| {
                version.stages.is_empty() && created.saturating_add(KEPT_FOR) <= now
            })
            .map(|(_, id, _)| id.clone())
            .collect();
        for id in &removed {
            self.versions.remove(id);
        }
        removed
    }

    /// `VersionIdsToStages`, which leaves out deprecated versions.
    pub(crate) fn stages(&self) -> BTreeMap<&str, &BTreeSet<String>> {
        let staged = self.versions.iter().filter(|(_, version)| !version.stages.is_empty());
        staged.map(|(id, version)| (id.as_str(), &version.stages)).collect()
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UpdateSecretVersionStage {
    secret_id: String,
    version_stage: String,
    remove_from_version_id: Option<String>,
    move_to_version_id: Option<String>,
}

/// Source: AWS, *Secrets Manager API Reference*, UpdateSecretVersionStage.
pub(crate) async fn update_secret_version_stage(
    call: &Call<'_>,
    input: UpdateSecretVersionStage,
) -> Result<Answer> {
    let sought = seek(call, &input.secret_id).await?;
    let ask = sought
        .ask(call, "secretsmanager:UpdateSecretVersionStage")
        .with("secretsmanager:VersionStage", input.version_stage.as_str());
    let found = sought.allowed(call, &ask)?;
    let now = call.now();
    let found = change(call, found, |secret| {
        super::access::usable(secret)?;
        let changed = secret.move_stage(
            &input.version_stage,
            input.remove_from_version_id.as_deref(),
            input.move_to_version_id.as_deref(),
            now,
        );
        changed.map(|()| secret.changed = now)
    })
    .await?;
    Ok(found.permit.answer(json!({ "ARN": &*found.arn, "Name": found.name() })))
}

impl Secret {
    fn move_stage(&mut self, stage: &str, from: Option<&str>, to: Option<&str>, now: i64) -> Result<()> {
        for id in [from, to].into_iter().flatten() {
            if !self.versions.contains_key(id) {
                let message =
                    format!("Secrets Manager can't find the specified secret value for VersionId: {id}");
                return Err(not_found(message));
            }
        }
        let attached = self.with_stage(stage).map(|(id, _)| id.clone());
        match (from, attached.as_deref()) {
            (Some(from), attached) if attached != Some(from) => Err(parameter(format!(
                "The parameter RemoveFromVersionId can't be {from}. Staging label {stage} is not attached to version {from}."
            ))),
            (None, Some(attached)) if to != Some(attached) => Err(parameter(format!(
                "The parameter RemoveFromVersionId can't be empty. Staging label {stage} is currently attached to version \
                 {attached}, so you must explicitly reference that version in RemoveFromVersionId."
            ))),
            _ => match to {
                Some(to) => {
                    self.attach(stage, to, now);
                    let all: usize = self.versions.values().map(|version| version.stages.len()).sum();
                    if all > MAX_STAGES {
                        return Err(limit(format!("A secret has at most {MAX_STAGES} staging labels.")));
                    }
                    Ok(())
                }
                None if stage == CURRENT => Err(parameter(
                    "You can only move staging label AWSCURRENT to a different secret version. It can't be completely \
                     removed.",
                )),
                None if from.is_none() => {
                    Err(parameter("Either RemoveFromVersionId or MoveToVersionId is needed."))
                }
                None => {
                    for version in self.versions.values_mut() {
                        version.stages.remove(stage);
                    }
                    Ok(())
                }
            },
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListSecretVersionIds {
    secret_id: String,
    #[serde(default)]
    include_deprecated: bool,
    #[serde(flatten)]
    page: Page,
}

/// Source: AWS, *Secrets Manager API Reference*, ListSecretVersionIds.
pub(crate) async fn list_secret_version_ids(call: &Call<'_>, input: ListSecretVersionIds) -> Result<Answer> {
    let found = allowed(call, &input.secret_id, "secretsmanager:ListSecretVersionIds").await?;
    let after = input.page.after()?;
    let limit = input.page.limit();
    let versions = found.secret().versions.iter().filter(|(id, version)| {
        (input.include_deprecated || !version.stages.is_empty())
            && after.as_ref().is_none_or(|after| *id > after)
    });
    let mut shown: Vec<(&String, Value)> =
        versions.take(limit.saturating_add(1)).map(|(id, version)| (id, shown(id, version))).collect();
    let more = shown.len() > limit;
    shown.truncate(limit);
    let next = shown.last().filter(|_| more).map(|(id, _)| crate::page::token(id));
    let mut answer = json!({
        "ARN": &*found.arn,
        "Name": found.name(),
        "Versions": shown.into_iter().map(|(_, version)| version).collect::<Vec<_>>(),
    });
    if let (Some(next), Some(members)) = (next, answer.as_object_mut()) {
        members.insert("NextToken".to_owned(), next.into());
    }
    Ok(found.permit.answer(answer))
}

fn shown(id: &str, version: &Version) -> Value {
    let mut members = Map::new();
    members.insert("VersionId".to_owned(), id.into());
    members.insert("CreatedDate".to_owned(), seconds(version.created));
    members.insert("KmsKeyIds".to_owned(), json!([version.key]));
    if !version.stages.is_empty() {
        members.insert("VersionStages".to_owned(), json!(version.stages));
    }
    if let Some(accessed) = version.accessed {
        members.insert("LastAccessedDate".to_owned(), seconds(accessed));
    }
    members.into()
}
