use serde_json::json;

use crate::request::Request;

#[test]
fn forms_are_read() {
    for (request, expected) in [
        (Request::iam("GetUser", ""), json!({})),
        (
            Request::iam("CreateRole", "&RoleName=a&AssumeRolePolicyDocument=%7B%7D&MaxSessionDuration=3600"),
            json!({ "RoleName": "a", "AssumeRolePolicyDocument": "{}", "MaxSessionDuration": 3600 }),
        ),
        (
            // In the order of the numbers; a gap is nobody's element.
            Request::iam(
                "UntagUser",
                "&UserName=a&TagKeys.member.10=c&TagKeys.member.2=a+b&TagKeys.member.9=%3D",
            ),
            json!({ "UserName": "a", "TagKeys": ["a b", "=", "c"] }),
        ),
        (
            Request::iam(
                "TagUser",
                "&UserName=a&Tags.member.1.Key=k&Tags.member.1.Value=&Tags.member.2.Value=w&Tags.member.2.Key=l",
            ),
            json!({ "UserName": "a", "Tags": [{ "Key": "k", "Value": "" }, { "Key": "l", "Value": "w" }] }),
        ),
        // An empty list, and a name that nobody knows.
        (
            Request::iam("UntagUser", "&UserName=a&TagKeys=&Other.1=x"),
            json!({ "UserName": "a", "TagKeys": [] }),
        ),
        (Request::iam("UpdateAccessKey", "&AccessKeyId=AKIAIOSFODNN7EXAMPLE&Status=Active"), {
            json!({ "AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "Status": "Active" })
        }),
        (Request::iam("ListPolicies", "&OnlyAttached=true&MaxItems=7"), {
            json!({ "OnlyAttached": true, "MaxItems": 7 })
        }),
        (
            Request::ec2(
                "DescribeSecurityGroups",
                "&GroupId.1=sg-1&Filter.1.Name=n&Filter.1.Value.1=v&Filter.1.Value.2=w",
            ),
            json!({ "GroupIds": ["sg-1"], "Filters": [{ "Name": "n", "Values": ["v", "w"] }] }),
        ),
        (
            Request::ec2(
                "AuthorizeSecurityGroupIngress",
                "&GroupId=sg-1&IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=-1\
                 &IpPermissions.1.IpRanges.1.CidrIp=10.0.0.0%2F8&IpPermissions.1.Groups.1.UserId=1&DryRun=false",
            ),
            json!({
                "GroupId": "sg-1",
                "IpPermissions": [{
                    "FromPort": -1,
                    "IpProtocol": "tcp",
                    "IpRanges": [{ "CidrIp": "10.0.0.0/8" }],
                    "UserIdGroupPairs": [{ "UserId": "1" }],
                }],
                "DryRun": false,
            }),
        ),
    ] {
        // Members come in the order of the model, which is of no importance.
        assert_eq!(request.read().unwrap(), expected);
    }
}

#[test]
fn what_has_another_type_is_refused() {
    for (action, rest, message) in [
        ("ListUsers", "&MaxItems=a", "The parameter MaxItems is no Integer"),
        ("ListUsers", "&MaxItems=", "The parameter MaxItems is no Integer"),
        ("ListUsers", "&MaxItems=%2B5", "The parameter MaxItems is no Integer"),
        ("ListUsers", "&MaxItems=5.0", "The parameter MaxItems is no Integer"),
        ("ListUsers", "&MaxItems=2147483648", "The parameter MaxItems is no Integer"),
        ("ListUsers", "&MaxItems.1=5", "The parameter MaxItems has no value of its own"),
        ("ListPolicies", "&OnlyAttached=True", "The parameter OnlyAttached is no Boolean"),
        ("TagUser", "&UserName=a&Tags.member.01.Key=a", "The parameter Tags has elements with wrong numbers"),
        ("TagUser", "&UserName=a&Tags.member.0.Key=a", "The parameter Tags has elements with wrong numbers"),
        (
            "TagUser",
            "&UserName=a&Tags.member.4294967296.Key=a",
            "The parameter Tags has elements with wrong numbers",
        ),
        ("UntagUser", "&UserName=a&TagKeys=a", "The parameter TagKeys is a list and has a value of its own"),
        (
            "UntagUser",
            "&UserName=a&TagKeys=&TagKeys.member.1=a",
            "The parameter TagKeys is a list and has a value of its own",
        ),
        ("UntagUser", "&UserName=a&TagKeys.member.3.x=a", "The parameter TagKeys.3 has no value of its own"),
    ] {
        assert_eq!(Request::iam(action, rest).refusal(), ("MalformedInput", message.to_owned()));
    }
}

/// Source: AWS, *EC2 API error codes*.
#[test]
fn ec2_tells_what_it_does_not_know() {
    for (rest, expected) in [
        ("&Other=1", ("UnknownParameter", "The parameter Other is not recognized")),
        ("&GroupId.1=a&GroupId.x=b", ("UnknownParameter", "The parameter GroupId.x is not recognized")),
        ("&Filter.1.name=a", ("UnknownParameter", "The parameter Filter.1.name is not recognized")),
        ("&MaxResults=x", ("InvalidParameterValue", "The parameter MaxResults is no Integer")),
    ] {
        let (code, message) = expected;
        assert_eq!(Request::ec2("DescribeSecurityGroups", rest).refusal(), (code, message.to_owned()));
    }
}

#[test]
fn the_query_string_of_a_get_is_read_too() {
    let pairs = [("Action", "GetUser"), ("Version", "2010-05-08"), ("UserName", "a b")];
    let request = Request { method: "GET", ..Request::default() }.query(&pairs[..2]);
    assert_eq!(request.read().unwrap(), json!({}));
    let split = Request::form("UserName=a").query(&pairs[..2]);
    assert_eq!(split.read().unwrap(), json!({ "UserName": "a" }));
    let twice = split.query(&pairs[2..]);
    assert_eq!(twice.refusal().0, "MalformedQueryString");
}
