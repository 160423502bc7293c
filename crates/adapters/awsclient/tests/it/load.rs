//! Which credentials, region and endpoint a client has by the environment and the shared files.

use std::fs;
use std::path::Path;

use ringwall_awsclient::{Client, Environment, Load, SetupError};
use serde_json::json;

use crate::server::{NOW, Server, answer};

struct Home {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(".aws")).unwrap();
        let variables = vec![
            ("HOME".to_owned(), folder.path().display().to_string()),
            ("AWS_EC2_METADATA_DISABLED".to_owned(), "true".to_owned()),
        ];
        Self { folder, variables }
    }

    fn file(&self, name: &str, text: &str) -> &Self {
        fs::write(self.path().join(name), text).unwrap();
        self
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn set(&mut self, name: &str, value: &str) -> &mut Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    fn load(&self) -> Load {
        let variables = self.variables.clone();
        Load::new(&Environment::new(move |name| {
            variables.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.clone())
        }))
        .clock(ringwall_awsclient::Clock::new(|| NOW))
    }
}

/// The key id that a client signs with, or why it has none.
async fn key(client: &Client, server: &Server) -> String {
    match client.json("kms", "TrentService.ListKeys", &json!({})).await {
        Ok(_) => {
            let asked = server.asked();
            let asked = asked.last().unwrap();
            let (_, rest) = asked.header("authorization").unwrap().split_once("Credential=").unwrap();
            rest.split('/').next().unwrap().to_owned()
        }
        Err(error) => error.to_string(),
    }
}

const CREDENTIALS: &str = "[default]\naws_access_key_id=AKIDEFAULT\naws_secret_access_key=planted\n\
                           [other]\naws_access_key_id=AKIDOTHER\naws_secret_access_key=planted\n";

#[tokio::test]
async fn the_environment_goes_before_the_files_and_a_profile_that_is_asked_for_before_both() {
    let server = Server::start(|_| answer(200, "{}")).await;
    let mut home = Home::new();
    home.file(".aws/credentials", CREDENTIALS)
        .file(".aws/config", &format!("[default]\nregion=eu-west-1\nendpoint_url={}\n[profile other]\nregion=eu-west-2\nendpoint_url={}\n", server.url, server.url));
    let client = home.load().client().unwrap();
    assert_eq!((client.region(), key(&client, &server).await.as_str()), ("eu-west-1", "AKIDEFAULT"));
    home.set("AWS_PROFILE", "other");
    let client = home.load().client().unwrap();
    assert_eq!((client.region(), key(&client, &server).await.as_str()), ("eu-west-2", "AKIDOTHER"));
    home.set("AWS_ACCESS_KEY_ID", "AKIDENV")
        .set("AWS_SECRET_ACCESS_KEY", "planted")
        .set("AWS_DEFAULT_REGION", "eu-west-3");
    let client = home.load().client().unwrap();
    assert_eq!((client.region(), key(&client, &server).await.as_str()), ("eu-west-3", "AKIDENV"));
    home.set("AWS_REGION", "eu-north-1");
    let client = home.load().profile(Some("default".to_owned())).client().unwrap();
    assert_eq!((client.region(), key(&client, &server).await.as_str()), ("eu-north-1", "AKIDEFAULT"));
    let client = home.load().region(Some("eu-south-1".to_owned())).client().unwrap();
    assert_eq!(client.region(), "eu-south-1");
}

#[tokio::test]
async fn a_program_may_print_the_credentials() {
    let server = Server::start(|_| answer(200, "{}")).await;
    let home = Home::new();
    let config = |command: &str| {
        format!("[default]\nregion=eu-west-1\nendpoint_url={}\ncredential_process={command}\n", server.url)
    };
    let printed = r#"{"Version":1,"AccessKeyId":"AKIDPROCESS","SecretAccessKey":"planted"}"#;
    home.file("session.json", printed);
    let session = home.path().join("session.json").display().to_string();
    home.file(".aws/config", &config(&format!("cat '{session}'")));
    assert_eq!(key(&home.load().client().unwrap(), &server).await, "AKIDPROCESS");
    for (command, told) in [
        ("exit 3".to_owned(), "exit status: 3"),
        (format!("cat '{session}' '{session}'"), "not credentials in JSON"),
        ("yes planted".to_owned(), "more than 65536 bytes"),
        (format!("sed s/1/2/ '{session}'"), "`Version`"),
    ] {
        home.file(".aws/config", &config(&command));
        let error = key(&home.load().client().unwrap(), &server).await;
        assert!(error.contains(told) && !error.contains("planted"), "{error}");
    }
}

#[tokio::test]
async fn pods_have_a_token_or_an_agent() {
    let server = Server::start(|asked| {
        if asked.path == "/creds" {
            return answer(200, r#"{"AccessKeyId":"AKIDAGENT","SecretAccessKey":"s"}"#);
        }
        if asked.body.contains("AssumeRoleWithWebIdentity") {
            return answer(
                200,
                "<R><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>AKIDWEB</AccessKeyId>\
                 <SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>\
                 <Expiration>2023-11-14T23:13:20Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult></R>",
            );
        }
        answer(200, "{}")
    })
    .await;
    let mut home = Home::new();
    home.file("token", "a.b.c");
    let token = home.path().join("token").display().to_string();
    home.set("AWS_REGION", "eu-west-1").set("AWS_ENDPOINT_URL", &server.url);
    home.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", &format!("{}/creds", server.url));
    assert_eq!(key(&home.load().client().unwrap(), &server).await, "AKIDAGENT");
    home.set("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/r").set("AWS_WEB_IDENTITY_TOKEN_FILE", &token);
    assert_eq!(key(&home.load().client().unwrap(), &server).await, "AKIDWEB");
}

#[tokio::test]
async fn what_is_wrong_is_told_at_the_start() {
    let mut home = Home::new();
    assert!(matches!(home.load().client(), Err(SetupError::NoRegion)));
    home.set("AWS_REGION", "eu-west-1");
    let client = home.load().endpoint(Some("http://127.0.0.1:1".parse().unwrap())).client().unwrap();
    let error = client.json("kms", "TrentService.ListKeys", &json!({})).await.unwrap_err();
    assert!(error.to_string().contains("there are no AWS credentials"), "{error}");
    let told = |home: &Home| home.load().client().unwrap_err().to_string();
    home.set("AWS_PROFILE", "nobody");
    assert!(told(&home).contains("no profile `nobody`"));
    home.set("AWS_PROFILE", "");
    home.set("AWS_ACCESS_KEY_ID", "AKID");
    assert!(told(&home).contains("AWS_SECRET_ACCESS_KEY is not"));
    home.set("AWS_CA_BUNDLE", "~/nothing.pem");
    assert!(told(&home).contains("nothing.pem"));
    home.set("AWS_REGION", "evil.example/");
    home.set("AWS_CA_BUNDLE", "");
    assert!(told(&home).contains("is no region"));
    home.file(".aws/config", "[default]\nregion\n");
    let error = told(&home);
    assert!(error.contains("config") && error.contains("line 2"), "{error}");
}
