//! Generated values against encoders and decoders that are as plain as can be.

use proptest::prelude::*;
use ringwall_protocol::{Accept, write};
use ringwall_sigv4::Parts;
use serde_json::{Map, Value, json};

use crate::request::{Request, operation};

/// A form of a value: what is below a name follows it after a dot, elements are numbered from 1.
fn form(prefix: &str, value: &Value, list: &str, out: &mut String) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let name = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
                form(&name, member, list, out);
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                form(&format!("{prefix}{list}.{}", at + 1), item, list, out);
            }
        }
        _ => {
            let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
            out.push_str(&format!("&{prefix}={encoded}"));
        }
    }
}

/// What an element of XML holds, of names that stand there once.
fn element<'a>(xml: &'a str, name: &str) -> &'a str {
    let (_, rest) = xml.split_once(&format!("<{name}>")).unwrap();
    rest.split_once(&format!("</{name}>")).unwrap().0
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#xD;", "\r")
        .replace("&amp;", "&")
}

prop_compose! {
    fn tag()(key in "[a-zé0-9 _.:/=+@-]{1,128}", value in "[a-zé0-9 _.:/=+@-]{0,256}") -> Value {
        json!({ "Key": key, "Value": value })
    }
}

prop_compose! {
    fn permission()(
        from in any::<i32>(),
        to in any::<i32>(),
        ranges in prop::collection::vec(".{0,20}", 1..4),
    ) -> Value {
        let ranges: Vec<Value> = ranges.into_iter().map(|text| json!({ "CidrIp": "10.0.0.0/8", "Description": text })).collect();
        json!({ "FromPort": from, "IpProtocol": "tcp", "IpRanges": ranges, "ToPort": to })
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn forms_are_read_as_written(tags in prop::collection::vec(tag(), 1..30)) {
        let input = json!({ "RoleName": "a", "Tags": tags });
        let mut body = String::new();
        form("", &input, ".member", &mut body);
        prop_assert_eq!(Request::iam("TagRole", &body).read().unwrap(), input);
    }

    /// A form means what the same text means as a query string, whose parser is the signature's.
    #[test]
    fn a_form_is_a_query_string(rest in "[&=%+#.;a-bA0-9é \\x7f]{0,12}|(%[0-9A-Fa-f]{2}){1,4}|[ab]=(%[46][12]|[+])*(&A=)?") {
        let text = format!("Action=GetUser&Version=2010-05-08&UserName={rest}");
        let parts = Parts { method: "GET", path: "/", query: Some(&text), headers: &[], authority: None };
        let by_query = parts.query_pairs().ok().and_then(|pairs| {
            let query = pairs.into_iter().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
            Request { method: "GET", query, ..Request::default() }.read().ok()
        });
        prop_assert_eq!(Request::form(&text).read().ok(), by_query);
    }

    #[test]
    fn forms_of_ec2_are_read_as_written(permissions in prop::collection::vec(permission(), 1..12)) {
        let input = json!({ "GroupId": "sg-1", "IpPermissions": permissions });
        let mut body = String::new();
        form("", &input, "", &mut body);
        prop_assert_eq!(Request::ec2("AuthorizeSecurityGroupEgress", &body).read().unwrap(), input);
    }

    #[test]
    fn json_is_read_as_written(context in prop::collection::btree_map(".*", ".*", 0..20), bytes in prop::collection::vec(any::<u8>(), 1..100)) {
        let context: Map<String, Value> = context.into_iter().map(|(key, value)| (key, value.into())).collect();
        let input = json!({ "KeyId": "a", "Plaintext": data_encoding::BASE64.encode(&bytes), "EncryptionContext": context });
        prop_assert_eq!(Request::json("TrentService.Encrypt", &input.to_string()).read().unwrap(), input.clone());
        let output = json!({ "KeyId": "a", "Plaintext": data_encoding::BASE64.encode(&bytes) });
        let answer = write(operation("kms", "Decrypt"), &output, Accept::Usual, "").unwrap();
        prop_assert_eq!(serde_json::from_slice::<Value>(&answer.body).unwrap(), output);
    }

    /// Any text that XML has a way to say.
    #[test]
    fn xml_keeps_text(text in r"[^\x00-\x08\x0B\x0C\x0E-\x1F\u{FFFE}\u{FFFF}]*") {
        let output = json!({ "Role": { "RoleName": "a", "Description": text } });
        let answer = write(operation("iam", "GetRole"), &output, Accept::Usual, "").unwrap();
        let xml = String::from_utf8(answer.body).unwrap();
        prop_assert_eq!(unescaped(element(&xml, "Description")), text);
    }
}
