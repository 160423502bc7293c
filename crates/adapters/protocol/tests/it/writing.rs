use ringwall_protocol::{Accept, write};
use serde_json::{Value, json};

use crate::request::operation;

fn written(of: &str, name: &str, output: Value) -> (u16, String, String) {
    let answer = write(operation(of, name), &output, Accept::Usual, "id-1").unwrap();
    let (_, content_type) = answer.headers.iter().find(|(name, _)| *name == "content-type").unwrap().clone();
    assert!(answer.headers.contains(&("x-amzn-requestid", "id-1".to_owned())));
    (answer.status, content_type, String::from_utf8(answer.body).unwrap())
}

#[test]
fn answers_are_written() {
    const IAM: &str = r#"xmlns="https://iam.amazonaws.com/doc/2010-05-08/""#;
    const EC2: &str = r#"xmlns="http://ec2.amazonaws.com/doc/2016-11-15""#;
    let metadata = "<ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata>";
    for (of, name, output, content_type, body) in [
        (
            "iam",
            "GetRole",
            // In the order of the model, whatever that of the value is; a null is left out.
            json!({ "Role": { "CreateDate": 1_700_000_000, "RoleName": "<a>", "Path": "/", "Description": null,
                "Tags": [{ "Key": "k", "Value": "a&\"\r\n\u{1}" }] } }),
            "text/xml",
            format!(
                "<GetRoleResponse {IAM}><GetRoleResult><Role><Path>/</Path><RoleName>&lt;a&gt;</RoleName>\
                 <CreateDate>2023-11-14T22:13:20Z</CreateDate><Tags><member><Key>k</Key>\
                 <Value>a&amp;&quot;&#xD;\n\u{fffd}</Value></member></Tags></Role></GetRoleResult>{metadata}</GetRoleResponse>"
            ),
        ),
        (
            "iam",
            "DeleteRole",
            json!({}),
            "text/xml",
            format!("<DeleteRoleResponse {IAM}>{metadata}</DeleteRoleResponse>"),
        ),
        (
            "iam",
            "ListUsers",
            json!({ "Users": [], "IsTruncated": false }),
            "text/xml",
            format!(
                "<ListUsersResponse {IAM}><ListUsersResult><Users></Users><IsTruncated>false</IsTruncated></ListUsersResult>{metadata}</ListUsersResponse>"
            ),
        ),
        (
            "iam",
            "GetAccountSummary",
            json!({ "SummaryMap": { "Users": 3 } }),
            "text/xml",
            format!(
                "<GetAccountSummaryResponse {IAM}><GetAccountSummaryResult><SummaryMap><entry><key>Users</key><value>3</value></entry></SummaryMap></GetAccountSummaryResult>{metadata}</GetAccountSummaryResponse>"
            ),
        ),
        (
            "ec2",
            "DescribeSecurityGroups",
            json!({ "SecurityGroups": [{ "GroupId": "sg-1", "IpPermissions": [{ "FromPort": 1 }] }] }),
            "text/xml;charset=UTF-8",
            format!(
                "<DescribeSecurityGroupsResponse {EC2}><requestId>id-1</requestId><securityGroupInfo><item><groupId>sg-1</groupId>\
                 <ipPermissions><item><fromPort>1</fromPort></item></ipPermissions></item></securityGroupInfo></DescribeSecurityGroupsResponse>"
            ),
        ),
        (
            "ec2",
            "DeleteTags",
            Value::Null,
            "text/xml;charset=UTF-8",
            format!(
                "<DeleteTagsResponse {EC2}><requestId>id-1</requestId><return>true</return></DeleteTagsResponse>"
            ),
        ),
        (
            "kms",
            "Encrypt",
            json!({ "KeyId": "a", "CiphertextBlob": "AAEC" }),
            "application/x-amz-json-1.1",
            r#"{"CiphertextBlob":"AAEC","KeyId":"a"}"#.to_owned(),
        ),
        ("kms", "EnableKey", json!({}), "application/x-amz-json-1.1", String::new()),
        (
            "secretsmanager",
            "DescribeSecret",
            json!({ "CreatedDate": 1_700_000_000.5, "VersionIdsToStages": { "v": ["AWSCURRENT"] } }),
            "application/x-amz-json-1.1",
            r#"{"VersionIdsToStages":{"v":["AWSCURRENT"]},"CreatedDate":1700000000.5}"#.to_owned(),
        ),
        (
            "eks",
            "ListClusters",
            json!({ "clusters": ["a"], "nextToken": null }),
            "application/json",
            r#"{"clusters":["a"]}"#.to_owned(),
        ),
    ] {
        assert_eq!(written(of, name, output), (200, content_type.to_owned(), body));
    }
}

#[test]
fn what_the_model_does_not_have_is_a_mistake() {
    for (of, name, output, expected) in [
        ("kms", "Encrypt", json!({ "KeyID": "a" }), "the output of `Encrypt` has no member `KeyID`"),
        ("kms", "EnableKey", json!({ "KeyId": "a" }), "the output of `EnableKey` has no member `KeyId`"),
        ("iam", "DeleteRole", json!({ "Role": {} }), "the output of `DeleteRole` has no member `Role`"),
        (
            "iam",
            "ListRoles",
            json!({ "Roles": [{ "Name": "a" }] }),
            "the output of `ListRoles` has no member `Roles.[].Name`",
        ),
        (
            "iam",
            "GetRole",
            json!({ "Role": { "CreateDate": "now" } }),
            "`Role.CreateDate` in the output of `GetRole` has to be a Timestamp",
        ),
        (
            "iam",
            "GetRole",
            json!({ "Role": { "CreateDate": 1e18 } }),
            "`Role.CreateDate` in the output of `GetRole` has to be a Timestamp",
        ),
        ("eks", "ListClusters", json!([]), "`` in the output of `ListClusters` has to be a Structure"),
        (
            "eks",
            "ListClusters",
            json!({ "clusters": [null] }),
            "`clusters.[]` in the output of `ListClusters` has to be a String",
        ),
    ] {
        assert_eq!(write(operation(of, name), &output, Accept::Usual, "").unwrap_err().to_string(), expected);
    }
}

/// Source: what aws-iam-authenticator reads (`getCallerIdentityWrapper`).
#[test]
fn query_services_answer_in_json_to_whom_asks_for_it() {
    let metadata = json!({ "RequestId": "id-1" });
    for (of, name, output, body) in [
        (
            "sts",
            "GetCallerIdentity",
            json!({ "UserId": "AIDA", "Account": "111122223333", "Arn": "arn:aws:iam::111122223333:user/\"a\"" }),
            json!({ "GetCallerIdentityResponse": {
                "GetCallerIdentityResult": {
                    "UserId": "AIDA",
                    "Account": "111122223333",
                    "Arn": "arn:aws:iam::111122223333:user/\"a\"",
                },
                "ResponseMetadata": metadata,
            } }),
        ),
        (
            "iam",
            "ListUsers",
            json!({ "Users": [{ "UserName": "a", "CreateDate": 1_700_000_000 }], "IsTruncated": false }),
            json!({ "ListUsersResponse": {
                "ListUsersResult": { "Users": [{ "UserName": "a", "CreateDate": 1_700_000_000 }], "IsTruncated": false },
                "ResponseMetadata": metadata,
            } }),
        ),
        ("iam", "DeleteRole", json!({}), json!({ "DeleteRoleResponse": { "ResponseMetadata": metadata } })),
    ] {
        let answer = write(operation(of, name), &output, Accept::Json, "id-1").unwrap();
        assert_eq!(answer.status, 200);
        assert!(answer.headers.contains(&("content-type", "application/json".to_owned())));
        assert_eq!(serde_json::from_slice::<Value>(&answer.body).unwrap(), body);
        assert_eq!(
            write(operation(of, name), &json!({ "X": 1 }), Accept::Json, "").unwrap_err().to_string(),
            format!("the output of `{name}` has no member `X`")
        );
    }
    // The others have one form, whatever is asked for.
    for (of, name) in [("kms", "EnableKey"), ("eks", "ListClusters"), ("ec2", "DeleteTags")] {
        let of = |accept| write(operation(of, name), &Value::Null, accept, "id-1").unwrap();
        assert_eq!(of(Accept::Json), of(Accept::Usual));
    }
}
