//! Links, each by the fewest events that show it.

use ringwall_detect::finding::Place;
use ringwall_detect::timeline::{Identities, Story, Strength};
use ringwall_detect::{audit, cloudtrail};
use serde_json::{Value, json};

/// An audit event at a minute past ten.
fn request(minute: u32, user: &Value, verb: &str, resource: &str, name: &str) -> Value {
    let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
    let mut object = json!({"resource": resource, "namespace": "shop"});
    for (member, text) in [("subresource", subresource), ("name", name)] {
        if !text.is_empty() {
            object[member] = text.into();
        }
    }
    json!({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "stage": "ResponseComplete", "level": "Metadata",
        "auditID": format!("{minute}-{verb}-{resource}-{name}"), "requestURI": "/", "verb": verb, "user": user,
        "sourceIPs": ["203.0.113.5"], "objectRef": object, "responseStatus": {"code": 200},
        "requestReceivedTimestamp": format!("2026-11-01T10:{minute:02}:00Z"),
    })
}

/// A record of CloudTrail at a minute past ten.
fn call(minute: u32, identity: &Value, source: &str, name: &str, asked: &Value, answered: &Value) -> Value {
    json!({
        "eventSource": format!("{source}.amazonaws.com"), "eventName": name, "userIdentity": identity,
        "eventTime": format!("2026-11-01T10:{minute:02}:00Z"), "eventID": format!("{minute}-{name}"),
        "sourceIPAddress": "192.0.2.9", "requestParameters": asked, "responseElements": answered,
    })
}

fn session(role: &str, name: &str) -> String {
    format!("arn:aws:sts::111122223333:assumed-role/{role}/{name}")
}

fn by_session(arn: &str, key: &str) -> Value {
    json!({"type": "AssumedRole", "arn": arn, "accessKeyId": key, "accountId": "111122223333"})
}

fn came_by(arn: &str, key: &str, username: &str) -> Value {
    json!({"username": username, "extra": {"arn": [arn], "accessKeyId": [key]}})
}

fn account(name: &str, token: &str, pod: &str) -> Value {
    let mut extra = json!({"authentication.kubernetes.io/credential-id": [format!("JTI={token}")]});
    if !pod.is_empty() {
        extra["authentication.kubernetes.io/pod-name"] = json!([pod]);
    }
    json!({"username": format!("system:serviceaccount:shop:{name}"), "extra": extra})
}

fn given(arn: &str, key: &str) -> Value {
    json!({"credentials": {"accessKeyId": key}, "assumedRoleUser": {"arn": arn}})
}

fn tell(who: &str, logged: &[Value]) -> Story {
    let place = |line: usize| Place { file: "log".into(), line: line as u64 + 1 };
    let mut identities = Identities::default();
    for (at, value) in logged.iter().enumerate() {
        let text = value.to_string();
        if value.get("eventName").is_some() {
            cloudtrail::read(&text, &mut |record| identities.cloudtrail(record, &place(at))).unwrap();
        } else {
            audit::read(&text, &mut |event| identities.audit(event, &place(at))).unwrap();
        }
    }
    let mut followed = identities.follow(who);
    for (at, value) in logged.iter().enumerate() {
        let text = value.to_string();
        if value.get("eventName").is_some() {
            cloudtrail::read(&text, &mut |record| followed.cloudtrail(record, &place(at))).unwrap();
        } else {
            audit::read(&text, &mut |event| followed.audit(event, &place(at))).unwrap();
        }
    }
    followed.story(&[])
}

/// Minute, action and strength of each entry.
fn told(who: &str, logged: &[Value]) -> Vec<String> {
    let entries = tell(who, logged).entries;
    let line =
        |minute: i64, action: &str, strength: Strength| format!("{minute} {action} {}", strength.name());
    entries
        .iter()
        .map(|entry| line(entry.time.unwrap() / 60_000 % 60, &entry.action, entry.strength))
        .collect()
}

#[test]
fn another_key_of_a_session_is_another() {
    let arn = session("ci", "Actions");
    let logged = [
        call(1, &by_session(&arn, "ASIA1"), "ecr", "PutImage", &Value::Null, &Value::Null),
        call(2, &by_session(&arn, "ASIA2"), "iam", "ListRoles", &Value::Null, &Value::Null),
        request(3, &came_by(&arn, "ASIA1", "deploy"), "patch", "deployments", "web"),
        request(4, &came_by(&arn, "ASIA2", "deploy"), "list", "secrets", ""),
    ];
    assert_eq!(told("ASIA2", &logged), ["2 iam:ListRoles exact", "4 list secrets exact"]);
    for who in [&arn, "Actions", "ci", "deploy"] {
        assert_eq!(told(who, &logged).len(), 4, "{who}");
    }
}

#[test]
fn one_key_is_the_session() {
    let (first, second) = (session("ops", "ann"), session("admin", "ann-admin"));
    let role = json!({"roleArn": "arn:aws:iam::111122223333:role/admin"});
    let logged = [
        call(1, &by_session(&first, "ASIA1"), "sts", "AssumeRole", &role, &given(&second, "ASIA2")),
        call(2, &by_session(&second, "ASIA2"), "iam", "CreateUser", &json!({"userName": "x"}), &Value::Null),
        request(3, &came_by(&second, "ASIA2", "admin"), "delete", "pods", "web"),
    ];
    let all = ["1 sts:AssumeRole exact", "2 iam:CreateUser exact", "3 delete pods exact"];
    assert_eq!(told("ASIA1", &logged), all);
    assert_eq!(told("ann", &logged), all);
    let story = tell("ASIA2", &logged);
    assert_eq!(story.entries.len(), 2);
    assert_eq!(story.origins.len(), 1);
    assert_eq!(story.origins[0].0.name(), first);
}

#[test]
fn a_token_leads_from_its_maker_to_its_use() {
    for annotation in ["issued-credential-id", "issued-credential-identifier"] {
        let mut made = request(1, &json!({"username": "ann"}), "create", "serviceaccounts/token", "robot");
        made["annotations"] = json!({format!("authentication.kubernetes.io/{annotation}"): "JTI=t-1"});
        let logged = [
            made,
            request(2, &account("robot", "t-1", ""), "list", "secrets", ""),
            request(3, &account("robot", "t-2", "robot-0"), "get", "pods", "robot-0"),
        ];
        let first_two = ["1 create serviceaccounts/token exact", "2 list secrets exact"];
        assert_eq!(told("ann", &logged), first_two, "{annotation}");
        assert_eq!(told("JTI=t-1", &logged), ["2 list secrets exact"]);
        assert_eq!(tell("t-1", &logged).origins[0].0.name(), "ann");
        assert_eq!(told("shop/robot", &logged), ["2 list secrets exact", "3 get pods exact"]);
    }
}

#[test]
fn without_the_tokens_id_it_may_be_any() {
    let logged = [
        request(1, &json!({"username": "ann"}), "create", "serviceaccounts/token", "robot"),
        request(2, &json!({"username": "system:serviceaccount:shop:robot"}), "list", "secrets", ""),
    ];
    assert_eq!(told("ann", &logged), ["1 create serviceaccounts/token exact", "2 list secrets shared"]);
}

#[test]
fn whoever_is_in_a_pod_has_its_credentials() {
    let arn = session("backup", "eks-shop-backup");
    let tags = json!({"roleArn": "arn:aws:iam::111122223333:role/backup", "tags": [
        {"key": "kubernetes-namespace", "value": "shop"},
        {"key": "kubernetes-service-account", "value": "backup"},
        {"key": "kubernetes-pod-name", "value": "backup-0"},
    ]});
    let eks = json!({"type": "AWSService", "invokedBy": "pods.eks.amazonaws.com"});
    let get = |minute| {
        let identity = by_session(&arn, "ASIA1");
        call(minute, &identity, "secretsmanager", "GetSecretValue", &json!({"secretId": "db"}), &Value::Null)
    };
    let logged = [
        call(1, &eks, "sts", "AssumeRole", &tags, &given(&arn, "ASIA1")),
        get(2),
        request(3, &json!({"username": "ann"}), "create", "pods/exec", "backup-0"),
        get(4),
    ];
    let entered = ["3 create pods/exec exact", "4 secretsmanager:GetSecretValue name"];
    assert_eq!(told("ann", &logged), entered);
    let whole = told("pod/shop/backup-0", &logged);
    assert_eq!(whole.len(), 3, "{whole:?}");
    assert_eq!(told("shop/backup", &logged), whole);
}

#[test]
fn whoever_makes_what_makes_pods_is_asked_for_what_they_do() {
    let by_pod = |minute, pod| request(minute, &account("web", pod, pod), "get", "configmaps", "c");
    let logged = [
        request(1, &json!({"username": "ann"}), "create", "deployments", "web"),
        by_pod(2, "web-6d9f7b5c8-x2x4q"),
        by_pod(3, "web-api-6d9f7b5c8-x2x4q"),
    ];
    assert_eq!(told("ann", &logged), ["1 create deployments exact", "2 get configmaps name"]);
}

#[test]
fn what_is_done_in_his_name_is_his_and_what_he_does_in_anothers_too() {
    let mut portal = request(1, &json!({"username": "portal"}), "list", "secrets", "");
    portal["impersonatedUser"] = json!({"username": "jane"});
    let logged = [portal, request(2, &json!({"username": "jane"}), "get", "pods", "a")];
    assert_eq!(told("jane", &logged), ["1 list secrets exact", "2 get pods exact"]);
    let story = tell("portal", &logged);
    assert_eq!(story.entries.len(), 1, "jane's own are not the portal's");
    assert_eq!(story.entries[0].impersonated, "jane");
}

#[test]
fn a_pipelines_subject_leads_to_its_session() {
    let arn = session("ci", "Actions");
    let subject = "repo:example/shop:ref:refs/heads/main";
    let identity = json!({"type": "WebIdentityUser", "userName": subject, "principalId": "x"});
    let logged = [
        call(1, &identity, "sts", "AssumeRoleWithWebIdentity", &Value::Null, &given(&arn, "ASIA1")),
        call(2, &by_session(&arn, "ASIA1"), "ecr", "PutImage", &Value::Null, &Value::Null),
    ];
    assert_eq!(told(subject, &logged), ["1 sts:AssumeRoleWithWebIdentity exact", "2 ecr:PutImage exact"]);
    assert_eq!(tell("ASIA1", &logged).origins[0].0.name(), subject);
}

#[test]
fn stages_and_copies_are_one_entry() {
    let whole = request(1, &json!({"username": "ann"}), "watch", "pods", "");
    let mut begun = whole.clone();
    begun["stage"] = "ResponseStarted".into();
    let mut received = whole.clone();
    received["stage"] = "RequestReceived".into();
    assert_eq!(told("ann", &[received, begun, whole.clone(), whole]), ["1 watch pods exact"]);
}
