//! CycloneDX 1.6 as JSON.
//!
//! Source: <https://cyclonedx.org/docs/1.6/json/>.

use serde_json::{Map, Value, json};

use super::{Subject, group_and_name, is_common_license};
use crate::{Inventory, Package, purl};

/// Writes an inventory. The same inventory and subject give the same bytes.
pub fn cyclonedx(inventory: &Inventory, subject: &Subject) -> String {
    let mut components: Vec<Value> = Vec::new();
    if let Some(distribution) = &inventory.distribution {
        let mut system = Map::new();
        system.insert("bom-ref".to_owned(), json!("operating-system"));
        system.insert("type".to_owned(), json!("operating-system"));
        system.insert("name".to_owned(), json!(distribution.id));
        if !distribution.version.is_empty() {
            system.insert("version".to_owned(), json!(distribution.version));
        }
        if !distribution.pretty.is_empty() {
            system.insert("description".to_owned(), json!(distribution.pretty));
        }
        components.push(Value::Object(system));
    }
    // Two packages may have the same URL when they differ in what the URL has no place for, so references are counted.
    for (index, package) in inventory.packages.iter().enumerate() {
        components.push(component(index, package, inventory));
    }
    let mut root = Map::new();
    root.insert("bom-ref".to_owned(), json!("root"));
    root.insert("type".to_owned(), json!(if subject.is_image { "container" } else { "file" }));
    root.insert("name".to_owned(), json!(subject.name));
    if !subject.digest.is_empty() {
        root.insert("version".to_owned(), json!(subject.digest));
    }
    let mut bom = Map::new();
    bom.insert("$schema".to_owned(), json!("http://cyclonedx.org/schema/bom-1.6.schema.json"));
    bom.insert("bomFormat".to_owned(), json!("CycloneDX"));
    bom.insert("specVersion".to_owned(), json!("1.6"));
    if !subject.id.is_empty() {
        bom.insert("serialNumber".to_owned(), json!(format!("urn:uuid:{}", subject.id)));
    }
    bom.insert("version".to_owned(), json!(1));
    let tool = json!({"type": "application", "name": "ringwall", "version": subject.tool_version});
    bom.insert(
        "metadata".to_owned(),
        json!({"timestamp": subject.created, "tools": {"components": [tool]}, "component": root}),
    );
    bom.insert("components".to_owned(), Value::Array(components));
    super::written(&Value::Object(bom))
}

fn component(index: usize, package: &Package, inventory: &Inventory) -> Value {
    let url = purl::of(package, inventory.distribution.as_ref());
    let (group, name) = group_and_name(package);
    let mut component = Map::new();
    component.insert("bom-ref".to_owned(), json!(format!("{}-{url}", index + 1)));
    component.insert("type".to_owned(), json!("library"));
    if let Some(group) = group {
        component.insert("group".to_owned(), json!(group));
    }
    component.insert("name".to_owned(), json!(name));
    component.insert("version".to_owned(), json!(package.version));
    if let Some(vendor) = &package.vendor {
        component.insert("publisher".to_owned(), json!(vendor));
    }
    let licenses = package.licenses.iter().map(|license| match is_common_license(license) {
        true => json!({"license": {"id": license}}),
        false => json!({"license": {"name": license}}),
    });
    let licenses: Vec<Value> = licenses.collect();
    if !licenses.is_empty() {
        component.insert("licenses".to_owned(), Value::Array(licenses));
    }
    component.insert("purl".to_owned(), json!(url));
    let mut properties = Vec::new();
    let mut property = |name: &str, value: &str| {
        properties.push(json!({"name": format!("ringwall:{name}"), "value": value}));
    };
    if let Some(source) = &package.source {
        property("source:name", &source.name);
        property("source:version", &source.version);
    }
    if let Some(owner) = &package.owner {
        property("owner", owner);
    }
    for location in &package.locations {
        property("location:path", &location.path);
        if let Some(layer) = &location.layer {
            property("location:layer", layer);
        }
    }
    if !properties.is_empty() {
        component.insert("properties".to_owned(), Value::Array(properties));
    }
    Value::Object(component)
}
