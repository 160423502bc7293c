use serde_json::json;

use crate::request::Request;

const ARN: &str = "arn:aws:iam::111122223333:role/teams/a";

#[test]
fn path_query_string_and_body_are_read_together() {
    for (request, expected) in [
        (
            Request::rest("GET", &["clusters", "a", "access-entries", ARN], ""),
            json!({ "clusterName": "a", "principalArn": ARN }),
        ),
        (
            Request::rest("GET", &["clusters"], "").query(&[("maxResults", "5"), ("include", "all"), ("x", "y")]),
            json!({ "maxResults": 5, "include": ["all"] }),
        ),
        (
            Request::rest("DELETE", &["tags", "a"], "").query(&[("tagKeys", "k"), ("tagKeys", "l")]),
            json!({ "resourceArn": "a", "tagKeys": ["k", "l"] }),
        ),
        (
            Request::rest(
                "POST",
                &["clusters", "a", "access-entries"],
                // The cluster is told by the path alone.
                &json!({ "principalArn": ARN, "tags": { "k": "v" }, "name": "other", "clusterName": "other" }).to_string(),
            ),
            json!({ "clusterName": "a", "principalArn": ARN, "tags": { "k": "v" } }),
        ),
    ] {
        assert_eq!(request.read().unwrap(), expected);
    }
    let untyped =
        Request { headers: Vec::new(), ..Request::rest("POST", &["tags", "a"], r#"{"tags":{"k":"v"}}"#) };
    assert_eq!(untyped.read().unwrap(), json!({ "resourceArn": "a", "tags": { "k": "v" } }));
}

#[test]
fn what_has_another_type_or_stands_there_twice_is_refused() {
    let list = Request::rest("GET", &["clusters"], "");
    for (pairs, message) in [
        (&[("maxResults", "x")][..], "The parameter maxResults can not be converted to Integer"),
        (&[("maxResults", "5"), ("maxResults", "6")], "The parameter maxResults stands there twice"),
        (&[("nextToken", "a"), ("nextToken", "a")], "The parameter nextToken stands there twice"),
    ] {
        assert_eq!(list.clone().query(pairs).refusal(), ("SerializationException", message.to_owned()));
    }
    let body = r#"{"tags":{"k":"v","k":"w"}}"#;
    assert_eq!(Request::rest("POST", &["tags", "a"], body).refusal().0, "SerializationException");
}
