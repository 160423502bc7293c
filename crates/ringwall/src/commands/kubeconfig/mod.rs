//! `kubeconfig`: a cluster's entries in a kubeconfig.

mod edit;

#[cfg(test)]
mod tests;

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use ringwall_awsclient::{Environment, Method, escape};
use serde_json::{Value, json};

use self::edit::{Entries, Refusal};
use super::asynchronously;
use super::token::{base_client, cluster_id, url};
use crate::cli::{Kubeconfig, LoginFlags};
use crate::error::{Exit, Failure};

/// Most bytes of a kubeconfig: hundreds of clusters take some hundred thousand.
const MAX_FILE: u64 = 4 << 20;
/// Most bytes of a cluster's certificates.
const MAX_AUTHORITY: u64 = 1 << 20;

/// Writes the entries and tells where.
pub(super) fn run(args: &Kubeconfig) -> Result<Exit, Failure> {
    let environment = Environment::process();
    let path = path(args, &environment)?;
    let cluster = match args.from_eks {
        true => asynchronously(from_eks(args, &environment))?,
        false => given(args)?,
    };
    let name = match &args.name {
        Some(name) => name.clone(),
        None => cluster.arn.clone().unwrap_or_else(|| args.login.cluster_id.clone().unwrap_or_default()),
    };
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err(Failure::misuse(
            "the name of the entries is empty, or has characters that can't be seen",
        ));
    }
    let entries = Entries {
        cluster: cluster.entry(),
        user: user(args)?,
        context: json!({ "cluster": name, "user": name }),
        name,
        keep_context: args.keep_context,
    };
    write(&path, &entries)?;
    let mut out = anstream::stdout().lock();
    writeln!(out, "context `{}` is in {}", entries.name, path.display())?;
    Ok(Exit::Fine)
}

/// Where an API server is.
struct Cluster {
    server: String,
    /// Certificates in PEM, in base64.
    authority: Option<String>,
    arn: Option<String>,
}

impl Cluster {
    fn entry(&self) -> Value {
        match &self.authority {
            Some(authority) => json!({ "server": self.server, "certificate-authority-data": authority }),
            None => json!({ "server": self.server }),
        }
    }
}

fn given(args: &Kubeconfig) -> Result<Cluster, Failure> {
    let server = args.server.as_deref().unwrap_or_default();
    if !url("--server", server)?.is_https() {
        return Err(Failure::misuse_hint(
            format!("--server: `{server}` is not https, and would show the token to the network"),
            "API servers speak https: as https://10.0.0.1:6443",
        ));
    }
    let authority = match &args.certificate_authority {
        Some(path) => {
            let pem = read(path, MAX_AUTHORITY)?.ok_or_else(|| missing(path))?;
            if !pem.trim_ascii_start().starts_with(b"-----BEGIN CERTIFICATE-----") {
                return Err(Failure::misuse(format!("`{}` holds no certificates in PEM", path.display())));
            }
            Some(BASE64.encode(&pem))
        }
        None => None,
    };
    Ok(Cluster { server: server.to_owned(), authority, arn: None })
}

/// Source: AWS, *EKS API Reference*, DescribeCluster.
async fn from_eks(args: &Kubeconfig, environment: &Environment) -> Result<Cluster, Failure> {
    let mut client = base_client(&args.login, environment)?;
    if let Some(endpoint) = &args.endpoint {
        let endpoints = client.endpoints().clone().with("eks", url("--endpoint", endpoint)?);
        client = client.with_endpoints(endpoints);
    }
    let id = cluster_id(&args.login)?;
    let answer = client.rest("eks", Method::GET, &format!("/clusters/{}", escape(id)), &[], None).await?;
    let text = |path: &str| answer.pointer(path).and_then(Value::as_str).map(str::to_owned);
    let server = text("/cluster/endpoint").filter(|server| !server.is_empty()).ok_or_else(|| {
        Failure::misuse_hint(
            format!("EKS knows the cluster `{id}` but not where its API server is"),
            "it may still be in creation; or say it with --server and --certificate-authority",
        )
    })?;
    Ok(Cluster { server, authority: text("/cluster/certificateAuthority/data"), arn: text("/cluster/arn") })
}

/// How kubectl comes by tokens. Source: Kubernetes, *Authenticating*, "client-go credential plugins", "Configuration".
fn user(args: &Kubeconfig) -> Result<Value, Failure> {
    let LoginFlags {
        cluster_id,
        role,
        session_name,
        forward_session_name,
        external_id,
        region,
        profile,
        sts_endpoint,
        ca_file,
    } = &args.login;
    let ca_file = match ca_file {
        // kubectl runs anywhere.
        Some(path) => Some(std::path::absolute(path).map_err(|source| unreadable(path, source))?),
        None => None,
    };
    let mut flags = vec!["token".to_owned()];
    for (flag, value) in [
        ("--cluster-id", cluster_id.clone()),
        ("--region", region.clone()),
        ("--role", role.clone()),
        ("--session-name", session_name.clone()),
        ("--external-id", external_id.clone()),
        ("--profile", profile.clone()),
        ("--sts-endpoint", sts_endpoint.clone().or_else(|| args.endpoint.clone())),
        ("--ca-file", ca_file.map(|path| path.display().to_string())),
    ] {
        if let Some(value) = value {
            flags.extend([flag.to_owned(), value]);
        }
    }
    if *forward_session_name {
        flags.push("--forward-session-name".to_owned());
    }
    Ok(json!({
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": edit::COMMAND,
            "args": flags,
            "interactiveMode": "Never",
            "provideClusterInfo": false,
            "installHint": "ringwall is not found: put it into a folder of PATH",
        }
    }))
}

/// Source: Kubernetes, *Organizing Cluster Access Using kubeconfig Files*: the files of KUBECONFIG, else `~/.kube/config`.
fn path(args: &Kubeconfig, environment: &Environment) -> Result<PathBuf, Failure> {
    if let Some(path) = &args.kubeconfig {
        return Ok(path.clone());
    }
    let listed = environment.get("KUBECONFIG");
    if let Some(first) = listed.iter().flat_map(|list| list.split(':')).find(|path| !path.is_empty()) {
        return Ok(PathBuf::from(first));
    }
    let home = environment.get("HOME").ok_or_else(|| {
        Failure::misuse_hint("there is no home folder: HOME is not set", "name the file with --kubeconfig")
    })?;
    Ok(PathBuf::from(home).join(".kube/config"))
}

/// Changes the file while holding the lock by which kubectl keeps others out.
fn write(path: &Path, entries: &Entries) -> Result<(), Failure> {
    let failed = |source| Failure::Make { path: path.display().to_string(), source };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    }
    // A link stays one.
    let path = match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
        path => path.map_err(failed)?,
    };
    let _lock = Lock::take(&path)?;
    let old = read(&path, MAX_FILE)?.unwrap_or_default();
    let new = edit::edit(&old, entries).map_err(|refusal| left_alone(refusal, &path))?;
    if new.as_bytes() == old {
        return Ok(());
    }
    ringwall_files::replace(&path, new.as_bytes(), ringwall_files::PRIVATE).map_err(Failure::make(&path))
}

/// client-go's lock of a kubeconfig: a file of its name with `.lock`, made by whoever changes it.
struct Lock(PathBuf);

impl Lock {
    fn take(path: &Path) -> Result<Self, Failure> {
        let mut lock = path.as_os_str().to_owned();
        lock.push(".lock");
        let lock = PathBuf::from(lock);
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&lock) {
            Ok(_) => Ok(Self(lock)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(Failure::misuse_hint(
                format!("`{}` is being changed by another program", path.display()),
                format!("if none is, remove `{}`", lock.display()),
            )),
            Err(source) => Err(Failure::Make { path: lock.display().to_string(), source }),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // If it stays, the next one to change the file is told how to remove it.
        let _ = fs::remove_file(&self.0);
    }
}

fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, Failure> {
    ringwall_files::read_if_there(path, limit).map_err(|source| unreadable(path, source))
}

fn left_alone(refusal: Refusal, path: &Path) -> Failure {
    match refusal {
        Refusal::Form(why) => Failure::misuse_hint(
            format!("`{}` is left as it is: {why}", path.display()),
            "write another file with --kubeconfig, and have both in KUBECONFIG, with a colon between",
        ),
        Refusal::Taken(name) => Failure::misuse_hint(
            format!("`{}` has a user `{name}` that gets in by other means", path.display()),
            "give the entries another name with --name",
        ),
    }
}

fn missing(path: &Path) -> Failure {
    unreadable(path, io::ErrorKind::NotFound.into())
}

fn unreadable(path: &Path, source: io::Error) -> Failure {
    Failure::Read { path: path.display().to_string(), source }
}
