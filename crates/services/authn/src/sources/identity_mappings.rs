//! IAMIdentityMapping objects.
//!
//! Source: aws-iam-authenticator 81b1daba, `pkg/mapper/crd`: `spec` has `arn`, `username` and `groups`. There, a controller writes
//! the canonical ARN into `status`; here it is computed, so that no controller has to run and nobody who may write `status` alone
//! can change who gets in.

use std::collections::BTreeMap;
use std::sync::Arc;

use ringwall_kubernetes::{Cluster, DynamicObject, Key, Kind, Selector};
use ringwall_model::{Arn, AwsAuthConfigMap, Entry, Tree, Value};
use serde_json::Value as Json;
use tokio::sync::Notify;

use super::trees::{self, List};
use super::{PRINCIPALS_EVERY, next_look};

/// Most mappings. Each costs some hundred bytes, and a list of this length a few milliseconds to read.
const MAX_MAPPINGS: usize = 20_000;

type Objects = BTreeMap<Key, Arc<DynamicObject>>;

/// Keeps the list up to date.
pub(super) async fn run(list: List, cluster: Cluster) {
    let kind = Kind::new("iamauthenticator.k8s.aws", "v1alpha1", "iamidentitymappings");
    let mut watched = cluster.watch_dynamic(&kind, None, &Selector::default());
    let never = Notify::new();
    let mut current: Option<(Arc<Objects>, AwsAuthConfigMap)> = None;
    loop {
        let state = watched.get();
        if let Some(value) = &state.value {
            match &current {
                Some((known, taken)) if Arc::ptr_eq(known, value) => {
                    if state.synced {
                        list.refresh(taken, None).await;
                    }
                }
                _ if value.len() > MAX_MAPPINGS => {
                    list.slot.failed(format!("there are {} mappings, more than {MAX_MAPPINGS}", value.len()));
                }
                _ => {
                    let read = read(value);
                    list.take(&read, None).await;
                    current = Some((Arc::clone(value), read));
                }
            }
        }
        if let (false, Some(error)) = (state.synced, &state.error) {
            list.slot.failed(error.clone());
        }
        tokio::select! {
            () = watched.changed() => {}
            () = next_look(&never, PRINCIPALS_EVERY) => {}
        }
    }
}

/// The list of all objects. Of two for one principal the first by name counts: the later of a list does, so the order is turned.
fn read(objects: &Objects) -> AwsAuthConfigMap {
    let (mut roles, mut users) = (Vec::new(), Vec::new());
    for (key, object) in objects.iter().rev() {
        let spec = object.data.get("spec");
        let Some(arn) = spec.and_then(|spec| spec.get("arn")).and_then(Json::as_str) else {
            tracing::warn!(object = %key, "the IAMIdentityMapping has no `spec.arn` and does not count");
            continue;
        };
        let is_role = arn.parse::<Arn>().is_ok_and(|arn| arn.resource.starts_with("role/"));
        let (list, arn_key) = if is_role { (&mut roles, "rolearn") } else { (&mut users, "userarn") };
        let field =
            |name: &str| spec.and_then(|spec| spec.get(name)).map(tree).unwrap_or(Tree::new(1, Value::Null));
        list.push(Tree::new(
            1,
            Value::Mapping(Box::new([
                entry(arn_key, Tree::new(1, Value::String(arn.into()))),
                entry("username", field("username")),
                entry("groups", field("groups")),
            ])),
        ));
    }
    let file: Arc<str> = "IAMIdentityMapping".into();
    let sections = [("mapRoles", roles), ("mapUsers", users)];
    trees::list(
        &file,
        sections.map(|(key, items)| (Arc::from(key), Ok(Tree::new(1, Value::Sequence(items.into()))))),
    )
}

fn entry(key: &str, value: Tree) -> Entry {
    Entry { key: key.into(), line: 1, value }
}

/// Strings, and lists of them: nothing else is looked at.
fn tree(json: &Json) -> Tree {
    let value = match json {
        Json::String(text) => Value::String(text.as_str().into()),
        Json::Array(items) => Value::Sequence(items.iter().map(tree).collect()),
        _ => Value::Null,
    };
    Tree::new(1, value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ringwall_rbac::entry::{Caller, Identification, Mappings, Parts, Reading, Rules};

    fn objects(specs: &[(&str, Json)]) -> Objects {
        let object = |(name, spec): &(&str, Json)| {
            let json = serde_json::json!({
                "apiVersion": "iamauthenticator.k8s.aws/v1alpha1", "kind": "IAMIdentityMapping",
                "metadata": {"name": name}, "spec": spec,
            });
            (Key::new("", name), Arc::new(serde_json::from_value(json).unwrap()))
        };
        specs.iter().map(object).collect()
    }

    fn name(list: &AwsAuthConfigMap, arn: &str) -> Option<String> {
        let parts = Parts {
            mode: Some(ringwall_model::AuthenticationMode::ConfigMap),
            aws_auth: Some(list),
            reading: Reading::Webhook(Rules::default()),
            ..Parts::default()
        };
        match Mappings::from_parts(&parts).identify(&Caller::new(arn.parse().unwrap())) {
            Identification::Mapped(identity) => Some(identity.user.name),
            Identification::NotMapped { .. } => None,
        }
    }

    #[test]
    fn objects_map_roles_and_users_and_the_first_by_name_counts() {
        let role = "arn:aws:iam::111122223333:role/dev";
        let list = read(&objects(&[
            ("b", serde_json::json!({"arn": role, "username": "second"})),
            ("a", serde_json::json!({"arn": role, "username": "first", "groups": ["g"]})),
            ("c", serde_json::json!({"arn": "arn:aws:iam::111122223333:user/x/bob", "username": "bob"})),
            ("d", serde_json::json!({"username": "nobody"})),
            ("e", serde_json::json!({"arn": 5, "username": "nobody"})),
            ("f", serde_json::json!({"arn": "arn:aws:iam::111122223333:role/odd", "username": ["x"]})),
        ]));
        let session = |role: &str| format!("arn:aws:sts::111122223333:assumed-role/{role}/s");
        assert_eq!(name(&list, &session("dev")).as_deref(), Some("first"));
        assert_eq!(name(&list, "arn:aws:iam::111122223333:user/x/bob").as_deref(), Some("bob"));
        assert_eq!(name(&list, "arn:aws:iam::111122223333:user/bob"), None);
        assert_eq!(name(&list, &session("odd")), None, "a user name that is no text");
    }
}
