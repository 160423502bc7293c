//! `identity publish`: the issuer's documents, once or for as long as this runs.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use ringwall_awsclient::{Client, Clock, Environment, Load};
use ringwall_identity::issuer::{KeySource, Phase, Published, Publisher, Settings, Target};
use ringwall_kubernetes::{Cluster, Source};

use super::super::asynchronously;
use crate::cli::IdentityPublish;
use crate::config::{LogFormat, LogLevel};
use crate::error::{Exit, Failure};
use crate::render::style;
use crate::serve::Logs;

/// Where the state is in a published folder.
const STATE: &str = ".ringwall-issuer.json";

/// Publishes, and tells which keys may sign; with `--watch` again and again.
pub(super) fn run(args: &IdentityPublish) -> Result<Exit, Failure> {
    asynchronously(async {
        let mut publisher = Publisher::new(settings(args).await?, || Clock::system().now());
        if args.watch {
            let _logs = Logs::start(LogLevel::Info, LogFormat::Auto);
            publisher.run().await;
            return Ok(Exit::Fine);
        }
        print(&publisher.publish().await?)?;
        Ok(Exit::Fine)
    })
}

async fn settings(args: &IdentityPublish) -> Result<Settings, Failure> {
    let state = match (&args.state, &args.folder) {
        (Some(state), _) => state.clone(),
        (None, Some(folder)) => folder.join(STATE),
        // clap demands it with a bucket.
        (None, None) => PathBuf::from(STATE),
    };
    let mut targets: Vec<Target> = args.folder.clone().map(Target::Folder).into_iter().collect();
    if let Some(bucket) = &args.bucket {
        let (bucket, prefix) = bucket_of(bucket)?;
        targets.push(Target::Bucket { client: client(args)?, bucket, prefix });
    }
    Ok(Settings {
        issuer: args.issuer.clone(),
        targets,
        token: args.token.clone(),
        max_age: Duration::from_secs(args.max_age),
        retire_after: Duration::from_secs(args.retire_after),
        every: Duration::from_secs(args.every),
        ..Settings::new(source(args).await?, state)
    })
}

async fn source(args: &IdentityPublish) -> Result<KeySource, Failure> {
    if !args.service_account_key_file.is_empty() {
        return Ok(KeySource::Files(args.service_account_key_file.clone()));
    }
    let source = match args.in_cluster {
        true => Source::InCluster,
        false => Source::Kubeconfig { path: args.kubeconfig.clone(), context: args.context.clone() },
    };
    let cluster = Cluster::connect(&source).await;
    let cluster = cluster.map_err(|error| Failure::Misuse {
        message: error.to_string(),
        hint: error.hint().map(str::to_owned),
    })?;
    Ok(KeySource::Cluster(cluster))
}

fn client(args: &IdentityPublish) -> Result<Client, Failure> {
    let endpoint = args.endpoint_url.as_deref().map(str::parse).transpose();
    let endpoint = endpoint.map_err(|error| Failure::misuse(format!("--endpoint-url: {error}")))?;
    let load = Load::new(&Environment::process()).region(args.region.clone()).endpoint(endpoint);
    load.client().map_err(|error| Failure::misuse(error.to_string()))
}

/// The bucket and what stands before the documents' names: nothing, or something with a `/` at its end.
fn bucket_of(text: &str) -> Result<(String, String), Failure> {
    let rest = text.strip_prefix("s3://").filter(|rest| !rest.is_empty());
    let rest = rest.ok_or_else(|| {
        Failure::misuse_hint(
            format!("`{text}` is no bucket"),
            "as in s3://example-oidc or s3://example-oidc/blue",
        )
    })?;
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let prefix = prefix.trim_end_matches('/');
    Ok((bucket.to_owned(), if prefix.is_empty() { String::new() } else { format!("{prefix}/") }))
}

fn print(published: &Published) -> std::io::Result<()> {
    let mut out = anstream::stdout().lock();
    writeln!(out, "{}", style::paint(style::HEADING, &published.issuer))?;
    let time =
        |seconds| Timestamp::from_second(seconds).map_or_else(|_| "never".to_owned(), |at| at.to_string());
    for key in &published.keys {
        let phase = match key.phase {
            Phase::New => format!("new: may sign from {} on", time(key.may_sign_at)),
            Phase::Current => "may sign".to_owned(),
            Phase::Leaving(until) => format!("no longer in the cluster: stays until {}", time(until)),
        };
        writeln!(out, "{}  {}  {phase}", key.kid, key.alg)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::bucket_of;

    #[test]
    fn a_bucket_is_a_url() {
        let of = |text| bucket_of(text).ok();
        assert_eq!(of("s3://a"), Some(("a".to_owned(), String::new())));
        assert_eq!(of("s3://a/"), Some(("a".to_owned(), String::new())));
        assert_eq!(of("s3://a/b/c"), Some(("a".to_owned(), "b/c/".to_owned())));
        assert_eq!(of("a"), None);
        assert_eq!(of("s3://"), None);
    }
}
