//! Parameters of Parameter Store.

use std::collections::HashMap;
use std::sync::Arc;

use ringwall_model::Secret;
use serde_json::{Value, json};

use super::{Fetch, Fetched, MAX_VALUE, Region};
use crate::error::MountError;
use crate::metrics::From as Origin;
use crate::objects::{Kind, Object, Reference};

/// Names of one call. Source: AWS, *Systems Manager API Reference*, GetParameters.
const BATCH: usize = 10;

/// Distributes the parameters over calls. No name is in a call twice, whatever its version or label, so that an answer
/// belongs to one object alone.
pub(super) fn batches(objects: &[Object]) -> Vec<Vec<(usize, &Object)>> {
    let mut batches: Vec<Vec<(usize, &Object)>> = Vec::new();
    for (index, object) in objects.iter().enumerate().filter(|(_, object)| object.kind == Kind::Parameter) {
        let meets = |(_, other): &(usize, &Object)| {
            plain(&other.primary.name) == plain(&object.primary.name)
                || plain(&other.failover.name) == plain(&object.failover.name)
        };
        match batches.iter_mut().find(|batch| batch.len() < BATCH && !batch.iter().any(meets)) {
            Some(batch) => batch.push((index, object)),
            None => batches.push(vec![(index, object)]),
        }
    }
    batches
}

/// A parameter's name without what can be left out: an ARN's beginning, and a slash before a name.
fn plain(name: &str) -> &str {
    let name = match name.strip_prefix("arn:").and_then(|rest| rest.split_once(":parameter")) {
        Some((_, name)) => name,
        None => name,
    };
    name.trim_start_matches('/')
}

impl Fetch<'_> {
    /// A batch of parameters, each with its value.
    pub(super) async fn parameters(
        &self,
        region: &Region,
        batch: &[&Object],
    ) -> Result<Vec<Fetched>, MountError> {
        let client = region.client()?;
        let references: Vec<&Reference> = batch
            .iter()
            .map(|object| if region.is_failover { &object.failover } else { &object.primary })
            .collect();
        let names: Vec<String> = references.iter().map(|reference| reference.parameter()).collect();
        let body = json!({ "Names": names, "WithDecryption": true });
        let mut answer = client.json("ssm", "AmazonSSM.GetParameters", &body).await.map_err(|source| {
            MountError::Call {
                region: region.name.clone(),
                object: names.join("`, `"),
                kind: Kind::Parameter,
                source: Box::new(source),
            }
        })?;
        let list = |answer: &mut Value, key: &str| match answer.get_mut(key).map(Value::take) {
            Some(Value::Array(list)) => list,
            _ => Vec::new(),
        };
        let mut invalid: Vec<String> = list(&mut answer, "InvalidParameters")
            .iter()
            .filter_map(|name| name.as_str().map(|name| format!("`{name}`")))
            .collect();
        if !invalid.is_empty() {
            invalid.sort_unstable();
            invalid.dedup();
            return Err(MountError::NoParameters { region: region.name.clone(), names: invalid.join(", ") });
        }
        let mut found: HashMap<String, Value> = HashMap::new();
        for parameter in list(&mut answer, "Parameters") {
            if let Some(name) = parameter.get("Name").and_then(Value::as_str) {
                found.insert(plain(name).to_owned(), parameter);
            }
        }
        references
            .into_iter()
            .map(|reference| {
                let lacks = |what| MountError::Answer {
                    region: region.name.clone(),
                    object: reference.parameter(),
                    what,
                };
                let mut parameter =
                    found.remove(plain(&reference.name)).ok_or_else(|| lacks("parameter of that name"))?;
                let version =
                    parameter.get("Version").and_then(Value::as_i64).ok_or_else(|| lacks("Version"))?;
                let Some(Value::String(value)) = parameter.get_mut("Value").map(Value::take) else {
                    return Err(lacks("Value"));
                };
                if value.len() > MAX_VALUE {
                    let (bytes, max) = (value.len(), MAX_VALUE);
                    return Err(MountError::TooLong { object: reference.name.clone(), bytes, max });
                }
                self.metrics.value(Kind::Parameter, Origin::Read);
                Ok(Fetched { value: Arc::new(Secret::from(value)), version: version.to_string() })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::{Rules, Translation, read};

    #[test]
    fn no_name_is_in_a_call_twice() {
        let text: String = (0..25)
            .map(|number| match number {
                0..20 => format!("- {{objectName: p{number}, objectType: ssmparameter}}\n"),
                _ => format!("- {{objectName: /p1, objectVersion: {number}, objectAlias: a{number}, objectType: ssmparameter}}\n"),
            })
            .collect();
        let rules = Rules { region: "r", failover_region: None, translation: Translation::To('_'), mode: 0 };
        let objects = read(&text, &rules).unwrap();
        let batches = batches(&objects);
        let mut seen: Vec<usize> = batches.iter().flatten().map(|(index, _)| *index).collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..25).collect::<Vec<_>>());
        for batch in &batches {
            let mut names: Vec<&str> = batch.iter().map(|(_, object)| plain(&object.primary.name)).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), batch.len());
            assert!(batch.len() <= BATCH);
        }
        assert_eq!(batches.len(), 7);
        assert_eq!(plain("arn:aws:ssm:eu-west-1:123456789012:parameter/a/b"), "a/b");
        assert_eq!(plain("/a/b"), "a/b");
    }
}
