use std::sync::Arc;

use ringwall_model::{Arn, AuthenticationMode, AwsDocument, Cluster, Problem, Source, Tree};

use crate::fields::{text, text_at};

/// Takes a cluster's facts from `describe-cluster`: the export is evidence, so it wins over `cluster.yaml`.
pub(super) fn cluster_info(cluster: &mut Cluster, document: &AwsDocument, problems: &mut Vec<Problem>) {
    let Some(tree) = document.tree.get("cluster") else { return };
    let name = text(tree, "name");
    if let (Some(known), Some(name)) = (&cluster.info.name, &name)
        && known != name
    {
        let message = format!("this describes cluster `{name}`, not `{known}`; it was not used");
        problems.push(
            Problem::warning(document.source.clone(), message)
                .hint("one snapshot is one cluster: remove the file, or correct `name` in cluster.yaml"),
        );
        return;
    }
    let arn: Option<Arn> = tree.str("arn").and_then(|arn| arn.parse().ok());
    let info = &mut cluster.info;
    let mut take = |what: &str, known: &mut Option<Arc<str>>, exported: Option<Arc<str>>, line: u32| {
        let Some(exported) = exported else { return };
        if let Some(known) = known.as_ref().filter(|known| **known != exported) {
            problems.push(conflict(document.source.at(line), what, known, &exported));
        }
        *known = Some(exported);
    };
    let line_of = |key: &str| tree.entry(key).map_or(document.source.line, |entry| entry.line);
    take("name", &mut info.name, name, line_of("name"));
    take("kubernetesVersion", &mut info.version, text(tree, "version"), line_of("version"));
    if let Some(arn) = arn {
        take("account", &mut info.account, Some(arn.account.into()), line_of("arn"));
        take("region", &mut info.region, Some(arn.region.into()), line_of("arn"));
        take("partition", &mut info.partition, Some(arn.partition.into()), line_of("arn"));
    }
    let issuer = text_at(tree, &["identity", "oidc", "issuer"]);
    if issuer.is_some() {
        let line =
            tree.at(&["identity", "oidc", "issuer"]).map_or(document.source.line, |issuer| issuer.line);
        take("oidcIssuer", &mut info.oidc_issuer, issuer, line);
        info.oidc_issuer_source = Some(document.source.at(line));
    }
    if let Some(role_arn) = text(tree, "roleArn") {
        info.role_arn = Some(role_arn);
    }
    if tree.at(&["computeConfig", "enabled"]).and_then(Tree::as_bool) == Some(true) {
        info.auto_mode = true;
    }
    let Some(mode) = tree.at(&["accessConfig", "authenticationMode"]) else { return };
    let source = document.source.at(mode.line);
    match mode.as_str().and_then(AuthenticationMode::parse) {
        Some(exported) => {
            if let Some(known) = info.authentication_mode.filter(|known| *known != exported) {
                problems.push(conflict(source.clone(), "authenticationMode", known.name(), exported.name()));
            }
            info.authentication_mode = Some(exported);
            info.authentication_mode_source = Some(source);
        }
        None => {
            let message =
                format!("`{}` is not a known authentication mode", mode.as_str().unwrap_or_default());
            problems.push(
                Problem::error(source, message).hint("known are CONFIG_MAP, API_AND_CONFIG_MAP and API"),
            );
        }
    }
}

fn conflict(source: Source, what: &str, written: &str, exported: &str) -> Problem {
    let message =
        format!("cluster.yaml says `{what}: {written}`, the export says `{exported}`; the export counts");
    Problem::warning(source, message).hint("correct cluster.yaml")
}
