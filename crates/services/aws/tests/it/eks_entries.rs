//! EKS: whom an access entry may be of, what it may give, and to whom conditions let it be given.

use http::Method;
use serde_json::{Value, json};

use crate::eks::{ADMIN, VIEW, create, entry, installation, named, put_policy, rest};
use crate::harness::{ACCOUNT, Client, OTHER, trust};
use crate::sts::{role, statements};

#[tokio::test(flavor = "multi_thread")]
async fn condition_keys_tell_what_an_entry_is_to_be() {
    let harness = installation().await;
    let admin = harness.admin();
    let user = admin.user("user", None).await;
    let (dev, ops) =
        (role(&admin, "dev", &trust("*"), None).await, role(&admin, "ops", &trust("*"), None).await);
    let only = |action: &str, condition: Value| {
        statements(json!([
            { "Effect": "Allow", "Action": action, "Resource": "*", "Condition": condition },
        ]))
    };
    // (condition, what it allows, what it does not)
    let mut good = json!({ "principalArn": dev, "kubernetesGroups": ["viewers"], "username": "dev:x", "tags": { "team": "shop" } });
    let creating = [
        (json!({ "ArnEquals": { "eks:principalArn": dev } }), "principalArn", json!(ops)),
        (
            json!({ "ForAllValues:StringEquals": { "eks:kubernetesGroups": ["viewers"] } }),
            "kubernetesGroups",
            json!(["viewers", "admins"]),
        ),
        (json!({ "StringLike": { "eks:username": "dev:*" } }), "username", json!("ops:x")),
        (json!({ "StringEquals": { "eks:accessEntryType": "STANDARD" } }), "type", json!("EC2_LINUX")),
        (json!({ "StringEquals": { "aws:RequestTag/team": "shop" } }), "tags", json!({ "team": "other" })),
        (
            json!({ "ForAllValues:StringEquals": { "aws:TagKeys": ["team"] } }),
            "tags",
            json!({ "team": "shop", "x": "y" }),
        ),
    ];
    for (condition, member, wrong) in creating {
        put_policy(&admin, "user", &only("eks:CreateAccessEntry", condition)).await;
        let mut bad = good.clone();
        bad[member] = wrong;
        create(&user, bad).await.denied("no identity-based policy");
        create(&user, good.clone()).await.ok();
        rest(&admin, Method::DELETE, &entry(&dev), None).await.ok();
    }
    good["username"] = Value::Null;
    create(
        &admin,
        json!({ "principalArn": ops, "kubernetesGroups": ["viewers"], "tags": { "team": "ops" } }),
    )
    .await
    .ok();
    create(
        &admin,
        json!({ "principalArn": dev, "kubernetesGroups": ["viewers"], "tags": { "team": "shop" } }),
    )
    .await
    .ok();
    // Whoever may give the group `viewers` gives no other, though the entry has it.
    let condition = json!({ "ForAllValues:StringEquals": { "eks:kubernetesGroups": ["viewers"] } });
    put_policy(&admin, "user", &only("eks:UpdateAccessEntry", condition)).await;
    let update = async |client: &Client<'_>, principal: &str, body: Value| {
        rest(client, Method::POST, &entry(principal), Some(body)).await
    };
    update(&user, &dev, json!({ "kubernetesGroups": ["admins"] })).await.denied("no identity-based policy");
    update(&user, &dev, json!({ "kubernetesGroups": ["viewers"] })).await.ok();
    update(&user, &dev, json!({})).await.ok();
    let condition = json!({ "StringLike": { "eks:username": "dev:*" } });
    put_policy(&admin, "user", &only("eks:UpdateAccessEntry", condition)).await;
    update(&user, &dev, json!({ "username": "ops:{{SessionName}}" }))
        .await
        .denied("no identity-based policy");
    update(&user, &dev, json!({ "username": "dev:{{SessionName}}" })).await.ok();

    for (condition, good, bad) in [
        (json!({ "ArnEquals": { "eks:principalArn": dev } }), &dev, &ops),
        (json!({ "StringEquals": { "aws:ResourceTag/team": "shop" } }), &dev, &ops),
        (json!({ "StringEquals": { "eks:clusterName": "prod", "aws:ResourceTag/team": "ops" } }), &ops, &dev),
    ] {
        put_policy(&admin, "user", &only("eks:DescribeAccessEntry", condition)).await;
        rest(&user, Method::GET, &entry(good), None).await.ok();
        rest(&user, Method::GET, &entry(bad), None).await.denied("no identity-based policy");
    }
    // What is not there is not told to who may not know, and to who may, it is told by the same conditions.
    let condition = json!({ "ArnEquals": { "eks:principalArn": named("gone") }, "StringEquals": { "eks:clusterName": "prod" } });
    put_policy(&admin, "user", &only("eks:DescribeAccessEntry", condition)).await;
    assert_eq!(
        rest(&user, Method::GET, &entry(&named("gone")), None).await.code(),
        "ResourceNotFoundException"
    );
    rest(&user, Method::GET, &entry(&named("missing")), None).await.denied("no identity-based policy");

    let associate = async |policy: &str, scope: Value| {
        let body = json!({ "policyArn": policy, "accessScope": scope });
        rest(&user, Method::POST, &format!("{}/access-policies", entry(&dev)), Some(body)).await
    };
    let shop = json!({ "type": "namespace", "namespaces": ["shop"] });
    let cases = [
        (json!({ "ArnEquals": { "eks:policyArn": VIEW } }), (VIEW, shop.clone()), (ADMIN, shop.clone())),
        (
            json!({ "StringEquals": { "eks:accessScope": "namespace" } }),
            (VIEW, shop.clone()),
            (VIEW, json!({ "type": "cluster" })),
        ),
        (
            json!({ "ForAllValues:StringEquals": { "eks:namespaces": ["shop"] }, "Null": { "eks:namespaces": "false" } }),
            (VIEW, shop.clone()),
            (VIEW, json!({ "type": "namespace", "namespaces": ["shop", "kube-system"] })),
        ),
        (
            json!({ "ForAllValues:StringEquals": { "eks:namespaces": ["shop"] }, "Null": { "eks:namespaces": "false" } }),
            (VIEW, shop.clone()),
            (VIEW, json!({ "type": "cluster" })),
        ),
    ];
    for (condition, (policy, scope), (bad_policy, bad_scope)) in cases {
        put_policy(&admin, "user", &only("eks:AssociateAccessPolicy", condition)).await;
        associate(bad_policy, bad_scope).await.denied("no identity-based policy");
        associate(policy, scope).await.ok();
    }
    let deny = statements(json!([
        { "Effect": "Allow", "Action": "eks:*", "Resource": "*" },
        { "Effect": "Deny", "Action": "eks:AssociateAccessPolicy", "Resource": "*", "Condition": { "ArnEquals": { "eks:policyArn": ADMIN } } },
    ]));
    put_policy(&admin, "user", &deny).await;
    associate(ADMIN, json!({ "type": "cluster" })).await.denied("explicit deny");
    // The same policy by the name of another partition would be the same policy.
    let other = ADMIN.replace("arn:aws:", "arn:aws-cn:");
    assert_eq!(associate(&other, json!({ "type": "cluster" })).await.code(), "ResourceNotFoundException");

    put_policy(
        &admin,
        "user",
        &only(
            "eks:UpdateClusterConfig",
            json!({ "StringEquals": { "eks:authenticationMode": "API_AND_CONFIG_MAP" } }),
        ),
    )
    .await;
    let config = json!({ "accessConfig": { "authenticationMode": "API" } });
    rest(&user, Method::POST, "/clusters/prod/update-config", Some(config))
        .await
        .denied("no identity-based policy");
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_that_eks_does_not_take() {
    let harness = installation().await;
    let admin = harness.admin();
    let dev = role(&admin, "dev", &trust("*"), None).await;
    admin.user("alice", None).await;
    let foreign = role(&harness.other(), "foreign", &trust("*"), None).await;
    let linked =
        format!("arn:aws:iam::{ACCOUNT}:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS");
    let user = format!("arn:aws:iam::{ACCOUNT}:user/alice");
    let parameter = [
        json!({ "principalArn": "dev" }),
        json!({ "principalArn": named("missing") }),
        json!({ "principalArn": named("Dev") }),
        json!({ "principalArn": dev.replace("arn:aws:", "arn:aws-cn:") }),
        json!({ "principalArn": linked }),
        json!({ "principalArn": format!("arn:aws:iam::{ACCOUNT}:root") }),
        json!({ "principalArn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/dev/session") }),
        json!({ "principalArn": format!("arn:aws:iam::{ACCOUNT}:group/devs") }),
        json!({ "principalArn": "arn:aws:iam::999999999999:role/*" }),
        json!({ "principalArn": "arn:aws:iam::99999999999:role/dev" }),
        json!({ "principalArn": "arn:aws:iam:us-east-1:999999999999:role/dev" }),
        json!({ "principalArn": dev, "type": "SPECIAL" }),
        json!({ "principalArn": user, "type": "EC2_LINUX" }),
        json!({ "principalArn": foreign, "type": "EC2_LINUX" }),
        json!({ "principalArn": dev, "username": "system:admin" }),
        json!({ "principalArn": dev, "username": "eks:x" }),
        json!({ "principalArn": dev, "username": "aws:x" }),
        json!({ "principalArn": dev, "username": "amazon:x" }),
        json!({ "principalArn": dev, "username": "iam:x" }),
        json!({ "principalArn": dev, "username": "{{SessionName}}" }),
        json!({ "principalArn": dev, "username": "dev-{{SessionNameRaw}}:x" }),
        json!({ "principalArn": dev, "username": "x".repeat(257) }),
        json!({ "principalArn": dev, "kubernetesGroups": ["system:masters"] }),
        json!({ "principalArn": dev, "kubernetesGroups": [""] }),
        json!({ "principalArn": dev, "kubernetesGroups": vec!["g"; 101] }),
        json!({ "principalArn": dev, "tags": { "aws:x": "y" } }),
        json!({ "principalArn": dev, "tags": (0..51).map(|n| (n.to_string(), json!(""))).collect::<serde_json::Map<_, _>>() }),
    ];
    for input in parameter {
        let reply = create(&admin, input.clone()).await;
        assert_eq!(reply.code(), "InvalidParameterException", "{input}: {}", reply.text);
    }
    for more in [json!({ "kubernetesGroups": ["g"] }), json!({ "username": "node:x" })] {
        let mut input = json!({ "principalArn": dev, "type": "EC2_LINUX" });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(create(&admin, input).await.code(), "InvalidRequestException");
    }
    // What it does take, with the user name that it gives.
    let node = "system:node:{{EC2PrivateDNSName}}";
    let remote = "arn:aws:iam::999999999999:role/team/ops";
    let cases = [
        (json!({ "principalArn": user }), user.clone()),
        (
            json!({ "principalArn": foreign }),
            format!("arn:aws:sts::{OTHER}:assumed-role/foreign/{{{{SessionName}}}}"),
        ),
        (
            json!({ "principalArn": remote }),
            "arn:aws:sts::999999999999:assumed-role/ops/{{SessionName}}".to_owned(),
        ),
        (json!({ "principalArn": dev, "type": "EC2_LINUX" }), node.to_owned()),
        (json!({ "principalArn": dev, "type": "EC2_WINDOWS" }), node.to_owned()),
        (json!({ "principalArn": dev, "type": "EC2" }), node.to_owned()),
        (json!({ "principalArn": dev, "type": "FARGATE_LINUX" }), "system:node:{{SessionName}}".to_owned()),
        (json!({ "principalArn": dev, "type": "HYBRID_LINUX" }), "system:node:{{SessionName}}".to_owned()),
        (json!({ "principalArn": dev, "username": "dev:{{SessionName}}" }), "dev:{{SessionName}}".to_owned()),
    ];
    let view = json!({ "policyArn": VIEW, "accessScope": { "type": "cluster" } });
    for (input, username) in cases {
        let principal = input["principalArn"].as_str().unwrap();
        assert_eq!(create(&admin, input.clone()).await.ok()["accessEntry"]["username"], username);
        let kind = input["type"].as_str().unwrap_or("STANDARD");
        let associated =
            rest(&admin, Method::POST, &format!("{}/access-policies", entry(principal)), Some(view.clone()))
                .await;
        let updated =
            rest(&admin, Method::POST, &entry(principal), Some(json!({ "kubernetesGroups": ["g"] }))).await;
        match kind {
            "STANDARD" => assert_eq!((associated.status, updated.status), (200, 200)),
            "EC2" => assert_eq!((associated.status, updated.code()), (200, "InvalidRequestException")),
            _ => assert_eq!(
                (associated.code(), updated.code()),
                ("InvalidRequestException", "InvalidRequestException")
            ),
        }
        rest(&admin, Method::DELETE, &entry(principal), None).await.ok();
    }
    create(&admin, json!({ "principalArn": dev })).await.ok();
    for scope in [
        json!({ "type": "namespace" }),
        json!({ "type": "namespace", "namespaces": [] }),
        json!({ "type": "cluster", "namespaces": ["shop"] }),
        json!({ "type": "namespace", "namespaces": ["*shop"] }),
        json!({ "type": "namespace", "namespaces": ["Shop"] }),
        json!({ "type": "namespace", "namespaces": ["x".repeat(64)] }),
        json!({ "type": "planet" }),
    ] {
        let body = json!({ "policyArn": VIEW, "accessScope": scope });
        let reply = rest(&admin, Method::POST, &format!("{}/access-policies", entry(&dev)), Some(body)).await;
        assert_eq!(reply.code(), "InvalidParameterException", "{scope}: {}", reply.text);
    }
    let bad = rest(&admin, Method::GET, &entry("dev"), None).await;
    assert_eq!(bad.code(), "InvalidParameterException");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_is_of_whom_it_was_made_for() {
    let harness = installation().await;
    let admin = harness.admin();
    let dev = role(&admin, "dev", &trust("*"), None).await;
    let input = json!({ "principalArn": dev, "clientRequestToken": "one" });
    create(&admin, input.clone()).await.ok();
    admin.call("iam", "DeleteRole", json!({ "RoleName": "dev" })).await.ok();
    let view = json!({ "policyArn": VIEW, "accessScope": { "type": "cluster" } });
    let policies = format!("{}/access-policies", entry(&dev));
    for again in [false, true] {
        if again {
            role(&admin, "dev", &trust("*"), None).await;
        }
        for reply in [
            rest(&admin, Method::POST, &policies, Some(view.clone())).await,
            rest(&admin, Method::POST, &entry(&dev), Some(json!({ "kubernetesGroups": ["g"] }))).await,
        ] {
            assert_eq!(reply.code(), "InvalidRequestException");
            assert!(reply.message().contains("principal that is gone"), "{}", reply.text);
        }
        rest(&admin, Method::GET, &entry(&dev), None).await.ok();
    }
    // Nor does the same call make it anew: it has to be deleted first.
    assert_eq!(create(&admin, input.clone()).await.code(), "ResourceInUseException");
    rest(&admin, Method::DELETE, &entry(&dev), None).await.ok();
    create(&admin, input).await.ok();
    rest(&admin, Method::POST, &policies, Some(view)).await.ok();
}
