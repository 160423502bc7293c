//! What one container gets, beside all that it has.

use serde_json::{Map, Value, json};

use super::reason::{Method, Reason, shown};
use super::review::ReviewError;

/// The fields of a container that come before those that are added, in the order in which Kubernetes' own types write them.
/// Source: k8s.io/api v0.36.0, `core/v1`, `Container`.
const ORDER: [&str; 13] = [
    "name",
    "image",
    "command",
    "args",
    "workingDir",
    "ports",
    "envFrom",
    "env",
    "resources",
    "resizePolicy",
    "restartPolicy",
    "restartPolicyRules",
    "volumeMounts",
];

const STS_REGIONAL_ENDPOINTS: &str = "AWS_STS_REGIONAL_ENDPOINTS";
const REGION: [&str; 2] = ["AWS_DEFAULT_REGION", "AWS_REGION"];

impl Method {
    /// The variables that tell an SDK where its credentials are: what names the role or the agent, and the token's file.
    pub(super) fn variables(self) -> [&'static str; 2] {
        match self {
            Self::WebIdentity => ["AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"],
            Self::ContainerCredentials => {
                ["AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]
            }
        }
    }
}

/// What every container of a pod gets.
#[derive(Debug)]
pub(super) struct Injection<'a> {
    pub(super) method: Method,
    /// The values of the method's variables.
    pub(super) values: [&'a str; 2],
    pub(super) regional_sts: bool,
    pub(super) region: Option<&'a str>,
    pub(super) volume: &'a str,
    pub(super) mount_path: &'a str,
}

impl Injection<'_> {
    /// Adds to a container's environment and mounts, each group of variables unless one of it is there. `path` tells where
    /// the container is.
    ///
    /// Source: `addEnvToContainer`.
    pub(super) fn add_to(
        &self,
        container: &mut Map<String, Value>,
        path: &str,
    ) -> Result<Vec<Reason>, ReviewError> {
        let name = shown(name_of(container));
        let own = names(container, "env", path)?;
        let mounts = names(container, "volumeMounts", path)?;
        let has = |variable: &&str| own.iter().any(|own| own == variable);
        let groups: [(&[&'static str], Vec<&str>); 3] = [
            (&[STS_REGIONAL_ENDPOINTS], if self.regional_sts { vec!["regional"] } else { vec![] }),
            (&REGION, self.region.map_or(vec![], |region| vec![region; 2])),
            (&self.method.variables(), self.values.to_vec()),
        ];
        let present = |group: &[&'static str]| group.iter().any(has);
        if groups.iter().all(|(group, _)| present(group)) {
            return Ok(vec![Reason::Complete(name)]);
        }
        let mut reasons = Vec::new();
        let mut added = Vec::new();
        for (group, values) in groups {
            match present(group) {
                false => added.extend(group.iter().copied().zip(values)),
                true if values.is_empty() => {}
                true => reasons.push(Reason::OwnVariables {
                    container: name.clone(),
                    names: group.iter().filter(|name| has(name)).map(|name| (*name).to_owned()).collect(),
                }),
            }
        }
        let mounted = !mounts.iter().any(|mount| mount == self.volume);
        if !added.is_empty() {
            let variables = added.iter().map(|(name, value)| json!({ "name": name, "value": value }));
            append(container, "env", variables);
        }
        match mounted {
            true => {
                let mount = json!({ "name": self.volume, "readOnly": true, "mountPath": self.mount_path });
                append(container, "volumeMounts", std::iter::once(mount));
            }
            false => {
                reasons.push(Reason::OwnMount { container: name.clone(), volume: shown(self.volume) });
            }
        }
        if mounted || !added.is_empty() {
            let names = added.iter().map(|(name, _)| *name).collect();
            reasons.push(Reason::Injected { container: name, names, mounted });
        }
        Ok(reasons)
    }
}

/// The container's name.
pub(super) fn name_of(container: &Map<String, Value>) -> &str {
    container.get("name").and_then(Value::as_str).unwrap_or_default()
}

/// The names in a list of named objects; none if the list is absent or null.
fn names(container: &Map<String, Value>, field: &str, path: &str) -> Result<Vec<String>, ReviewError> {
    list(container, field, path)?
        .iter()
        .map(|item| match item {
            Value::Object(item) => Ok(name_of(item).to_owned()),
            _ => Err(ReviewError::field(format!("{path}.{field}"), "a list of objects")),
        })
        .collect()
}

/// A list of the pod; empty if it is absent or null.
pub(super) fn list<'a>(
    object: &'a Map<String, Value>,
    field: &str,
    path: &str,
) -> Result<&'a [Value], ReviewError> {
    match object.get(field) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(_) => Err(ReviewError::field(format!("{path}.{field}"), "a list")),
    }
}

fn append(container: &mut Map<String, Value>, field: &str, values: impl Iterator<Item = Value>) {
    match container.get_mut(field) {
        Some(Value::Array(items)) => items.extend(values),
        // Absent or null, since `list` has refused the rest.
        _ => put(container, field, Value::Array(values.collect())),
    }
}

/// Writes `resources` as Kubernetes' own types do, which have it always.
pub(super) fn complete(container: &mut Map<String, Value>) {
    if container.get("resources").is_none_or(Value::is_null) {
        put(container, "resources", Value::Object(Map::new()));
    }
}

/// Sets a field, a new one in its place among the others, so that the patch is byte for byte what Kubernetes' own types
/// would write.
fn put(container: &mut Map<String, Value>, field: &str, value: Value) {
    if let Some(place) = container.get_mut(field) {
        *place = value;
        return;
    }
    let before =
        ORDER.iter().position(|known| *known == field).and_then(|end| ORDER.get(..end)).unwrap_or_default();
    let index = container.keys().take_while(|key| before.contains(&key.as_str())).count();
    container.shift_insert(index, field.to_owned(), value);
}
