//! S3's form, which is signed for and never verified here.

use ringwall_model::Secret;
use ringwall_sigv4::{Lifetime, Parts, Signer, parse, signing_key};

/// 2013-05-24T00:00:00Z.
const TIME: i64 = 1_369_353_600;

/// Source: AWS, *S3 API Reference*, "Signature Calculations for the Authorization Header", example "PUT Object".
#[test]
fn an_object_is_put_as_aws_documents_it() {
    let secret = Secret::from(String::from("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"));
    let signer = Signer {
        access_key_id: "AKIAIOSFODNN7EXAMPLE",
        secret: &secret,
        session_token: None,
        region: "us-east-1",
        service: "s3",
        time: TIME,
    };
    let body = b"Welcome to Amazon S3.";
    let headers = [
        ("host", "examplebucket.s3.amazonaws.com"),
        ("date", "Fri, 24 May 2013 00:00:00 GMT"),
        ("x-amz-content-sha256", "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"),
        ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
    ];
    let parts =
        Parts { method: "PUT", path: "/test%24file.text", query: None, headers: &headers, authority: None };
    let added = signer.headers(&parts, body).unwrap();
    let (_, authorization) = added.iter().find(|(name, _)| *name == "authorization").unwrap();
    let signature = "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd";
    assert!(authorization.ends_with(signature), "{authorization}");

    let mut signed = headers.to_vec();
    signed.extend(added.iter().map(|(name, value)| (*name, value.as_str())));
    let presented = parse(&Parts { headers: &signed, ..parts }).unwrap().unwrap();
    let key = signing_key(&secret, "20130524", "us-east-1", "s3").unwrap();
    assert!(presented.verify(body, &key, TIME, Lifetime::Stated).is_err());
}
