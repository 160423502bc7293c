//! The npm package as values: what is taken of its JSON files, checked.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::workspace::read;

/// How the package's licence has to begin: another one would be a decision, not a chore.
const LICENCE: &str = "MIT License";

/// How the list of global condition keys and some services write the part of a key that differs, beside `${TagKey}`.
const OTHER_PLACEHOLDERS: [(&str, &str); 2] = [("/tag-key", "/${TagKey}"), ("/<key>", "/${key}")];

/// The types that a condition key can have, alone or after `ArrayOf`.
const KEY_TYPES: [&str; 7] = ["String", "Numeric", "Bool", "Date", "ARN", "IPAddress", "Binary"];

pub(super) struct Package {
    pub(super) version: String,
    /// `YYYY-MM-DD`
    pub(super) date: String,
    pub(super) licence: String,
    /// The keys that are no single service's.
    pub(super) global_keys: Vec<Key>,
    pub(super) services: Vec<Service>,
}

pub(super) struct Service {
    pub(super) prefix: String,
    pub(super) supports_rcp: bool,
    pub(super) keys: Vec<Key>,
    pub(super) resource_types: Vec<ResourceType>,
    pub(super) actions: Vec<Action>,
}

#[derive(Clone)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) kind: String,
}

pub(super) struct ResourceType {
    pub(super) name: String,
    pub(super) arns: Vec<String>,
    pub(super) keys: Vec<String>,
}

pub(super) struct Action {
    pub(super) name: String,
    pub(super) access: char,
    /// Names of resource types, with whether the action requires one.
    pub(super) resources: BTreeMap<String, bool>,
    pub(super) keys: Vec<String>,
}

impl Package {
    /// Reads an unpacked package.
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let manifest: Manifest = json(&folder.join("package.json"))?;
        let licence = read(&folder.join("LICENSE.txt"))?;
        if !licence.starts_with(LICENCE) {
            bail!("the licence of the package is no longer the `{LICENCE}`: see whether it can be used");
        }
        let date = manifest.updated_at.get(.."YYYY-MM-DD".len()).context("`updatedAt` holds no date")?;
        let data = folder.join("data");
        let rcp: Vec<String> = json(&data.join("rcpSupportedServices.json"))?;
        let mut prefixes: Vec<String> = json(&data.join("services.json"))?;
        prefixes.sort();
        prefixes.dedup();
        if let Some(unknown) = rcp.iter().find(|prefix| !prefixes.contains(prefix)) {
            bail!("`{unknown}` supports resource control policies but is no service");
        }
        let services = prefixes
            .into_iter()
            .map(|prefix| {
                Service::read(&data, &prefix, rcp.contains(&prefix))
                    .with_context(|| format!("service `{prefix}`"))
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            date: date.to_owned(),
            global_keys: global_keys(&read(&folder.join("dist/esm/globalConditionKeys.js"))?)?,
            version: manifest.version,
            licence,
            services,
        })
    }

    /// How many actions there are.
    pub(super) fn actions(&self) -> usize {
        self.services.iter().map(|service| service.actions.len()).sum()
    }
}

impl Service {
    fn read(data: &Path, prefix: &str, supports_rcp: bool) -> Result<Self> {
        let file = |kind: &str| data.join(kind).join(format!("{prefix}.json"));
        let keys: BTreeMap<String, WireKey> = json(&file("conditionKeys"))?;
        let resource_types: BTreeMap<String, WireResourceType> = json(&file("resourceTypes"))?;
        let actions: BTreeMap<String, WireAction> = json(&file("actions"))?;
        let mut service = Self {
            prefix: prefix.to_owned(),
            supports_rcp,
            keys: keys.into_values().map(|key| Key::new(&key.key, key.kind)).collect::<Result<_>>()?,
            resource_types: resource_types.into_values().map(ResourceType::from).collect(),
            actions: actions.into_values().map(Action::read).collect::<Result<_>>()?,
        };
        service.keys.sort_by_cached_key(|key| key.name.to_lowercase());
        // A service may list a key with the usual placeholder and with another.
        service.keys.dedup_by(|a, b| a.name.eq_ignore_ascii_case(&b.name) && a.kind == b.kind);
        service.resource_types.sort_by_cached_key(|resource_type| resource_type.name.to_lowercase());
        service.actions.sort_by_cached_key(|action| action.name.to_lowercase());
        Ok(service)
    }
}

impl Key {
    fn new(name: &str, kind: String) -> Result<Self> {
        let one = kind.strip_prefix("ArrayOf").unwrap_or(&kind);
        if !KEY_TYPES.contains(&one) {
            bail!("the condition key `{name}` is of the unknown type `{kind}`");
        }
        Ok(Self { name: with_usual_placeholder(name), kind })
    }
}

impl From<WireResourceType> for ResourceType {
    fn from(wire: WireResourceType) -> Self {
        Self {
            name: wire.key,
            arns: wire.arn.split(',').map(|arn| arn.trim().to_owned()).collect(),
            keys: usual_names(wire.condition_keys),
        }
    }
}

impl Action {
    fn read(wire: WireAction) -> Result<Self> {
        let mut keys = wire.condition_keys;
        let mut resources = BTreeMap::new();
        // Some actions name a resource type in two rows that differ in what they need besides.
        for row in wire.resource_types {
            *resources.entry(row.name).or_insert(false) |= row.required;
            keys.extend(row.condition_keys);
        }
        let access = access(&wire.access_level).with_context(|| format!("action `{}`", wire.name))?;
        Ok(Self { access, resources, keys: usual_names(keys), name: wire.name })
    }
}

/// The letter of an access level. Tagging and permissions management are writes, and the package says both.
fn access(level: &str) -> Result<char> {
    Ok(match level {
        "List" => 'L',
        "Read" => 'R',
        "Write" => 'W',
        "Tagging" | "Tagging, Write" => 'T',
        "Permissions management" | "Permissions management, Write" => 'P',
        unknown => bail!("`{unknown}` is no access level that is known"),
    })
}

/// The global keys stand in code: an array of objects with `key` and `type`, each on a line of its own.
fn global_keys(code: &str) -> Result<Vec<Key>> {
    let mut keys = Vec::new();
    let mut name = None;
    for line in code.lines() {
        let Some((field, value)) = line.trim().split_once(": '") else { continue };
        // What follows the closing quote is a comma and at times a remark.
        let Some((value, _)) = value.split_once('\'') else { continue };
        match field {
            "key" => name = Some(value),
            "type" => {
                let name = name.take().context("a global condition key without a name")?;
                keys.push(Key::new(name, value.to_owned())?);
            }
            _ => {}
        }
    }
    if keys.is_empty() {
        bail!("no global condition key was found: the package writes them in another way now");
    }
    keys.sort_by_cached_key(|key| key.name.to_lowercase());
    Ok(keys)
}

fn usual_names(keys: Vec<String>) -> Vec<String> {
    let mut keys: Vec<String> = keys.iter().map(|key| with_usual_placeholder(key)).collect();
    keys.sort_by_cached_key(|key| key.to_lowercase());
    keys.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
    keys
}

fn with_usual_placeholder(key: &str) -> String {
    OTHER_PLACEHOLDERS
        .iter()
        .find_map(|(end, usual)| Some(format!("{}{usual}", key.strip_suffix(end)?)))
        .unwrap_or_else(|| key.to_owned())
}

fn json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    serde_json::from_str(&read(path)?)
        .with_context(|| format!("`{}` is not as it used to be", path.display()))
}

#[derive(Deserialize)]
struct Manifest {
    version: String,
    #[serde(rename = "updatedAt")]
    updated_at: String,
}

#[derive(Deserialize)]
struct WireKey {
    key: String,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireResourceType {
    key: String,
    arn: String,
    #[serde(default)]
    condition_keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireAction {
    name: String,
    access_level: String,
    resource_types: Vec<WireRow>,
    condition_keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireRow {
    name: String,
    required: bool,
    #[serde(default)]
    condition_keys: Vec<String>,
}
