//! `agent --network-policies`: what policies say, made so on this node.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::registry::Registry;
use ringwall_agent::cni::{Installation, Listening};
use ringwall_agent::{Agent, Metrics, Permission, Settings, follow_groups, interfaces};
use ringwall_kubernetes::{Cluster, Source};
use ringwall_nft::{Nft, Options};
use tokio::task::JoinSet;

use crate::cli::{Established, NetworkFlags};
use crate::commands::asynchronously;
use crate::error::{Exit, Failure};

/// How often it is looked whether the CNI plugin is still in its list: network plugins write theirs anew when they start.
const LOOK_FOR_PLUGIN_EVERY: Duration = Duration::from_secs(2);

/// The network agent, at work.
pub(super) struct Network {
    agent: Arc<Agent>,
    tasks: JoinSet<()>,
}

impl Network {
    /// Begins. Neither the apiserver nor the kernel need be ready.
    pub(super) async fn start(flags: &NetworkFlags, registry: &mut Registry) -> Result<Self, Failure> {
        let node = flags.node.clone().or_else(|| std::env::var("NODE_NAME").ok());
        let Some(node) = node.filter(|node| !node.is_empty()) else {
            return Err(Failure::misuse_hint(
                "the name of this node is not known",
                "--node NAME, or NODE_NAME from the pod's field `spec.nodeName`",
            ));
        };
        let source = match &flags.kubeconfig {
            Some(path) => Source::Kubeconfig { path: Some(path.clone()), context: None },
            None => Source::InCluster,
        };
        let cluster = Cluster::connect(&source).await?;
        let settings = Settings {
            node: node.as_str().into(),
            options: options(flags)?,
            look_every: Duration::from_secs(flags.look_every),
            flow_log: flags.flow_log.clone(),
        };
        let agent = Agent::new(settings, Nft::new(&flags.nft), Metrics::register(registry));
        let mut tasks = JoinSet::new();
        tasks.spawn(Listening::bind(&flags.socket)?.serve(Arc::clone(&agent)));
        if let Some(folder) = &flags.security_groups {
            tasks.spawn(follow_groups(Arc::clone(&agent), folder.clone()));
        }
        if flags.install_cni {
            let installation = installation(flags);
            put_program(&installation)?;
            tasks.spawn(keep_plugin(installation));
        }
        agent.log_flows()?;
        agent.log_denials()?;
        tasks.spawn(Arc::clone(&agent).run(cluster, flags.security_groups.is_some()));
        tracing::info!(node, audit = flags.audit, "policies are enforced");
        Ok(Self { agent, tasks })
    }

    /// What tells whether it can do its work.
    pub(super) fn agent(&self) -> Arc<Agent> {
        Arc::clone(&self.agent)
    }

    /// Ends. The rules stay.
    pub(super) async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}

/// How rules are programmed.
pub(super) fn options(flags: &NetworkFlags) -> Result<Options, Failure> {
    Ok(Options {
        table: flags.table.clone(),
        interfaces: if flags.interfaces.is_empty() { interfaces()? } else { flags.interfaces.clone() },
        audit: flags.audit,
        fail_open: flags.fail_open,
        established_survive: flags.established == Established::Keep,
        ..Options::default()
    })
}

fn installation(flags: &NetworkFlags) -> Installation {
    Installation {
        configurations: flags.cni_configurations.clone(),
        programs: flags.cni_programs.clone(),
        socket: flags.socket.clone(),
        fail_open: flags.fail_open,
    }
}

fn put_program(installation: &Installation) -> Result<(), Failure> {
    let program = std::env::current_exe()?;
    installation.put_program(&program).map_err(|error| told(&error))
}

fn told(error: &ringwall_agent::cni::InstallError) -> Failure {
    match error.hint() {
        Some(hint) => Failure::misuse_hint(error.to_string(), hint),
        None => Failure::misuse(error.to_string()),
    }
}

/// Puts the plugin's entry into the list in force, whenever it is not there.
async fn keep_plugin(installation: Installation) {
    let mut failed = false;
    loop {
        let look = installation.clone();
        match tokio::task::spawn_blocking(move || look.ensure_entry()).await {
            Ok(Ok(installed)) => {
                failed = false;
                if let Some(list) = installed.list.filter(|_| installed.changed) {
                    tracing::info!(list = %list.display(), "the CNI plugin is in the list of plugins");
                }
            }
            Ok(Err(error)) if !failed => {
                failed = true;
                tracing::error!(%error, hint = error.hint(), "the CNI plugin can't be put in place; until it is, new pods are dropped until the apiserver knows their addresses");
            }
            Ok(Err(_)) => {}
            Err(error) => tracing::error!(%error, "looking for the CNI plugin failed"),
        }
        tokio::time::sleep(LOOK_FOR_PLUGIN_EVERY).await;
    }
}

/// Takes away all that the agent leaves on a node.
pub(super) fn uninstall(flags: &NetworkFlags) -> Result<Exit, Failure> {
    let mut out = anstream::stdout();
    // The plugin first: without an agent no pod would start.
    let installation = installation(flags);
    let is_there = |folder: &Path| folder.is_dir();
    let mut changed: Vec<PathBuf> = Vec::new();
    if is_there(&installation.configurations) && is_there(&installation.programs) {
        changed = installation.remove().map_err(|error| told(&error))?;
    }
    for path in changed {
        writeln!(out, "the CNI plugin is taken out: {}", path.display())?;
    }
    asynchronously(async { Ok(Nft::new(&flags.nft).uninstall(&flags.table).await?) })?;
    writeln!(out, "there is no table {} any more", flags.table)?;
    match std::fs::remove_file(&flags.socket) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::make(&flags.socket)(error))
        }
        _ => Ok(Exit::Fine),
    }
}

/// Prints the least ClusterRole.
pub(super) fn print_permissions(flags: &NetworkFlags) -> Result<Exit, Failure> {
    write!(anstream::stdout(), "{}", permissions(flags.security_groups.is_some()))?;
    Ok(Exit::Fine)
}

/// The ClusterRole in YAML.
pub(crate) fn permissions(groups: bool) -> String {
    let mut text = "\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: ringwall-network-agent
  labels:
    app.kubernetes.io/name: ringwall-network-agent
rules:
"
    .to_owned();
    for Permission { group, resources, names } in ringwall_agent::permissions(groups) {
        text.push_str(&format!("  - apiGroups: [\"{group}\"]\n    resources: [{}]\n", resources.join(", ")));
        if !names.is_empty() {
            text.push_str("    resourceNames:\n");
            for name in names {
                text.push_str(&format!("      - {name}\n"));
            }
        }
        text.push_str("    verbs: [list, watch]\n");
    }
    text
}
