//! Users, groups, roles, keys, instance profiles, providers: made, shown, listed, changed, deleted.

use serde_json::{Value, json};

use super::{arn, decoded, iam, names};
use crate::harness::{ACCOUNT, Harness, policy, trust};

#[tokio::test(flavor = "multi_thread")]
async fn a_user_lives() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let tags = json!([{ "Key": "Team", "Value": "shop" }]);
    let made = iam(&admin, "CreateUser", json!({ "UserName": "Ann", "Path": "/eng/", "Tags": tags })).await;
    let user = &made.ok()["User"];
    assert_eq!(user["Arn"], arn("user/eng/Ann"));
    assert!(user["UserId"].as_str().unwrap().starts_with("AIDA"));

    let again = iam(&admin, "CreateUser", json!({ "UserName": "ann" })).await;
    assert_eq!(again.code(), "EntityAlreadyExists");

    let harness = harness.restart().await;
    let admin = harness.admin();
    let shown = iam(&admin, "GetUser", json!({ "UserName": "ann" })).await;
    assert_eq!(shown.ok()["User"]["Tags"], tags);
    let listed = iam(&admin, "ListUsers", json!({ "PathPrefix": "/eng/" })).await;
    assert_eq!(names(&listed.ok()["Users"], "UserName"), ["Ann"]);

    iam(&admin, "TagUser", json!({ "UserName": "Ann", "Tags": [{ "Key": "team", "Value": "pay" }] }))
        .await
        .ok();
    let listed = iam(&admin, "ListUserTags", json!({ "UserName": "Ann" })).await;
    assert_eq!(listed.ok()["Tags"], json!([{ "Key": "team", "Value": "pay" }]));
    iam(&admin, "UntagUser", json!({ "UserName": "Ann", "TagKeys": ["TEAM"] })).await.ok();
    let listed = iam(&admin, "ListUserTags", json!({ "UserName": "Ann" })).await;
    assert_eq!(names(&listed.ok()["Tags"], "Key"), Vec::<String>::new());

    iam(&admin, "UpdateUser", json!({ "UserName": "Ann", "NewUserName": "Anna", "NewPath": "/" })).await.ok();
    assert_eq!(iam(&admin, "GetUser", json!({ "UserName": "Ann" })).await.code(), "NoSuchEntity");
    iam(&admin, "DeleteUser", json!({ "UserName": "Anna" })).await.ok();
    assert_eq!(iam(&admin, "GetUser", json!({ "UserName": "Anna" })).await.code(), "NoSuchEntity");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_allowed_is_not_told_of() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let own = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": ["iam:GetUser", "iam:*AccessKey*"], "Resource": "arn:aws:iam::*:user/${aws:username}" },
    ] });
    let bob = admin.user("bob", Some(own)).await;
    admin.user("eve", None).await;
    assert_eq!(iam(&bob, "GetUser", json!({})).await.ok()["User"]["UserName"], "bob");
    for name in ["eve", "nobody"] {
        let denied = iam(&bob, "GetUser", json!({ "UserName": name })).await;
        denied.denied(&format!(
            "is not authorized to perform: iam:GetUser on resource: {}",
            arn(&format!("user/{name}"))
        ));
    }
    for (operation, input) in [
        ("ListUsers", json!({})),
        ("CreateUser", json!({ "UserName": "x" })),
        ("CreateRole", json!({ "RoleName": "x", "AssumeRolePolicyDocument": "{}" })),
        ("GetAccountAuthorizationDetails", json!({})),
    ] {
        iam(&bob, operation, input).await.denied(operation);
    }
    // Another account has other users.
    let other = harness.other();
    assert_eq!(iam(&other, "GetUser", json!({ "UserName": "bob" })).await.code(), "NoSuchEntity");
}

#[tokio::test(flavor = "multi_thread")]
async fn access_keys_sign_until_they_do_not() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let own = policy("Allow", "iam:*AccessKey*", "*");
    let bob = admin.user("bob", Some(own)).await;
    let who = bob.call("sts", "GetCallerIdentity", json!({})).await;
    assert_eq!(who.ok()["Arn"], arn("user/bob"));

    let second = iam(&bob, "CreateAccessKey", json!({})).await;
    let second = second.ok()["AccessKey"].clone();
    assert_eq!(second["UserName"], "bob");
    assert_eq!(iam(&bob, "CreateAccessKey", json!({})).await.code(), "LimitExceeded");
    let listed = iam(&bob, "ListAccessKeys", json!({})).await;
    let listed = listed.ok()["AccessKeyMetadata"].as_array().unwrap().clone();
    assert_eq!(listed.len(), 2);
    assert!(listed.iter().all(|key| key.get("SecretAccessKey").is_none() && key["Status"] == "Active"));

    let id = second["AccessKeyId"].as_str().unwrap();
    let signer = harness.with_key(id, second["SecretAccessKey"].as_str().unwrap(), None);
    signer.call("sts", "GetCallerIdentity", json!({})).await.ok();
    let update = |status: &str| json!({ "UserName": "bob", "AccessKeyId": id, "Status": status });
    iam(&admin, "UpdateAccessKey", update("Inactive")).await.ok();
    assert_eq!(signer.call("sts", "GetCallerIdentity", json!({})).await.code(), "InvalidClientTokenId");
    iam(&admin, "UpdateAccessKey", update("Active")).await.ok();
    signer.call("sts", "GetCallerIdentity", json!({})).await.ok();

    // A new name keeps the keys.
    iam(&admin, "UpdateUser", json!({ "UserName": "bob", "NewUserName": "rob" })).await.ok();
    let who = signer.call("sts", "GetCallerIdentity", json!({})).await;
    assert_eq!(who.ok()["Arn"], arn("user/rob"));

    assert_eq!(iam(&admin, "DeleteUser", json!({ "UserName": "rob" })).await.code(), "DeleteConflict");
    iam(&admin, "DeleteAccessKey", json!({ "UserName": "rob", "AccessKeyId": id })).await.ok();
    assert_eq!(signer.call("sts", "GetCallerIdentity", json!({})).await.code(), "InvalidClientTokenId");
    let gone = iam(&admin, "DeleteAccessKey", json!({ "UserName": "rob", "AccessKeyId": id })).await;
    assert_eq!(gone.code(), "NoSuchEntity");
    // Another user's key is not one's own.
    let foreign =
        iam(&admin, "DeleteAccessKey", json!({ "UserName": "administrator", "AccessKeyId": bob.key })).await;
    assert_eq!(foreign.code(), "NoSuchEntity");

    let kept = harness.bytes().await;
    let secret = second["SecretAccessKey"].as_str().unwrap().as_bytes();
    assert!(!kept.windows(secret.len()).any(|window| window == secret));
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_hand_their_policies_to_members() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let bob = admin.user("bob", None).await;
    iam(&admin, "CreateGroup", json!({ "GroupName": "Readers", "Path": "/x/" })).await.ok();
    let document = policy("Allow", "iam:ListUsers", "*").to_string();
    let input = json!({ "GroupName": "Readers", "PolicyName": "read", "PolicyDocument": document });
    iam(&admin, "PutGroupPolicy", input).await.ok();
    iam(&bob, "ListUsers", json!({})).await.denied("no identity-based policy allows");

    let member = json!({ "GroupName": "readers", "UserName": "bob" });
    iam(&admin, "AddUserToGroup", member.clone()).await.ok();
    iam(&bob, "ListUsers", json!({})).await.ok();
    let group = iam(&admin, "GetGroup", json!({ "GroupName": "Readers" })).await;
    assert_eq!(group.ok()["Group"]["Arn"], arn("group/x/Readers"));
    assert_eq!(names(&group.ok()["Users"], "UserName"), ["bob"]);

    assert_eq!(iam(&admin, "DeleteGroup", json!({ "GroupName": "Readers" })).await.code(), "DeleteConflict");
    iam(&admin, "UpdateGroup", json!({ "GroupName": "Readers", "NewGroupName": "lookers" })).await.ok();
    iam(&bob, "ListUsers", json!({})).await.ok();
    let groups = iam(&admin, "ListGroupsForUser", json!({ "UserName": "bob" })).await;
    assert_eq!(names(&groups.ok()["Groups"], "GroupName"), ["lookers"]);

    iam(&admin, "RemoveUserFromGroup", json!({ "GroupName": "lookers", "UserName": "bob" })).await.ok();
    iam(&bob, "ListUsers", json!({})).await.denied("no identity-based policy allows");
    assert_eq!(iam(&admin, "DeleteGroup", json!({ "GroupName": "lookers" })).await.code(), "DeleteConflict");
    iam(&admin, "DeleteGroupPolicy", json!({ "GroupName": "lookers", "PolicyName": "read" })).await.ok();
    iam(&admin, "DeleteGroup", json!({ "GroupName": "lookers" })).await.ok();
    assert_eq!(
        names(&iam(&admin, "ListGroups", json!({})).await.ok()["Groups"], "GroupName"),
        Vec::<String>::new()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_assumed_as_its_trust_policy_says() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let bob = admin.user("bob", Some(policy("Allow", "sts:AssumeRole", "*"))).await;
    let document = trust(&arn("user/bob"));
    let input = json!({
        "RoleName": "Deploy", "AssumeRolePolicyDocument": document.to_string(), "MaxSessionDuration": 7200,
        "Description": "deploys",
    });
    let made = iam(&admin, "CreateRole", input).await;
    let role = &made.ok()["Role"];
    assert!(role["RoleId"].as_str().unwrap().starts_with("AROA"));
    assert_eq!(decoded(&role["AssumeRolePolicyDocument"]), document);

    let assume = json!({ "RoleArn": arn("role/Deploy"), "RoleSessionName": "ses" });
    bob.call("sts", "AssumeRole", assume.clone()).await.ok();
    admin.call("sts", "AssumeRole", assume.clone()).await.denied("sts:AssumeRole");

    let update =
        json!({ "RoleName": "Deploy", "PolicyDocument": trust(&arn("user/administrator")).to_string() });
    iam(&admin, "UpdateAssumeRolePolicy", update).await.ok();
    bob.call("sts", "AssumeRole", assume.clone()).await.denied("sts:AssumeRole");
    admin.call("sts", "AssumeRole", assume).await.ok();

    iam(&admin, "UpdateRole", json!({ "RoleName": "deploy", "Description": "other" })).await.ok();
    let shown = iam(&admin, "GetRole", json!({ "RoleName": "Deploy" })).await;
    assert_eq!(shown.ok()["Role"]["Description"], "other");
    assert_eq!(shown.ok()["Role"]["MaxSessionDuration"].to_string().trim_matches('"'), "3600");
    iam(&admin, "DeleteRole", json!({ "RoleName": "Deploy" })).await.ok();
    assert_eq!(
        names(&iam(&admin, "ListRoles", json!({})).await.ok()["Roles"], "RoleName"),
        Vec::<String>::new()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_trust_policy_is_refused() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let with = |change: &dyn Fn(&mut Value)| {
        let mut document = trust(ACCOUNT);
        change(&mut document["Statement"][0]);
        document.to_string()
    };
    let long = "x".repeat(2100);
    for (bad, code) in [
        ("{".to_owned(), "MalformedPolicyDocument"),
        (with(&|statement| statement["Resource"] = "*".into()), "MalformedPolicyDocument"),
        (
            with(&|statement| statement["Principal"]["AWS"] = arn("user/nobody").into()),
            "MalformedPolicyDocument",
        ),
        (
            with(&|statement| statement["Principal"]["AWS"] = "AIDAAAAAAAAAAAAAAAAAA".into()),
            "MalformedPolicyDocument",
        ),
        (with(&|statement| statement["Sid"] = long.clone().into()), "LimitExceeded"),
    ] {
        let input = json!({ "RoleName": "r", "AssumeRolePolicyDocument": bad });
        assert_eq!(iam(&admin, "CreateRole", input).await.code(), code, "{bad}");
    }
    assert_eq!(iam(&admin, "GetRole", json!({ "RoleName": "r" })).await.code(), "NoSuchEntity");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_profile_has_a_role_that_may_be_passed() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let document = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "Service": "ec2.amazonaws.com" }, "Action": "sts:AssumeRole" },
    ] });
    for name in ["node", "other"] {
        let input = json!({ "RoleName": name, "AssumeRolePolicyDocument": document.to_string() });
        iam(&admin, "CreateRole", input).await.ok();
    }
    let profile = iam(&admin, "CreateInstanceProfile", json!({ "InstanceProfileName": "Nodes" })).await;
    assert_eq!(profile.ok()["InstanceProfile"]["Arn"], arn("instance-profile/Nodes"));
    let pass = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "iam:*InstanceProfile*", "Resource": "*" },
        { "Effect": "Allow", "Action": "iam:PassRole", "Resource": arn("role/node"),
          "Condition": { "StringEquals": { "iam:PassedToService": "ec2.amazonaws.com" } } },
    ] });
    let bob = admin.user("bob", Some(pass)).await;
    let with = |role: &str| json!({ "InstanceProfileName": "nodes", "RoleName": role });
    iam(&bob, "AddRoleToInstanceProfile", with("other")).await.denied("iam:PassRole");
    iam(&bob, "AddRoleToInstanceProfile", with("node")).await.ok();
    assert_eq!(iam(&admin, "AddRoleToInstanceProfile", with("other")).await.code(), "LimitExceeded");
    let shown = iam(&admin, "GetInstanceProfile", json!({ "InstanceProfileName": "Nodes" })).await;
    assert_eq!(names(&shown.ok()["InstanceProfile"]["Roles"], "RoleName"), ["node"]);
    let listed = iam(&admin, "ListInstanceProfilesForRole", json!({ "RoleName": "node" })).await;
    assert_eq!(names(&listed.ok()["InstanceProfiles"], "InstanceProfileName"), ["Nodes"]);
    assert_eq!(iam(&admin, "DeleteRole", json!({ "RoleName": "node" })).await.code(), "DeleteConflict");
    let delete = json!({ "InstanceProfileName": "Nodes" });
    assert_eq!(iam(&admin, "DeleteInstanceProfile", delete.clone()).await.code(), "DeleteConflict");
    iam(&admin, "RemoveRoleFromInstanceProfile", with("node")).await.ok();
    iam(&admin, "DeleteInstanceProfile", delete).await.ok();
    iam(&admin, "DeleteRole", json!({ "RoleName": "node" })).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_is_kept_by_its_url() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let url = "https://oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLED";
    let input = json!({ "Url": url, "ClientIDList": ["sts.amazonaws.com"], "ThumbprintList": ["9E99A48A9960B14926BB7F3B02E22DA2B0AB7280"] });
    let made = iam(&admin, "CreateOpenIDConnectProvider", input.clone()).await;
    let provider = made.ok()["OpenIDConnectProviderArn"].as_str().unwrap().to_owned();
    assert_eq!(provider, arn("oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLED"));
    assert_eq!(iam(&admin, "CreateOpenIDConnectProvider", input).await.code(), "EntityAlreadyExists");
    for url in ["http://a.example", "https://", "https://a.example/?x=1", "https://a.example/#x"] {
        assert_eq!(
            iam(&admin, "CreateOpenIDConnectProvider", json!({ "Url": url })).await.code(),
            "InvalidInput",
            "{url}"
        );
    }
    let that = json!({ "OpenIDConnectProviderArn": provider });
    let with = |client: &str| json!({ "OpenIDConnectProviderArn": provider, "ClientID": client });
    iam(&admin, "AddClientIDToOpenIDConnectProvider", with("b")).await.ok();
    iam(&admin, "RemoveClientIDFromOpenIDConnectProvider", with("sts.amazonaws.com")).await.ok();
    let update = json!({ "OpenIDConnectProviderArn": provider, "ThumbprintList": ["a".repeat(40)] });
    iam(&admin, "UpdateOpenIDConnectProviderThumbprint", update).await.ok();
    let shown = iam(&admin, "GetOpenIDConnectProvider", that.clone()).await;
    assert_eq!(shown.ok()["ClientIDList"], json!(["b"]));
    assert_eq!(shown.ok()["ThumbprintList"], json!(["a".repeat(40)]));
    let bob = admin.user("bob", None).await;
    iam(&bob, "GetOpenIDConnectProvider", that.clone()).await.denied("iam:GetOpenIDConnectProvider");
    iam(&admin, "DeleteOpenIDConnectProvider", that.clone()).await.ok();
    assert_eq!(iam(&admin, "GetOpenIDConnectProvider", that).await.code(), "NoSuchEntity");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_come_in_pages() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    for name in ["c", "B", "a"] {
        iam(&admin, "CreateUser", json!({ "UserName": name })).await.ok();
    }
    let mut found = Vec::new();
    let mut marker = None;
    for _ in 0..10 {
        let mut input = json!({ "MaxItems": 3 });
        if let Some(marker) = marker.take() {
            input["Marker"] = marker;
        }
        let page = iam(&admin, "ListUsers", input).await;
        found.extend(names(&page.ok()["Users"], "UserName"));
        match page.ok().get("Marker") {
            Some(next) => marker = Some(next.clone()),
            None => break,
        }
    }
    assert_eq!(found, ["a", "administrator", "B", "c"]);
    assert_eq!(iam(&admin, "ListUsers", json!({ "Marker": "?" })).await.code(), "ValidationError");
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_at_once_all_get_through() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    for name in ["ann", "bob", "eve"] {
        iam(&admin, "CreateUser", json!({ "UserName": name })).await.ok();
    }
    let attach = async |user: &str, name: &str| {
        let input = json!({ "UserName": user, "PolicyArn": arn(&format!("policy/{name}")) });
        iam(&admin, "AttachUserPolicy", input).await.ok();
    };
    for name in ["a", "b", "c"] {
        let input = json!({ "PolicyName": name, "PolicyDocument": policy("Allow", "s3:*", "*").to_string() });
        iam(&admin, "CreatePolicy", input).await.ok();
    }
    tokio::join!(
        attach("ann", "a"),
        attach("ann", "b"),
        attach("ann", "c"),
        attach("bob", "a"),
        attach("bob", "b"),
        attach("bob", "c"),
        attach("eve", "a"),
        attach("eve", "b"),
        attach("eve", "c"),
    );
    for name in ["a", "b", "c"] {
        let shown = iam(&admin, "GetPolicy", json!({ "PolicyArn": arn(&format!("policy/{name}")) })).await;
        assert_eq!(shown.ok()["Policy"]["AttachmentCount"], "3");
        let entities =
            iam(&admin, "ListEntitiesForPolicy", json!({ "PolicyArn": arn(&format!("policy/{name}")) }))
                .await;
        assert_eq!(names(&entities.ok()["PolicyUsers"], "UserName"), ["ann", "bob", "eve"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_user_of_a_name_does_not_get_the_first_ones_keys() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let first = admin.user("bob", None).await;
    iam(&admin, "DeleteAccessKey", json!({ "UserName": "bob", "AccessKeyId": first.key })).await.ok();
    iam(&admin, "DeleteUser", json!({ "UserName": "bob" })).await.ok();
    admin.user("bob", None).await;
    assert_eq!(first.call("sts", "GetCallerIdentity", json!({})).await.code(), "InvalidClientTokenId");
    let session = json!({ "UserName": "bob" });
    assert_eq!(
        names(&iam(&admin, "ListAccessKeys", session).await.ok()["AccessKeyMetadata"], "UserName"),
        ["bob"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_have_their_rules() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let with = |tags: Value| json!({ "UserName": "x", "Tags": tags });
    let tag = |key: &str| json!({ "Key": key, "Value": "v" });
    assert_eq!(iam(&admin, "CreateUser", with(json!([tag("aws:x")]))).await.code(), "InvalidInput");
    assert_eq!(iam(&admin, "CreateUser", with(json!([tag("a"), tag("A")]))).await.code(), "InvalidInput");
    let fifty: Vec<Value> = (0..50).map(|at| tag(&format!("k{at}"))).collect();
    iam(&admin, "CreateUser", with(json!(fifty))).await.ok();
    assert_eq!(iam(&admin, "TagUser", with(json!([tag("more")]))).await.code(), "LimitExceeded");
    iam(&admin, "TagUser", with(json!([tag("K7")]))).await.ok();
    // To tag what one makes takes the permission to tag.
    let maker = admin.user("maker", Some(policy("Allow", "iam:CreateUser", "*"))).await;
    iam(&maker, "CreateUser", json!({ "UserName": "y", "Tags": [tag("a")] })).await.denied("iam:TagUser");
    iam(&maker, "CreateUser", json!({ "UserName": "y" })).await.ok();
    let keyed = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "iam:TagUser", "Resource": "*",
        "Condition": { "ForAllValues:StringEquals": { "aws:TagKeys": "team" }, "StringEquals": { "aws:RequestTag/team": "shop" } },
    }] });
    let tagger = admin.user("tagger", Some(keyed)).await;
    let team = |value: &str| json!({ "UserName": "y", "Tags": [{ "Key": "team", "Value": value }] });
    iam(&tagger, "TagUser", team("shop")).await.ok();
    iam(&tagger, "TagUser", team("pay")).await.denied("iam:TagUser");
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_with_tags_is_allowed_by_them() {
    let harness = Harness::new().await;
    let admin = harness.admin();
    let document = trust(ACCOUNT).to_string();
    iam(&admin, "CreateRole", json!({ "RoleName": "r", "AssumeRolePolicyDocument": document })).await.ok();
    let document = policy("Allow", "s3:*", "*").to_string();
    iam(&admin, "CreatePolicy", json!({ "PolicyName": "p", "PolicyDocument": document })).await.ok();
    iam(&admin, "CreateInstanceProfile", json!({ "InstanceProfileName": "i" })).await.ok();
    iam(&admin, "CreateOpenIDConnectProvider", json!({ "Url": "https://id.example/a" })).await.ok();
    let by_tag = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "iam:List*Tags", "Resource": "*",
        "Condition": { "StringEquals": { "aws:ResourceTag/team": "shop" } },
    }] });
    let bob = admin.user("bob", Some(by_tag)).await;
    for (kind, name) in [
        ("Role", json!({ "RoleName": "r" })),
        ("Policy", json!({ "PolicyArn": arn("policy/p") })),
        ("InstanceProfile", json!({ "InstanceProfileName": "i" })),
        ("OpenIDConnectProvider", json!({ "OpenIDConnectProviderArn": arn("oidc-provider/id.example/a") })),
    ] {
        let with = |member: &str, value: Value| {
            let mut input = name.clone();
            input[member] = value;
            input
        };
        let list = format!("List{kind}Tags");
        iam(&bob, &list, name.clone()).await.denied(&list);
        let tags = json!([{ "Key": "team", "Value": "shop" }]);
        iam(&admin, &format!("Tag{kind}"), with("Tags", tags.clone())).await.ok();
        assert_eq!(iam(&bob, &list, name.clone()).await.ok()["Tags"], tags, "{kind}");
        iam(&bob, &format!("Untag{kind}"), with("TagKeys", json!(["team"])))
            .await
            .denied(&format!("Untag{kind}"));
        iam(&admin, &format!("Untag{kind}"), with("TagKeys", json!(["team"]))).await.ok();
        iam(&bob, &list, name.clone()).await.denied(&list);
    }
}
