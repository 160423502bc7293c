use ringwall_protocol::{Accept, Answer, Fault, service, write_error};
use serde_json::{Value, json};

use crate::request::Request;

fn fault(of: Option<&str>, code: &str, status: Option<u16>, fields: &[(&'static str, Value)]) -> Answer {
    accepted(of, code, status, fields, Accept::Usual)
}

fn accepted(
    of: Option<&str>,
    code: &str,
    status: Option<u16>,
    fields: &[(&'static str, Value)],
    accept: Accept,
) -> Answer {
    let fault = Fault { code, message: "a < b", status, fields };
    write_error(of.map(|of| service(of).unwrap()), &fault, accept, "id-1")
}

fn body(answer: &Answer) -> &str {
    std::str::from_utf8(&answer.body).unwrap()
}

#[test]
fn each_service_has_its_form() {
    let extra = [("clusterName", json!("c")), ("other", json!(1))];
    for (of, code, fields, status, expected) in [
        (
            Some("iam"),
            "NoSuchEntity",
            &[][..],
            404,
            r#"<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>a &lt; b</Message></Error><RequestId>id-1</RequestId></ErrorResponse>"#,
        ),
        (
            None,
            "InternalFailure",
            &[],
            500,
            "<ErrorResponse><Error><Type>Receiver</Type><Code>InternalFailure</Code><Message>a &lt; b</Message></Error><RequestId>id-1</RequestId></ErrorResponse>",
        ),
        (
            Some("ec2"),
            "InvalidGroup.NotFound",
            &[],
            400,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>InvalidGroup.NotFound</Code><Message>a &lt; b</Message></Error></Errors><RequestID>id-1</RequestID></Response>",
        ),
        (Some("kms"), "NotFoundException", &[], 400, r#"{"__type":"NotFoundException","message":"a < b"}"#),
        (
            Some("secretsmanager"),
            "ResourceNotFoundException",
            &[],
            400,
            r#"{"__type":"ResourceNotFoundException","Message":"a < b"}"#,
        ),
        (
            Some("eks"),
            "ResourceNotFoundException",
            &extra[..],
            404,
            r#"{"message":"a < b","clusterName":"c"}"#,
        ),
        // A field of another type does not cost the error.
        (
            Some("eks"),
            "ResourceNotFoundException",
            &[("clusterName", json!(1))],
            404,
            r#"{"message":"a < b"}"#,
        ),
    ] {
        let answer = fault(of, code, None, fields);
        assert_eq!((answer.status, body(&answer)), (status, expected));
        let has_header = answer.headers.contains(&("x-amzn-errortype", code.to_owned()));
        assert_eq!(has_header, of == Some("eks"), "{code}");
    }
}

#[test]
fn a_status_is_the_models_then_the_given_then_the_usual() {
    for (of, code, given, expected) in [
        ("iam", "NoSuchEntity", Some(418), 404),
        ("iam", "AccessDenied", None, 403),
        ("iam", "AccessDenied", Some(418), 418),
        ("iam", "Throttling", None, 400),
        ("kms", "AccessDeniedException", None, 400),
        ("kms", "KMSInternalException", None, 500),
        ("eks", "AccessDeniedException", None, 403),
        ("ec2", "UnauthorizedOperation", None, 403),
        ("ec2", "AuthFailure", None, 401),
        ("ssm", "InternalServerError", None, 500),
    ] {
        assert_eq!(fault(Some(of), code, given, &[]).status, expected, "{of} {code}");
    }
}

#[test]
fn an_error_of_reading_answers_in_its_form() {
    let answer =
        Request::json("TrentService.Nothing", "{}").route().unwrap_err().answer(Accept::Usual, "id-1");
    assert_eq!(answer.status, 400);
    assert_eq!(
        body(&answer),
        r#"{"__type":"UnknownOperationException","message":"Unknown operation Nothing"}"#
    );
    // A service that is not known has its protocol all the same.
    let answer = Request::json("<x>", "{}").route().unwrap_err().answer(Accept::Usual, "id-1");
    assert_eq!(body(&answer), r#"{"__type":"UnknownOperationException","message":"Unknown operation <x>"}"#);
    let answer = Request::iam("<x>", "").route().unwrap_err().answer(Accept::Usual, "id-1");
    assert!(body(&answer).contains("Could not find operation &lt;x&gt; for version 2010-05-08"));
    let answer = Request::ec2("Nothing", "").route().unwrap_err().answer(Accept::Usual, "id-1");
    assert!(body(&answer).starts_with(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>InvalidAction"
    ));
}

/// Source: the body that aws-iam-authenticator (81b1daba, `pkg/token/token.go`) quotes of STS.
#[test]
fn errors_of_query_services_are_in_json_for_whom_asks_for_it() {
    for (of, code, status, blamed) in [
        (Some("sts"), "Throttling", 400, "Sender"),
        (Some("sts"), "InternalFailure", 500, "Receiver"),
        (Some("iam"), "NoSuchEntity", 404, "Sender"),
        (None, "SignatureDoesNotMatch", 403, "Sender"),
    ] {
        let answer = accepted(of, code, None, &[], Accept::Json);
        assert_eq!(answer.status, status, "{code}");
        assert!(answer.headers.contains(&("content-type", "application/json".to_owned())));
        let expected =
            json!({ "Error": { "Code": code, "Message": "a < b", "Type": blamed }, "RequestId": "id-1" });
        assert_eq!(body(&answer), expected.to_string());
    }
    for of in ["kms", "eks", "ec2"] {
        let of = |accept| accepted(Some(of), "ValidationException", None, &[], accept);
        assert_eq!(of(Accept::Json), of(Accept::Usual));
    }
}
