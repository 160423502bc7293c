use ringwall_detect::finding::{
    Actor, ApiCall, AwsCall, Container, DefinedBy, Details, Evidence, Finding, Findings, Kind, ListMatch,
    Log, PermissionAsked, Place, RoleBindingMade, RoleMade, Sequence, SequenceSignal, Signal, SignalSource,
    Term, Workload,
};
use ringwall_detect::output::{Scope, asff, guardduty, id, json, ocsf, sigma};
use ringwall_model::{Responsible, Severity};
use serde_json::Value;

const fn kind(name: &'static str, log: Log, severity: Severity) -> Kind {
    Kind {
        name,
        severity,
        by: DefinedBy::GuardDuty,
        log,
        title: "A workload with a sensitive mount was created in an unusual way",
        remedy: "Take it away.",
        responsible: Responsible::Customer,
        at_metadata: "",
    }
}

static MOUNT: Kind = kind(
    "Persistence:Kubernetes/AnomalousBehavior.WorkloadDeployed!ContainerWithSensitiveMount",
    Log::Audit,
    Severity::High,
);
static TRAIL: Kind = kind("Stealth:IAMUser/CloudTrailLoggingDisabled", Log::CloudTrail, Severity::Low);

fn text(text: &str) -> String {
    text.to_owned()
}

/// A finding with everything that there is to tell.
fn full() -> Finding {
    let details = Details {
        description: text("`ann` created a pod that mounts `/etc` of its node"),
        actor: Actor {
            username: text("ann"),
            uid: text("aws-iam-authenticator:111122223333:AROAEXAMPLE"),
            groups: vec![text("devs"), text("system:authenticated")],
            session_names: vec![text("ann-1")],
            impersonated: Some((text("admin"), vec![text("system:masters")])),
            arn: text("arn:aws:sts::111122223333:assumed-role/Dev/ann-1"),
            access_key_id: text("ASIAIOSFODNN7EXAMPLE"),
            principal_id: text("AROAEXAMPLE:ann-1"),
            kind: text("AssumedRole"),
        },
        api_call: Some(ApiCall {
            request_uri: text("/api/v1/namespaces/shop/pods?fieldManager=kubectl"),
            verb: text("create"),
            resource: text("pods"),
            subresource: text("x"),
            namespace: text("shop"),
            name: text("debug"),
            source_ips: vec![text("2001:db8::7"), text("10.0.0.1")],
            user_agent: text("kubectl/v1.37.0"),
            status: Some(201),
        }),
        workload: Some(Workload {
            kind: text("pods"),
            name: text("debug"),
            uid: text("0f1e"),
            namespace: text("shop"),
            service_account: text("default"),
            host_network: true,
            host_pid: true,
            containers: vec![Container {
                name: text("shell"),
                image: text("registry.example.com/tools/shell:1"),
                privileged: true,
                allow_privilege_escalation: Some(true),
                mounts: vec![(text("host"), text("/host/etc"))],
            }],
            host_paths: vec![(text("host"), text("/etc"))],
            ..Workload::default()
        }),
        permission: Some(PermissionAsked {
            verb: text("*"),
            resource: text("*"),
            namespace: text("shop"),
            allowed: Some(true),
        }),
        binding: Some(RoleBindingMade {
            kind: text("ClusterRoleBinding"),
            name: text("all"),
            uid: text("1"),
            role: text("cluster-admin"),
            role_kind: text("ClusterRole"),
        }),
        role: Some(RoleMade { kind: text("Role"), name: text("all"), uid: text("2") }),
        lists: vec![ListMatch {
            address: "2001:db8::7".parse().unwrap(),
            list: text("own"),
            threats: vec![text("scanner")],
        }],
        terms: vec![
            Term {
                feature: "user agent".into(),
                value: text("curl/8"),
                bits: 9.96578,
                seen_of_actor: 0,
                seen_of_all: 3,
            },
            Term {
                feature: "namespace".into(),
                value: text("shop"),
                bits: 1.5,
                seen_of_actor: 12,
                seen_of_all: 900,
            },
        ],
        ..Details::default()
    };
    let signal = |line: u64, time: i64| Signal {
        kind: &MOUNT,
        severity: MOUNT.severity,
        cause: text("ann\0shop/debug"),
        time: Some(time),
        evidence: Evidence {
            id: format!("id-{line}"),
            is_record: false,
            place: Place { file: "audit.log".into(), line },
        },
        details: details.clone(),
    };
    let mut findings = Findings::default();
    findings.add(signal(7, 1_791_792_312_345));
    findings.add(signal(9, 1_791_792_400_000)).clone()
}

/// One about AWS's APIs, of which little is known.
fn bare(source: &str) -> Finding {
    let details = Details {
        actor: Actor { arn: text("arn:aws:iam::444455556666:user/ops/bob"), ..Actor::default() },
        aws_call: Some(AwsCall {
            action: text("StopLogging"),
            service: text("cloudtrail.amazonaws.com"),
            region: text("cn-north-1"),
            account: text("444455556666"),
            source: text(source),
            ..AwsCall::default()
        }),
        ..Details::default()
    };
    let place = Place { file: "-".into(), line: 1 };
    let signal = Signal {
        kind: &TRAIL,
        severity: TRAIL.severity,
        cause: text("bob"),
        time: None,
        evidence: Evidence { id: String::new(), is_record: true, place },
        details,
    };
    Findings::default().add(signal).clone()
}

/// One that rests on several.
fn sequence() -> Finding {
    static CLUSTER: Kind = kind("AttackSequence:EKS/CompromisedCluster", Log::Both, Severity::Critical);
    let of = |source, name: &str, severity, stage: &'static str, weight| SequenceSignal {
        source,
        name: text(name),
        severity,
        stage: stage.into(),
        count: 2,
        first_seen: Some(1_791_792_312_345),
        last_seen: Some(1_791_792_400_000),
        weight,
    };
    let user = full().details.actor;
    let of_pod = Actor { username: text("system:serviceaccount:shop:web"), ..Actor::default() };
    let sequence = Sequence {
        uid: text("0123456789abcdef"),
        description: text("6 signals in 3 steps of an attack by `ann`"),
        actors: vec![user.clone(), of_pod],
        resources: ["pods/shop/debug", "secrets/shop", "clusterroles/all", "111122223333/iam"]
            .map(text)
            .into(),
        endpoints: vec![text("2001:db8::7")],
        signals: vec![
            of(SignalSource::Finding, MOUNT.name, Some(Severity::High), "Persistence", 50),
            of(SignalSource::CloudTrail, "iam:CreateAccessKey", None, "Persistence", 15),
            of(SignalSource::AuditLog, "list secrets", None, "Credential Access", 15),
        ],
        indicators: vec![
            ("ATTACK_TACTIC".into(), vec![text("Persistence"), text("Credential Access")]),
            ("HIGH_RISK_API".into(), vec![text("iam:CreateAccessKey")]),
        ],
        score: 80,
    };
    let details = Details {
        description: sequence.description.clone(),
        actor: user,
        sequence: Some(sequence),
        ..Details::default()
    };
    let place = Place { file: "audit.log".into(), line: 7 };
    let signal = Signal {
        kind: &CLUSTER,
        severity: Severity::Critical,
        cause: text("0123456789abcdef"),
        time: Some(1_791_792_312_345),
        evidence: Evidence { id: text("id-7"), is_record: false, place },
        details,
    };
    Findings::default().add(signal).clone()
}

fn scope() -> Scope {
    Scope {
        account: Some(text("111122223333")),
        region: Some(text("eu-west-1")),
        cluster: Some(text("shop")),
        cluster_arn: None,
        now: 1_791_800_000_000,
    }
}

#[test]
fn every_form_keeps_its_shape() {
    let (full, scope) = (full(), scope());
    insta::assert_json_snapshot!("json", json(&full, &scope));
    insta::assert_json_snapshot!("asff", asff(&full, &scope));
    insta::assert_json_snapshot!("ocsf", ocsf(&full, &scope));
    insta::assert_json_snapshot!("sigma", sigma(&full, &scope));
    let sequence = sequence();
    insta::assert_json_snapshot!("sequence_json", json(&sequence, &scope));
    insta::assert_json_snapshot!("sequence_asff", asff(&sequence, &scope));
    insta::assert_json_snapshot!("sequence_ocsf", ocsf(&sequence, &scope));
    insta::assert_json_snapshot!("sequence_sigma", sigma(&sequence, &scope));
    let bare = bare("198.51.100.7");
    insta::assert_json_snapshot!("bare_json", json(&bare, &Scope::default()));
    insta::assert_json_snapshot!("bare_asff", asff(&bare, &Scope::default()));
    insta::assert_json_snapshot!("bare_ocsf", ocsf(&bare, &Scope::default()));
    insta::assert_json_snapshot!("bare_sigma", sigma(&bare, &Scope::default()));
}

#[test]
fn guardduty_has_nothing_else() {
    let whole = json(&full(), &scope());
    let strict = guardduty(&full(), &scope());
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let more: Vec<_> = names(&whole).into_iter().filter(|name| !names(&strict).contains(name)).collect();
    assert_eq!(more, ["unusual", "responsible", "remedy", "evidence"]);
    for name in names(&strict) {
        assert_eq!(strict[&name], whole[&name]);
    }
}

/// Members of an object that have to be there, by the schemas that the renderings name.
#[test]
fn what_is_required_is_there_even_if_nothing_is_known() {
    for (finding, scope) in [(full(), scope()), (bare("eks.amazonaws.com"), Scope::default())] {
        let has = |value: &Value, names: &str| {
            for name in names.split(' ') {
                let pointer = format!("/{}", name.replace('.', "/"));
                let found = value.pointer(&pointer);
                let is_empty = found.and_then(Value::as_str).is_some_and(str::is_empty);
                assert!(found.is_some() && !is_empty, "{name} of {value}");
            }
        };
        let guardduty = guardduty(&finding, &scope);
        has(&guardduty, "accountId arn createdAt id region resource schemaVersion severity type updatedAt");
        let asff = asff(&finding, &scope);
        has(
            &asff,
            "SchemaVersion Id ProductArn GeneratorId AwsAccountId CreatedAt UpdatedAt Title Description",
        );
        for resource in asff["Resources"].as_array().unwrap() {
            has(resource, "Type Id");
        }
        assert!(asff["ProductFields"].as_object().unwrap().values().all(Value::is_string));
        let ocsf = ocsf(&finding, &scope);
        has(&ocsf, "activity_id category_uid class_uid type_uid time severity_id metadata.version");
        has(&ocsf, "metadata.product.vendor_name metadata.product.name finding_info.uid finding_info.title");
        has(&ocsf, "cloud.provider");
        assert_eq!((&ocsf["class_uid"], &ocsf["type_uid"]), (&2004.into(), &200_401.into()));
    }
}

#[test]
fn the_id_is_of_the_cause_and_the_cluster() {
    let (full, scope) = (full(), scope());
    let first = id(&full, &scope);
    assert!(first.len() == 32 && first.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(first, id(&full, &Scope { now: 1, ..scope.clone() }));
    assert_ne!(first, id(&full, &Scope { cluster: Some(text("other")), ..scope.clone() }));
    let mut cause = full.clone();
    cause.cause = text("eve\0shop/debug");
    assert_ne!(first, id(&cause, &scope));
}

#[test]
fn lengths_are_those_that_security_hub_takes() {
    let mut long = full();
    long.details.description = "é".repeat(5000);
    long.details.actor.groups = vec!["g".repeat(5000); 100];
    let asff = asff(&long, &scope());
    assert_eq!(asff["Description"].as_str().unwrap().chars().count(), 1024);
    let fields = asff["ProductFields"].as_object().unwrap();
    assert!(fields.len() <= 50 && fields.keys().all(|name| name.len() <= 128));
    assert!(fields.values().all(|value| value.as_str().unwrap().chars().count() <= 2048));
}
