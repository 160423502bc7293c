//! Parameter Store: what is done shows through another operation, and each layer of policy can refuse it.

use serde_json::{Value, json};

use crate::harness::{ACCOUNT, Client, Harness, REGION, Reply, policy};

async fn call(client: &Client<'_>, operation: &str, input: Value) -> Reply {
    client.call("ssm", operation, input).await
}

async fn put(client: &Client<'_>, name: &str, value: &str, kind: &str) -> Reply {
    call(client, "PutParameter", json!({ "Name": name, "Value": value, "Type": kind })).await
}

async fn over(client: &Client<'_>, name: &str, value: &str) -> Reply {
    call(client, "PutParameter", json!({ "Name": name, "Value": value, "Overwrite": true })).await
}

async fn get(client: &Client<'_>, name: &str) -> Reply {
    call(client, "GetParameter", json!({ "Name": name, "WithDecryption": true })).await
}

#[track_caller]
fn is(reply: &Reply, value: &str) {
    assert_eq!(reply.ok()["Parameter"]["Value"], json!(value));
}

fn arn(name: &str) -> String {
    format!("arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/{name}")
}

#[tokio::test]
async fn values_are_kept_and_never_in_the_clear() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    put(&admin, "/app/plain", "plain-hunter2", "String").await.ok();
    put(&admin, "/app/list", "a-hunter2,b", "StringList").await.ok();
    put(&admin, "/app/secret", "secret-hunter2", "SecureString").await.ok();
    put(&admin, "flat", "flat-hunter2", "String").await.ok();
    let large = format!("large-hunter2-{}", "x".repeat(5000));
    let advanced = json!({ "Name": "/app/large", "Value": large, "Type": "SecureString", "Tier": "Intelligent-Tiering" });
    let reply = call(&admin, "PutParameter", advanced).await;
    assert_eq!(reply.ok()["Tier"], json!("Advanced"));

    let harness = harness.restart().await;
    let admin = harness.admin();
    for (name, value) in [
        ("/app/plain", "plain-hunter2"),
        ("/app/list", "a-hunter2,b"),
        ("/app/secret", "secret-hunter2"),
        ("/app/large", large.as_str()),
        ("flat", "flat-hunter2"),
        (&arn("app/secret"), "secret-hunter2"),
        (&arn("flat"), "flat-hunter2"),
        (&format!("{}:1", arn("flat")), "flat-hunter2"),
    ] {
        is(&get(&admin, name).await, value);
    }
    for name in ["/app/secret", "/app/large"] {
        let sealed = call(&admin, "GetParameter", json!({ "Name": name })).await;
        assert!(!sealed.ok()["Parameter"]["Value"].as_str().unwrap().contains("hunter2"));
    }
    for missing in ["/app/none", "app/plain", "/flat", "flat:7", "flat:label", &arn("none")] {
        assert!(get(&admin, missing).await.code().ends_with("NotFound"), "{missing}");
    }
    for malformed in ["a b", "", ":1", "a:", "arn:aws:s3:::x", "/a*"] {
        assert_eq!(get(&admin, malformed).await.code(), "ValidationException", "{malformed}");
    }
    let bytes = harness.bytes().await;
    assert!(!bytes.windows(7).any(|window| window == b"hunter2"));
}

#[tokio::test]
async fn what_no_parameter_can_be_is_refused() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    put(&admin, "/taken", "v", "String").await.ok();
    let advanced = json!({ "Name": "/advanced", "Value": "v", "Type": "String", "Tier": "Advanced" });
    call(&admin, "PutParameter", advanced).await.ok();
    let deep = |levels: usize| "/l".repeat(levels);
    put(&admin, &deep(15), "v", "String").await.ok();
    let cases = [
        (json!({ "Name": "/x", "Value": "v" }), "ValidationException"),
        (json!({ "Name": "/aws/x", "Value": "v", "Type": "String" }), "ValidationException"),
        (json!({ "Name": "SSM-x", "Value": "v", "Type": "String" }), "ValidationException"),
        (json!({ "Name": "a/b", "Value": "v", "Type": "String" }), "ValidationException"),
        (json!({ "Name": "/a//b", "Value": "v", "Type": "String" }), "ValidationException"),
        (json!({ "Name": "/a/", "Value": "v", "Type": "String" }), "ValidationException"),
        (json!({ "Name": "/a:1", "Value": "v", "Type": "String" }), "ValidationException"),
        (json!({ "Name": "/a", "Value": "", "Type": "String" }), "ValidationException"),
        (json!({ "Name": "/a", "Value": "{{ssm:b}}", "Type": "String" }), "ValidationException"),
        (json!({ "Name": "/a", "Value": "v", "Type": "Other" }), "ValidationException"),
        (json!({ "Name": "/a", "Value": "v", "Type": "String", "KeyId": "alias/x" }), "ValidationException"),
        (json!({ "Name": deep(16), "Value": "v", "Type": "String" }), "HierarchyLevelLimitExceededException"),
        (json!({ "Name": "/a", "Value": "x".repeat(4097), "Type": "String" }), "ValidationException"),
        (
            json!({ "Name": "/a", "Value": "x".repeat(8193), "Type": "String", "Tier": "Advanced" }),
            "ValidationException",
        ),
        (
            json!({ "Name": "/a", "Value": "v", "Type": "String", "Policies": "[]" }),
            "InvalidPolicyTypeException",
        ),
        (
            json!({ "Name": "/a", "Value": "v", "Type": "String", "DataType": "aws:ec2:image" }),
            "UnsupportedParameterType",
        ),
        (
            json!({ "Name": "/a", "Value": "v", "Type": "String", "AllowedPattern": "(" }),
            "InvalidAllowedPatternException",
        ),
        (
            json!({ "Name": "/a", "Value": "7x", "Type": "String", "AllowedPattern": "[0-9]" }),
            "ParameterPatternMismatchException",
        ),
        (
            json!({ "Name": "/a", "Value": "v", "Type": "SecureString", "KeyId": "alias/none" }),
            "InvalidKeyId",
        ),
        (json!({ "Name": "/taken", "Value": "v", "Type": "String" }), "ParameterAlreadyExists"),
        (
            json!({ "Name": "taken", "Value": "v", "Type": "String", "Overwrite": true }),
            "ParameterAlreadyExists",
        ),
        (
            json!({ "Name": "/taken", "Value": "v", "Type": "SecureString", "Overwrite": true }),
            "HierarchyTypeMismatchException",
        ),
        (
            json!({ "Name": "/taken", "Value": "v", "Overwrite": true, "Tags": [{ "Key": "a", "Value": "b" }] }),
            "ValidationException",
        ),
        (
            json!({ "Name": "/advanced", "Value": "v", "Overwrite": true, "Tier": "Standard" }),
            "ValidationException",
        ),
    ];
    for (input, code) in cases {
        assert_eq!(call(&admin, "PutParameter", input.clone()).await.code(), code, "{input}");
    }
    is(&get(&admin, "/taken").await, "v");
    assert_eq!(call(&admin, "StartSession", json!({})).await.code(), "UnknownOperationException");
}

#[tokio::test]
async fn versions_and_labels() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    put(&admin, "/p", "v1", "SecureString").await.ok();
    for at in 2..=3 {
        assert_eq!(over(&admin, "/p", &format!("v{at}")).await.ok()["Version"], json!(at));
    }
    for (name, value) in [("/p", "v3"), ("/p:1", "v1"), ("/p:2", "v2"), ("/p:3", "v3")] {
        is(&get(&admin, name).await, value);
    }
    let label = async |version: i64, labels: &[&str]| {
        let input = json!({ "Name": "/p", "ParameterVersion": version, "Labels": labels });
        call(&admin, "LabelParameterVersion", input).await
    };
    label(1, &["prod"]).await.ok();
    let prod = get(&admin, "/p:prod").await;
    is(&prod, "v1");
    assert_eq!(prod.value["Parameter"]["Selector"], json!(":prod"));
    label(2, &["prod", "next"]).await.ok();
    is(&get(&admin, "/p:prod").await, "v2");
    let bad = label(2, &["aws-x", "1x", "ok"]).await;
    assert_eq!(bad.ok()["InvalidLabels"], json!(["aws-x", "1x"]));
    assert_eq!(get(&admin, "/p:ok").await.code(), "ParameterVersionNotFound");
    assert_eq!(label(9, &["x"]).await.code(), "ParameterVersionNotFound");
    let nine: Vec<String> = (0..9).map(|at| format!("l{at}")).collect();
    let nine: Vec<&str> = nine.iter().map(String::as_str).collect();
    assert_eq!(label(2, &nine).await.code(), "ParameterVersionLabelLimitExceeded");
    let unlabel = json!({ "Name": "/p", "ParameterVersion": 2, "Labels": ["next", "none"] });
    let unlabel = call(&admin, "UnlabelParameterVersion", unlabel).await;
    assert_eq!(unlabel.ok(), &json!({ "RemovedLabels": ["next"], "InvalidLabels": ["none"] }));

    let history =
        call(&admin, "GetParameterHistory", json!({ "Name": "/p", "WithDecryption": true, "MaxResults": 2 }))
            .await;
    let shown = |reply: &Reply| -> Vec<(i64, String)> {
        let parameters = reply.ok()["Parameters"].as_array().unwrap().clone();
        let one = |p: &Value| (p["Version"].as_i64().unwrap(), p["Value"].as_str().unwrap().to_owned());
        parameters.iter().map(one).collect()
    };
    assert_eq!(shown(&history), [(1, "v1".to_owned()), (2, "v2".to_owned())]);
    assert_eq!(history.value["Parameters"][1]["Labels"], json!(["prod"]));
    let next = json!({ "Name": "/p", "WithDecryption": true, "NextToken": history.value["NextToken"] });
    let rest = call(&admin, "GetParameterHistory", next).await;
    assert_eq!(shown(&rest), [(3, "v3".to_owned())]);
    assert!(rest.value["NextToken"].is_null());

    // The hundred-and-first version pushes the first out, unless that one has a label.
    for at in 4..=101 {
        over(&admin, "/p", &format!("v{at}")).await.ok();
    }
    assert_eq!(get(&admin, "/p:1").await.code(), "ParameterVersionNotFound");
    is(&get(&admin, "/p:2").await, "v2");
    assert_eq!(over(&admin, "/p", "v102").await.code(), "ParameterMaxVersionLimitExceeded");
    label(3, &["prod"]).await.ok();
    over(&admin, "/p", "v102").await.ok();
    is(&get(&admin, "/p").await, "v102");

    // A parameter of the same name later on has none of the old versions.
    call(&admin, "DeleteParameter", json!({ "Name": "/p" })).await.ok();
    assert_eq!(get(&admin, "/p").await.code(), "ParameterNotFound");
    put(&admin, "/p", "new", "String").await.ok();
    over(&admin, "/p", "newer").await.ok();
    is(&get(&admin, "/p:1").await, "new");
    assert_eq!(get(&admin, "/p:50").await.code(), "ParameterVersionNotFound");
    assert_eq!(get(&admin, "/p:prod").await.code(), "ParameterVersionNotFound");
}

#[tokio::test]
async fn hierarchies_are_read_by_path() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    for name in ["/a/x", "/a/y", "/a/b/z", "/ab/w", "top"] {
        put(&admin, name, name, if name == "/a/y" { "SecureString" } else { "String" }).await.ok();
    }
    let by = async |client: &Client<'_>, more: Value| {
        let mut input = json!({ "Path": "/a", "WithDecryption": true });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        call(client, "GetParametersByPath", input).await
    };
    let names = |reply: &Reply| -> Vec<String> {
        let parameters = reply.ok()["Parameters"].as_array().unwrap().clone();
        parameters.iter().map(|parameter| parameter["Value"].as_str().unwrap().to_owned()).collect()
    };
    let filter = |key: &str, value: &str| json!({ "ParameterFilters": [{ "Key": key, "Values": [value] }] });
    let label = json!({ "Name": "/a/x", "Labels": ["gold"] });
    call(&admin, "LabelParameterVersion", label).await.ok();
    over(&admin, "/a/x", "/a/x again").await.ok();
    let cases: [(Value, &[&str]); 7] = [
        (json!({}), &["/a/x again", "/a/y"]),
        (json!({ "Path": "/a/" }), &["/a/x again", "/a/y"]),
        (json!({ "Recursive": true }), &["/a/b/z", "/a/x again", "/a/y"]),
        (json!({ "Path": "/" }), &["top"]),
        (json!({ "Path": "/none" }), &[]),
        (filter("Type", "SecureString"), &["/a/y"]),
        (filter("Label", "gold"), &["/a/x"]),
    ];
    for (input, expect) in cases {
        assert_eq!(names(&by(&admin, input.clone()).await), expect, "{input}");
    }
    let first = by(&admin, json!({ "MaxResults": 1 })).await;
    assert_eq!(names(&first), ["/a/x again"]);
    let second = by(&admin, json!({ "NextToken": first.value["NextToken"] })).await;
    assert_eq!(names(&second), ["/a/y"]);
    assert_eq!(by(&admin, json!({ "Path": "a" })).await.code(), "ValidationException");
    assert_eq!(by(&admin, json!({ "NextToken": "***" })).await.code(), "InvalidNextToken");
    assert_eq!(by(&admin, filter("Name", "x")).await.code(), "InvalidFilterKey");

    // The path decides, and a Deny below it doesn't; but a Deny on it, or on recursion, does.
    let with = |deny: Value| {
        json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": ["ssm:GetParametersByPath", "ssm:GetParameter"], "Resource": arn("a") },
            { "Effect": "Allow", "Action": "ssm:GetParameter", "Resource": arn("a/*") },
            deny,
        ] })
    };
    let deny = |resource: String| json!({ "Effect": "Deny", "Action": "ssm:*", "Resource": resource });
    let user = admin.user("below", Some(with(deny(arn("a/b/*"))))).await;
    assert_eq!(names(&by(&user, json!({ "Recursive": true })).await).len(), 3);
    get(&user, "/a/b/z").await.denied("explicit deny");
    by(&user, json!({ "Path": "/a/b" })).await.denied("identity-based");
    by(&user, json!({ "Path": "/" })).await.denied("identity-based");
    let flat = json!({ "Effect": "Deny", "Action": "ssm:GetParametersByPath", "Resource": "*", "Condition": {
        "StringEquals": { "ssm:Recursive": "true" },
    } });
    let user = admin.user("flat", Some(with(flat))).await;
    assert_eq!(names(&by(&user, json!({})).await).len(), 2);
    by(&user, json!({ "Recursive": true })).await.denied("explicit deny");
}

#[tokio::test]
async fn parameters_are_described_by_filters() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    put(&admin, "/a/x", "v", "String").await.ok();
    put(&admin, "/a/b/y", "v", "SecureString").await.ok();
    let tags = json!({ "ResourceType": "Parameter", "ResourceId": "/a/x", "Tags": [{ "Key": "team", "Value": "red" }] });
    call(&admin, "AddTagsToResource", tags).await.ok();
    let find = async |key: &str, option: Option<&str>, values: &[&str]| {
        let mut filter = json!({ "Key": key, "Values": values });
        option.into_iter().for_each(|option| filter["Option"] = option.into());
        let reply = call(&admin, "DescribeParameters", json!({ "ParameterFilters": [filter] })).await;
        match reply.status {
            200 => {
                let parameters = reply.ok()["Parameters"].as_array().unwrap();
                parameters.iter().map(|parameter| parameter["Name"].as_str().unwrap().to_owned()).collect()
            }
            _ => vec![reply.code().to_owned()],
        }
    };
    assert_eq!(find("Name", None, &["/a/x", "/z"]).await, ["/a/x"]);
    assert_eq!(find("Name", Some("BeginsWith"), &["/a/b"]).await, ["/a/b/y"]);
    assert_eq!(find("Name", Some("Contains"), &["/x"]).await, ["/a/x"]);
    assert_eq!(find("Path", None, &["/a"]).await, ["/a/x"]);
    assert_eq!(find("Path", Some("Recursive"), &["/a"]).await, ["/a/b/y", "/a/x"]);
    assert_eq!(find("Type", None, &["SecureString"]).await, ["/a/b/y"]);
    assert_eq!(find("KeyId", None, &["alias/aws/ssm"]).await, ["/a/b/y"]);
    assert_eq!(find("tag:team", None, &["red"]).await, ["/a/x"]);
    assert_eq!(find("tag:team", None, &["blue"]).await, [""; 0]);
    assert_eq!(find("Tier", None, &["Advanced"]).await, [""; 0]);
    assert_eq!(find("Label", None, &["x"]).await, ["InvalidFilterKey"]);
    assert_eq!(find("Type", Some("Contains"), &["S"]).await, ["InvalidFilterOption"]);
    let old = json!({ "Filters": [{ "Key": "Name", "Values": ["x"] }] });
    assert_eq!(call(&admin, "DescribeParameters", old).await.code(), "ValidationException");
    let one = call(&admin, "DescribeParameters", json!({ "MaxResults": 1 })).await;
    assert_eq!(one.ok()["Parameters"][0]["Name"], json!("/a/b/y"));
    assert!(one.value["NextToken"].is_string());
    let nobody = admin.user("nobody", None).await;
    call(&nobody, "DescribeParameters", json!({})).await.denied("identity-based");
}

#[tokio::test]
async fn each_layer_of_policy_can_refuse() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    for name in ["/app/a", "/app/b", "/other/c"] {
        put(&admin, name, "v", "String").await.ok();
    }
    let nobody = admin.user("nobody", None).await;
    get(&nobody, "/app/a").await.denied("no identity-based policy allows the ssm:GetParameter action");
    get(&nobody, "/app/none").await.denied("identity-based");
    let app = admin.user("app", Some(policy("Allow", "ssm:*", &arn("app/*")))).await;
    is(&get(&app, "/app/a").await, "v");
    is(&get(&app, &arn("app/a")).await, "v");
    get(&app, "/other/c").await.denied("identity-based");
    assert_eq!(get(&app, "/app/none").await.code(), "ParameterNotFound");
    // One that may not be read denies all; one that is not there is told.
    let several =
        async |operation: &str, names: &[&str]| call(&app, operation, json!({ "Names": names })).await;
    several("GetParameters", &["/app/a", "/other/c"]).await.denied("ssm:GetParameters");
    let reply = several("GetParameters", &["/app/a", "/app/b:1", "/app/none", "/app/a:9"]).await;
    assert_eq!(reply.ok()["Parameters"].as_array().unwrap().len(), 2);
    assert_eq!(reply.value["InvalidParameters"], json!(["/app/none", "/app/a:9"]));
    several("DeleteParameters", &["/app/a", "/other/c"]).await.denied("ssm:DeleteParameters");
    is(&get(&app, "/app/a").await, "v");
    let reply = several("DeleteParameters", &["/app/a", "/app/none"]).await;
    assert_eq!(reply.ok(), &json!({ "DeletedParameters": ["/app/a"], "InvalidParameters": ["/app/none"] }));
    assert_eq!(get(&app, "/app/a").await.code(), "ParameterNotFound");
    for (operation, input) in [
        ("PutParameter", json!({ "Name": "/other/d", "Value": "v", "Type": "String" })),
        ("DeleteParameter", json!({ "Name": "/other/c" })),
        ("GetParameterHistory", json!({ "Name": "/other/c" })),
        ("LabelParameterVersion", json!({ "Name": "/other/c", "Labels": ["x"] })),
        ("UnlabelParameterVersion", json!({ "Name": "/other/c", "ParameterVersion": 1, "Labels": ["x"] })),
        ("AddTagsToResource", json!({ "ResourceType": "Parameter", "ResourceId": "/other/c", "Tags": [] })),
        (
            "RemoveTagsFromResource",
            json!({ "ResourceType": "Parameter", "ResourceId": "/other/c", "TagKeys": [] }),
        ),
        ("ListTagsForResource", json!({ "ResourceType": "Parameter", "ResourceId": "/other/c" })),
    ] {
        call(&app, operation, input).await.denied(&format!("ssm:{operation}"));
    }
    // Another account's parameters are nobody's but its own: they have no policy.
    harness
        .other()
        .call("ssm", "GetParameter", json!({ "Name": arn("app/b") }))
        .await
        .denied("resource-based");
    assert_eq!(get(&harness.other(), "/app/b").await.code(), "ParameterNotFound");

    // Whether it overwrites, and with which tags, is for policies to say.
    let cautious = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "ssm:*", "Resource": "*" },
        { "Effect": "Deny", "Action": "ssm:PutParameter", "Resource": "*", "Condition": { "StringEquals": { "ssm:Overwrite": "true" } } },
        { "Effect": "Deny", "Action": "ssm:AddTagsToResource", "Resource": "*", "Condition": { "StringEquals": { "aws:RequestTag/team": "red" } } },
        { "Effect": "Deny", "Action": "ssm:GetParameter", "Resource": "*", "Condition": { "StringEquals": { "ssm:resourceTag/team": "blue" } } },
    ] });
    let user = admin.user("cautious", Some(cautious)).await;
    over(&user, "/app/b", "w").await.denied("explicit deny");
    let tagged = |colour: &str| {
        json!({
            "Name": "/tagged", "Value": "v", "Type": "String", "Tags": [{ "Key": "team", "Value": colour }],
        })
    };
    call(&user, "PutParameter", tagged("red")).await.denied("ssm:AddTagsToResource");
    call(&user, "PutParameter", tagged("blue")).await.ok();
    get(&user, "/tagged").await.denied("explicit deny");
    let id = json!({ "ResourceType": "Parameter", "ResourceId": "/tagged" });
    assert_eq!(
        call(&user, "ListTagsForResource", id.clone()).await.ok()["TagList"][0]["Value"],
        json!("blue")
    );
    let remove = json!({ "ResourceType": "Parameter", "ResourceId": "/tagged", "TagKeys": ["team"] });
    call(&user, "RemoveTagsFromResource", remove).await.ok();
    is(&get(&user, "/tagged").await, "v");
    let document = json!({ "ResourceType": "Document", "ResourceId": "x" });
    assert_eq!(call(&user, "ListTagsForResource", document).await.code(), "InvalidResourceType");
    let none = json!({ "ResourceType": "Parameter", "ResourceId": "/none" });
    assert_eq!(call(&user, "ListTagsForResource", none).await.code(), "InvalidResourceId");
}

#[tokio::test]
async fn the_key_decides_too() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let key = admin.call("kms", "CreateKey", json!({})).await;
    let key = key.ok()["KeyMetadata"]["Arn"].as_str().unwrap().to_owned();
    for (name, tier) in [("/s", "Standard"), ("/l", "Advanced")] {
        let secure =
            json!({ "Name": name, "Value": "one", "Type": "SecureString", "KeyId": key, "Tier": tier });
        call(&admin, "PutParameter", secure).await.ok();
    }
    let user = admin.user("app", Some(policy("Allow", "ssm:*", "*"))).await;
    get(&user, "/s").await.denied("kms:Decrypt");
    get(&user, "/l").await.denied("kms:Decrypt");
    call(&user, "GetParameter", json!({ "Name": "/s" })).await.ok();
    call(&user, "GetParametersByPath", json!({ "Path": "/", "WithDecryption": true }))
        .await
        .denied("kms:Decrypt");
    // What is overwritten stays under its key.
    over(&user, "/s", "two").await.denied("kms:Encrypt");
    over(&user, "/l", "two").await.denied("kms:GenerateDataKey");
    put(&user, "/managed", "mine", "SecureString").await.ok();
    is(&get(&user, "/managed").await, "mine");
    let allow = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "kms:Decrypt", "Resource": key, "Condition": { "StringEquals": {
            "kms:EncryptionContext:PARAMETER_ARN": arn("s"), "kms:ViaService": format!("ssm.{REGION}.amazonaws.com"),
        } },
    }] });
    let allow = json!({ "UserName": "app", "PolicyName": "kms", "PolicyDocument": allow.to_string() });
    admin.call("iam", "PutUserPolicy", allow).await.ok();
    is(&get(&user, "/s").await, "one");
    get(&user, "/l").await.denied("kms:Decrypt");
    admin.call("kms", "DisableKey", json!({ "KeyId": key })).await.ok();
    assert_eq!(get(&admin, "/s").await.code(), "InvalidKeyId");
}
