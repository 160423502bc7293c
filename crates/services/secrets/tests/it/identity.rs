//! In whose name secrets are read.

use ringwall_secrets::{AgentAddresses, PodIdentity};
use serde_json::json;
use tonic::Code;

use crate::world::{World, request, token};

const OBJECTS: &str = "- {objectName: a, objectType: secretsmanager}";

async fn world() -> World {
    let world = World::new().await;
    world.change(|state| state.put("a", "1", "x"));
    world
}

#[tokio::test]
async fn by_the_role_of_the_service_account() {
    let world = world().await;
    world.mount(OBJECTS, &[]).await.unwrap();
    let calls = world.change(|state| state.taken_calls());
    assert_eq!(
        calls,
        [
            "AssumeRoleWithWebIdentity checkout checkout-0",
            "eu-west-1 GetSecretValue a",
            "kubernetes serviceaccounts"
        ]
    );
}

#[tokio::test]
async fn tokens_come_with_the_secrets_too() {
    let world = world().await;
    let mut request = request(OBJECTS, &[]);
    let mut attributes: serde_json::Value = serde_json::from_str(&request.attributes).unwrap();
    let tokens =
        attributes.as_object_mut().unwrap().remove("csi.storage.k8s.io/serviceAccount.tokens").unwrap();
    request.attributes = attributes.to_string();
    assert_eq!(world.client().mount(request.clone()).await.unwrap_err().code(), Code::FailedPrecondition);
    request.secrets = json!({"csi.storage.k8s.io/serviceAccount.tokens": tokens}).to_string();
    world.client().mount(request.clone()).await.unwrap();
    // Beside them an attribute of that name is a parameter of the class.
    attributes["csi.storage.k8s.io/serviceAccount.tokens"] = "{}".into();
    request.attributes = attributes.to_string();
    world.client().mount(request).await.unwrap();
}

#[tokio::test]
async fn by_the_pod_identity_agent() {
    let world = world().await;
    for (value, by_agent) in [("true", true), ("T", true), ("1", true), ("f", false), ("FALSE", false)] {
        world
            .mount(OBJECTS, &[("usePodIdentity", value), ("csi.storage.k8s.io/pod.uid", value)])
            .await
            .unwrap();
        let calls = world.change(|state| state.taken_calls());
        assert_eq!(
            !calls.iter().any(|call| call.contains("serviceaccounts")),
            by_agent,
            "{value}: {calls:?}"
        );
    }
    let error = world.mount(OBJECTS, &[("usePodIdentity", "yes")]).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    assert!(error.message().contains("`usePodIdentity` is `yes`"), "{error}");
}

/// The agent has two addresses, and a node of one kind of address alone has one of them.
#[tokio::test]
async fn the_agent_is_found_at_its_other_address() {
    for (ipv4_works, preferred, reached) in [
        (false, "", true),
        (true, "", true),
        (true, "IPv6", false),
        (false, "ipv4", false),
        (false, "IPV6", true),
    ] {
        let world = World::new().await;
        world.change(|state| state.put("a", "1", "x"));
        let works = format!("http://127.0.0.1:{}/v1/credentials", world.port);
        let dead = "http://127.0.0.1:9/v1/credentials".to_owned();
        let (ipv4, ipv6) = if ipv4_works { (works, dead) } else { (dead, works) };
        let second = World::with(|settings| {
            settings.pod_identity = PodIdentity::Agent(Box::new(AgentAddresses {
                ipv4: ipv4.parse().unwrap(),
                ipv6: ipv6.parse().unwrap(),
            }));
        })
        .await;
        second.change(|state| state.put("a", "1", "x"));
        let parameters = [("usePodIdentity", "true"), ("preferredAddressType", preferred)];
        for _ in 0..2 {
            let answer = second.mount(OBJECTS, &parameters).await;
            assert_eq!(answer.is_ok(), reached, "{ipv4_works} {preferred} {answer:?}");
        }
        let asked = world.change(|state| state.taken_calls()).iter().filter(|call| *call == "agent").count();
        assert_eq!(asked, usize::from(reached), "one session serves both mounts");
        if let Err(error) = second.mount(OBJECTS, &parameters).await {
            assert_eq!(error.code(), Code::Unavailable);
            assert!(error.message().contains("Pod Identity agent"), "{error}");
        }
    }
}

#[tokio::test]
async fn without_an_agent_by_eks_auth_itself() {
    let world =
        World::with(|settings| settings.pod_identity = PodIdentity::Direct { cluster: "prod".into() }).await;
    world.change(|state| state.put("a", "1", "x"));
    world.mount(OBJECTS, &[("usePodIdentity", "true")]).await.unwrap();
    let calls = world.change(|state| state.taken_calls());
    assert_eq!(calls, ["direct prod/assume-role-for-pod-identity", "eu-west-1 GetSecretValue a"]);
}

#[tokio::test]
async fn by_a_role_of_another_account() {
    let world = world().await;
    let parameters = [
        ("assumeRoleArn", "arn:aws:iam::999999999999:role/reader"),
        ("assumeRoleExternalId", "x"),
        ("assumeRoleDurationSeconds", "900"),
    ];
    world.mount(OBJECTS, &parameters).await.unwrap();
    let calls = world.change(|state| state.taken_calls());
    assert_eq!(calls[..2], ["AssumeRole reader checkout-0", "AssumeRoleWithWebIdentity checkout checkout-0"]);
    for (name, value) in [("assumeRoleArn", "reader"), ("assumeRoleDurationSeconds", "60")] {
        let error = world.mount(OBJECTS, &[parameters[0], (name, value)]).await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument);
        assert!(error.message().contains(name), "{error}");
    }
}

#[tokio::test]
async fn no_token_no_role_no_account() {
    let world = world().await;
    let tokens = "csi.storage.k8s.io/serviceAccount.tokens";
    let one = |audience: &str, text: &str| json!({audience: {"token": text}}).to_string();
    let cases = [
        (
            tokens,
            one("pods.eks.amazonaws.com", &token("shop:checkout")),
            Code::FailedPrecondition,
            "`sts.amazonaws.com`",
        ),
        (tokens, one("sts.amazonaws.com", ""), Code::FailedPrecondition, "`sts.amazonaws.com`"),
        (
            tokens,
            one("sts.amazonaws.com", &token("shop:other")),
            Code::InvalidArgument,
            "another service account",
        ),
        (tokens, one("sts.amazonaws.com", "hunter2"), Code::InvalidArgument, "no JWTs"),
        (tokens, "hunter2".to_owned(), Code::InvalidArgument, "not the JSON"),
        (tokens, one("sts.amazonaws.com", &"x".repeat(30_000)), Code::InvalidArgument, "longer"),
        (
            "csi.storage.k8s.io/serviceAccount.name",
            "other".to_owned(),
            Code::InvalidArgument,
            "another service account",
        ),
        ("csi.storage.k8s.io/pod.name", String::new(), Code::InvalidArgument, "podInfoOnMount"),
    ];
    for (name, value, code, message) in cases {
        let error = world.mount(OBJECTS, &[(name, &value)]).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.message().contains(message), "{error}");
        assert!(!error.message().contains("hunter2"), "{error}");
    }
    world.change(|state| state.accounts.insert("shop/checkout".into(), json!({})));
    let error = world.mount(OBJECTS, &[]).await.unwrap_err();
    assert_eq!(error.code(), Code::FailedPrecondition);
    assert!(error.message().contains("`shop/checkout` has no role"), "{error}");
    world.change(|state| state.accounts.clear());
    assert_eq!(world.mount(OBJECTS, &[]).await.unwrap_err().code(), Code::NotFound);
    let calls = world.change(|state| state.taken_calls());
    assert!(!calls.iter().any(|call| call.contains("Secret") || call.contains("AssumeRole")), "{calls:?}");
}

#[tokio::test]
async fn what_sts_says() {
    for (status, code, expected, hint) in [
        (400, "InvalidIdentityToken", Code::PermissionDenied, "trust policy"),
        (403, "AccessDenied", Code::PermissionDenied, "trust policy"),
        (400, "ExpiredTokenException", Code::Unauthenticated, "clocks"),
        (500, "InternalFailure", Code::Unavailable, "STS"),
    ] {
        let world = world().await;
        world.change(|state| state.failures.insert("AssumeRoleWithWebIdentity".into(), (status, code)));
        let error = world.mount(OBJECTS, &[]).await.unwrap_err();
        assert_eq!(error.code(), expected, "{error}");
        assert!(error.message().contains(hint), "{error}");
        world.change(|state| state.failures.clear());
        world.mount(OBJECTS, &[]).await.unwrap();
    }
}
