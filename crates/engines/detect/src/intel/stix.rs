//! Indicators in STIX.
//!
//! Sources: OASIS, *STIX Version 2.1*, "Indicator", "IPv4 Address Object"; *STIX Version 1.2*, whose JSON form has the address objects of CybOX.

use serde_json::value::RawValue;

use super::read::{NotTaken, Taken};
use super::xml;
use crate::field::{Field, Text};
use crate::object::object;

object! {
    struct Bundle {
        "objects" => objects: Field<Vec<Object<'a>>>,
    }

    /// An object of STIX 2.
    struct Object {
        "type" => kind: Field<Text<'a>>,
        "name" => name: Field<Text<'a>>,
        "pattern" => pattern: Field<Text<'a>>,
        "value" => value: Field<Text<'a>>,
        "revoked" => revoked: Field<bool>,
    }
}

pub(super) fn read(text: &str, taken: &mut Taken) {
    if text.trim_start().starts_with('<') {
        return xml::read(text, taken);
    }
    let whole: &RawValue = match serde_json::from_str(text) {
        Ok(whole) => whole,
        Err(error) => return taken.refuse(NotTaken::NoStix(error.to_string())),
    };
    let bundle: Option<Bundle<'_>> = crate::body::read(whole.get());
    let objects = match bundle {
        Some(Bundle { objects: Field::Is(objects), .. }) => objects,
        // Some feeds are the list alone.
        _ => crate::body::read(whole.get()).unwrap_or_default(),
    };
    if objects.is_empty() {
        return version_one(whole.get(), taken);
    }
    for object in objects.iter().filter(|object| !object.revoked.is_true()) {
        match object.kind.text() {
            "ipv4-addr" | "ipv6-addr" => taken.add(object.value.text(), "", 0),
            "indicator" => of_pattern(object.pattern.text(), object.name.text(), taken),
            _ => {}
        }
    }
}

/// The addresses that a pattern names: `[ipv4-addr:value = '198.51.100.1']`, also with `IN`, `ISSUBSET`, `OR`, and within longer ones.
/// What a pattern excludes is none.
fn of_pattern(pattern: &str, name: &str, taken: &mut Taken) {
    for part in pattern.split("-addr:value").skip(1) {
        let begun = part.trim_start();
        let is_one = ["=", "IN", "ISSUBSET", "MATCHES"].iter().any(|operator| begun.starts_with(operator));
        if !is_one || begun.starts_with("MATCHES") {
            continue;
        }
        // `IN` has several, up to its bracket; the others have one.
        let end = if begun.starts_with("IN") { begun.find(')').unwrap_or(begun.len()) } else { begun.len() };
        let quoted = begun.get(..end).unwrap_or_default().split('\'').skip(1).step_by(2);
        let most = if begun.starts_with("IN") { usize::MAX } else { 1 };
        for address in quoted.take(most) {
            taken.add(address, name, 0);
        }
    }
}

/// Of version 1 whatever is an address object, wherever it is: `"Address_Value": "198.51.100.1"`, or an object with `value`. Several
/// stand there in one, with `##comma##` between them.
fn version_one(json: &str, taken: &mut Taken) {
    let Ok(tree) = serde_json::from_str::<serde_json::Value>(json) else { return };
    let mut found = false;
    visit(&tree, &mut |text| {
        found = true;
        for address in text.split("##comma##") {
            taken.add(address.trim(), "", 0);
        }
    });
    if !found {
        taken.refuse(NotTaken::NoStix("neither `objects` nor addresses are in it".to_owned()));
    }
}

fn visit(tree: &serde_json::Value, each: &mut dyn FnMut(&str)) {
    match tree {
        serde_json::Value::Object(members) => {
            for (name, value) in members {
                if name.rsplit(':').next().is_some_and(|name| name.eq_ignore_ascii_case("address_value")) {
                    let text =
                        value.as_str().or_else(|| value.get("value").and_then(serde_json::Value::as_str));
                    text.into_iter().for_each(&mut *each);
                    let list = value.get("value").and_then(serde_json::Value::as_array).or(value.as_array());
                    list.into_iter().flatten().filter_map(serde_json::Value::as_str).for_each(&mut *each);
                } else {
                    visit(value, each);
                }
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| visit(item, each)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, List};

    fn taken(text: &str) -> (Vec<String>, usize) {
        let (list, not) = List::read(text, Format::Stix);
        (list.entries.iter().map(|entry| format!("{}/{}", entry.address, entry.length)).collect(), not.len())
    }

    /// In the form of GuardDuty's own example.
    #[test]
    fn xml_of_version_1_is_read() {
        let object = |category: &str, value: &str| {
            format!(
                r#"<indicator:Observable><cybox:Object><cybox:Properties xsi:type="AddressObject:AddressObjectType" {category}>
                <AddressObject:Address_Value condition="Equals" apply_condition="ANY">{value}</AddressObject:Address_Value>
                </cybox:Properties></cybox:Object></indicator:Observable>"#
            )
        };
        let package = |objects: &str| {
            format!(
                r#"<?xml version="1.0" encoding="UTF-8"?><stix:STIX_Package xmlns:stix="http://stix.mitre.org/stix-1">
                <stix:Indicator><indicator:Title>scanners &amp; more</indicator:Title>{objects}</stix:Indicator></stix:STIX_Package>"#
            )
        };
        let four =
            object(r#"category="ipv4-addr""#, "198.51.100.1##comma##198.51.100.2 ##comma## 203.0.113.0/24");
        let six = object(r#"category="ipv6-addr""#, "2001:db8::7");
        let mail = object(r#"category="e-mail""#, "x@example.com");
        let text = package(&[four.clone(), six, mail, object("", "192.0.2.1")].concat());
        assert_eq!(Format::of(&text), Format::Stix);
        let all = ["198.51.100.1/32", "198.51.100.2/32", "203.0.113.0/24", "2001:db8::7/128", "192.0.2.1/32"];
        assert_eq!(taken(&text), (all.map(str::to_owned).into(), 0));
        // What is there is taken, and that it is not all is told.
        let whole = package(&four);
        let (entries, not) = taken(whole.get(..whole.len() - 30).unwrap());
        assert_eq!((entries.len(), not), (3, 1));
        assert_eq!(taken(&"<a>".repeat(1000)), (Vec::new(), 1));
        assert_eq!(taken(&package(&object("", "no address"))), (Vec::new(), 1));
    }

    #[test]
    fn patterns_are_read() {
        let indicator = |pattern: &str| {
            format!(
                r#"{{"objects":[{{"type":"indicator","pattern":"{pattern}"}},{{"type":"malware","name":"x"}},7]}}"#
            )
        };
        for (pattern, addresses) in [
            ("[ipv4-addr:value = '198.51.100.1']", &["198.51.100.1/32"][..]),
            (
                "[ipv4-addr:value IN ('198.51.100.1', '198.51.100.2') AND file:name = 'x']",
                &["198.51.100.1/32", "198.51.100.2/32"],
            ),
            (
                "[ipv6-addr:value ISSUBSET '2001:db8::/32'] OR [domain-name:value = 'example.com']",
                &["2001:db8::/32"],
            ),
            ("[ipv4-addr:value != '198.51.100.1']", &[]),
            ("[ipv4-addr:value", &[]),
        ] {
            assert_eq!(taken(&indicator(pattern)).0, addresses, "{pattern}");
        }
    }

    #[test]
    fn version_one_is_read_wherever_addresses_are() {
        let text = r#"{"observables":{"observables":[{"object":{"properties":{"xsi:type":"AddressObjectType","address_value":{"condition":"Equals","value":"198.51.100.1##comma##198.51.100.2"}}}},{"AddressObj:Address_Value":"203.0.113.0/24"}]}}"#;
        assert_eq!(
            taken(text),
            (
                vec!["198.51.100.1/32".to_owned(), "198.51.100.2/32".to_owned(), "203.0.113.0/24".to_owned()],
                0
            )
        );
    }

    #[test]
    fn what_is_none_is_told_and_what_is_revoked_is_left_out() {
        assert_eq!(taken("{").1, 1);
        assert_eq!(taken("{}").1, 1);
        let revoked = r#"{"objects":[{"type":"indicator","pattern":"[ipv4-addr:value = '198.51.100.1']","revoked":true}]}"#;
        assert_eq!(taken(revoked), (vec![], 0));
    }
}
