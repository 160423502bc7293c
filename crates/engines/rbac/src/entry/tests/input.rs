//! Inputs, from the JSON of cases and from code.

use std::sync::Arc;

use ringwall_model::{
    AccessEntry, AccessPolicyAssociation, AccessScope, AuthenticationMode, AwsAuthConfigMap, AwsAuthEntry,
    AwsDocument, AwsExport, Cluster, Entry, IamPrincipal, IamPrincipalKind, Node, Number, Source, Tree,
    Value,
};
use serde_json::Value as Json;

use crate::entry::{Bound, Mappings, Parts, Reading, RolePaths, Rules};

pub(super) const ACCOUNT: &str = "111122223333";

fn text(json: &Json, key: &str) -> Option<Arc<str>> {
    json.get(key).map(|value| Arc::from(value.as_str().unwrap_or_else(|| panic!("`{key}` is no string"))))
}

fn list<'j>(json: &'j Json, key: &str) -> &'j [Json] {
    json.get(key).map_or(&[], |value| value.as_array().unwrap_or_else(|| panic!("`{key}` is no list")))
}

fn number(written: &str) -> Value {
    Value::Number(Box::new(Number {
        written: written.into(),
        integer: written.parse().ok(),
        float: written.parse().unwrap_or(f64::NAN),
    }))
}

/// A tree; `{"$number": "012"}` is a number with the text it was written as.
pub(super) fn tree(json: &Json, line: u32) -> Tree {
    let value = match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(value) => number(&value.to_string()),
        Json::String(text) => Value::String(text.as_str().into()),
        Json::Array(items) => {
            Value::Sequence((line..).zip(items).map(|(line, item)| tree(item, line)).collect())
        }
        Json::Object(object) => match object.get("$number") {
            Some(written) => number(written.as_str().unwrap()),
            None => {
                let entry = |(key, value): (&String, &Json)| Entry {
                    key: key.as_str().into(),
                    line,
                    value: tree(value, line),
                };
                Value::Mapping(object.iter().map(entry).collect())
            }
        },
    };
    Tree::new(line, value)
}

/// aws-auth; `{"$unreadable": "why"}` stands for a text that is no YAML.
pub(super) fn aws_auth(json: &Json) -> AwsAuthConfigMap {
    let source = Source::new("kubernetes/aws-auth.yaml", 1);
    let entry = |(line, (key, value)): (u32, (&String, &Json))| AwsAuthEntry {
        key: key.as_str().into(),
        source: source.at(line),
        document: match value.get("$unreadable") {
            Some(why) => Err(why.as_str().unwrap().to_owned()),
            None => Ok(tree(value, line + 1)),
        },
    };
    let entries = (0..).map(|n| 10 + n * 100).zip(json.as_object().unwrap()).map(entry).collect();
    AwsAuthConfigMap { source: source.clone(), entries }
}

pub(super) fn entry(json: &Json, line: u32) -> AccessEntry {
    AccessEntry {
        principal_arn: text(json, "principalArn").unwrap(),
        kind: text(json, "type").unwrap_or_default(),
        username: text(json, "username"),
        groups: list(json, "kubernetesGroups").iter().map(|group| group.as_str().unwrap().into()).collect(),
        created_at: text(json, "createdAt"),
        listed_only: json.get("listedOnly").is_some(),
        source: Source::new("aws/access-entries.json", line),
    }
}

pub(super) fn association(json: &Json, line: u32) -> AccessPolicyAssociation {
    let scope = &json["accessScope"];
    AccessPolicyAssociation {
        principal_arn: text(json, "principalArn").unwrap(),
        policy_arn: text(json, "policyArn").unwrap(),
        scope: match scope["type"].as_str().unwrap() {
            "cluster" => AccessScope::Cluster,
            "namespace" => AccessScope::Namespaces(
                list(scope, "namespaces")
                    .iter()
                    .map(|namespace| namespace.as_str().unwrap().into())
                    .collect(),
            ),
            other => AccessScope::Unknown(other.into()),
        },
        source: Source::new("aws/access-policies.json", line),
    }
}

fn principal(json: &Json) -> IamPrincipal {
    let arn = text(json, "arn").unwrap();
    let kind = if arn.contains(":user/") { IamPrincipalKind::User } else { IamPrincipalKind::Role };
    let name = arn.rsplit('/').next().unwrap().to_owned();
    IamPrincipal {
        id: text(json, "id"),
        created_at: text(json, "createDate"),
        ..IamPrincipal::new(kind, arn, name, Source::new("aws/iam.json", 1))
    }
}

/// A case's rules for a webhook, under `webhook`.
pub(super) fn reading(json: &Json) -> Reading {
    let Some(rules) = json.get("webhook") else { return Reading::Eks };
    let flag = |key: &str| rules.get(key).is_some_and(|value| value.as_bool().unwrap());
    let texts = |key: &str| list(rules, key).iter().map(|text| text.as_str().unwrap().into()).collect();
    Reading::Webhook(Rules {
        role_paths: if flag("pathsByName") { RolePaths::ByName } else { RolePaths::Known },
        wildcards: flag("wildcards"),
        require_user_ids: flag("requireUserIds"),
        reserved_names: texts("reservedNames"),
        reserved_groups: texts("reservedGroups"),
        exceptions: texts("exceptions"),
    })
}

/// The mappings of a case.
pub(super) fn mappings(json: &Json) -> Mappings {
    let cluster = cluster(json);
    let bound = json.get("bound").and_then(Json::as_object).into_iter().flatten();
    let bound = bound.map(|(arn, id)| (arn.as_str(), id.as_str().map_or(Bound::Gone, Bound::To))).collect();
    Mappings::from_parts(&Parts { reading: reading(json), bound, ..Parts::of(&cluster) })
}

/// The cluster of a case.
pub(super) fn cluster(json: &Json) -> Cluster {
    let mut cluster = Cluster::default();
    let told = |key: &str| text(json, key).filter(|text| !text.is_empty());
    cluster.info.name = Some("demo".into());
    cluster.info.account = Some(told("account").unwrap_or_else(|| ACCOUNT.into()));
    cluster.info.partition = Some(told("partition").unwrap_or_else(|| "aws".into()));
    cluster.info.authentication_mode = told("mode").map(|mode| AuthenticationMode::parse(&mode).unwrap());
    cluster.aws_auth = json.get("awsAuth").map(aws_auth);
    cluster.aws.access_entries_exported = json.get("accessEntries").is_some();
    cluster.aws.access_entries =
        (1..).zip(list(json, "accessEntries")).map(|(line, json)| entry(json, line)).collect();
    cluster.aws.access_policies =
        (1..).zip(list(json, "accessPolicies")).map(|(line, json)| association(json, line)).collect();
    cluster.aws.principals = list(json, "principals").iter().map(principal).collect();
    // Unless a case says otherwise, the policies of every described entry were exported.
    if json.get("policiesMissing").is_none() {
        let described = cluster.aws.access_entries.iter().filter(|entry| !entry.listed_only);
        cluster.aws.documents = described.map(|entry| associated(&entry.principal_arn)).collect();
    }
    cluster.nodes = list(json, "nodes")
        .iter()
        .map(|node| Node {
            name: text(node, "name").unwrap(),
            source: Source::built_in(),
            labels: Vec::new(),
            provider_id: text(node, "providerID"),
            compute: None,
            addresses: Vec::new(),
            pod_cidrs: Vec::new(),
            instance_type: None,
        })
        .collect();
    cluster
}

fn associated(principal: &str) -> AwsDocument {
    AwsDocument {
        export: AwsExport::EksAssociatedAccessPolicies,
        source: Source::built_in(),
        tree: tree(&serde_json::json!({"principalArn": principal}), 1),
    }
}
