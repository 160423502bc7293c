//! What volumes hold.

use ringwall_grpc::csi_v1alpha1::VersionRequest;

use crate::world::{World, request};

#[tokio::test]
async fn the_version_is_that_of_the_protocol() {
    let world = World::new().await;
    let version =
        world.client().version(VersionRequest { version: "v1alpha1".into() }).await.unwrap().into_inner();
    assert_eq!((version.version.as_str(), version.runtime_name.as_str()), ("v1alpha1", "ringwall"));
}

#[tokio::test]
async fn a_volume_of_everything() {
    let world = World::new().await;
    world.change(|state| {
        state.put("db", "v1", r#"{"user": "ann", "pass-word": "old", "port": 5432}"#);
        state.put("db", "v2", r#"{"user": "ann", "pass-word": "new", "port": 5432}"#);
        state.put("raw", "r1", "x");
        state.secrets.get_mut("raw").unwrap()[0].1 = vec![0, 255, 10];
        state.binary.push("raw".into());
        for (name, value, version) in
            [("/shop/host", "db.internal", 4), ("/shop/key", "k2", 2), ("/shop/key:live", "k1", 1)]
        {
            state.parameters.insert(name.into(), (value.into(), version));
        }
    });
    let objects = r#"
- {objectName: db, objectType: secretsmanager, jsonKeys: all, filePermission: "0400", jmesPath: [{path: to_string(port), objectAlias: p}]}
- {objectName: db, objectType: secretsmanager, objectAlias: before, objectVersionLabel: AWSPREVIOUS, jmesPath: [{path: '"pass-word"', objectAlias: old}]}
- {objectName: db, objectType: secretsmanager, objectAlias: pinned, objectVersion: v1}
- {objectName: raw, objectType: secretsmanager}
- {objectName: /shop/host, objectType: ssmparameter}
- {objectName: /shop/key, objectType: ssmparameter}
- {objectName: /shop/key, objectType: ssmparameter, objectVersionLabel: live, objectAlias: live-key}
"#;
    let response = world.mount(objects, &[]).await.unwrap();
    let shown: Vec<String> = response
        .files
        .iter()
        .map(|file| format!("{} {:03o} {}", file.path, file.mode, String::from_utf8_lossy(&file.contents)))
        .collect();
    let (new, old) = [("new"), ("old")]
        .map(|word| format!(r#"{{"user": "ann", "pass-word": "{word}", "port": 5432}}"#))
        .into();
    assert_eq!(
        shown,
        [
            "_shop_host 644 db.internal",
            "_shop_key 644 k2",
            &format!("before 644 {old}"),
            &format!("db 400 {new}"),
            "live-key 644 k1",
            "old 644 old",
            "p 400 5432",
            "pass-word 400 new",
            &format!("pinned 644 {old}"),
            "port 400 5432",
            "raw 644 \0\u{FFFD}\n",
            "user 400 ann",
        ]
    );
    assert_eq!(response.files[10].contents.as_ref(), [0, 255, 10]);
    let versions: Vec<String> =
        response.object_version.iter().map(|version| format!("{}={}", version.id, version.version)).collect();
    assert!(
        versions.contains(&"pass-word=v2".to_owned()) && versions.contains(&"old=v1".to_owned()),
        "{versions:?}"
    );
    assert!(versions.contains(&"_shop_host=4".to_owned()) && versions.len() == response.files.len());
    // Two labels of one name are two calls, everything else of Parameter Store one.
    let calls = world.change(|state| state.taken_calls());
    let parameters: Vec<&String> = calls.iter().filter(|call| call.contains("GetParameters")).collect();
    assert_eq!(
        parameters,
        ["eu-west-1 GetParameters /shop/host,/shop/key", "eu-west-1 GetParameters /shop/key:live"]
    );
}

#[tokio::test]
async fn the_region_is_the_class_s_the_provider_s_or_the_node_s() {
    let objects = "- {objectName: a, objectType: secretsmanager}";
    for (own, given, expected) in [
        (Some("eu-west-1"), Some("us-east-1"), "us-east-1"),
        (Some("eu-west-1"), None, "eu-west-1"),
        (None, None, "eu-north-1"),
    ] {
        let world = World::with(|settings| settings.region = own.map(str::to_owned)).await;
        world.change(|state| state.put("a", "1", "x"));
        let given: Vec<_> = given.map(|region| ("region", region)).into_iter().collect();
        assert_eq!(world.files(objects, &given).await, ["a 644 x"]);
        let calls = world.change(|state| state.taken_calls());
        assert!(calls.contains(&format!("{expected} GetSecretValue a")), "{calls:?}");
    }
}

#[tokio::test]
async fn requests_of_different_modes_do_not_meet() {
    let world = World::new().await;
    world.change(|state| state.put("a", "1", "x"));
    let mut asked = Vec::new();
    for number in 0..40_u32 {
        let mut request = request("- {objectName: a, objectType: secretsmanager}", &[]);
        request.permission = (0o400 + number % 8).to_string();
        let mut client = world.client();
        asked.push(tokio::spawn(async move {
            let response = client.mount(request).await.unwrap().into_inner();
            assert_eq!(response.files[0].mode, i32::try_from(0o400 + number % 8).unwrap());
        }));
    }
    for asked in asked {
        asked.await.unwrap();
    }
}

#[tokio::test]
async fn the_failover_region_counts_when_the_primary_does_not_answer() {
    let world = World::new().await;
    world.change(|state| {
        state.put("a", "1", "first");
        state.put("b", "1", "second");
        state.parameters.insert("p".into(), ("one".into(), 1));
        state.parameters.insert("q".into(), ("two".into(), 1));
    });
    let objects = "
- {objectName: a, objectType: secretsmanager, objectAlias: s, failoverObject: {objectName: b}}
- {objectName: p, objectType: ssmparameter, objectAlias: t, failoverObject: {objectName: q}}
";
    let both = [("failoverRegion", "eu-west-2")];
    assert_eq!(world.files(objects, &both).await, ["s 644 first", "t 644 one"]);
    let down = |action: &str| (format!("eu-west-1 {action}"), (500, "InternalServiceError"));
    world.change(|state| {
        state.failures.extend([down("GetSecretValue"), down("DescribeSecret"), down("GetParameters")])
    });
    assert_eq!(world.files(objects, &both).await, ["s 644 second", "t 644 two"]);
    // Whatever is the caller's fault fails the mount, in either region.
    for region in ["eu-west-1", "eu-west-2"] {
        world.change(|state| {
            state.failures.clear();
            state.failures.insert(format!("{region} GetParameters"), (400, "AccessDeniedException"));
        });
        let error = world.mount(objects, &both).await.unwrap_err();
        assert_eq!(error.code(), tonic::Code::PermissionDenied);
        assert!(error.message().contains(region), "{error}");
    }
    world.change(|state| {
        state.failures.clear();
        for action in ["GetSecretValue", "DescribeSecret"] {
            state.failures.insert(action.into(), (503, "ServiceUnavailable"));
        }
    });
    assert_eq!(world.mount(objects, &both).await.unwrap_err().code(), tonic::Code::Unavailable);
    let error = world.mount(objects, &[("failoverRegion", "eu-west-1")]).await.unwrap_err();
    assert_eq!(error.code(), tonic::Code::InvalidArgument);
    assert!(error.message().contains("the primary region too"), "{error}");
}
