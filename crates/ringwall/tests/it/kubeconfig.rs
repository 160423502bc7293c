//! `token` and `kubeconfig`, with the real endpoint as STS and EKS.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;

use crate::installation::Home;
use crate::serve::Running;
use crate::snapshot::Said;

/// A command as the administrator, with the endpoint for AWS.
fn run(home: &Home, running: &Running, arguments: &str) -> Said {
    run_with(home, running, arguments, &[])
}

fn run_with(home: &Home, running: &Running, arguments: &str, variables: &[(&str, &str)]) -> Said {
    let mut command = home.command(arguments);
    command
        .env("AWS_SHARED_CREDENTIALS_FILE", home.path(".config/ringwall/credentials"))
        .env("AWS_ENDPOINT_URL", format!("http://{}", running.address("address")))
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    for (name, value) in variables {
        command.env(name, value);
    }
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { status: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Sends the request that a token is, as a cluster of that id does.
fn present(address: SocketAddr, token: &str, cluster: &str) -> String {
    let url = BASE64URL_NOPAD.decode(token.strip_prefix("k8s-aws-v1.").unwrap().as_bytes()).unwrap();
    let url = String::from_utf8(url).unwrap();
    let target = url.strip_prefix(&format!("http://{address}")).unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!(
        "GET {target} HTTP/1.1\r\nhost: {address}\r\nx-k8s-aws-id: {cluster}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    said
}

#[test]
fn a_token_tells_who_made_it_to_its_cluster_alone() {
    let (home, _) = Home::installed();
    let running = Running::start(&home, "--tls-mode off");
    let address = running.address("address");
    let said = run(&home, &running, "token --cluster-id shop -o token");
    assert_eq!(said.status, 0, "{said:?}");
    let token = said.stdout.trim_end();
    let answer = present(address, token, "shop");
    assert!(answer.contains("<Arn>arn:aws:iam::111122223333:user/administrator</Arn>"), "{answer}");
    assert!(present(address, token, "other").starts_with("HTTP/1.1 403 "));

    let info = r#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{"interactive":false}}"#;
    let said = run_with(&home, &running, "token --cluster-id shop", &[("KUBERNETES_EXEC_INFO", info)]);
    let credential: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(credential["apiVersion"], "client.authentication.k8s.io/v1");
    assert!(credential["status"]["expirationTimestamp"].as_str().unwrap().ends_with('Z'));
    assert!(
        present(address, credential["status"]["token"].as_str().unwrap(), "shop")
            .starts_with("HTTP/1.1 200 ")
    );
}

#[test]
fn a_token_may_be_a_roles() {
    let (home, _) = Home::installed();
    let running = Running::start(&home, "--tls-mode off");
    let address = running.address("address");
    let missing = run(&home, &running, "token --cluster-id shop --role arn:aws:iam::111122223333:role/none");
    assert_eq!(missing.status, 2);
    assert!(missing.stderr.contains("arn:aws:iam::111122223333:role/none"), "{missing:?}");
    assert!(missing.stderr.contains("AccessDenied"), "{missing:?}");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(crate::awsclient::make_role(&home, &format!("http://{address}"), "deploy"));
    let role = "--role arn:aws:iam::111122223333:role/deploy";
    for (flags, session) in [("", "EKSGetTokenAuth"), ("--session-name jane", "jane")] {
        let said = run(&home, &running, &format!("token --cluster-id shop -o token {role} {flags}"));
        assert_eq!(said.status, 0, "{said:?}");
        let answer = present(address, said.stdout.trim_end(), "shop");
        let arn = format!("<Arn>arn:aws:sts::111122223333:assumed-role/deploy/{session}</Arn>");
        assert!(answer.contains(&arn), "{answer}");
    }
    let user = run(&home, &running, &format!("token --cluster-id shop {role} --forward-session-name"));
    assert!(user.status == 2 && user.stderr.contains("is no role's session"), "{user:?}");
}

#[test]
fn what_is_missing_for_a_token_is_told() {
    let home = Home::new();
    let told = |arguments: &str, variables: &[(&str, &str)]| {
        let mut command = home.command(arguments);
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        for (name, value) in variables {
            command.env(name, value);
        }
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(told("token", &[]).contains("--cluster-id"));
    assert!(told("token --cluster-id shop", &[]).contains("hint: name it with --region"));
    let without = told("token --cluster-id shop --region eu-central-1", &[]);
    assert!(
        without.contains("there are no AWS credentials") && without.contains("hint: set AWS_PROFILE"),
        "{without}"
    );
    let keys = [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "planted")];
    for arguments in [
        "token --cluster-id shop --region eu/central",
        "token --cluster-id shop --region eu-central-1 --sts-endpoint sts.internal",
        "token --cluster-id shop --region eu-central-1 --sts-endpoint https://a/b",
        "token --cluster-id shop --region eu-central-1 --profile nobody",
        "token --cluster-id shop --region eu-central-1 --session-name jane",
        "token --cluster-id shop --region eu-central-1 --ca-file nothing.pem",
    ] {
        assert!(!told(arguments, &keys).contains("planted"), "{arguments}");
    }
    let version = r#"{"apiVersion":"client.authentication.k8s.io/v1alpha1"}"#;
    let keys = [keys[0], keys[1], ("KUBERNETES_EXEC_INFO", version)];
    assert!(told("token --cluster-id shop --region eu-central-1", &keys).contains("v1alpha1"));
}

#[test]
fn a_kubeconfig_is_made_of_what_eks_knows() {
    let (home, _) = Home::installed();
    let running = Running::start(&home, "--tls-mode off");
    fs::write(home.path("ca.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    let registered = "cluster register shop --issuer https://oidc.example.com/shop --endpoint https://10.0.0.1:6443 \
                      --certificate-authority ca.pem --in-region eu-central-1";
    assert_eq!(home.run(registered).status, 0);
    let url = format!("http://{}", running.address("address"));
    let said = run(
        &home,
        &running,
        &format!("kubeconfig --cluster-id shop --from-eks --region eu-central-1 --endpoint {url}"),
    );
    assert_eq!(said.status, 0, "{said:?}");
    let path = home.path(".kube/config");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let written = String::from_utf8(fs::read(&path).unwrap()).unwrap();
    insta::assert_snapshot!(written.replace(&url, "URL"));
    assert!(!home.path(".kube/config.lock").exists());

    // The user entry is what kubectl would run.
    let arguments: Vec<&str> = written
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- "))
        .map(|line| line.trim_matches('"'))
        .collect();
    let begin = arguments.iter().position(|argument| *argument == "token").unwrap();
    let command = arguments[begin..].join(" ");
    let command = command.split(" name: ").next().unwrap();
    let said = run_with(&home, &running, command, &[("AWS_ENDPOINT_URL", "")]);
    assert_eq!(said.status, 0, "{command}: {said:?}");
    let credential: Value = serde_json::from_str(&said.stdout).unwrap();
    let token = credential["status"]["token"].as_str().unwrap();
    assert!(present(running.address("address"), token, "shop").starts_with("HTTP/1.1 200 "));

    let none = run(&home, &running, "kubeconfig --cluster-id nothing --from-eks");
    assert!(none.status == 2 && none.stderr.contains("ResourceNotFoundException"), "{none:?}");
    assert_eq!(String::from_utf8(fs::read(&path).unwrap()).unwrap(), written);
}

#[test]
fn a_kubeconfig_that_is_there_is_kept() {
    let home = Home::new();
    let kubeconfig = "kubeconfig --cluster-id shop --server https://10.0.0.1:6443 --region eu-central-1";
    let file = home.path("mine");
    let old = "# mine\napiVersion: v1\nkind: Config\nclusters:\n- name: other\n  cluster: {server: https://other}\n\
               contexts: []\nusers:\n- name: other\n  user: {token: hunter2}\n";
    fs::write(&file, old).unwrap();
    std::os::unix::fs::symlink(&file, home.path("link")).unwrap();
    let said = home.run(&format!("{kubeconfig} --kubeconfig link"));
    assert_eq!((said.status, said.stdout.as_str()), (0, "context `shop` is in link\n"), "{said:?}");
    assert!(fs::symlink_metadata(home.path("link")).unwrap().is_symlink());
    let new = String::from_utf8(fs::read(&file).unwrap()).unwrap();
    assert!(
        old.lines()
            .filter(|line| !line.starts_with("contexts"))
            .all(|line| new.lines().any(|other| other == line))
    );
    assert!(new.contains("server: https://10.0.0.1:6443"), "{new}");

    // What it can't keep, it does not touch.
    for (text, told) in [
        ("{\"kind\": \"Config\", \"users\": []}\n", "is left as it is"),
        ("users:\n- name: shop\n  user: {token: hunter2}\n", "gets in by other means"),
        ("a: [\n", "is left as it is"),
    ] {
        fs::write(&file, text).unwrap();
        let said = home.run(&format!("{kubeconfig} --kubeconfig mine"));
        assert_eq!(said.status, 2);
        assert!(
            said.stderr.contains(told) && said.stderr.contains("hint: ") && !said.stderr.contains("hunter2"),
            "{said:?}"
        );
        assert_eq!(fs::read(&file).unwrap(), text.as_bytes());
    }
    fs::write(&file, old).unwrap();
    fs::write(home.path("mine.lock"), "").unwrap();
    let said = home.run(&format!("{kubeconfig} --kubeconfig mine"));
    assert!(said.status == 2 && said.stderr.contains("is being changed by another program"), "{said:?}");
    assert_eq!(fs::read(&file).unwrap(), old.as_bytes());
    let said = home.run("kubeconfig --cluster-id shop --server http://10.0.0.1:6443");
    assert!(said.status == 2 && said.stderr.contains("is not https"), "{said:?}");
}
