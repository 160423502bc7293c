//! The cases of `cases/rbac/`, and of the default roles of a real release.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use ringwall_model::{
    AggregationRule, Binding, BindingSubject, Cluster, LabelRequirement, LabelSelector, ObjectRef, PolicyRule, Proof, Role,
    RoleKind, RoleRef, SelectorOperator, Source, User,
};
use ringwall_rbac::{Authorizer, Options, Question, Target};
use serde_json::Value;

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn texts(value: &Value) -> Vec<Arc<str>> {
    value.as_array().into_iter().flatten().map(|item| text(item).into()).collect()
}

fn reference(object: &Value) -> ObjectRef {
    ObjectRef {
        api_version: "rbac.authorization.k8s.io/v1".into(),
        kind: text(&object["kind"]).into(),
        namespace: object["metadata"]["namespace"].as_str().map(Arc::from),
        name: text(&object["metadata"]["name"]).into(),
    }
}

fn rule(value: &Value) -> PolicyRule {
    PolicyRule {
        verbs: texts(&value["verbs"]),
        api_groups: texts(&value["apiGroups"]),
        resources: texts(&value["resources"]),
        resource_names: texts(&value["resourceNames"]),
        non_resource_urls: texts(&value["nonResourceURLs"]),
        line: 0,
    }
}

fn selector(value: &Value) -> LabelSelector {
    let labels = value["matchLabels"].as_object().into_iter().flatten().map(|(key, label)| LabelRequirement {
        key: key.as_str().into(),
        operator: SelectorOperator::In,
        values: vec![text(label).into()],
    });
    let expressions = value["matchExpressions"].as_array().into_iter().flatten().map(|requirement| LabelRequirement {
        key: text(&requirement["key"]).into(),
        operator: match text(&requirement["operator"]) {
            "In" => SelectorOperator::In,
            "NotIn" => SelectorOperator::NotIn,
            "Exists" => SelectorOperator::Exists,
            _ => SelectorOperator::DoesNotExist,
        },
        values: texts(&requirement["values"]),
    });
    LabelSelector { requirements: labels.chain(expressions).collect() }
}

fn role(object: &Value) -> Role {
    let labels = object["metadata"]["labels"].as_object().into_iter().flatten();
    let selectors = object["aggregationRule"]["clusterRoleSelectors"].as_array();
    Role {
        reference: reference(object),
        source: Source::new("case.json", 1),
        labels: labels.map(|(key, value)| (key.as_str().into(), text(value).into())).collect(),
        rules: object["rules"].as_array().into_iter().flatten().map(rule).collect(),
        aggregation: selectors.map(|all| AggregationRule { selectors: all.iter().map(selector).collect() }),
    }
}

fn binding(object: &Value) -> Binding {
    let subjects = object["subjects"].as_array().into_iter().flatten().map(|subject| BindingSubject {
        kind: text(&subject["kind"]).into(),
        name: text(&subject["name"]).into(),
        namespace: subject["namespace"].as_str().map(Arc::from),
        line: 0,
    });
    Binding {
        reference: reference(object),
        source: Source::new("case.json", 1),
        role: RoleRef {
            kind: if object["roleRef"]["kind"] == "Role" { RoleKind::Role } else { RoleKind::ClusterRole },
            name: text(&object["roleRef"]["name"]).into(),
            line: 0,
        },
        subjects: subjects.collect(),
    }
}

fn cluster(objects: &Value) -> Cluster {
    let mut cluster = Cluster::default();
    for object in objects.as_array().unwrap() {
        if text(&object["kind"]).ends_with("Binding") {
            cluster.bindings.push(binding(object));
        } else {
            cluster.roles.push(role(object));
        }
    }
    cluster
}

/// `[["ClusterRoleBinding", "b"], ["ClusterRole", "r", 0]]`
fn because(decision: &ringwall_model::Decision) -> Value {
    let reasons = decision.reasons.iter().map(|reason| {
        let Proof::Object(object) = &reason.proof else { panic!("{reason:?}") };
        let mut words = vec![Value::from(&*object.kind), Value::from(&*object.name)];
        words.extend(reason.rule.map(Value::from));
        Value::from(words)
    });
    reasons.collect()
}

fn check(file: &Path) -> usize {
    let case: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let cluster = cluster(&case["objects"]);
    let authorizer = Authorizer::new(&cluster);
    let questions = case["questions"].as_array().unwrap();
    for question in questions {
        let spec = &question["spec"];
        let groups = spec["groups"].as_array().into_iter().flatten().map(text);
        let user = User::new(text(&spec["user"]), groups);
        let (attributes, target) = match &spec["nonResourceAttributes"] {
            Value::Null => {
                let attributes = &spec["resourceAttributes"];
                let target = Target::Resource {
                    group: text(&attributes["group"]),
                    resource: text(&attributes["resource"]),
                    subresource: text(&attributes["subresource"]),
                    name: text(&attributes["name"]),
                    namespace: text(&attributes["namespace"]),
                };
                (attributes, target)
            }
            attributes => (attributes, Target::NonResource { path: text(&attributes["path"]) }),
        };
        let decision = authorizer.decide(&Question { user: &user, verb: text(&attributes["verb"]), target });
        let expected = question["decision"] == "allowed";
        assert_eq!(decision.is_allowed(), expected, "{}: {spec}", file.display());
        if let Some(expected) = question.get("because") {
            assert_eq!(because(&decision), *expected, "{}: {spec}", file.display());
        }
    }
    questions.len()
}

#[test]
fn every_case_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../cases/rbac");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "json"));
    files.sort();
    let questions: usize = files.iter().map(|file| check(file)).sum();
    assert!(files.len() >= 12 && questions >= 100, "{} files, {questions} questions", files.len());
}

/// The default ClusterRoles and bindings of a real release, where a snapshot has none.
#[test]
fn default_roles_of_a_real_release() {
    let manifest = serde_json::json!([{
        "kind": "RoleBinding",
        "metadata": { "namespace": "shop", "name": "b" },
        "roleRef": { "kind": "ClusterRole", "name": "view" },
        "subjects": [{ "kind": "User", "name": "ann" }],
    }]);
    let cluster = cluster(&manifest);
    let assumed = Authorizer::with_options(&cluster, Options { assume_defaults: true });
    let nothing = Authorizer::new(&cluster);
    let ann = User::authenticated("ann", Vec::<String>::new());
    let check = |verb: &str, target: Target<'_>, expected: bool| {
        let question = Question { user: &ann, verb, target };
        let decision = assumed.decide(&question);
        assert_eq!(decision.is_allowed(), expected, "{question:?}: {decision:?}");
        assert!(!nothing.decide(&question).is_allowed(), "a batch assumes nothing: {question:?}");
    };
    check("get", Target::resource("", "pods").in_namespace("shop"), true);
    check("list", Target::resource("apps", "deployments").in_namespace("shop"), true);
    check("get", Target::resource("", "secrets").in_namespace("shop"), false);
    check("get", Target::resource("", "pods").in_namespace("data"), false);
    check("create", Target::resource("authorization.k8s.io", "selfsubjectaccessreviews"), true);
    check("get", Target::NonResource { path: "/healthz" }, true);
    check("get", Target::NonResource { path: "/metrics" }, false);
    let pods = Target::resource("", "pods").in_namespace("shop");
    let decision = assumed.decide(&Question { user: &ann, verb: "get", target: pods });
    assert!(decision.reasons.iter().any(|reason| reason.text.contains("assumed")), "{decision:?}");
}
