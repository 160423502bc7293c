//! AWS's words for what a request lacks or has too much of.

use crate::request::Request;

#[test]
fn violations_are_told_as_aws_tells_them() {
    let long = "a".repeat(65);
    for (request, code, message) in [
        (
            Request::iam("GetRole", ""),
            "ValidationError",
            "1 validation error detected: Value null at 'roleName' failed to satisfy constraint: Member must not be null",
        ),
        (
            Request::iam("GetRole", "&RoleName=a%2Fb"),
            "ValidationError",
            r"1 validation error detected: Value 'a/b' at 'roleName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]+",
        ),
        (
            Request::iam("GetRole", &format!("&RoleName={long}")),
            "ValidationError",
            &format!(
                "1 validation error detected: Value '{long}' at 'roleName' failed to satisfy constraint: Member must have length less than or equal to 64"
            ),
        ),
        (
            Request::iam("UpdateAccessKey", "&AccessKeyId=AKIA&Status=on"),
            "ValidationError",
            "2 validation errors detected: Value 'AKIA' at 'accessKeyId' failed to satisfy constraint: Member must have length greater than or equal to 16; \
             Value 'on' at 'status' failed to satisfy constraint: Member must satisfy enum value set: [Active, Inactive, Expired]",
        ),
        (
            Request::iam("ListUsers", "&MaxItems=1001"),
            "ValidationError",
            "1 validation error detected: Value '1001' at 'maxItems' failed to satisfy constraint: Member must have value less than or equal to 1000",
        ),
        (
            Request::iam("TagUser", "&UserName=a&Tags.member.1.Key=%21&Tags.member.1.Value=v"),
            "ValidationError",
            r"1 validation error detected: Value '!' at 'tags.1.member.key' failed to satisfy constraint: Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+",
        ),
        (
            Request::iam("CreateAccountAlias", "&AccountAlias=a--b"),
            "ValidationError",
            "1 validation error detected: Value 'a--b' at 'accountAlias' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$",
        ),
        (
            Request::iam("UntagUser", "&UserName=a&TagKeys.member.1=ok&TagKeys.member.2=%21"),
            "ValidationError",
            r"1 validation error detected: Value '[ok, !]' at 'tagKeys' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+]",
        ),
        (
            Request::json("TrentService.CreateGrant", r#"{"KeyId":"k","Operations":["Decrypt",null]}"#),
            "ValidationException",
            "1 validation error detected: Value null at 'operations.2.member' failed to satisfy constraint: Member must not be null",
        ),
        (
            Request::json("TrentService.ScheduleKeyDeletion", r#"{"KeyId":"","PendingWindowInDays":400}"#),
            "ValidationException",
            "2 validation errors detected: Value '' at 'keyId' failed to satisfy constraint: Member must have length greater than or equal to 1; \
             Value '400' at 'pendingWindowInDays' failed to satisfy constraint: Member must have value less than or equal to 365",
        ),
        (
            Request::json("secretsmanager.DescribeSecret", "{}"),
            "ValidationException",
            "1 validation error detected: Value null at 'secretId' failed to satisfy constraint: Member must not be null",
        ),
        (
            Request::rest("GET", &["clusters"], "").query(&[("maxResults", "0")]),
            "InvalidParameterException",
            "1 validation error detected: Value '0' at 'maxResults' failed to satisfy constraint: Member must have value greater than or equal to 1",
        ),
        (
            Request::rest("POST", &["tags", "a"], r#"{"tags":{"":"v"}}"#),
            "InvalidParameterException",
            "1 validation error detected: Value '{=v}' at 'tags' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1]",
        ),
        (
            Request::ec2("CreateSecurityGroup", "&GroupName=a"),
            "MissingParameter",
            "The request must contain the parameter GroupDescription",
        ),
        (
            Request::ec2("DescribeSecurityGroups", "&MaxResults=4"),
            "InvalidParameterValue",
            "Value (4) for parameter MaxResults is invalid. Member must have value greater than or equal to 5",
        ),
    ] {
        assert_eq!(request.refusal(), (code, message.to_owned()));
    }
}

/// Lengths are of characters, as the models count, and of decoded bytes.
#[test]
fn lengths_are_of_what_is_meant() {
    let description = |count: usize| {
        Request::iam("UpdateRole", &format!("&RoleName=a&Description={}", "%C3%A9".repeat(count)))
    };
    assert!(description(1000).read().is_ok());
    assert!(description(1001).refusal().1.contains("length less than or equal to 1000"));
    let plaintext = |bytes: usize| {
        let text = data_encoding::BASE64.encode(&vec![7; bytes]);
        Request::json("TrentService.Encrypt", &format!(r#"{{"KeyId":"a","Plaintext":"{text}"}}"#))
    };
    assert!(plaintext(4096).read().is_ok());
    assert_eq!(
        plaintext(4097).refusal().1,
        "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length less than or equal to 4096"
    );
    assert!(plaintext(0).refusal().1.ends_with("greater than or equal to 1"));
}

#[test]
fn what_is_sensitive_is_never_told() {
    let planted = "hunter2-planted-secret";
    let long = planted.repeat(4000);
    for request in [
        Request::json("secretsmanager.CreateSecret", &format!(r#"{{"Name":"a","SecretString":"{long}"}}"#)),
        Request::json(
            "secretsmanager.CreateSecret",
            &format!(r#"{{"Name":"a","SecretString":["{planted}"]}}"#),
        ),
        Request::json("secretsmanager.CreateSecret", &format!(r#"{{"Name":"a","SecretString":"{planted}"#)),
        Request::json("secretsmanager.CreateSecret", &format!(r#"{{"{planted}":1,"{planted}":2}}"#)),
        Request::form(&format!(
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=a&RoleSessionName=a&WebIdentityToken={long}"
        )),
        Request::rest(
            "POST",
            &["clusters", "a", "assume-role-for-pod-identity"],
            &format!(r#"{{"token":"{planted} !"}}"#),
        ),
    ] {
        let (_, message) = request.refusal();
        assert!(!message.contains("hunter2"), "{message}");
    }
}

/// However much is wrong, the answer stays short.
#[test]
fn a_message_has_bounds() {
    let many: String = (1..100).map(|at| format!("&Tags.member.{at}.Key={}", "%21".repeat(2000))).collect();
    let (_, message) = Request::iam("TagUser", &format!("&UserName=a{many}")).refusal();
    assert!(message.starts_with("20 validation errors detected"), "{message}");
    assert!(message.len() < 40_000, "{}", message.len());
    let long = "x".repeat(100_000);
    assert!(Request::iam(&long, "").refusal().1.len() < 2000);
    assert!(Request::json(&long, "").refusal().1.len() < 2000);
    assert!(Request::rest("GET", &[&long], "").refusal().1.len() < 2000);
    assert!(Request::ec2("DescribeVpcs", &format!("&{long}=a")).refusal().1.len() < 2000);
}
