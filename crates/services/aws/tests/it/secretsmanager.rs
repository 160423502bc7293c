//! Secrets Manager: what is done shows through another operation, and each layer of policy can refuse it.

use serde_json::{Value, json};

use crate::harness::{ACCOUNT, Client, Harness, OTHER, REGION, Reply, policy, trust};

const DAY: i64 = 24 * 60 * 60;

async fn call(client: &Client<'_>, operation: &str, input: Value) -> Reply {
    client.call("secretsmanager", operation, input).await
}

async fn create(client: &Client<'_>, name: &str, value: &str) -> String {
    let reply = call(client, "CreateSecret", json!({ "Name": name, "SecretString": value })).await;
    reply.ok()["ARN"].as_str().unwrap().to_owned()
}

async fn read(client: &Client<'_>, id: &str) -> Reply {
    call(client, "GetSecretValue", json!({ "SecretId": id })).await
}

#[track_caller]
fn is(reply: &Reply, value: &str) {
    assert_eq!(reply.ok()["SecretString"], json!(value));
}

fn token(letter: char) -> String {
    letter.to_string().repeat(32)
}

#[tokio::test]
async fn a_secret_is_found_by_name_and_arn_and_stays_after_a_restart() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let arn = create(&admin, "prod/db", "hunter2-plain").await;
    let (partial, suffix) = arn.rsplit_once('-').unwrap();
    assert_eq!(partial, format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:prod/db"));
    assert_eq!(suffix.len(), 6);
    // A name that ends as an ARN does is found by its own name and its full ARN.
    let other = create(&admin, &format!("prod/db-{suffix}"), "the other").await;
    for (id, value) in [
        ("prod/db", "hunter2-plain"),
        (&arn, "hunter2-plain"),
        (partial, "hunter2-plain"),
        (&format!("prod/db-{suffix}"), "the other"),
        (&other, "the other"),
    ] {
        is(&read(&admin, id).await, value);
    }
    let binary = json!({ "Name": "binary", "SecretBinary": "AAH/" });
    call(&admin, "CreateSecret", binary).await.ok();

    let harness = harness.restart().await;
    let admin = harness.admin();
    is(&read(&admin, &arn).await, "hunter2-plain");
    let reply = read(&admin, "binary").await;
    assert_eq!(reply.ok()["SecretBinary"], json!("AAH/"));
    let described = call(&admin, "DescribeSecret", json!({ "SecretId": "prod/db" })).await;
    assert_eq!(described.ok()["VersionIdsToStages"].as_object().unwrap().len(), 1);
    assert!(described.value["LastAccessedDate"].is_number());

    for missing in ["prod/nothing", &arn.replace("prod/db", "prod/dc"), &arn.replace(REGION, "us-west-2")] {
        assert_eq!(read(&admin, missing).await.code(), "ResourceNotFoundException", "{missing}");
    }
    for malformed in ["no such*", "arn:aws:kms:eu-central-1:111122223333:key/x", "arn:x", "a\u{e9}"] {
        assert_eq!(read(&admin, malformed).await.code(), "InvalidParameterException", "{malformed}");
    }
    let bytes = harness.bytes().await;
    for plain in [&b"hunter2-plain"[..], b"the other", b"AAH/"] {
        assert!(!bytes.windows(plain.len()).any(|window| window == plain), "{plain:?}");
    }
}

#[tokio::test]
async fn the_same_request_again_changes_nothing() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let first = json!({ "Name": "s", "SecretString": "one", "ClientRequestToken": token('a') });
    let arn = call(&admin, "CreateSecret", first.clone()).await.ok()["ARN"].clone();
    let again = call(&admin, "CreateSecret", first).await;
    assert_eq!(again.ok()["ARN"], arn);
    assert_eq!(again.value["VersionId"], json!(token('a')));
    let other = json!({ "Name": "s", "SecretString": "two", "ClientRequestToken": token('a') });
    assert_eq!(call(&admin, "CreateSecret", other).await.code(), "ResourceExistsException");
    let other = json!({ "Name": "s", "SecretString": "one", "ClientRequestToken": token('b') });
    assert_eq!(call(&admin, "CreateSecret", other).await.code(), "ResourceExistsException");

    let put = json!({ "SecretId": "s", "SecretString": "two", "ClientRequestToken": token('b') });
    call(&admin, "PutSecretValue", put.clone()).await.ok();
    call(&admin, "PutSecretValue", put).await.ok();
    let put = json!({ "SecretId": "s", "SecretString": "three", "ClientRequestToken": token('b') });
    assert_eq!(call(&admin, "PutSecretValue", put).await.code(), "ResourceExistsException");
    let versions = call(&admin, "ListSecretVersionIds", json!({ "SecretId": "s" })).await;
    assert_eq!(versions.ok()["Versions"].as_array().unwrap().len(), 2);
    is(&read(&admin, "s").await, "two");
}

#[tokio::test]
async fn stages_move() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let put = async |letter: char, stages: Value| {
        let mut input = json!({ "SecretId": "s", "SecretString": letter.to_string(), "ClientRequestToken": token(letter) });
        if stages.is_array() {
            input["VersionStages"] = stages;
        }
        call(&admin, "PutSecretValue", input).await
    };
    let stages = async || {
        let reply = call(&admin, "DescribeSecret", json!({ "SecretId": "s" })).await;
        reply.ok()["VersionIdsToStages"].clone()
    };
    let (a, b, c) = (token('a'), token('b'), token('c'));
    call(&admin, "CreateSecret", json!({ "Name": "s" })).await.ok();
    assert_eq!(read(&admin, "s").await.code(), "ResourceNotFoundException");
    put('a', json!(["mine"])).await.ok();
    assert_eq!(stages().await, json!({ &a: ["AWSCURRENT", "mine"] }));
    put('b', Value::Null).await.ok();
    put('c', json!(["AWSPENDING"])).await.ok();
    let expect = json!({ &a: ["AWSPREVIOUS", "mine"], &b: ["AWSCURRENT"], &c: ["AWSPENDING"] });
    assert_eq!(stages().await, expect);

    let get = async |input: Value| {
        let mut all = json!({ "SecretId": "s" });
        all.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
        call(&admin, "GetSecretValue", all).await
    };
    is(&get(json!({ "VersionStage": "AWSPENDING" })).await, "c");
    is(&get(json!({ "VersionId": &a })).await, "a");
    is(&get(json!({ "VersionId": &a, "VersionStage": "mine" })).await, "a");
    let both = get(json!({ "VersionId": &a, "VersionStage": "AWSCURRENT" })).await;
    assert_eq!(both.code(), "InvalidRequestException");

    let shift = async |stage: &str, from: Option<&str>, to: Option<&str>| {
        let mut input = json!({ "SecretId": "s", "VersionStage": stage });
        from.into_iter().for_each(|from| input["RemoveFromVersionId"] = from.into());
        to.into_iter().for_each(|to| input["MoveToVersionId"] = to.into());
        call(&admin, "UpdateSecretVersionStage", input).await
    };
    let refused = [
        ("AWSCURRENT", None, Some(c.as_str())),
        ("AWSCURRENT", Some(a.as_str()), Some(c.as_str())),
        ("AWSCURRENT", Some(b.as_str()), None),
        ("AWSPENDING", None, None),
    ];
    for (stage, from, to) in refused {
        assert_eq!(
            shift(stage, from, to).await.code(),
            "InvalidParameterException",
            "{stage} {from:?} {to:?}"
        );
    }
    assert_eq!(shift("x", None, Some(&token('z'))).await.code(), "ResourceNotFoundException");
    shift("AWSCURRENT", Some(&b), Some(&c)).await.ok();
    shift("AWSPENDING", Some(&c), None).await.ok();
    is(&read(&admin, "s").await, "c");
    assert_eq!(stages().await, json!({ &a: ["mine"], &b: ["AWSPREVIOUS"], &c: ["AWSCURRENT"] }));
    shift("mine", Some(&a), None).await.ok();
    let list = async |all: bool| {
        let input = json!({ "SecretId": "s", "IncludeDeprecated": all });
        call(&admin, "ListSecretVersionIds", input).await.ok()["Versions"].as_array().unwrap().len()
    };
    assert_eq!((list(false).await, list(true).await), (2, 3));
    let many: Vec<String> = (0..20).map(|at| format!("stage{at}")).collect();
    assert_eq!(put('d', json!(many)).await.code(), "LimitExceededException");
}

#[tokio::test]
async fn old_versions_without_a_label_go_after_a_day() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    create(&admin, "s", "first").await;
    let versions = async || {
        let mut input = json!({ "SecretId": "s", "IncludeDeprecated": true, "MaxResults": 100 });
        let mut count = 0;
        loop {
            let reply = call(&admin, "ListSecretVersionIds", input.clone()).await;
            count += reply.ok()["Versions"].as_array().unwrap().len();
            match reply.value["NextToken"].as_str() {
                Some(next) => input["NextToken"] = next.into(),
                None => return count,
            }
        }
    };
    for at in 0..109 {
        // Of versions of one moment it would be chance which are the older ones.
        harness.pass(1);
        call(&admin, "PutSecretValue", json!({ "SecretId": "s", "SecretString": at.to_string() })).await.ok();
    }
    assert_eq!(versions().await, 110);
    harness.pass(DAY);
    call(&admin, "PutSecretValue", json!({ "SecretId": "s", "SecretString": "last" })).await.ok();
    assert_eq!(versions().await, 100);
    is(&read(&admin, "s").await, "last");
}

#[tokio::test]
async fn a_deleted_secret_can_be_restored_until_its_time_is_over() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let old = create(&admin, "s", "one").await;
    for bad in [
        json!({ "SecretId": "s", "RecoveryWindowInDays": 6 }),
        json!({ "SecretId": "s", "RecoveryWindowInDays": 31 }),
        json!({ "SecretId": "s", "RecoveryWindowInDays": 7, "ForceDeleteWithoutRecovery": true }),
    ] {
        assert_eq!(call(&admin, "DeleteSecret", bad).await.code(), "InvalidParameterException");
    }
    let delete = json!({ "SecretId": "s", "RecoveryWindowInDays": 7 });
    call(&admin, "DeleteSecret", delete.clone()).await.ok();
    assert_eq!(call(&admin, "DeleteSecret", delete.clone()).await.code(), "InvalidRequestException");
    for (operation, input) in [
        ("GetSecretValue", json!({ "SecretId": "s" })),
        ("PutSecretValue", json!({ "SecretId": "s", "SecretString": "x" })),
        ("UpdateSecret", json!({ "SecretId": "s", "Description": "x" })),
        ("TagResource", json!({ "SecretId": "s", "Tags": [{ "Key": "k", "Value": "v" }] })),
        ("GetResourcePolicy", json!({ "SecretId": "s" })),
        ("CreateSecret", json!({ "Name": "s", "SecretString": "x" })),
    ] {
        assert_eq!(call(&admin, operation, input).await.code(), "InvalidRequestException", "{operation}");
    }
    let described = call(&admin, "DescribeSecret", json!({ "SecretId": "s" })).await;
    assert!(described.ok()["DeletedDate"].is_number());
    let names = async |planned: bool| {
        let reply = call(&admin, "ListSecrets", json!({ "IncludePlannedDeletion": planned })).await;
        reply.ok()["SecretList"].as_array().unwrap().len()
    };
    assert_eq!((names(false).await, names(true).await), (0, 1));
    call(&admin, "RestoreSecret", json!({ "SecretId": "s" })).await.ok();
    is(&read(&admin, "s").await, "one");

    call(&admin, "DeleteSecret", delete).await.ok();
    harness.pass(7 * DAY);
    let restore = call(&admin, "RestoreSecret", json!({ "SecretId": "s" })).await;
    assert_eq!(restore.code(), "ResourceNotFoundException");
    // The name is free before anything was swept, and the new secret is another one.
    let new = create(&admin, "s", "two").await;
    assert_ne!(new, old);
    assert_eq!(read(&admin, &old).await.code(), "ResourceNotFoundException");
    is(&read(&admin, &new).await, "two");

    call(&admin, "DeleteSecret", json!({ "SecretId": "s" })).await.ok();
    harness.pass(30 * DAY);
    assert_eq!(harness.sweep().await.secrets, 1);
    assert_eq!(harness.sweep().await.secrets, 0);
    create(&admin, "s", "three").await;
    let force = json!({ "SecretId": "s", "ForceDeleteWithoutRecovery": true });
    call(&admin, "DeleteSecret", force.clone()).await.ok();
    assert_eq!(read(&admin, "s").await.code(), "ResourceNotFoundException");
    call(&admin, "DeleteSecret", force).await.ok();
}

#[tokio::test]
async fn each_layer_of_policy_can_refuse() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let arn = create(&admin, "app/db", "value").await;
    create(&admin, "other", "value").await;
    let get = |resource: &str| policy("Allow", "secretsmanager:GetSecretValue", resource);
    let prefix = format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:app/*");

    let nobody = admin.user("nobody", None).await;
    read(&nobody, "app/db").await.denied("no identity-based policy allows the secretsmanager:GetSecretValue");
    // What is not there looks the same to who may not ask.
    let (there, missing) = (read(&nobody, "app/db").await, read(&nobody, "app/no").await);
    assert_eq!(there.message().replace("app/db", "app/no"), missing.message());

    let some = admin.user("some", Some(get(&prefix))).await;
    is(&read(&some, "app/db").await, "value");
    is(&read(&some, &arn).await, "value");
    read(&some, "other").await.denied("identity-based");
    assert_eq!(read(&some, "app/no").await.code(), "ResourceNotFoundException");
    call(&some, "DescribeSecret", json!({ "SecretId": "app/db" })).await.denied("identity-based");
    call(&some, "ListSecrets", json!({})).await.denied("identity-based");

    // The resource's policy gives, and denies.
    let user = format!("arn:aws:iam::{ACCOUNT}:user/nobody");
    let statement = |effect: &str, condition: Value| {
        json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": effect, "Principal": { "AWS": user }, "Action": "secretsmanager:GetSecretValue", "Resource": "*",
            "Condition": condition,
        }] })
    };
    let put = async |policy: Value| {
        let input = json!({ "SecretId": "app/db", "ResourcePolicy": policy.to_string() });
        call(&admin, "PutResourcePolicy", input).await
    };
    put(statement("Allow", json!({}))).await.ok();
    is(&read(&nobody, "app/db").await, "value");
    let shown = call(&admin, "GetResourcePolicy", json!({ "SecretId": "app/db" })).await;
    assert!(shown.ok()["ResourcePolicy"].as_str().unwrap().contains("user/nobody"));
    let staged = json!({ "StringEquals": { "secretsmanager:VersionStage": "AWSPREVIOUS" } });
    put(statement("Allow", staged)).await.ok();
    read(&nobody, "app/db").await.denied("because no");
    put(statement("Deny", json!({}))).await.ok();
    admin
        .call(
            "iam",
            "PutUserPolicy",
            json!({
                "UserName": "nobody", "PolicyName": "all", "PolicyDocument": get("*").to_string(),
            }),
        )
        .await
        .ok();
    read(&nobody, "app/db").await.denied("explicit deny in a resource-based policy");
    call(&admin, "DeleteResourcePolicy", json!({ "SecretId": "app/db" })).await.ok();
    is(&read(&nobody, "app/db").await, "value");
    assert!(
        call(&admin, "GetResourcePolicy", json!({ "SecretId": "app/db" })).await.ok()["ResourcePolicy"]
            .is_null()
    );
    assert_eq!(put(json!({ "Version": "2012-10-17" })).await.code(), "MalformedPolicyDocumentException");

    // A session's policy and a boundary only take away.
    admin
        .call(
            "iam",
            "CreateRole",
            json!({
                "RoleName": "reader",
                "AssumeRolePolicyDocument": trust(&format!("arn:aws:iam::{ACCOUNT}:root")).to_string(),
            }),
        )
        .await
        .ok();
    admin
        .call(
            "iam",
            "PutRolePolicy",
            json!({
                "RoleName": "reader", "PolicyName": "p", "PolicyDocument": get("*").to_string(),
            }),
        )
        .await
        .ok();
    let assume = async |extra: Option<Value>| {
        let mut input =
            json!({ "RoleArn": format!("arn:aws:iam::{ACCOUNT}:role/reader"), "RoleSessionName": "session" });
        extra.into_iter().for_each(|policy| input["Policy"] = policy.to_string().into());
        let reply = admin.call("sts", "AssumeRole", input).await;
        admin.session(&reply.ok()["Credentials"])
    };
    is(&read(&assume(None).await, "other").await, "value");
    let narrow = assume(Some(get(&prefix))).await;
    is(&read(&narrow, "app/db").await, "value");
    read(&narrow, "other").await.denied("session policy");

    let boundary = admin
        .call(
            "iam",
            "CreatePolicy",
            json!({
                "PolicyName": "edge", "PolicyDocument": policy("Allow", "iam:*", "*").to_string(),
            }),
        )
        .await;
    let boundary = boundary.ok()["Policy"]["Arn"].clone();
    let bound = json!({ "UserName": "some", "PermissionsBoundary": boundary });
    admin.call("iam", "PutUserPermissionsBoundary", bound).await.ok();
    read(&some, "app/db").await.denied("permissions boundary");
}

#[tokio::test]
async fn the_key_decides_too() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let key = admin.call("kms", "CreateKey", json!({})).await;
    let key = key.ok()["KeyMetadata"]["Arn"].as_str().unwrap().to_owned();
    let create = json!({ "Name": "s", "SecretString": "one", "KmsKeyId": key });
    let arn = call(&admin, "CreateSecret", create).await.ok()["ARN"].as_str().unwrap().to_owned();
    let all = policy("Allow", "secretsmanager:*", "*");
    let user = admin.user("app", Some(all)).await;
    read(&user, "s").await.denied("kms:Decrypt");
    // With the key that AWS manages, nobody needs a permission of KMS.
    self::create(&user, "managed", "x").await;
    is(&read(&user, "managed").await, "x");
    let denied = json!({ "Name": "t", "SecretString": "one", "KmsKeyId": key });
    call(&user, "CreateSecret", denied).await.denied("kms:GenerateDataKey");

    // The key's policy lets the user in, through the service and for this secret alone.
    let via = json!({ "StringEquals": {
        "kms:ViaService": format!("secretsmanager.{REGION}.amazonaws.com"),
        "kms:EncryptionContext:SecretARN": arn,
    } });
    let policy_of = |condition: &Value| {
        json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{ACCOUNT}:root") }, "Action": "kms:*", "Resource": "*" },
            { "Effect": "Allow", "Principal": { "AWS": [
                format!("arn:aws:iam::{ACCOUNT}:user/app"), format!("arn:aws:iam::{OTHER}:root"),
            ] }, "Action": "kms:Decrypt", "Resource": "*", "Condition": condition },
        ] })
        .to_string()
    };
    let put = async |condition: Value| {
        let input = json!({ "KeyId": key, "PolicyName": "default", "Policy": policy_of(&condition) });
        admin.call("kms", "PutKeyPolicy", input).await.ok();
    };
    put(json!({ "StringEquals": { "kms:EncryptionContext:SecretARN": "another" } })).await;
    read(&user, "s").await.denied("kms:Decrypt");
    put(via).await;
    is(&read(&user, "s").await, "one");

    // Another account needs the secret's policy, the key's, and its own.
    let other = harness.other();
    read(&other, &arn).await.denied("resource-based policy");
    let give = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "AWS": OTHER }, "Action": ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"],
        "Resource": "*",
    }] });
    for secret in ["s", "managed"] {
        let input = json!({ "SecretId": secret, "ResourcePolicy": give.to_string() });
        call(&admin, "PutResourcePolicy", input).await.ok();
    }
    is(&read(&other, &arn).await, "one");
    let managed = call(&admin, "DescribeSecret", json!({ "SecretId": "managed" })).await;
    let managed = managed.ok()["ARN"].as_str().unwrap().to_owned();
    read(&other, &managed).await.denied("kms:Decrypt");
    // It does not seal with a key of its own instead.
    let put = json!({ "SecretId": managed, "SecretString": "theirs" });
    call(&other, "PutSecretValue", put).await.denied("kms:GenerateDataKey");
    let poor = other.user("poor", None).await;
    read(&poor, &arn).await.denied("identity-based");

    admin.call("kms", "DisableKey", json!({ "KeyId": key })).await.ok();
    assert_eq!(read(&admin, "s").await.code(), "DecryptionFailure");
    let put = json!({ "SecretId": "s", "SecretString": "two" });
    assert_eq!(call(&admin, "PutSecretValue", put).await.code(), "EncryptionFailure");
    admin.call("kms", "EnableKey", json!({ "KeyId": key })).await.ok();

    // Another key takes over what has AWS's labels.
    let update = json!({ "SecretId": "s", "KmsKeyId": "alias/aws/secretsmanager" });
    call(&admin, "UpdateSecret", update).await.ok();
    admin.call("kms", "DisableKey", json!({ "KeyId": key })).await.ok();
    is(&read(&admin, "s").await, "one");
    is(&read(&user, "s").await, "one");
    let records = harness.records(ACCOUNT).await;
    let decrypt =
        |record: &&Value| record["eventName"] == "Decrypt" && record["userIdentity"]["userName"] == "app";
    assert!(records.iter().any(|record| decrypt(&record)
        && record["userIdentity"]["invokedBy"] == "secretsmanager.amazonaws.com"
        && record["requestParameters"]["encryptionContext"]["SecretARN"] == json!(arn)));
}

#[tokio::test]
async fn conditions_see_what_the_request_tells() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let key = admin.call("kms", "CreateKey", json!({})).await;
    let key = key.ok()["KeyMetadata"].clone();
    admin
        .call("kms", "CreateAlias", json!({ "AliasName": "alias/app", "TargetKeyId": key["KeyId"] }))
        .await
        .ok();
    let with = |action: &str, condition: Value| {
        json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": ["kms:*", "secretsmanager:*"], "Resource": "*" },
            { "Effect": "Deny", "Action": action, "Resource": "*", "Condition": condition },
        ] })
    };
    let string = |key: &str, value: &Value| json!({ "StringNotEquals": { key: value } });
    let boolean = |key: &str| json!({ "Bool": { key: "true" } });
    let tags = json!([{ "Key": "team", "Value": "a" }]);
    let arn = create(&admin, "s", "v").await;
    let open = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": ACCOUNT }, "Action": "secretsmanager:*", "Resource": "*" },
    ] })
    .to_string();
    let cases = [
        (
            "CreateSecret",
            string("secretsmanager:Name", &json!("a")),
            json!({ "Name": "a" }),
            json!({ "Name": "b" }),
        ),
        (
            "CreateSecret",
            string("secretsmanager:KmsKeyArn", &key["Arn"]),
            json!({ "Name": "c", "KmsKeyId": "alias/app" }),
            json!({ "Name": "d" }),
        ),
        (
            "CreateSecret",
            string("aws:RequestTag/team", &json!("a")),
            json!({ "Name": "e", "Tags": tags }),
            json!({ "Name": "f", "Tags": [{ "Key": "team", "Value": "b" }] }),
        ),
        (
            "CreateSecret",
            string("secretsmanager:ResourceTag/team", &json!("a")),
            json!({ "Name": "g", "Tags": tags }),
            json!({ "Name": "h" }),
        ),
        (
            "CreateSecret",
            string("secretsmanager:Description", &json!("told")),
            json!({ "Name": "i", "Description": "told" }),
            json!({ "Name": "j" }),
        ),
        (
            "GetSecretValue",
            string("secretsmanager:SecretId", &json!(arn)),
            json!({ "SecretId": "s" }),
            json!({ "SecretId": "a" }),
        ),
        (
            "GetSecretValue",
            json!({ "StringEquals": { "secretsmanager:VersionId": token('v') } }),
            json!({ "SecretId": "s" }),
            json!({ "SecretId": "s", "VersionId": token('v') }),
        ),
        (
            "GetSecretValue",
            string("secretsmanager:VersionStage", &json!("AWSCURRENT")),
            json!({ "SecretId": "s" }),
            json!({ "SecretId": "s", "VersionStage": "AWSPREVIOUS" }),
        ),
        (
            "DeleteSecret",
            json!({ "NumericLessThan": { "secretsmanager:RecoveryWindowInDays": "20" } }),
            json!({ "SecretId": "a", "RecoveryWindowInDays": 20 }),
            json!({ "SecretId": "s", "RecoveryWindowInDays": 7 }),
        ),
        (
            "DeleteSecret",
            boolean("secretsmanager:ForceDeleteWithoutRecovery"),
            json!({ "SecretId": "c" }),
            json!({ "SecretId": "s", "ForceDeleteWithoutRecovery": true }),
        ),
        (
            "PutResourcePolicy",
            json!({ "BoolIfExists": { "secretsmanager:BlockPublicPolicy": "false" } }),
            json!({ "SecretId": "s", "ResourcePolicy": open, "BlockPublicPolicy": true }),
            json!({ "SecretId": "s", "ResourcePolicy": open }),
        ),
        (
            "RotateSecret",
            boolean("secretsmanager:ModifyRotationRules"),
            json!({ "SecretId": "s", "RotateImmediately": true }),
            json!({ "SecretId": "s", "RotateImmediately": false, "RotationRules": { "AutomaticallyAfterDays": 3 } }),
        ),
        (
            "TagResource",
            json!({ "ForAllValues:StringNotEquals": { "aws:TagKeys": "team" } }),
            json!({ "SecretId": "s", "Tags": tags }),
            json!({ "SecretId": "s", "Tags": [{ "Key": "other", "Value": "x" }] }),
        ),
    ];
    for (at, (operation, condition, good, bad)) in cases.into_iter().enumerate() {
        let name = format!("user{at}");
        let user = admin.user(&name, Some(with(&format!("secretsmanager:{operation}"), condition))).await;
        call(&user, operation, bad).await.denied("explicit deny in an identity-based policy");
        let reply = call(&user, operation, good).await;
        // Rotation at once is allowed, and refused for what it is.
        assert!(
            reply.status == 200 || reply.code() == "InvalidRequestException",
            "{operation}: {}",
            reply.text
        );
    }
    // The tag that the secret has got.
    let tagged = admin
        .user(
            "tagged",
            Some(json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*",
            "Condition": { "StringEquals": { "aws:ResourceTag/team": "a" } },
        }] })),
        )
        .await;
    is(&read(&tagged, "s").await, "v");
    let untag = json!({ "SecretId": "s", "TagKeys": ["team"] });
    call(&admin, "UntagResource", untag).await.ok();
    read(&tagged, "s").await.denied("identity-based");
}

#[tokio::test]
async fn public_policies_can_be_blocked() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    create(&admin, "s", "v").await;
    let policy = |principal: Value, effect: &str| {
        json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": effect, "Principal": principal, "Action": "secretsmanager:*", "Resource": "*" },
        ] })
        .to_string()
    };
    let put =
        |policy: String| json!({ "SecretId": "s", "ResourcePolicy": policy, "BlockPublicPolicy": true });
    let public = call(&admin, "PutResourcePolicy", put(policy(json!("*"), "Allow"))).await;
    assert_eq!(public.code(), "PublicPolicyException");
    assert!(
        call(&admin, "GetResourcePolicy", json!({ "SecretId": "s" })).await.ok()["ResourcePolicy"].is_null()
    );
    call(&admin, "PutResourcePolicy", put(policy(json!({ "AWS": OTHER }), "Allow"))).await.ok();

    let validate = async |policy: String| {
        let input = json!({ "SecretId": "s", "ResourcePolicy": policy });
        call(&admin, "ValidateResourcePolicy", input).await
    };
    let names = |reply: &Reply| -> Vec<String> {
        let errors = reply.ok()["ValidationErrors"].as_array().unwrap().clone();
        errors.iter().map(|error| error["CheckName"].as_str().unwrap().to_owned()).collect()
    };
    assert!(names(&validate(policy(json!({ "AWS": OTHER }), "Allow")).await).is_empty());
    assert_eq!(names(&validate(policy(json!("*"), "Allow")).await), ["PUBLIC_POLICY"]);
    assert_eq!(names(&validate(policy(json!("*"), "Deny")).await), ["LOCKOUT"]);
    assert_eq!(validate("{}".to_owned()).await.code(), "MalformedPolicyDocumentException");
}

#[tokio::test]
async fn a_schedule_is_kept_and_nothing_else_is_said() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    create(&admin, "s", "v").await;
    let rotate = async |more: Value| {
        let mut input = json!({ "SecretId": "s", "RotateImmediately": false });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        call(&admin, "RotateSecret", input).await
    };
    let described = async || call(&admin, "DescribeSecret", json!({ "SecretId": "s" })).await.ok().clone();
    assert_eq!(
        call(&admin, "CancelRotateSecret", json!({ "SecretId": "s" })).await.code(),
        "InvalidRequestException"
    );
    assert_eq!(rotate(json!({})).await.code(), "InvalidRequestException");
    let rules = json!({ "AutomaticallyAfterDays": 10 });
    let now = json!({ "SecretId": "s", "RotationRules": rules });
    assert_eq!(call(&admin, "RotateSecret", now).await.code(), "InvalidRequestException");
    for bad in [
        json!({}),
        json!({ "ScheduleExpression": "rate(1 hour)" }),
        json!({ "AutomaticallyAfterDays": 1, "ScheduleExpression": "rate(1 day)" }),
    ] {
        assert_eq!(rotate(json!({ "RotationRules": bad })).await.code(), "InvalidParameterException");
    }
    let lambda = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:rotate");
    rotate(json!({ "RotationRules": rules, "RotationLambdaARN": lambda })).await.ok();
    let shown = described().await;
    let start = harness.now() as f64 / 1000.0;
    assert_eq!(shown["RotationEnabled"], json!(true));
    assert_eq!(shown["RotationLambdaARN"], json!(lambda));
    assert_eq!(shown["NextRotationDate"].as_f64().unwrap(), start + 10.0 * DAY as f64);
    // Whoever puts a new value has rotated.
    harness.pass(4 * DAY);
    call(&admin, "PutSecretValue", json!({ "SecretId": "s", "SecretString": "w" })).await.ok();
    let shown = described().await;
    assert_eq!(shown["LastRotatedDate"].as_f64().unwrap(), start + 4.0 * DAY as f64);
    assert_eq!(shown["NextRotationDate"].as_f64().unwrap(), start + 14.0 * DAY as f64);
    call(&admin, "CancelRotateSecret", json!({ "SecretId": "s" })).await.ok();
    let shown = described().await;
    assert_eq!(shown["RotationEnabled"], json!(false));
    assert!(shown["NextRotationDate"].is_null());
    rotate(json!({})).await.ok();
    assert_eq!(described().await["RotationEnabled"], json!(true));

    let deny = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "secretsmanager:*", "Resource": "*" },
        { "Effect": "Deny", "Action": "secretsmanager:RotateSecret", "Resource": "*", "Condition": {
            "ArnEquals": { "secretsmanager:resource/AllowRotationLambdaArn": lambda },
        } },
    ] });
    let user = admin.user("app", Some(deny)).await;
    let input = json!({ "SecretId": "s", "RotateImmediately": false });
    call(&user, "RotateSecret", input).await.denied("explicit deny");
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_paged() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    for (name, team, description) in
        [("b/one", "red", "First thing"), ("a/two", "blue", "second"), ("a/three", "red", "Third")]
    {
        let input = json!({
            "Name": name, "SecretString": "v", "Description": description, "Tags": [{ "Key": "team", "Value": team }],
        });
        call(&admin, "CreateSecret", input).await.ok();
        harness.pass(60);
    }
    let list = async |input: Value| -> Vec<String> {
        let (mut input, mut names) = (input, Vec::new());
        input["MaxResults"] = 1.into();
        loop {
            let reply = call(&admin, "ListSecrets", input.clone()).await;
            let list = reply.ok()["SecretList"].as_array().unwrap();
            names.extend(list.iter().map(|secret| secret["Name"].as_str().unwrap().to_owned()));
            match reply.value["NextToken"].as_str() {
                Some(next) => input["NextToken"] = next.into(),
                None => return names,
            }
        }
    };
    let filter = |key: &str, values: &[&str]| json!({ "Filters": [{ "Key": key, "Values": values }] });
    let cases: [(Value, &[&str]); 11] = [
        (json!({}), &["a/three", "a/two", "b/one"]),
        (json!({ "SortOrder": "desc" }), &["b/one", "a/two", "a/three"]),
        (json!({ "SortBy": "created-date" }), &["b/one", "a/two", "a/three"]),
        (json!({ "SortBy": "created-date", "SortOrder": "desc" }), &["a/three", "a/two", "b/one"]),
        (filter("name", &["a/"]), &["a/three", "a/two"]),
        (filter("name", &["A/"]), &[]),
        (filter("name", &["!a/"]), &["b/one"]),
        (filter("description", &["th", "FIRST"]), &["a/three", "b/one"]),
        (filter("tag-value", &["red"]), &["a/three", "b/one"]),
        (filter("tag-key", &["no"]), &[]),
        (filter("all", &["THIRD red"]), &["a/three"]),
    ];
    for (input, expect) in cases {
        assert_eq!(list(input.clone()).await, expect, "{input}");
    }
    let bad = call(&admin, "ListSecrets", json!({ "NextToken": "***" })).await;
    assert_eq!(bad.code(), "InvalidNextTokenException");

    // The batch reads what the caller may read, and tells of the rest why not.
    let some = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "secretsmanager:BatchGetSecretValue", "Resource": "*" },
        { "Effect": "Allow", "Action": "secretsmanager:GetSecretValue",
          "Resource": format!("arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:a/*") },
    ] });
    let user = admin.user("app", Some(some)).await;
    let ids = json!({ "SecretIdList": ["a/two", "b/one", "a/none"] });
    let reply = call(&user, "BatchGetSecretValue", ids).await;
    assert_eq!(reply.ok()["SecretValues"][0]["SecretString"], json!("v"));
    let codes: Vec<&str> = reply.value["Errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["ErrorCode"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["AccessDeniedException", "ResourceNotFoundException"]);
    let filters = filter("name", &["a/"]);
    call(&user, "BatchGetSecretValue", filters.clone()).await.denied("secretsmanager:ListSecrets");
    let reply = call(&admin, "BatchGetSecretValue", filters).await;
    assert_eq!(reply.ok()["SecretValues"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_cannot_be_done_is_refused() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    create(&admin, "s", "v").await;
    let cases = [
        ("CreateSecret", json!({ "Name": "x", "AddReplicaRegions": [{ "Region": "us-west-2" }] })),
        ("CreateSecret", json!({ "Name": "x", "Type": "SomeVendor" })),
        ("CreateSecret", json!({ "Name": "x y" })),
        ("CreateSecret", json!({ "Name": "x", "SecretString": "a", "SecretBinary": "AA==" })),
        ("CreateSecret", json!({ "Name": "x", "Tags": [{ "Key": "aws:x", "Value": "" }] })),
        ("PutSecretValue", json!({ "SecretId": "s" })),
        ("PutSecretValue", json!({ "SecretId": "s", "SecretString": "\u{e9}".repeat(40_000) })),
        ("PutSecretValue", json!({ "SecretId": "s", "SecretString": "x", "RotationToken": "a".repeat(36) })),
        ("GetRandomPassword", json!({ "PasswordLength": 2 })),
    ];
    for (operation, input) in cases {
        assert_eq!(
            call(&admin, operation, input.clone()).await.code(),
            "InvalidParameterException",
            "{input}"
        );
    }
    let password =
        call(&admin, "GetRandomPassword", json!({ "PasswordLength": 20, "ExcludePunctuation": true })).await;
    assert_eq!(password.ok()["RandomPassword"].as_str().unwrap().len(), 20);
    let replicate = json!({ "SecretId": "s", "AddReplicaRegions": [{ "Region": "us-west-2" }] });
    assert_eq!(call(&admin, "ReplicateSecretToRegions", replicate).await.code(), "UnknownOperationException");
}
