//! `token`: a token for kubectl.

use std::io::Write as _;

use ringwall_awsclient::http::Url;
use ringwall_awsclient::{AssumeRole, Client, ClusterToken, Endpoints, Environment, Load};
use serde_json::{Value, json};

use super::asynchronously;
use crate::cli::{LoginFlags, MakeToken, Token, TokenCommand, TokenFormat};
use crate::error::{Exit, Failure};

/// The group of kubectl's credential plugins.
const GROUP: &str = "client.authentication.k8s.io";
/// Its versions. Source: Kubernetes, *Authenticating*, "client-go credential plugins".
const VERSIONS: [&str; 2] = ["v1", "v1beta1"];

/// What the session of a role is called if nobody says: the AWS CLI's name for it, so that a mapping by session names
/// means both.
const SESSION_NAME: &str = "EKSGetTokenAuth";

/// Makes a token and prints it.
pub(super) fn run(args: &Token) -> Result<Exit, Failure> {
    match &args.command {
        Some(TokenCommand::Verify(args)) => super::token_verify::run(args),
        None => make(&args.make),
    }
}

fn make(args: &MakeToken) -> Result<Exit, Failure> {
    let environment = Environment::process();
    let version = version(environment.get("KUBERNETES_EXEC_INFO").as_deref())?;
    let made = asynchronously(async {
        let client = client(&args.login, &environment).await?;
        Ok(client.cluster_token(cluster_id(&args.login)?).await?)
    })?;
    let text = made.token.expose_text().unwrap_or_default();
    let mut out = anstream::stdout().lock();
    match args.format {
        TokenFormat::Token => writeln!(out, "{text}")?,
        TokenFormat::ExecCredential => writeln!(out, "{}", exec_credential(version, &made)?)?,
    }
    Ok(Exit::Fine)
}

pub(super) fn cluster_id(args: &LoginFlags) -> Result<&str, Failure> {
    // clap demands it.
    args.cluster_id.as_deref().ok_or_else(|| Failure::misuse("--cluster-id is missing"))
}

/// A client of STS as the caller, or as the role.
async fn client(args: &LoginFlags, environment: &Environment) -> Result<Client, Failure> {
    let client = base_client(args, environment)?;
    let Some(role_arn) = args.role.clone() else { return Ok(client) };
    let session_name = match &args.session_name {
        Some(name) => name.clone(),
        None if args.forward_session_name => own_session(&client).await?,
        None => SESSION_NAME.to_owned(),
    };
    let role = AssumeRole {
        role_arn,
        session_name: Some(session_name),
        external_id: args.external_id.clone(),
        duration: None,
    };
    Ok(client.with_credentials(role.provider(&client)))
}

/// The name of the session that calls. Source: AWS, *STS API Reference*, GetCallerIdentity, `UserId`: of a role's session its
/// unique id, a colon and the session's name.
async fn own_session(client: &Client) -> Result<String, Failure> {
    let caller = client.query("sts", "GetCallerIdentity", "2011-06-15", &[]).await?;
    let caller = caller.text_at(&["GetCallerIdentityResult", "UserId"]).unwrap_or_default();
    match caller.split_once(':') {
        Some((_, name)) => Ok(name.to_owned()),
        None => Err(Failure::misuse_hint(
            "--forward-session-name: who calls is no role's session, so there is no name to give on",
            "name the session with --session-name",
        )),
    }
}

/// A client as the caller.
pub(super) fn base_client(args: &LoginFlags, environment: &Environment) -> Result<Client, Failure> {
    let load = Load::new(environment)
        .profile(args.profile.clone())
        .region(args.region.clone())
        .roots(args.ca_file.clone());
    let client = load.client()?;
    match &args.sts_endpoint {
        Some(url) => {
            let endpoints: Endpoints =
                client.endpoints().clone().with("sts", self::url("--sts-endpoint", url)?);
            Ok(client.with_endpoints(endpoints))
        }
        None => Ok(client),
    }
}

pub(super) fn url(flag: &str, text: &str) -> Result<Url, Failure> {
    text.parse().map_err(|error| Failure::misuse(format!("{flag}: {error}")))
}

/// Which version of the answer kubectl wants. It says so since 1.20.
fn version(info: Option<&str>) -> Result<&'static str, Failure> {
    let Some(info) = info else { return Ok("v1beta1") };
    let wrong = |why: String| Failure::misuse_hint(why, "kubectl sets it; nobody else has to");
    let info: Value = serde_json::from_str(info)
        .map_err(|error| wrong(format!("KUBERNETES_EXEC_INFO is no JSON: {error}")))?;
    let said = info.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
    let version = said.strip_prefix(GROUP).and_then(|rest| rest.strip_prefix('/'));
    VERSIONS.into_iter().find(|known| version == Some(known)).ok_or_else(|| {
        wrong(format!(
            "KUBERNETES_EXEC_INFO asks for `{said}`, and `{GROUP}/v1` and `{GROUP}/v1beta1` are known"
        ))
    })
}

fn exec_credential(version: &str, made: &ClusterToken) -> Result<Value, Failure> {
    let expires = jiff::Timestamp::from_second(made.expires)
        .map_err(|_| Failure::misuse("the time of day here is out of range"))?;
    Ok(json!({
        "kind": "ExecCredential",
        "apiVersion": format!("{GROUP}/{version}"),
        "spec": {},
        "status": { "expirationTimestamp": expires.to_string(), "token": made.token.expose_text() },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_which_kubectl_asks_for() {
        assert_eq!(version(None).unwrap(), "v1beta1");
        for (asked, known) in [
            ("client.authentication.k8s.io/v1", Some("v1")),
            ("client.authentication.k8s.io/v1beta1", Some("v1beta1")),
            ("client.authentication.k8s.io/v1alpha1", None),
            ("v1", None),
            ("", None),
        ] {
            let info = json!({"kind": "ExecCredential", "apiVersion": asked, "spec": {"interactive": false}});
            assert_eq!(version(Some(&info.to_string())).ok(), known, "{asked}");
        }
        assert!(version(Some("{")).is_err());
    }

    #[test]
    fn the_answer_is_that_of_the_cli() {
        let made = ClusterToken { token: String::from("k8s-aws-v1.x").into(), expires: 1_700_000_000 };
        assert_eq!(
            exec_credential("v1", &made).unwrap().to_string(),
            r#"{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","spec":{},"status":{"expirationTimestamp":"2023-11-14T22:13:20Z","token":"k8s-aws-v1.x"}}"#
        );
    }
}
