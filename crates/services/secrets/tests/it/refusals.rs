//! Volumes that can't be filled: which status, and what it says.

use tonic::Code;

use crate::world::{World, request};

#[tokio::test]
async fn what_a_service_says() {
    let cases = [
        (
            "GetSecretValue",
            400,
            "AccessDeniedException",
            Code::PermissionDenied,
            "allow the pod's role secretsmanager:GetSecretValue",
        ),
        ("GetSecretValue", 400, "ResourceNotFoundException", Code::NotFound, "of this region and account"),
        (
            "GetSecretValue",
            400,
            "ThrottlingException",
            Code::ResourceExhausted,
            "longer rotation poll interval",
        ),
        ("GetSecretValue", 400, "InvalidRequestException", Code::FailedPrecondition, "told so"),
        ("GetSecretValue", 500, "InternalServiceError", Code::Unavailable, "failoverRegion"),
        ("GetParameters", 400, "AccessDeniedException", Code::PermissionDenied, "ssm:GetParameters"),
    ];
    for (action, status, code, expected, message) in cases {
        let world = World::new().await;
        world.change(|state| {
            state.put("a", "1", "x");
            state.parameters.insert("p".into(), ("y".into(), 1));
            state.failures.insert(action.into(), (status, code));
        });
        let objects =
            "- {objectName: a, objectType: secretsmanager}\n- {objectName: p, objectType: ssmparameter}";
        let error = world.mount(objects, &[]).await.unwrap_err();
        assert_eq!(error.code(), expected, "{error}");
        assert!(error.message().contains(message) && error.message().contains("eu-west-1"), "{error}");
    }
}

#[tokio::test]
async fn one_of_many_that_is_missing_is_named() {
    let world = World::new().await;
    world.change(|state| {
        state.put("a", "1", "x");
        for number in 0..15 {
            state.parameters.insert(format!("p{number}"), ("y".into(), 1));
        }
    });
    let mut objects: String =
        (0..15).map(|number| format!("- {{objectName: p{number}, objectType: ssmparameter}}\n")).collect();
    assert_eq!(world.files(&objects, &[]).await.len(), 15);
    objects += "- {objectName: p99, objectType: ssmparameter, objectVersionLabel: live}\n";
    let error = world.mount(&objects, &[]).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    assert!(error.message().contains("no parameters `p99:live`"), "{error}");
    let error = world.mount("- {objectName: b, objectType: secretsmanager}", &[]).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    assert!(error.message().contains("`b`"), "{error}");
}

/// Whatever is wrong with a value, nothing of it is told.
#[tokio::test]
async fn values_that_have_no_such_part() {
    let cases = [
        ("hunter2", "jmesPath: [{path: a, objectAlias: b}]", Code::FailedPrecondition, "no JSON"),
        (
            r#"{"a": 1, "hunter2": 2}"#,
            "jmesPath: [{path: a, objectAlias: b}]",
            Code::FailedPrecondition,
            "to_string",
        ),
        (
            r#"{"hunter2": 1}"#,
            "jmesPath: [{path: a, objectAlias: b}]",
            Code::FailedPrecondition,
            "nothing at that path",
        ),
        (r#"["hunter2"]"#, "jsonKeys: all", Code::FailedPrecondition, "no object"),
        (r#"{"../hunter2": "x"}"#, "jsonKeys: all", Code::FailedPrecondition, "outside the volume"),
        (r#"{"secret": "hunter2"}"#, "jsonKeys: all", Code::FailedPrecondition, "line 1 makes already"),
        ("\u{0}hunter2", "jsonKeys: all", Code::FailedPrecondition, "no JSON"),
    ];
    for (value, rest, code, message) in cases {
        let world = World::new().await;
        world.change(|state| state.put("secret", "1", value));
        let objects = format!("- {{objectName: secret, objectType: secretsmanager, {rest}}}");
        let error = world.mount(&objects, &[("pathTranslation", "False")]).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.message().contains(message), "{value}: {error}");
        assert!(!error.message().contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn sizes() {
    let world = World::with(|settings| settings.max_answer = 200_000).await;
    world.change(|state| {
        for name in ["a", "b", "c", "d"] {
            state.put(name, "1", &"x".repeat(65_536));
        }
        state.put("long", "1", &"x".repeat(65_537));
    });
    let object = |name: &str| format!("- {{objectName: {name}, objectType: secretsmanager}}\n");
    let response = world.mount(&(object("a") + &object("b")), &[]).await.unwrap();
    assert_eq!(response.files[1].contents.len(), 65_536);
    let error = world.mount(&object("long"), &[]).await.unwrap_err();
    assert_eq!(error.code(), Code::OutOfRange);
    assert!(error.message().contains("65537 bytes"), "{error}");
    let all = object("a") + &object("b") + &object("c") + &object("d");
    let error = world.mount(&all, &[]).await.unwrap_err();
    assert_eq!(error.code(), Code::OutOfRange);
    assert!(error.message().contains("--max-call-recv-msg-size"), "{error}");
}

/// What is too large is not fetched or made to its end first.
#[tokio::test]
async fn what_is_too_large_ends_where_that_is_seen() {
    let world = World::with(|settings| settings.max_answer = 200_000).await;
    let many: String = (0..40)
        .map(|number| {
            world.change(|state| state.put(&format!("s{number}"), "1", &"x".repeat(65_536)));
            format!("- {{objectName: s{number}, objectType: secretsmanager}}\n")
        })
        .collect();
    let error = world.mount(&many, &[]).await.unwrap_err();
    assert_eq!(error.code(), Code::OutOfRange, "{error}");
    let calls = world.change(|state| state.taken_calls());
    let read = calls.iter().filter(|call| call.contains("GetSecretValue")).count();
    assert!(read < 20, "{read} of 40 were read");

    world.change(|state| state.put("list", "1", &format!("[{}1]", "0,".repeat(10_000))));
    let text = "x".repeat(100);
    let objects = format!(
        "- objectName: list\n  objectType: secretsmanager\n  jmesPath:\n  - path: join('', [*].['{text}'][])\n    objectAlias: a\n  \
         - path: gone\n    objectAlias: b\n"
    );
    let error = world.mount(&objects, &[]).await.unwrap_err();
    assert_eq!(error.code(), Code::OutOfRange, "{error}");
}

#[tokio::test]
async fn requests_that_are_none() {
    let world = World::new().await;
    let objects = "- {objectName: a, objectType: secretsmanager}";
    let changes: [fn(&mut ringwall_grpc::csi_v1alpha1::MountRequest); 6] = [
        |request| request.target_path.clear(),
        |request| request.attributes = "hunter2".into(),
        |request| request.attributes = r#"{"objects": ["hunter2"]}"#.into(),
        |request| request.secrets = "hunter2".into(),
        |request| request.permission = "0644x".into(),
        |request| request.permission = "4095".into(),
    ];
    for change in changes {
        let mut request = request(objects, &[]);
        change(&mut request);
        let error = world.client().mount(request).await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument, "{error}");
        assert!(!error.message().contains("hunter2"), "{error}");
    }
    for (name, value) in [
        ("objects", ""),
        ("objects", "- a"),
        ("pathTranslation", "no"),
        ("region", "a/b"),
        ("failoverRegion", "x y"),
    ] {
        let error = world.mount(objects, &[(name, value)]).await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument, "{error}");
        assert!(error.message().contains(&format!("`{name}`")), "{error}");
    }
    let calls = world.change(|state| state.taken_calls());
    assert_eq!(calls, Vec::<String>::new(), "nothing is asked before all is known to be right");
}

#[tokio::test]
async fn it_ends_with_its_socket() {
    let world = World::new().await;
    let socket = world.folder.path().join("aws.sock");
    assert!(socket.exists());
    assert!(world.provider.stop().await.is_some());
    assert!(!socket.exists());
}
