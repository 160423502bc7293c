//! STS: who calls, and temporary credentials.

use http::Method;
use serde_json::{Value, json};

use crate::harness::{ACCOUNT, Client, Harness, OTHER, Reply, head, policy, request, trust};

/// A role with a trust policy and an inline policy; its ARN.
pub(crate) async fn role(client: &Client<'_>, name: &str, trust: &Value, policy: Option<Value>) -> String {
    let input = json!({ "RoleName": name, "AssumeRolePolicyDocument": trust.to_string() });
    let reply = client.call("iam", "CreateRole", input).await;
    let arn = reply.ok()["Role"]["Arn"].as_str().unwrap().to_owned();
    if let Some(policy) = policy {
        let input = json!({ "RoleName": name, "PolicyName": "inline", "PolicyDocument": policy.to_string() });
        client.call("iam", "PutRolePolicy", input).await.ok();
    }
    arn
}

/// Assumes a role, with members beside its ARN and the session's name.
pub(crate) async fn assume(client: &Client<'_>, arn: &str, more: Value) -> Reply {
    let mut input = json!({ "RoleArn": arn, "RoleSessionName": "session" });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    client.call("sts", "AssumeRole", input).await
}

/// Statements as a policy.
pub(crate) fn statements(statements: Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// A trust policy that allows some actions to an AWS principal, under conditions.
fn trusts(principal: &str, actions: Value, condition: Value) -> Value {
    statements(json!([
        { "Effect": "Allow", "Principal": { "AWS": principal }, "Action": actions, "Condition": condition },
    ]))
}

pub(crate) fn user(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:user/{name}")
}

pub(crate) fn root(account: &str) -> String {
    format!("arn:aws:iam::{account}:root")
}

pub(crate) async fn whoami(client: &Client<'_>) -> Reply {
    client.call("sts", "GetCallerIdentity", json!({})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_is_told_who_it_is() {
    let harness = Harness::new().await;
    let reply = whoami(&harness.admin()).await;
    let value = reply.ok();
    assert_eq!(value["Account"], ACCOUNT);
    assert_eq!(value["Arn"], user("administrator"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_policy_takes_away_that_one_is_told_who_one_is() {
    let harness = Harness::new().await;
    let nobody = harness.admin().user("nobody", Some(policy("Deny", "*", "*"))).await;
    assert_eq!(whoami(&nobody).await.ok()["Arn"], user("nobody"));
    nobody
        .call("sts", "GetAccessKeyInfo", json!({ "AccessKeyId": nobody.key }))
        .await
        .denied("explicit deny");
}

const TARGET: &str = "/?Action=GetCallerIdentity&Version=2011-06-15";

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_token_is_good_for_a_quarter_of_an_hour() {
    let harness = Harness::new().await;
    let arn = role(&harness.admin(), "viewer", &trust(&root(ACCOUNT)), None).await;
    let session = assume(&harness.admin(), &arn, json!({})).await;
    for client in [harness.admin(), harness.admin().session(&session.ok()["Credentials"])] {
        let bare = request(Method::GET, TARGET, &[("x-k8s-aws-id", "prod")], b"");
        let signed = client.presign("sts", bare, 60);
        let send = async |headers: &[(&str, &str)]| {
            let mut request = request(Method::GET, "/", headers, b"");
            head(&mut request).query.clone_from(&signed.head.query);
            harness.send(request).await
        };
        let good = [("x-k8s-aws-id", "prod"), ("accept", "application/json")];
        // As whoever asks for JSON gets it.
        let said = send(&good).await;
        assert_eq!(said.ok()["GetCallerIdentityResponse"]["GetCallerIdentityResult"]["Account"], ACCOUNT);
        assert_eq!(send(&[("x-k8s-aws-id", "dev")]).await.code(), "SignatureDoesNotMatch");
        assert!(send(&[]).await.status >= 400);
        let mut other = request(Method::GET, "/", &[("x-k8s-aws-id", "prod")], b"");
        head(&mut other).query =
            signed.head.query.clone().map(|query| query.replace("GetCallerIdentity", "AssumeRole"));
        assert_eq!(harness.send(other).await.code(), "SignatureDoesNotMatch");
        // `X-Amz-Expires=60` is long over, as it is on AWS.
        harness.pass(899);
        send(&good).await.ok();
        harness.pass(2);
        assert_eq!(send(&good).await.code(), "SignatureDoesNotMatch");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_assumed_by_whom_both_sides_let() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let may = Some(policy("Allow", "sts:AssumeRole", "*"));
    let alice = admin.user("alice", may.clone()).await;
    let bob = admin.user("bob", None).await;
    let eve = admin.user("eve", Some(policy("Deny", "sts:*", "*"))).await;
    let stranger = harness.other().user("stranger", may).await;
    let quiet = harness.other().user("quiet", None).await;
    let foreign = |name: &str| format!("arn:aws:iam::{OTHER}:user/{name}");
    let roles = [
        ("account", trust(&root(ACCOUNT))),
        ("alice", trust(&user("alice"))),
        ("bob", trust(&user("bob"))),
        ("eve", trust(&user("eve"))),
        ("other", trust(&root(OTHER))),
        ("quiet", trust(&foreign("quiet"))),
        (
            "never",
            statements(json!([
                { "Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole" },
                { "Effect": "Deny", "Principal": { "AWS": root(OTHER) }, "Action": "sts:AssumeRole" },
                { "Effect": "Deny", "Principal": { "AWS": user("alice") }, "Action": "sts:AssumeRole" },
            ])),
        ),
    ];
    for (name, trust) in &roles {
        role(&admin, name, trust, None).await;
    }
    let no_identity = "no identity-based policy allows the sts:AssumeRole action";
    let no_trust = "no role trust policy allows the sts:AssumeRole action";
    let cases = [
        (&alice, "account", None),
        (&bob, "account", Some(no_identity)),
        (&eve, "account", Some("explicit deny in an identity-based policy")),
        (&bob, "bob", None),
        (&alice, "bob", Some(no_trust)),
        (&eve, "eve", Some("explicit deny in an identity-based policy")),
        (&stranger, "other", None),
        (&quiet, "other", Some(no_identity)),
        (&quiet, "quiet", Some(no_identity)),
        (&stranger, "account", Some(no_trust)),
        (&stranger, "quiet", Some(no_trust)),
        (&bob, "never", None),
        (&alice, "never", Some("explicit deny in the role trust policy")),
        (&stranger, "never", Some("explicit deny in the role trust policy")),
        // What is not there trusts nobody, and is not told from what does not.
        (&alice, "missing", Some(no_trust)),
        (&stranger, "missing", Some(no_trust)),
    ];
    for (client, name, refused) in cases {
        let reply = assume(client, &format!("arn:aws:iam::{ACCOUNT}:role/{name}"), json!({})).await;
        match refused {
            Some(because) => reply.denied(because),
            None => {
                let session = client.session(&reply.ok()["Credentials"]);
                let arn = format!("arn:aws:sts::{ACCOUNT}:assumed-role/{name}/session");
                assert_eq!(reply.ok()["AssumedRoleUser"]["Arn"], arn);
                assert_eq!(whoami(&session).await.ok()["Arn"], arn);
            }
        }
    }
    for (arn, more) in [
        ("arn:aws:iam::111122223333:user/alice", json!({})),
        ("arn:aws:iam::111122223333:role/account", json!({ "RoleSessionName": "a b" })),
        ("arn:aws:iam::111122223333:role/account", json!({ "RoleSessionName": "a" })),
        ("arn:aws:iam::111122223333:role/account", json!({ "DurationSeconds": 899 })),
    ] {
        assert_eq!(assume(&alice, arn, more).await.code(), "ValidationError");
    }
    // Another partition or case is another ARN.
    for arn in ["arn:aws-cn:iam::111122223333:role/account", "arn:aws:iam::111122223333:role/Account"] {
        assume(&alice, arn, json!({})).await.denied(no_trust);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_and_their_sessions_can_be_trusted() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let may = Some(policy("Allow", "sts:AssumeRole", "*"));
    let first = role(&admin, "first", &trust(&root(ACCOUNT)), may).await;
    let by_role = role(&admin, "by-role", &trust(&first), None).await;
    let named = format!("arn:aws:sts::{ACCOUNT}:assumed-role/first/session");
    let by_session = role(&admin, "by-session", &trust(&named), None).await;
    let session = admin.session(&assume(&admin, &first, json!({})).await.ok()["Credentials"]);
    let reply = assume(&admin, &first, json!({ "RoleSessionName": "another" })).await;
    let another = admin.session(&reply.ok()["Credentials"]);
    assume(&session, &by_role, json!({})).await.ok();
    assume(&another, &by_role, json!({})).await.ok();
    assume(&session, &by_session, json!({})).await.ok();
    assume(&another, &by_session, json!({})).await.denied("no role trust policy");
    // A role assumes itself only if it says so.
    assume(&session, &by_role, json!({})).await.ok();
    admin.call("iam", "DeleteRolePolicy", json!({ "RoleName": "first", "PolicyName": "inline" })).await.ok();

    // Who is made again under the same name is not whom the policy names.
    admin.call("iam", "DeleteRole", json!({ "RoleName": "first" })).await.ok();
    session.call("sts", "GetCallerIdentity", json!({})).await.code();
    role(&admin, "first", &trust(&root(ACCOUNT)), Some(policy("Allow", "*", "*"))).await;
    assert_eq!(whoami(&session).await.code(), "InvalidClientTokenId");
    let again = admin.session(&assume(&admin, &first, json!({})).await.ok()["Credentials"]);
    assume(&again, &by_role, json!({})).await.denied("no role trust policy");
    assume(&again, &by_session, json!({})).await.denied("no role trust policy");

    let may = Some(policy("Allow", "sts:AssumeRole", "*"));
    let alice = admin.user("alice", may.clone()).await;
    let of_alice = role(&admin, "of-alice", &trust(&user("alice")), None).await;
    assume(&alice, &of_alice, json!({})).await.ok();
    admin.call("iam", "DeleteAccessKey", json!({ "UserName": "alice", "AccessKeyId": alice.key })).await.ok();
    admin.call("iam", "DeleteUserPolicy", json!({ "UserName": "alice", "PolicyName": "inline" })).await.ok();
    admin.call("iam", "DeleteUser", json!({ "UserName": "alice" })).await.ok();
    let alice = admin.user("alice", may).await;
    assume(&alice, &of_alice, json!({})).await.denied("no role trust policy");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_external_id_is_demanded() {
    let harness = Harness::new().await;
    let condition = json!({ "StringEquals": { "sts:ExternalId": "4711" } });
    let trust = trusts(&root(OTHER), json!("sts:AssumeRole"), condition);
    let arn = role(&harness.admin(), "vendor", &trust, None).await;
    let vendor = harness.other();
    assume(&vendor, &arn, json!({ "ExternalId": "4711" })).await.ok();
    for more in [json!({}), json!({ "ExternalId": "4712" })] {
        assume(&vendor, &arn, more).await.denied("no role trust policy");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn session_tags_count_and_pass_on() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let tagging = json!(["sts:AssumeRole", "sts:TagSession"]);
    let alice = admin.user("alice", Some(policy("Allow", "sts:*", "*"))).await;
    let of_team = statements(json!([
        { "Effect": "Allow", "Action": "iam:GetUser", "Resource": "arn:aws:iam::*:user/${aws:PrincipalTag/team}" },
        { "Effect": "Allow", "Action": "sts:*", "Resource": "*" },
    ]));
    let first =
        role(&admin, "first", &trusts(&root(ACCOUNT), tagging.clone(), json!({})), Some(of_team.clone()))
            .await;
    let second = role(&admin, "second", &trusts(&first, tagging, json!({})), Some(of_team)).await;
    let plain = role(&admin, "plain", &trust(&root(ACCOUNT)), None).await;
    let condition = json!({
        "StringEquals": { "aws:RequestTag/team": "alice" },
        "ForAnyValue:StringEquals": { "sts:TransitiveTagKeys": "team" },
    });
    let demanding = trusts(&root(ACCOUNT), json!(["sts:AssumeRole", "sts:TagSession"]), condition);
    let demanding = role(&admin, "demanding", &demanding, None).await;

    let tags = json!([{ "Key": "team", "Value": "alice" }, { "Key": "stage", "Value": "prod" }]);
    let tagged = json!({ "Tags": tags, "TransitiveTagKeys": ["team"] });
    assume(&alice, &plain, tagged.clone())
        .await
        .denied("no role trust policy allows the sts:TagSession action");
    assume(&alice, &demanding, tagged.clone()).await.ok();
    assume(&alice, &demanding, json!({})).await.denied("no role trust policy");
    let untransitive = json!({ "Tags": [{ "Key": "team", "Value": "alice" }] });
    assume(&alice, &demanding, untransitive).await.denied("no role trust policy");
    let mallory = admin.user("mallory", Some(policy("Allow", "sts:AssumeRole", "*"))).await;
    assume(&mallory, &first, tagged.clone())
        .await
        .denied("no identity-based policy allows the sts:TagSession action");

    let get = async |client: &Client<'_>, name: &str| {
        client.call("iam", "GetUser", json!({ "UserName": name })).await
    };
    let reply = assume(&alice, &first, tagged).await;
    assert!(reply.ok()["PackedPolicySize"].as_str().unwrap().parse::<usize>().unwrap() > 0);
    let session = alice.session(&reply.ok()["Credentials"]);
    get(&session, "alice").await.ok();
    get(&session, "mallory").await.denied("no identity-based policy");
    // The transitive tag is the next session's too, and cannot be set to something else.
    let next = alice.session(&assume(&session, &second, json!({})).await.ok()["Credentials"]);
    get(&next, "alice").await.ok();
    let other = json!({ "Tags": [{ "Key": "TEAM", "Value": "mallory" }] });
    assert_eq!(assume(&session, &second, other.clone()).await.code(), "InvalidParameterCombination");
    let reply = assume(&alice, &first, json!({ "Tags": [{ "Key": "team", "Value": "alice" }] })).await;
    let session = alice.session(&reply.ok()["Credentials"]);
    let next = alice.session(&assume(&session, &second, json!({})).await.ok()["Credentials"]);
    get(&next, "alice").await.denied("no identity-based policy");

    for more in [
        json!({ "Tags": [{ "Key": "a", "Value": "1" }, { "Key": "A", "Value": "2" }] }),
        json!({ "Tags": [{ "Key": "aws:a", "Value": "1" }] }),
        json!({ "TransitiveTagKeys": ["team"] }),
        json!({ "Tags": (0..51).map(|n| json!({ "Key": format!("k{n}"), "Value": "" })).collect::<Vec<_>>() }),
    ] {
        assert_eq!(assume(&alice, &first, more).await.code(), "ValidationError");
    }
    let long: Vec<Value> =
        (0..50).map(|n| json!({ "Key": format!("k{n}"), "Value": "v".repeat(256) })).collect();
    assert_eq!(assume(&alice, &first, json!({ "Tags": long })).await.code(), "PackedPolicyTooLarge");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_identity_stays() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let actions = json!(["sts:AssumeRole", "sts:SetSourceIdentity"]);
    let of_alice = statements(json!([
        { "Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*",
          "Condition": { "StringEquals": { "aws:SourceIdentity": "alice" } } },
        { "Effect": "Allow", "Action": "sts:*", "Resource": "*" },
    ]));
    let first =
        role(&admin, "first", &trusts(&root(ACCOUNT), actions.clone(), json!({})), Some(of_alice.clone()))
            .await;
    let condition = json!({ "StringLike": { "sts:SourceIdentity": "al*" } });
    let second = role(&admin, "second", &trusts(&first, actions, condition), Some(of_alice)).await;
    let plain = role(&admin, "plain", &trust(&root(ACCOUNT)), None).await;

    let as_alice = json!({ "SourceIdentity": "alice" });
    assume(&admin, &plain, as_alice.clone()).await.denied("sts:SetSourceIdentity");
    let reply = assume(&admin, &first, as_alice.clone()).await;
    assert_eq!(reply.ok()["SourceIdentity"], "alice");
    let session = admin.session(&reply.ok()["Credentials"]);
    session.call("iam", "ListUsers", json!({})).await.ok();
    let reply = assume(&session, &second, json!({})).await;
    assert_eq!(reply.ok()["SourceIdentity"], "alice");
    let next = admin.session(&reply.ok()["Credentials"]);
    next.call("iam", "ListUsers", json!({})).await.ok();
    assume(&session, &second, json!({ "SourceIdentity": "albert" })).await.denied("source identity");
    // Not even by a role whose trust policy does not know of it.
    assume(&session, &plain, json!({})).await.denied("sts:SetSourceIdentity");
    let unnamed = admin.session(&assume(&admin, &first, json!({})).await.ok()["Credentials"]);
    unnamed.call("iam", "ListUsers", json!({})).await.denied("no identity-based policy");
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_of_session_and_boundary_limit_a_role() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let managed = async |name: &str, action: &str| {
        let document = policy("Allow", action, "*").to_string();
        let reply = admin
            .call("iam", "CreatePolicy", json!({ "PolicyName": name, "PolicyDocument": document }))
            .await;
        reply.ok()["Policy"]["Arn"].as_str().unwrap().to_owned()
    };
    let users = managed("users", "iam:ListUsers").await;
    let may = statements(
        json!([{ "Effect": "Allow", "Action": ["iam:ListUsers", "iam:ListRoles"], "Resource": "*" }]),
    );
    let arn = role(&admin, "lister", &trust(&root(ACCOUNT)), Some(may)).await;
    let outcome = async |session: &Client<'_>| {
        let mut refused = Vec::new();
        for operation in ["ListUsers", "ListRoles"] {
            let reply = session.call("iam", operation, json!({})).await;
            refused.push(if reply.status == 200 { String::new() } else { reply.message().to_owned() });
        }
        refused
    };
    let begin = async |more: Value| admin.session(&assume(&admin, &arn, more).await.ok()["Credentials"]);
    assert_eq!(outcome(&begin(json!({})).await).await, ["", ""]);
    let inline = begin(json!({ "Policy": policy("Allow", "iam:ListUsers", "*").to_string() })).await;
    let both = begin(json!({
        "Policy": policy("Allow", "iam:ListRoles", "*").to_string(),
        "PolicyArns": [{ "arn": users }],
    }))
    .await;
    let by_arn = begin(json!({ "PolicyArns": [{ "arn": users }] })).await;
    let more = begin(json!({ "Policy": policy("Allow", "*", "*").to_string() })).await;
    for session in [&inline, &by_arn] {
        let [users, roles] = outcome(session).await.try_into().unwrap();
        assert_eq!(users, "");
        assert!(roles.contains("no session policy allows the iam:ListRoles action"), "{roles}");
    }
    assert_eq!(outcome(&both).await, ["", ""]);
    // A session policy gives nothing that the role has not.
    more.call("iam", "ListGroups", json!({})).await.denied("no identity-based policy");
    // A managed policy that is gone allows nothing, and may have denied.
    admin.call("iam", "DeletePolicy", json!({ "PolicyArn": users })).await.ok();
    assert!(outcome(&by_arn).await.iter().all(|refused| !refused.is_empty()));

    for (more, code) in [
        (json!({ "Policy": "{}" }), "MalformedPolicyDocument"),
        (json!({ "Policy": trust("*").to_string() }), "MalformedPolicyDocument"),
        (json!({ "PolicyArns": [{ "arn": users }] }), "ValidationError"),
        (
            json!({ "PolicyArns": vec![json!({ "arn": "arn:aws:iam::aws:policy/ReadOnlyAccess" }); 11] }),
            "ValidationError",
        ),
        (json!({ "Policy": policy("Allow", &"x".repeat(9000), "*").to_string() }), "PackedPolicyTooLarge"),
    ] {
        assert_eq!(assume(&admin, &arn, more).await.code(), code);
    }

    let limit = managed("limit", "iam:ListRoles").await;
    let input = json!({ "RoleName": "lister", "PermissionsBoundary": limit });
    admin.call("iam", "PutRolePermissionsBoundary", input).await.ok();
    let [users, roles] = outcome(&begin(json!({})).await).await.try_into().unwrap();
    assert!(users.contains("no permissions boundary allows the iam:ListUsers action"), "{users}");
    assert_eq!(roles, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_tells_its_account() {
    let harness = Harness::new().await;
    let ask = async |key: &str| {
        harness.admin().call("sts", "GetAccessKeyInfo", json!({ "AccessKeyId": key })).await
    };
    assert_eq!(ask(&harness.other().key).await.ok()["Account"], OTHER);
    assert_eq!(ask("AKIAIOSFODNN7EXAMPL0").await.code(), "ValidationError");
    let nobody = harness.admin().user("nobody", None).await;
    nobody
        .call("sts", "GetAccessKeyInfo", json!({ "AccessKeyId": nobody.key }))
        .await
        .denied("no identity-based policy");
    assert_eq!(
        harness
            .admin()
            .call("sts", "DecodeAuthorizationMessage", json!({ "EncodedMessage": "x" }))
            .await
            .code(),
        "InvalidAction"
    );
}
