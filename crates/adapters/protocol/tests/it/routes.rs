use ringwall_protocol::{Protocol, WireError, service, services};

use crate::request::{Request, operation};

fn routed(request: &Request) -> String {
    match request.route() {
        Ok(operation) => format!("{} {}", operation.service().name(), operation.name()),
        Err(error) => format!("{} {}", error.status, error.code),
    }
}

#[test]
fn a_request_tells_its_operation() {
    let sts = &[("Action", "GetCallerIdentity"), ("Version", "2011-06-15")];
    let get = Request { method: "GET", ..Request::default() };
    let arn = "arn:aws:iam::111122223333:role/a";
    for (request, expected) in [
        (Request::iam("CreateRole", ""), "iam CreateRole"),
        (Request::ec2("DescribeVpcs", ""), "ec2 DescribeVpcs"),
        (get.clone().query(sts), "sts GetCallerIdentity"),
        // A POST may have its parameters in the query string as well.
        (Request { method: "POST", ..get.clone().query(sts) }, "sts GetCallerIdentity"),
        (Request::json("TrentService.Encrypt", "{}"), "kms Encrypt"),
        (Request::json("secretsmanager.GetSecretValue", "{}"), "secretsmanager GetSecretValue"),
        (Request::json("AmazonSSM.GetParameter", "{}"), "ssm GetParameter"),
        (
            Request::json("AmazonSSM.GetParameter", "{}").typed("application/x-amz-json-1.0"),
            "ssm GetParameter",
        ),
        (Request::rest("GET", &["clusters", "a"], ""), "eks DescribeCluster"),
        (Request::rest("POST", &["clusters", "a", "access-entries", arn], "{}"), "eks UpdateAccessEntry"),
        (Request::rest("DELETE", &["tags", "arn:aws:eks:x:y:cluster/a"], ""), "eks UntagResource"),
        (
            Request::rest("POST", &["clusters", "a", "assume-role-for-pod-identity"], "{}"),
            "eks-auth AssumeRoleForPodIdentity",
        ),
    ] {
        assert_eq!(routed(&request), expected);
    }
}

#[test]
fn what_is_not_known_is_told_in_the_words_of_its_protocol() {
    let get = Request { method: "GET", ..Request::default() };
    for (request, expected) in [
        (Request::iam("CreateSAMLProvider", ""), "400 InvalidAction"),
        (Request::iam("createRole", ""), "400 InvalidAction"),
        (Request::form("Action=CreateRole&Version=2011-06-15"), "400 InvalidAction"),
        (Request::form("Action=CreateRole&Version=2020-01-01"), "400 InvalidAction"),
        (Request::form("Action=CreateRole"), "400 MissingParameter"),
        (Request::form("Version=2010-05-08"), "400 MissingAction"),
        (get.clone(), "400 MissingAction"),
        (get.signed_for("kms"), "400 UnknownOperationException"),
        (Request::json("TrentService.CreateCustomKeyStore", "{}"), "400 UnknownOperationException"),
        (Request::json("TrentService", "{}"), "400 UnknownOperationException"),
        (Request::json("DynamoDB_20120810.PutItem", "{}"), "400 UnknownOperationException"),
        (Request::json("", "{}"), "400 UnknownOperationException"),
        (Request::rest("GET", &["clusters", ""], ""), "404 UnknownOperationException"),
        (Request::rest("GET", &["clusters", "a", ""], ""), "404 UnknownOperationException"),
        (Request::rest("PATCH", &["clusters", "a"], ""), "404 UnknownOperationException"),
        (Request::rest("GET", &["Clusters", "a"], ""), "404 UnknownOperationException"),
    ] {
        assert_eq!(routed(&request), expected);
    }
}

#[test]
fn what_contradicts_itself_is_refused() {
    let form = "Action=GetUser&Version=2010-05-08";
    let json = Request::json("TrentService.ListKeys", "{}");
    let rest = Request::rest("POST", &["tags", "a"], "{}");
    let twice = |request: &Request, name: &'static str, value: &str| {
        let mut request = request.clone();
        request.headers.push((name, value.to_owned()));
        request
    };
    for (request, expected) in [
        // No content type chooses another parser.
        (Request::form(form).typed("application/json"), "415 UnsupportedMediaType"),
        (Request::form(form).typed("multipart/form-data"), "415 UnsupportedMediaType"),
        (twice(&Request::form(form), "content-type", "application/json"), "415 UnsupportedMediaType"),
        (json.clone().typed("application/x-www-form-urlencoded"), "415 UnsupportedMediaType"),
        (json.clone().typed("application/json"), "415 UnsupportedMediaType"),
        (rest.clone().typed("text/xml"), "415 UnsupportedMediaType"),
        // No second way to name the operation.
        (twice(&json, "x-amz-target", "TrentService.CreateKey"), "400 SerializationException"),
        (json.clone().query(&[("Action", "GetUser")]), "400 SerializationException"),
        (Request { segments: vec!["clusters".into()], ..json.clone() }, "400 SerializationException"),
        (Request { method: "GET", ..json }, "400 SerializationException"),
        // No parameter in two places, or in two spellings.
        (Request::form(form).query(&[("Action", "DeleteUser")]), "404 MalformedQueryString"),
        (Request::form(form).query(&[("action", "DeleteUser")]), "404 MalformedQueryString"),
        (Request::form(&format!("{form}&Version=2010-05-08")), "404 MalformedQueryString"),
        (Request { method: "GET", ..Request::form(form) }, "404 MalformedQueryString"),
        (Request { method: "PUT", ..Request::form(form) }, "404 MalformedQueryString"),
    ] {
        assert_eq!(routed(&request), expected);
    }
}

#[test]
fn a_form_is_taken_apart_strictly() {
    for form in [
        "%",
        "%4",
        "%zz",
        "%ff",
        "Action=%C3%28",
        "=a",
        "a=b&",
        "&a=b",
        "a=b&&c=d",
        "a=#",
        "a b",
        "a=\n",
        "é=\u{7f}",
    ] {
        let request = Request::form(form);
        assert_eq!(routed(&request), "404 MalformedQueryString", "{form:?}");
    }
    let request = Request { body: vec![b'a', b'=', 0xff], ..Request::form("") };
    assert_eq!(routed(&request), "404 MalformedQueryString");
}

#[test]
fn an_operation_nobody_serves_is_unknown() {
    for (of, name, expected) in [
        ("iam", "CreateRole", "InvalidAction: Could not find operation CreateRole for version 2010-05-08"),
        ("ec2", "CreateVpc", "InvalidAction: The action CreateVpc is not valid for this web service."),
        ("kms", "CreateKey", "UnknownOperationException: Unknown operation CreateKey"),
        ("eks", "ListClusters", "UnknownOperationException: Unknown operation ListClusters"),
    ] {
        assert_eq!(WireError::unknown_operation(operation(of, name)).to_string(), expected);
    }
}

#[test]
fn the_facts_of_operations_are_there() {
    let unsigned: Vec<&str> = services()
        .flat_map(ringwall_protocol::Service::operations)
        .filter(|operation| operation.is_unsigned())
        .map(ringwall_protocol::Operation::name)
        .collect();
    assert_eq!(unsigned, ["AssumeRoleWithWebIdentity"]);
    assert_eq!(operation("secretsmanager", "CreateSecret").idempotency_token(), Some("ClientRequestToken"));
    assert_eq!(operation("kms", "CreateKey").idempotency_token(), None);
    assert_eq!(service("ec2").unwrap().protocol(), Protocol::Ec2);
    assert_eq!(service("eks-auth").unwrap().signing_name(), "eks-auth");
    assert!(service("s3").is_none());
}
