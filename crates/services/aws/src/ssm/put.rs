//! PutParameter.

use std::collections::BTreeMap;

use regex::RegexBuilder;
use ringwall_model::Secret;
use ringwall_store::{Batch, Expect, Row, StoreError};
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::access::{Name, Sought, seek};
use super::rows::{self, Kind, Parameter, Tier, Version};
use super::tags::{self, Tag};
use super::value::{self, DEFAULT_KEY};
use super::{MAX_TRIES, contended, invalid};
use crate::authorize::Answer;
use crate::call::Call;
use crate::error::{ApiError, Result};

/// Largest value of a tier, in bytes.
///
/// Source: AWS, *Systems Manager User Guide*, "Managing parameter tiers": 4 KB and 8 KB.
const MAX_STANDARD: usize = 4 * 1024;
const MAX_ADVANCED: usize = 8 * 1024;

/// Most levels of a hierarchy.
///
/// Source: AWS, *Systems Manager User Guide*, "Working with parameter hierarchies".
const MAX_LEVELS: usize = 15;

/// Most versions of a parameter.
///
/// Source: AWS, *Systems Manager User Guide*, "Working with parameter versions": a hundred; the oldest goes unless it has a
/// label.
pub(crate) const MAX_VERSIONS: i64 = 100;

/// Memory that an `AllowedPattern` may take once it is compiled.
const MAX_PATTERN_BYTES: usize = 1 << 20;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PutParameter {
    name: String,
    description: Option<String>,
    value: Zeroizing<String>,
    #[serde(rename = "Type")]
    kind: Option<Kind>,
    key_id: Option<String>,
    #[serde(default)]
    overwrite: bool,
    allowed_pattern: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
    tier: Option<String>,
    policies: Option<String>,
    data_type: Option<String>,
}

/// Source: AWS, *Systems Manager API Reference*, PutParameter. What a new version does not tell anew, it takes from the one
/// before, its key as well.
pub(crate) async fn put_parameter(call: &Call<'_>, input: PutParameter) -> Result<Answer> {
    let sought = seek(call, &input.name).await?;
    let given = tags::read(&input.tags);
    let pairs = || given.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let ask = sought
        .ask("ssm:PutParameter")
        .with("ssm:Overwrite", if input.overwrite { "true" } else { "false" })
        .with_some("ssm:Policies", input.policies.as_deref())
        .request_tags(pairs());
    let permit = call.authorize(&ask)?;
    if !given.is_empty() {
        call.authorize(&sought.ask("ssm:AddTagsToResource").request_tags(pairs()))?;
    }
    call.note_resource(&sought.arn, &sought.name.account, "AWS::SSM::Parameter");
    input.check(&sought.name)?;
    tags::check(&given)?;
    let plaintext = Secret::new(input.value.as_bytes().to_vec());
    for _ in 0..MAX_TRIES {
        let there = call.shared.ssm.parameters.get(call.account(), call.region(), &sought.name.filed).await?;
        let before = there.as_deref();
        let version = input.version(call, &sought, before, &plaintext).await?;
        let (number, tier) = (version.number, version.tier);
        if file(call, &sought, before, version, &given).await? {
            return Ok(permit.answer(json!({ "Version": number, "Tier": tier.name() })));
        }
    }
    Err(contended())
}

impl PutParameter {
    /// What can be told without looking whether the parameter is there.
    fn check(&self, name: &Name) -> Result<()> {
        check_name(name)?;
        if self.policies.is_some() {
            return Err(ApiError::new("InvalidPolicyTypeException", "Parameter policies are not supported."));
        }
        if let Some(other) = self.data_type.as_deref().filter(|kind| !matches!(*kind, "" | "text")) {
            let message = format!("The following data type is not supported: {other}");
            return Err(ApiError::new("UnsupportedParameterType", message));
        }
        if self.overwrite && !self.tags.is_empty() {
            return Err(invalid(
                "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove \
                 overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or \
                 RemoveTagsFromResource.",
            ));
        }
        if self.value.is_empty() {
            return Err(invalid("The value of a parameter has at least one character."));
        }
        if self.value.contains("{{ssm:") || self.value.contains("{{ ssm:") {
            return Err(invalid(
                "Parameters can't be referenced or nested in the values of other parameters.",
            ));
        }
        Ok(())
    }

    /// The version that is to follow what is there.
    async fn version(
        &self,
        call: &Call<'_>,
        sought: &Sought,
        there: Option<&Row<Parameter>>,
        plaintext: &Secret,
    ) -> Result<Version> {
        let before = there.map(|row| &row.value.latest);
        let same_name = there.is_none_or(|row| row.value.name == sought.name.asked);
        if before.is_some() && !(self.overwrite && same_name) {
            let message = "The parameter already exists. To overwrite this value, set the overwrite option in the request to \
                           true.";
            return Err(ApiError::new("ParameterAlreadyExists", message));
        }
        let kind = self.kind.or(before.map(|version| version.kind));
        let kind =
            kind.ok_or_else(|| invalid("A parameter type is required when you create a parameter."))?;
        if before.is_some_and(|version| version.kind != kind) {
            let message = "Parameter Store doesn't support changing a parameter type in a hierarchy.";
            return Err(ApiError::new("HierarchyTypeMismatchException", message));
        }
        let tier = self.tier(before.map(|version| version.tier), plaintext.len())?;
        let key = match (kind, self.key_id.clone()) {
            (Kind::SecureString, Some(key)) => Some(key),
            (Kind::SecureString, None) => {
                let key = before.and_then(|version| version.key.clone());
                Some(key.unwrap_or_else(|| DEFAULT_KEY.to_owned()))
            }
            (_, Some(_)) => return Err(invalid("KeyId is for parameters of the type SecureString.")),
            (_, None) => None,
        };
        let earlier = |of: fn(&Version) -> &Option<String>| before.and_then(|version| of(version).clone());
        let pattern = self.allowed_pattern.clone().or_else(|| earlier(|version| &version.pattern));
        let pattern = pattern.filter(|pattern| !pattern.is_empty());
        if let Some(pattern) = &pattern {
            matches(pattern, &self.value)?;
        }
        let number = before.map_or(1, |version| version.number.saturating_add(1));
        let value = value::seal(call, &sought.arn, (number, kind, tier), key.as_deref(), plaintext).await?;
        Ok(Version {
            number,
            modified: call.now(),
            by: call.caller().shown().to_owned(),
            kind,
            tier,
            value,
            key,
            description: self.description.clone().or_else(|| earlier(|version| &version.description)),
            pattern,
        })
    }

    /// Source: AWS, *Systems Manager User Guide*, "Managing parameter tiers".
    fn tier(&self, before: Option<Tier>, bytes: usize) -> Result<Tier> {
        let tier = match (self.tier.as_deref(), before) {
            (Some("Standard"), Some(Tier::Advanced)) => {
                return Err(invalid(
                    "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the \
                     advanced-parameter tier to the standard-parameter tier. If necessary, you can delete the advanced \
                     parameter and recreate it as a standard parameter.",
                ));
            }
            (Some("Advanced"), _) | (_, Some(Tier::Advanced)) => Tier::Advanced,
            (Some("Intelligent-Tiering"), _) if bytes > MAX_STANDARD => Tier::Advanced,
            _ => Tier::Standard,
        };
        match tier {
            Tier::Standard if bytes > MAX_STANDARD => Err(invalid(
                "Standard tier parameters support a maximum parameter value of 4096 characters. To create a larger parameter \
                 value, upgrade the parameter to use the advanced-parameter tier.",
            )),
            Tier::Advanced if bytes > MAX_ADVANCED => {
                Err(invalid("Advanced tier parameters support a maximum parameter value of 8192 characters."))
            }
            tier => Ok(tier),
        }
    }
}

/// Whether a new parameter may have the name.
///
/// Source: AWS, *Systems Manager API Reference*, PutParameter, `Name`; *User Guide*, "Requirements and constraints for
/// parameter names".
fn check_name(name: &Name) -> Result<()> {
    if name.selector.is_some() {
        return Err(invalid("Parameter name: a version can't be named in it."));
    }
    let first = name.filed.split('/').next().unwrap_or_default().to_ascii_lowercase();
    if first.starts_with("aws") || first.starts_with("ssm") {
        return Err(invalid("Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive)."));
    }
    let levels = name.filed.split('/');
    if levels.clone().any(str::is_empty) || (name.filed.contains('/') && !name.asked.starts_with('/')) {
        return Err(invalid("Parameter name must be a fully qualified name."));
    }
    if levels.count() > MAX_LEVELS {
        return Err(ApiError::new(
            "HierarchyLevelLimitExceededException",
            "A hierarchy can have a maximum of 15 levels.",
        ));
    }
    Ok(())
}

/// Whether the whole value is as the pattern says.
fn matches(pattern: &str, value: &str) -> Result<()> {
    let whole = format!(r"\A(?:{pattern})\z");
    let regex = RegexBuilder::new(&whole).size_limit(MAX_PATTERN_BYTES).build().map_err(|_| {
        let message = "The AllowedPattern is no regular expression, or has look-around or back-references, which are not \
                       supported.";
        ApiError::new("InvalidAllowedPatternException", message)
    })?;
    if regex.is_match(value) {
        return Ok(());
    }
    let message = format!("Parameter value, cannot be validated against allowedPattern: {pattern}");
    Err(ApiError::new("ParameterPatternMismatchException", message))
}

/// Files a version, and tells whether nobody came in between.
async fn file(
    call: &Call<'_>,
    sought: &Sought,
    there: Option<&Row<Parameter>>,
    version: Version,
    tags: &BTreeMap<String, String>,
) -> Result<bool> {
    let tables = &call.shared.ssm;
    let (account, region, filed) = (call.account(), call.region(), sought.name.filed.as_str());
    let mut batch = Batch::new();
    let (parameter, expect) = match there {
        None => {
            let name = sought.name.asked.clone();
            let (oldest, labels) = (version.number, BTreeMap::new());
            (Parameter { name, oldest, latest: version, labels, tags: tags.clone() }, Expect::Absent)
        }
        Some(row) => {
            let mut parameter = row.value.clone();
            let earlier = std::mem::replace(&mut parameter.latest, version);
            let name = rows::version_name(filed, earlier.number);
            tables.versions.put(&mut batch, account, region, &name, &earlier, Expect::Any);
            if parameter.latest.number.saturating_sub(parameter.oldest) >= MAX_VERSIONS {
                if !parameter.labels_of(parameter.oldest).is_empty() {
                    let message = format!(
                        "You attempted to create a new version of {} by calling the PutParameter API with the overwrite flag. \
                         Version {}, the oldest version, can't be deleted because it has a label associated with it. Move the \
                         label to another version of the parameter, and try again.",
                        parameter.name, parameter.oldest
                    );
                    return Err(ApiError::new("ParameterMaxVersionLimitExceeded", message));
                }
                let name = rows::version_name(filed, parameter.oldest);
                tables.versions.delete(&mut batch, account, region, &name, Expect::Any);
                parameter.oldest = parameter.oldest.saturating_add(1);
            }
            (parameter, Expect::Revision(row.revision))
        }
    };
    tables.parameters.put(&mut batch, account, region, filed, &parameter, expect);
    match call.shared.store.commit(batch).await {
        Ok(_) => Ok(true),
        Err(StoreError::Conflict(_)) => {
            call.shared.store.refresh().await?;
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}
