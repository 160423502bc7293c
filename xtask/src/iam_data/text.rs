//! The data file: lines of fields between tabs, sorted, a block a service.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Result, bail};

use super::PACKAGE;
use super::package::{Key, Package, Service};

/// What the head says of the file.
const EXPLANATION: &str = "\
Actions, resource types and condition keys of AWS, for crates/engines/iam/src/catalog.
Written by `cargo xtask iam-data`, never by hand.

A block begins with its kind; fields are between tabs, the items of a list between commas.
  keys                          condition keys of no single service, or not of the one they are named after
  service PREFIX [rcp]          a service; `rcp`: resource control policies apply to it
    k NAME TYPE                 a condition key
    r NAME ARNS [KEYS]          a resource type; KEYS as below
    A NAME [RESOURCES [KEYS]]   an action; A: L list, R read, W write, T tagging, P permissions management;
                                `!` after a resource type: required
In KEYS a key that begins with a colon is the service's own, and a placeholder at the end is left out.

The data is under the licence that follows.
";

/// The whole file.
pub(super) fn of(package: &Package) -> Result<String> {
    let mut text = String::new();
    for line in EXPLANATION.lines().chain([""]).chain(package.licence.trim().lines()) {
        text.push_str(format!("# {line}").trim_end());
        text.push('\n');
    }
    let (services, actions) = (package.services.len(), package.actions());
    text.push('\n');
    line(&mut text, &["package", PACKAGE, &package.version])?;
    line(&mut text, &["date", &package.date])?;
    line(&mut text, &["services", &services.to_string()])?;
    line(&mut text, &["actions", &actions.to_string()])?;
    text.push_str("\nkeys\n");
    for key in shared_keys(package) {
        line(&mut text, &["k", &key.name, &key.kind])?;
    }
    for service in &package.services {
        text.push('\n');
        service_block(&mut text, service)?;
    }
    Ok(text)
}

fn service_block(text: &mut String, service: &Service) -> Result<()> {
    line(text, &["service", &service.prefix, if service.supports_rcp { "rcp" } else { "" }])?;
    for key in &service.keys {
        line(text, &["k", &key.name, &key.kind])?;
    }
    for resource_type in &service.resource_types {
        let (arns, keys) = (list(&resource_type.arns)?, short_keys(service, &resource_type.keys)?);
        line(text, &["r", &resource_type.name, &arns, &keys])?;
    }
    for action in &service.actions {
        let mut resources = Vec::new();
        for (name, required) in &action.resources {
            let Some(known) =
                service.resource_types.iter().find(|known| known.name.eq_ignore_ascii_case(name))
            else {
                bail!("`{}:{}` takes the unknown resource type `{name}`", service.prefix, action.name);
            };
            resources.push(format!("{}{}", known.name, if *required { "!" } else { "" }));
        }
        let keys = short_keys(service, &action.keys)?;
        line(text, &[action.access.encode_utf8(&mut [0; 4]), &action.name, &list(&resources)?, &keys])?;
    }
    Ok(())
}

/// Keys that cannot be found by the service in their name. The global list decides on the type, then the alphabet.
fn shared_keys(package: &Package) -> Vec<&Key> {
    let mut shared = BTreeMap::new();
    let foreign = package.services.iter().flat_map(|service| service.keys.iter());
    let foreign = foreign.filter(|key| {
        let owner = key.name.split_once(':').map_or("", |(owner, _)| owner);
        let owner = package.services.iter().find(|service| service.prefix.eq_ignore_ascii_case(owner));
        !owner.is_some_and(|owner| owner.keys.iter().any(|own| own.name.eq_ignore_ascii_case(&key.name)))
    });
    for key in package.global_keys.iter().chain(foreign) {
        shared.entry(key.name.to_lowercase()).or_insert(key);
    }
    shared.into_values().collect()
}

/// A list of keys, the service's own ones without its prefix, and all without the placeholder at their end.
fn short_keys(service: &Service, keys: &[String]) -> Result<String> {
    let mut short = Vec::new();
    for key in keys {
        let Some(known) = service.keys.iter().find(|known| known.name.eq_ignore_ascii_case(key)) else {
            bail!("service `{}` uses the unknown condition key `{key}`", service.prefix);
        };
        let own = known.name.strip_prefix(&service.prefix).filter(|rest| rest.starts_with(':'));
        let name = own.unwrap_or(&known.name);
        let without_end = name.split_once("${").filter(|(_, end)| end.find('}') == Some(end.len() - 1));
        short.push(without_end.map_or(name, |(start, _)| start).to_owned());
    }
    list(&short)
}

fn list(items: &[String]) -> Result<String> {
    match items.iter().find(|item| item.contains(',')) {
        Some(item) => bail!("`{item}` holds a comma, which the format has between items"),
        None => Ok(items.join(",")),
    }
}

/// One line, without the empty fields at its end.
fn line(text: &mut String, fields: &[&str]) -> Result<()> {
    if let Some(field) = fields.iter().find(|field| field.contains(|c: char| c.is_control() || !c.is_ascii()))
    {
        bail!("`{}` holds a character that the format has no room for", field.escape_debug());
    }
    let joined = fields.join("\t");
    writeln!(text, "{}", joined.trim_end_matches('\t'))?;
    Ok(())
}
