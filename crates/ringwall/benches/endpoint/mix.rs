//! What is asked: the calls that pods and their controllers make all day.

use std::time::{SystemTime, UNIX_EPOCH};

use ringwall_model::Secret;
use ringwall_sigv4::{Parts, Signer};
use serde_json::{Value, json};

use crate::servers::{Credentials, Server};
use crate::wire::{Connection, runtime};

/// The requests of a mix, signed for one server: once by a user and once by a session of a role.
pub(crate) struct Mix {
    /// The operations, `service Operation`.
    pub(crate) names: Vec<String>,
    /// Whole requests as they go over the wire, one list for each credentials.
    pub(crate) requests: [Vec<Vec<u8>>; 2],
    made: Made,
    session: Credentials,
}

/// What was made for the requests to find.
#[derive(Clone)]
struct Made {
    role: String,
    key: String,
    ciphertext: String,
}

const OPERATIONS: [&str; 8] = [
    "sts GetCallerIdentity",
    "iam GetRole",
    "kms Encrypt",
    "kms Decrypt",
    "kms GenerateDataKey",
    "secretsmanager GetSecretValue",
    "ssm GetParameter",
    "sts AssumeRole",
];

impl Mix {
    /// Those of the mix's operations that a server has.
    pub(crate) fn all(server: &Server) -> Vec<String> {
        let is_served = |operation: &&str| {
            let (_, body) = once(server, operation, &Value::Null);
            !body.contains("UnknownOperation") && !body.contains("InvalidAction")
        };
        OPERATIONS.iter().filter(|operation| is_served(operation)).map(|name| (*name).to_owned()).collect()
    }

    /// Makes what the requests need, and the requests.
    pub(crate) fn prepare(server: &Server, names: &[String]) -> Self {
        let has = |service: &str| names.iter().any(|name| name.starts_with(service));
        let call = |operation: &str, input: Value| call(server, operation, &input);
        let role = format!("arn:aws:iam::{}:role/bench", server.account);
        let trust = policy(json!([
            {"Effect": "Allow", "Principal": {"AWS": server.account}, "Action": ["sts:AssumeRole", "sts:TagSession"]},
        ]));
        call("iam CreateRole", json!({"RoleName": "bench", "AssumeRolePolicyDocument": trust}));
        let access = policy(json!([
            {"Effect": "Allow", "Action": "iam:Get*", "Resource": format!("arn:aws:iam::{}:role/*", server.account)},
            {"Effect": "Allow", "Action": ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"], "Resource": "*"},
            {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*",
             "Condition": {"StringEquals": {"aws:ResourceAccount": server.account}}},
            {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "arn:aws:ssm:*:*:parameter/bench*"},
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": role},
            {"Effect": "Deny", "Action": "*", "Resource": "*",
             "Condition": {"NotIpAddress": {"aws:SourceIp": ["127.0.0.0/8", "10.0.0.0/8"]}}},
        ]));
        call(
            "iam PutRolePolicy",
            json!({"RoleName": "bench", "PolicyName": "access", "PolicyDocument": access}),
        );
        let session = call("sts AssumeRole", json!({"RoleArn": role, "RoleSessionName": "bench"}));
        let member = |name: &str| between(&session, &format!("<{name}>"), &format!("</{name}>"));
        let session = Credentials {
            id: member("AccessKeyId"),
            secret: Secret::from(member("SecretAccessKey")),
            token: Some(Secret::from(member("SessionToken"))),
        };
        let (mut key, mut ciphertext) = (String::new(), String::new());
        if has("kms ") {
            key = between(&call("kms CreateKey", json!({})), "\"KeyId\":\"", "\"");
            let sealed = call("kms Encrypt", json!({"KeyId": key, "Plaintext": "YmVuY2g="}));
            ciphertext = between(&sealed, "\"CiphertextBlob\":\"", "\"");
        }
        if has("secretsmanager ") {
            call("secretsmanager CreateSecret", json!({"Name": "bench", "SecretString": "a value to keep"}));
        }
        if has("ssm ") {
            call("ssm PutParameter", json!({"Name": "bench", "Type": "String", "Value": "a value"}));
        }
        Self::signed(server, names.to_vec(), Made { role, key, ciphertext }, session)
    }

    /// The same requests for the same installation behind another listener.
    pub(crate) fn again(&self, server: &Server) -> Self {
        Self::signed(server, self.names.clone(), self.made.clone(), self.session.clone())
    }

    fn signed(server: &Server, names: Vec<String>, made: Made, session: Credentials) -> Self {
        let requests = [&server.credentials, &session].map(|credentials| {
            names.iter().map(|name| signed(server, credentials, name, &made.input(name))).collect()
        });
        Self { names, requests, made, session }
    }
}

impl Made {
    fn input(&self, operation: &str) -> Value {
        match operation {
            "iam GetRole" => json!({"RoleName": "bench"}),
            "kms Encrypt" => json!({"KeyId": self.key, "Plaintext": "YmVuY2g="}),
            "kms Decrypt" => json!({"CiphertextBlob": self.ciphertext}),
            "kms GenerateDataKey" => json!({"KeyId": self.key, "KeySpec": "AES_256"}),
            "secretsmanager GetSecretValue" => json!({"SecretId": "bench"}),
            "ssm GetParameter" => json!({"Name": "bench"}),
            "sts AssumeRole" => json!({"RoleArn": self.role, "RoleSessionName": "bench"}),
            _ => Value::Null,
        }
    }
}

/// Calls once, with what must succeed.
fn call(server: &Server, operation: &str, input: &Value) -> String {
    let (status, body) = once(server, operation, input);
    assert!(status == 200, "{} refused {operation}: {status} {body}", server.name);
    // moto writes JSON with blanks.
    body.replace("\": \"", "\":\"")
}

fn once(server: &Server, operation: &str, input: &Value) -> (u16, String) {
    let request = signed(server, &server.credentials, operation, input);
    runtime().block_on(async {
        let mut connection = Connection::new(&server.target);
        let reply = connection.exchange(&request).await;
        (reply.status, String::from_utf8_lossy(reply.body).into_owned())
    })
}

/// A request as it goes over the wire.
fn signed(server: &Server, credentials: &Credentials, operation: &str, input: &Value) -> Vec<u8> {
    let (service, name) = operation.split_once(' ').unwrap();
    let target = match service {
        "kms" => "TrentService",
        "ssm" => "AmazonSSM",
        other => other,
    };
    let (content_type, target, body) = match service {
        "iam" | "sts" => {
            let version = if service == "iam" { "2010-05-08" } else { "2011-06-15" };
            let members: String = input.as_object().into_iter().flatten().map(member).collect();
            let body = format!("Action={name}&Version={version}{members}");
            ("application/x-www-form-urlencoded", None, body)
        }
        _ => ("application/x-amz-json-1.1", Some(format!("{target}.{name}")), input.to_string()),
    };
    let host = format!("localhost:{}", server.target.address.port());
    let mut headers = vec![("host", host.as_str()), ("content-type", content_type)];
    headers.extend(target.as_deref().map(|target| ("x-amz-target", target)));
    let parts = Parts { method: "POST", path: "/", query: None, headers: &headers, authority: None };
    let signer = Signer {
        access_key_id: &credentials.id,
        secret: &credentials.secret,
        session_token: credentials.token.as_ref(),
        region: "us-east-1",
        service,
        time: SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().try_into().unwrap(),
    };
    let added = signer.headers(&parts, body.as_bytes()).unwrap();
    let mut request = String::from("POST / HTTP/1.1\r\n");
    let added = added.iter().map(|(name, value)| (*name, value.as_str()));
    for (name, value) in headers.iter().copied().chain(added) {
        request += &format!("{name}: {value}\r\n");
    }
    request += &format!("content-length: {}\r\n\r\n{body}", body.len());
    request.into_bytes()
}

fn member((name, value): (&String, &Value)) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let encode = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    let value: String = value.as_str().unwrap().bytes().map(encode).collect();
    format!("&{name}={value}")
}

fn policy(statements: Value) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

fn between(text: &str, start: &str, end: &str) -> String {
    let found = text.split_once(start).and_then(|(_, rest)| rest.split_once(end));
    found.unwrap_or_else(|| panic!("no {start} in {text}")).0.to_owned()
}
