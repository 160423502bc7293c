//! The cases of `cases/rbac/`, whose README describes them, and of the default roles of a real release.

use std::fs;
use std::path::Path;

use ringwall_model::{Cluster, Decision, Proof, RoleKind, RoleRef, User};
use ringwall_rbac::{Authorizer, Impersonation, Options, Question, RoleWrite, Target, WantedRole};
use serde_json::{Value, json};

use crate::objects;

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// `[["ClusterRoleBinding", "b"], ["ClusterRole", "r", 0]]`
fn because(decision: &Decision) -> Value {
    let reasons = decision.reasons.iter().map(|reason| {
        let mut words = match &reason.proof {
            Proof::Object(object) => vec![Value::from(&*object.kind), Value::from(&*object.name)],
            Proof::BuiltIn(name) => vec![Value::from("BuiltIn"), Value::from(*name)],
            Proof::Arn(_) => panic!("{reason:?}"),
        };
        words.extend(reason.rule.map(Value::from));
        Value::from(words)
    });
    reasons.collect()
}

fn read(file: &Path) -> Value {
    serde_json::from_slice(&fs::read(file).unwrap())
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn check(file: &Path, repository: &Path) -> usize {
    let case = read(file);
    assert!(
        case["rule"].is_string() && case["source"].is_string(),
        "{} says no rule or source",
        file.display()
    );
    let mut given = case["objects"].as_array().unwrap().clone();
    if let Some(other) = case["objectsFrom"].as_str() {
        given.extend(read(&repository.join(other))["items"].as_array().unwrap().iter().cloned());
    }
    let cluster = objects::cluster(&given, case["version"].as_str());
    let questions = case["questions"].as_array().unwrap();
    for question in questions {
        let decision = ask(&cluster, question);
        let verdict = format!("{:?}", decision.verdict).to_lowercase();
        assert_eq!(verdict, question["decision"], "{}: {question}: {decision:?}", file.display());
        if let Some(expected) = question.get("because") {
            assert_eq!(because(&decision), *expected, "{}: {question}", file.display());
        }
        if let Some(expected) = question["notEvaluated"].as_str() {
            let told = decision.not_evaluated.iter().any(|line| line.contains(expected));
            assert!(told, "{}: {question}: {:?}", file.display(), decision.not_evaluated);
        }
    }
    questions.len()
}

fn ask(cluster: &Cluster, question: &Value) -> Decision {
    let options = Options { assume_defaults: question["assumeDefaults"] == true };
    let authorizer = Authorizer::with_options(cluster, options);
    let spec = &question["spec"];
    let user = User::new(text(&spec["user"]), spec["groups"].as_array().into_iter().flatten().map(text));
    if !question["bind"].is_null() {
        return bind(&authorizer, &user, &question["bind"]);
    }
    if !question["writeRole"].is_null() {
        return write_role(&authorizer, &user, &question["writeRole"]);
    }
    if !question["impersonate"].is_null() {
        return impersonate(&authorizer, &user, &question["impersonate"]);
    }
    let attributes = match &spec["nonResourceAttributes"] {
        Value::Null => &spec["resourceAttributes"],
        attributes => attributes,
    };
    let part = |key: &str| text(&attributes[key]);
    let target = match attributes["path"].as_str() {
        Some(path) => Target::NonResource { path },
        None => Target::Resource {
            group: part("group"),
            resource: part("resource"),
            subresource: part("subresource"),
            name: part("name"),
            namespace: part("namespace"),
        },
    };
    let question = Question { user: &user, verb: part("verb"), target };
    match text(&attributes["fieldSelector"]["rawSelector"]).strip_prefix("spec.nodeName=") {
        Some(node) => authorizer.decide_selecting_node(&question, node),
        None => authorizer.decide(&question),
    }
}

fn bind(authorizer: &Authorizer<'_>, user: &User, bind: &Value) -> Decision {
    let kind = if bind["kind"] == "Role" { RoleKind::Role } else { RoleKind::ClusterRole };
    let role = RoleRef { kind, name: text(&bind["name"]).into(), line: 0 };
    authorizer.may_bind(user, &role, bind["namespace"].as_str())
}

fn write_role(authorizer: &Authorizer<'_>, user: &User, write: &Value) -> Decision {
    let rules: Vec<_> =
        write["rules"].as_array().unwrap().iter().map(|rule| objects::policy_rule(rule, 0)).collect();
    let wanted = WantedRole {
        write: write["update"].as_str().map_or(RoleWrite::Create, |name| RoleWrite::Update { name }),
        namespace: write["namespace"].as_str(),
        rules: &rules,
        aggregated: write["aggregated"] == true,
    };
    authorizer.may_write_role(user, &wanted)
}

fn impersonate(authorizer: &Authorizer<'_>, user: &User, wanted: &Value) -> Decision {
    let wanted_user = User::new(text(&wanted["user"]), [""; 0]);
    let of = |key: &str| wanted[key].as_str();
    let wanted = match (of("group"), of("uid"), of("extra")) {
        (Some(group), ..) => Impersonation::Group(group),
        (_, Some(uid), _) => Impersonation::Uid(uid),
        (.., Some(key)) => Impersonation::Extra { key, value: text(&wanted["value"]) },
        _ => Impersonation::of_user_name(&wanted_user),
    };
    authorizer.may_impersonate(user, wanted)
}

#[test]
fn every_case_holds() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let mut files: Vec<_> =
        fs::read_dir(repository.join("cases/rbac")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "json"));
    files.sort();
    let questions: usize = files.iter().map(|file| check(file, &repository)).sum();
    assert!(files.len() >= 30 && questions >= 300, "{} files, {questions} questions", files.len());
}

/// What no file says is marked as assumed, and a batch assumes nothing.
#[test]
fn assumed_roles_are_told_as_such() {
    let manifest = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": { "namespace": "shop", "name": "b" },
        "roleRef": { "kind": "ClusterRole", "name": "view" },
        "subjects": [{ "kind": "User", "name": "ann" }],
    });
    let cluster = objects::cluster(&[manifest], None);
    let ann = User::authenticated("ann", [""; 0]);
    let question =
        Question { user: &ann, verb: "get", target: Target::resource("", "pods").in_namespace("shop") };
    let assumed = Authorizer::with_options(&cluster, Options { assume_defaults: true }).decide(&question);
    let (binding, rest) = assumed.reasons.split_first().unwrap();
    assert!(!binding.text.contains("assumed") && !binding.source.is_built_in(), "{binding:?}");
    assert!(!rest.is_empty());
    for reason in rest {
        assert!(
            reason.text.starts_with("assumed: Kubernetes' own default") && reason.source.is_built_in(),
            "{reason:?}"
        );
    }
    assert!(!Authorizer::new(&cluster).decide(&question).is_allowed());
}
