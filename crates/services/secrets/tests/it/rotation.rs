//! What a volume that is filled again costs, and what it holds then.

use std::time::Duration;

use crate::world::{World, request};

const OBJECTS: &str =
    "- {objectName: a, objectType: secretsmanager}\n- {objectName: b, objectType: secretsmanager}";

fn about_secrets(calls: &[String]) -> Vec<String> {
    calls.iter().filter(|call| call.contains("Secret")).map(|call| call.replace("eu-west-1 ", "")).collect()
}

#[tokio::test]
async fn what_has_not_changed_is_not_read_again() {
    let world = World::new().await;
    world.change(|state| {
        state.put("a", "1", "x");
        state.put("b", "1", "y");
    });
    assert_eq!(world.files(OBJECTS, &[]).await, ["a 644 x", "b 644 y"]);
    assert_eq!(
        about_secrets(&world.change(|state| state.taken_calls())),
        ["GetSecretValue a", "GetSecretValue b"]
    );
    world.change(|state| state.put("b", "2", "z"));
    assert_eq!(world.files(OBJECTS, &[]).await, ["a 644 x", "b 644 z"]);
    let calls = world.change(|state| state.taken_calls());
    assert_eq!(about_secrets(&calls), ["DescribeSecret a", "DescribeSecret b", "GetSecretValue b"]);
    assert!(!calls.iter().any(|call| call.contains("AssumeRole")), "the session is kept: {calls:?}");
}

/// A value is for the volume that it was read for, and for the role that read it.
#[tokio::test]
async fn nobody_else_gets_a_kept_value() {
    let world = World::new().await;
    world.change(|state| {
        state.put("a", "1", "x");
        state.put("b", "1", "y");
    });
    let reads = |world: &World| {
        let calls = about_secrets(&world.change(|state| state.taken_calls()));
        calls.iter().filter(|call| call.starts_with("GetSecretValue")).count()
    };
    world.mount(OBJECTS, &[]).await.unwrap();
    assert_eq!(reads(&world), 2);
    world.mount(OBJECTS, &[]).await.unwrap();
    assert_eq!(reads(&world), 0);
    let mut other = request(OBJECTS, &[]);
    other.target_path.push('2');
    world.client().mount(other).await.unwrap();
    assert_eq!(reads(&world), 2, "another volume");
    world.mount(OBJECTS, &[("csi.storage.k8s.io/pod.uid", "uid-2")]).await.unwrap();
    assert_eq!(reads(&world), 2, "another pod");
    let role = serde_json::json!({"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/other"});
    world.change(|state| state.accounts.insert("shop/checkout".into(), role));
    world.mount(OBJECTS, &[]).await.unwrap();
    assert_eq!(reads(&world), 2, "another role");
    world.mount(OBJECTS, &[("usePodIdentity", "true")]).await.unwrap();
    assert_eq!(reads(&world), 2, "another way to a role");
}

#[tokio::test]
async fn a_role_that_may_not_describe_reads_each_time() {
    let world = World::new().await;
    world.change(|state| {
        state.put("a", "1", "x");
        state.put("b", "1", "y");
        state.failures.insert("DescribeSecret".into(), (400, "AccessDeniedException"));
    });
    world.mount(OBJECTS, &[]).await.unwrap();
    world.change(|state| state.put("a", "2", "new"));
    assert_eq!(world.files(OBJECTS, &[]).await, ["a 644 new", "b 644 y"]);
}

/// A role that may no longer read a value gets none that its volume has not, and is told at the end of its time at the
/// latest.
#[tokio::test]
async fn a_role_that_may_no_longer_read_is_told() {
    let world = World::with(|settings| settings.kept = Duration::from_millis(300)).await;
    world.change(|state| {
        state.put("a", "1", "x");
        state.put("b", "1", "y");
    });
    world.mount(OBJECTS, &[]).await.unwrap();
    world.change(|state| state.failures.insert("GetSecretValue".into(), (400, "AccessDeniedException")));
    let mut other = request(OBJECTS, &[]);
    other.target_path.push('2');
    assert_eq!(world.client().mount(other).await.unwrap_err().code(), tonic::Code::PermissionDenied);
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(world.mount(OBJECTS, &[]).await.unwrap_err().code(), tonic::Code::PermissionDenied);
    // A version that it has not read it does not get either, however soon.
    world.change(|state| state.failures.clear());
    world.mount(OBJECTS, &[]).await.unwrap();
    world.change(|state| {
        state.put("a", "2", "secret");
        state.failures.insert("GetSecretValue".into(), (400, "AccessDeniedException"));
    });
    assert_eq!(world.mount(OBJECTS, &[]).await.unwrap_err().code(), tonic::Code::PermissionDenied);
}

#[tokio::test]
async fn nothing_is_kept_if_so_asked() {
    let world = World::with(|settings| settings.kept = Duration::ZERO).await;
    world.change(|state| {
        state.put("a", "1", "x");
        state.put("b", "1", "y");
    });
    for _ in 0..2 {
        world.mount(OBJECTS, &[]).await.unwrap();
        let calls = about_secrets(&world.change(|state| state.taken_calls()));
        assert_eq!(calls, ["GetSecretValue a", "GetSecretValue b"]);
    }
}

/// Versions of one label and pinned ones.
#[tokio::test]
async fn labels_move_and_pins_do_not() {
    let world = World::new().await;
    world.change(|state| {
        state.put("a", "1", "x");
        state.put("a", "2", "y");
    });
    let objects = "
- {objectName: a, objectType: secretsmanager, objectVersionLabel: AWSPREVIOUS, objectAlias: before}
- {objectName: a, objectType: secretsmanager, objectVersion: '1', objectAlias: pinned}
";
    assert_eq!(world.files(objects, &[]).await, ["before 644 x", "pinned 644 x"]);
    world.change(|state| {
        state.put("a", "3", "z");
        state.taken_calls();
    });
    assert_eq!(world.files(objects, &[]).await, ["before 644 y", "pinned 644 x"]);
    let calls = about_secrets(&world.change(|state| state.taken_calls()));
    assert_eq!(calls, ["DescribeSecret a", "DescribeSecret a", "GetSecretValue a"]);
}
