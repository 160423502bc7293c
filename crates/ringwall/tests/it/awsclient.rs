//! The client of the plugs against the real endpoint, over TLS by its own authority.

use std::fs;
use std::sync::Arc;

use ringwall_awsclient::{
    AssumeRole, Client, Environment, ErrorKind, Load, Method, ProvideCredentials as _, Static,
};
use serde_json::json;

use crate::installation::Home;
use crate::serve::Running;

/// A server, and a client that finds it and its credentials as the AWS CLI would.
struct Served {
    home: Home,
    running: Running,
}

impl Served {
    fn start() -> Self {
        let (home, _) = Home::installed();
        let running = Running::start(&home, "");
        Self { home, running }
    }

    fn url(&self) -> String {
        format!("https://{}", self.running.address("address"))
    }

    fn load(&self) -> Load {
        let authority = self.home.path(".local/share/ringwall/tls/ca.pem");
        load(&self.home, &self.url()).roots(Some(authority))
    }

    fn client(&self) -> Client {
        self.load().client().unwrap()
    }
}

/// As the administrator of an installation.
fn load(home: &Home, url: &str) -> Load {
    let path = |name: &str| home.path(name).display().to_string();
    let variables = [
        ("HOME", path("")),
        ("AWS_SHARED_CREDENTIALS_FILE", path(".config/ringwall/credentials")),
        ("AWS_ENDPOINT_URL", url.to_owned()),
        ("AWS_DEFAULT_REGION", "eu-central-1".to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
    ];
    Load::new(&Environment::new(move |name| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
    }))
}

/// Makes a role that everybody in the account may assume.
pub(crate) async fn make_role(home: &Home, url: &str, name: &str) {
    let trust = trust("arn:aws:iam::111122223333:root", "");
    create_role(&load(home, url).client().unwrap(), name, &trust).await;
}

fn trust(principal: &str, condition: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{{"AWS":"{principal}"}}{condition}}}]}}"#
    )
}

async fn create_role(client: &Client, name: &str, trust: &str) {
    let params = [("RoleName", name), ("AssumeRolePolicyDocument", trust)];
    client.query("iam", "CreateRole", "2010-05-08", &params).await.unwrap();
}

const STS: &str = "2011-06-15";

async fn whoami(client: &Client) -> String {
    let answer = client.query("sts", "GetCallerIdentity", STS, &[]).await.unwrap();
    answer.text_at(&["GetCallerIdentityResult", "Arn"]).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_protocol_is_spoken() {
    let served = Served::start();
    let client = served.client();
    assert_eq!(whoami(&client).await, "arn:aws:iam::111122223333:user/administrator");

    let key = client.json("kms", "TrentService.CreateKey", &json!({})).await.unwrap();
    let key = key["KeyMetadata"]["KeyId"].clone();
    let context = json!({"cluster": "shop"});
    let sealed = json!({"KeyId": key, "Plaintext": "aGVsbG8=", "EncryptionContext": context});
    let sealed = client.json("kms", "TrentService.Encrypt", &sealed).await.unwrap();
    let opened = json!({"CiphertextBlob": sealed["CiphertextBlob"], "EncryptionContext": context});
    let opened = client.json("kms", "TrentService.Decrypt", &opened).await.unwrap();
    assert_eq!(opened["Plaintext"], "aGVsbG8=");

    let secrets = |action: &str, body| {
        let (client, target) = (client.clone(), format!("secretsmanager.{action}"));
        async move { client.json("secretsmanager", &target, &body).await }
    };
    secrets("CreateSecret", json!({"Name": "payments", "SecretString": "correct horse ü"})).await.unwrap();
    let secret = secrets("GetSecretValue", json!({"SecretId": "payments"})).await.unwrap();
    assert_eq!(secret["SecretString"], "correct horse ü");
    let missing = secrets("GetSecretValue", json!({"SecretId": "nothing"})).await.unwrap_err();
    assert_eq!((missing.kind, missing.code.as_str()), (ErrorKind::NotFound, "ResourceNotFoundException"));
    assert!(missing.request_id.is_some() && missing.is_client_error());
    let wrong = secrets("GetSecretValue", json!({})).await.unwrap_err();
    assert_eq!(wrong.kind, ErrorKind::Invalid);

    let put = json!({"Name": "/a/b", "Value": "v", "Type": "String"});
    client.json("ssm", "AmazonSSM.PutParameter", &put).await.unwrap();
    let got = client.json("ssm", "AmazonSSM.GetParameter", &json!({"Name": "/a/b"})).await.unwrap();
    assert_eq!(got["Parameter"]["Value"], "v");

    let none = client.rest("eks", Method::GET, "/clusters/shop", &[], None).await.unwrap_err();
    assert_eq!(none.kind, ErrorKind::NotFound);
    let said = served
        .home
        .run("cluster register shop --issuer https://oidc.example.com/shop --endpoint https://10.0.0.1:6443 --in-region eu-central-1");
    assert_eq!(said.status, 0, "{said:?}");
    let listed = client.rest("eks", Method::GET, "/clusters", &[("maxResults", "10")], None).await.unwrap();
    assert_eq!(listed, json!({"clusters": ["shop"]}));
    let principal = ringwall_awsclient::escape("arn:aws:iam::111122223333:role/a b");
    let path = format!("/clusters/shop/access-entries/{principal}");
    let none = client.rest("eks", Method::GET, &path, &[], None).await.unwrap_err();
    assert_eq!(none.code, "ResourceNotFoundException");

    let vpc = client.query("ec2", "CreateVpc", "2016-11-15", &[("CidrBlock", "10.9.0.0/16")]).await.unwrap();
    let vpc = vpc.text_at(&["vpc", "vpcId"]).unwrap();
    let filter = [("Filter.1.Name", "vpc-id"), ("Filter.1.Value.1", vpc)];
    let groups = client.query("ec2", "DescribeSecurityGroups", "2016-11-15", &filter).await.unwrap();
    assert_eq!(groups.members(&["securityGroupInfo"])[0].text_at(&["groupName"]), Some("default"));
    let none =
        client.query("ec2", "DescribeSecurityGroups", "2016-11-15", &[("GroupId.1", "sg-0123456789abcdef0")]);
    assert_eq!(none.await.unwrap_err().kind, ErrorKind::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_lead_to_roles() {
    let served = Served::start();
    let client = served.client();
    create_role(&client, "first", &trust("arn:aws:iam::111122223333:root", "")).await;
    let allowed = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}]}"#;
    let params = [("RoleName", "first"), ("PolicyName", "assume"), ("PolicyDocument", allowed)];
    client.query("iam", "PutRolePolicy", "2010-05-08", &params).await.unwrap();
    let condition = r#","Condition":{"StringEquals":{"sts:ExternalId":"x/y"}}"#;
    create_role(&client, "second", &trust("arn:aws:iam::111122223333:role/first", condition)).await;

    let arn = |name: &str| format!("arn:aws:iam::111122223333:role/{name}");
    let first =
        AssumeRole { role_arn: arn("first"), session_name: Some("me".to_owned()), ..AssumeRole::default() };
    let as_first = client.with_credentials(first.provider(&client));
    assert_eq!(whoami(&as_first).await, "arn:aws:sts::111122223333:assumed-role/first/me");
    let second =
        AssumeRole { role_arn: arn("second"), session_name: Some("me".to_owned()), ..AssumeRole::default() };
    let refused = second.clone().provider(&as_first).credentials().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Denied);
    assert!(refused.to_string().contains("AccessDenied"), "{refused}");
    let second = AssumeRole { external_id: Some("x/y".to_owned()), ..second };
    let as_second = as_first.with_credentials(second.provider(&as_first));
    assert_eq!(whoami(&as_second).await, "arn:aws:sts::111122223333:assumed-role/second/me");

    // The same by profiles.
    fs::create_dir(served.home.path(".aws")).unwrap();
    let config = format!(
        "[profile first]\nrole_arn={}\nsource_profile=default\n[profile second]\nrole_arn={}\n\
         source_profile=first\nexternal_id=x/y\nrole_session_name=by-profile\n",
        arn("first"),
        arn("second")
    );
    fs::write(served.home.path(".aws/config"), config).unwrap();
    let by_profile = served.load().profile(Some("second".to_owned())).client().unwrap();
    assert_eq!(whoami(&by_profile).await, "arn:aws:sts::111122223333:assumed-role/second/by-profile");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_known_is_refused() {
    let served = Served::start();
    let client = served.client();
    let stranger = client.with_credentials(Arc::new(Static::key("AKIAIOSFODNN7EXAMPLE", "x".to_owned())));
    let refused = stranger.query("sts", "GetCallerIdentity", STS, &[]).await.unwrap_err();
    assert_eq!((refused.kind, refused.code.as_str()), (ErrorKind::Denied, "InvalidClientTokenId"));
    let refused = client.anonymous().json("kms", "TrentService.ListKeys", &json!({})).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Denied);
    // Of an authority that nobody trusts.
    let other = Served::start();
    let untrusting = served.load().roots(Some(other.home.path(".local/share/ringwall/tls/ca.pem")));
    let error = untrusting.client().unwrap().query("sts", "GetCallerIdentity", STS, &[]).await.unwrap_err();
    assert!(error.kind == ErrorKind::Unavailable && error.to_string().contains("TLS"), "{error}");
}
