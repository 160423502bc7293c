use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueHint};
use ringwall_identity::agent::{REQUESTS_A_SECOND, REQUESTS_AT_ONCE};

use super::NetworkFlags;
use crate::config::{LogFormat, LogLevel};

/// Serve the pods of this node.
///
/// With --network-policies it enforces NetworkPolicies, ClusterNetworkPolicies and AdminNetworkPolicies in the node's packet filter: what
/// `ringwall reach` answers is what packets meet. A pod is isolated before its first container runs (--install-cni).
///
/// With --pod-identity it gives pods the credentials of their service accounts' roles (EKS Pod Identity), on any cluster that
/// EKS or `ringwall serve` knows. AWS's SDKs ask it by themselves, once the webhook has told them where.
///
/// One process may do both.
#[derive(Debug, Args)]
#[command(
    group(ArgGroup::new("what").required(true).multiple(true).args([
        "pod_identity", "network_policies", "plan", "uninstall", "print_permissions",
    ])),
    after_help = "\
Examples:
  ringwall agent --network-policies --node worker-1 --install-cni
  ringwall agent --network-policies --node worker-1 --kubeconfig admin.conf --audit
  ringwall agent --plan examples/storefront --node ip-10-0-1-10.eu-central-1.compute.internal
  ringwall agent --uninstall
  ringwall agent --pod-identity --cluster-name shop --region eu-central-1 --manage-link
  ringwall agent --pod-identity --cluster-name shop --region eu-central-1 --manage-link \\
    --endpoint https://ringwall.example.com:7443 --ca-file /etc/ringwall/ca.pem
  ringwall agent --pod-identity --remove-link

The node's own credentials are found as SDKs find them: environment, shared files, web identity, container, instance.
They need eks-auth:AssumeRoleForPodIdentity on the cluster, and nothing else. What network policies need of the
apiserver, --print-permissions prints.

Signals:
  SIGTERM, SIGINT   no new requests, finish those in hand, end; link and rules stay")]
pub(crate) struct Agent {
    /// Give pods the credentials of their service accounts' roles
    #[arg(long)]
    pub(crate) pod_identity: bool,
    #[command(flatten)]
    pub(crate) network: NetworkFlags,
    /// Name of the cluster, as EKS knows it
    #[arg(
        long,
        value_name = "NAME",
        required_unless_present_any = ["remove_link", "network_policies", "plan", "uninstall", "print_permissions"]
    )]
    pub(crate) cluster_name: Option<String>,
    /// Region of the cluster; otherwise AWS_REGION
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Where EKS Auth is, if not at AWS: the URL of `ringwall serve`; otherwise AWS_ENDPOINT_URL_EKS_AUTH or
    /// AWS_ENDPOINT_URL
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) endpoint: Option<String>,
    /// Certificate authorities, in PEM, that are trusted beside the system's; otherwise AWS_CA_BUNDLE
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) ca_file: Option<PathBuf>,
    /// Address and port that pods ask; may be repeated. An IPv6 address may be missing if another is there
    #[arg(long, value_name = "ADDRESS:PORT", default_values = ["169.254.170.23:80", "[fd00:ec2::23]:80"])]
    pub(crate) bind: Vec<SocketAddr>,
    /// Address and port of /healthz, /readyz and /metrics, over plain HTTP and open to whoever reaches it
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:2703")]
    pub(crate) admin_listen: SocketAddr,
    /// Make the link pod-id-link0 with those addresses, and see that it stays; needs NET_ADMIN
    #[arg(long, conflicts_with = "remove_link", requires = "pod_identity")]
    pub(crate) manage_link: bool,
    /// Take the link pod-id-link0 away, and end; needs NET_ADMIN
    #[arg(long, requires = "pod_identity")]
    pub(crate) remove_link: bool,
    /// Requests a second that an address may make
    #[arg(long, value_name = "NUMBER", default_value_t = REQUESTS_A_SECOND, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rate: u32,
    /// Requests that it may make at once before the rate counts
    #[arg(long, value_name = "NUMBER", default_value_t = REQUESTS_AT_ONCE, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) burst: u32,
    /// How much is logged: error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    pub(crate) log_level: LogLevel,
    /// How logs are written: text, json, or auto for text on a terminal and JSON elsewhere
    #[arg(long, value_name = "FORMAT", default_value = "auto")]
    pub(crate) log_format: LogFormat,
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use ringwall_document::Reader;
    use ringwall_model::Tree;

    use crate::cli::{Cli, Command};

    const MANIFEST: &[u8] = include_bytes!("../../../../deploy/manifests/pod-identity/agent.yaml");
    const NETWORK: &[u8] = include_bytes!("../../../../deploy/manifests/network-agent/agent.yaml");

    fn documents(manifest: &[u8]) -> Vec<Tree> {
        let mut documents = Vec::new();
        let problems = Reader::default()
            .read(&"agent.yaml".into(), manifest, &mut |document| documents.push(document.tree));
        assert!(problems.is_empty(), "{problems:?}");
        documents
    }

    fn texts(list: &[Tree]) -> Vec<&str> {
        list.iter().filter_map(Tree::as_str).collect()
    }

    #[test]
    fn the_manifest_starts_an_agent_with_no_more_than_it_needs() {
        let documents = documents(MANIFEST);
        let kinds: Vec<_> = documents.iter().map(|document| document.str("kind").unwrap()).collect();
        // No role and no binding: it asks the apiserver nothing.
        assert_eq!(kinds, ["ServiceAccount", "DaemonSet"]);
        assert_eq!(documents[0].get("automountServiceAccountToken").and_then(Tree::as_bool), Some(false));
        let pod = documents[1].at(&["spec", "template", "spec"]).unwrap();
        assert_eq!(pod.get("automountServiceAccountToken").and_then(Tree::as_bool), Some(false));
        assert_eq!(pod.get("hostNetwork").and_then(Tree::as_bool), Some(true));
        for absent in ["hostPID", "hostIPC", "volumes", "initContainers"] {
            assert!(pod.get(absent).is_none(), "{absent}");
        }
        assert_eq!(pod.str("priorityClassName"), Some("system-node-critical"));
        let [container] = pod.list("containers") else { panic!("one container") };
        let context = container.get("securityContext").unwrap();
        assert!(context.get("privileged").is_none());
        assert_eq!(context.get("allowPrivilegeEscalation").and_then(Tree::as_bool), Some(false));
        assert_eq!(context.get("readOnlyRootFilesystem").and_then(Tree::as_bool), Some(true));
        let capabilities = context.get("capabilities").unwrap();
        assert_eq!(texts(capabilities.list("drop")), ["ALL"]);
        assert_eq!(texts(capabilities.list("add")), ["NET_ADMIN", "NET_BIND_SERVICE"]);

        let arguments = texts(container.list("args"));
        let cli = Cli::try_parse_from(std::iter::once("ringwall").chain(arguments)).unwrap();
        let Command::Agent(agent) = cli.command else { panic!("another command") };
        assert!(agent.pod_identity && agent.manage_link);
        for probe in ["livenessProbe", "readinessProbe"] {
            let get = container.at(&[probe, "httpGet"]).unwrap();
            let port = get.get("port").and_then(Tree::as_i64).unwrap();
            assert_eq!(format!("{}:{port}", get.str("host").unwrap()), agent.admin_listen.to_string());
        }
    }

    #[test]
    fn the_network_agent_s_manifest_has_the_least_that_it_needs() {
        let documents = documents(NETWORK);
        let kinds: Vec<_> = documents.iter().map(|document| document.str("kind").unwrap()).collect();
        assert_eq!(kinds, ["ServiceAccount", "ClusterRole", "ClusterRoleBinding", "DaemonSet"]);
        let printed = crate::commands::agent_permissions(false);
        let mut role = Vec::new();
        Reader::default().read(&"role".into(), printed.as_bytes(), &mut |document| role.push(document.tree));
        assert_eq!(without_lines(&role[0]), without_lines(&documents[1]), "as --print-permissions prints");

        let pod = documents[3].at(&["spec", "template", "spec"]).unwrap();
        assert_eq!(pod.get("hostNetwork").and_then(Tree::as_bool), Some(true));
        for absent in ["hostPID", "hostIPC", "initContainers"] {
            assert!(pod.get(absent).is_none(), "{absent}");
        }
        assert_eq!(pod.str("priorityClassName"), Some("system-node-critical"));
        let [container] = pod.list("containers") else { panic!("one container") };
        let context = container.get("securityContext").unwrap();
        assert!(context.get("privileged").is_none());
        assert_eq!(context.get("allowPrivilegeEscalation").and_then(Tree::as_bool), Some(false));
        assert_eq!(context.get("readOnlyRootFilesystem").and_then(Tree::as_bool), Some(true));
        let capabilities = context.get("capabilities").unwrap();
        assert_eq!(texts(capabilities.list("drop")), ["ALL"]);
        assert_eq!(texts(capabilities.list("add")), ["NET_ADMIN"]);
        let arguments = texts(container.list("args"));
        let cli = Cli::try_parse_from(std::iter::once("ringwall").chain(arguments)).unwrap();
        let Command::Agent(agent) = cli.command else { panic!("another command") };
        assert!(agent.network.network_policies && agent.network.install_cni && !agent.pod_identity);
        let mounts: Vec<_> =
            container.list("volumeMounts").iter().filter_map(|mount| mount.str("mountPath")).collect();
        let folder = agent.network.socket.parent().unwrap();
        for path in [folder, &agent.network.cni_configurations, &agent.network.cni_programs] {
            assert!(mounts.contains(&path.to_str().unwrap()), "{path:?} is mounted where the node has it");
        }
        for probe in ["livenessProbe", "readinessProbe"] {
            let get = container.at(&[probe, "httpGet"]).unwrap();
            let port = get.get("port").and_then(Tree::as_i64).unwrap();
            assert_eq!(format!("{}:{port}", get.str("host").unwrap()), agent.admin_listen.to_string());
        }
    }

    /// A tree as text, whatever its lines.
    fn without_lines(tree: &Tree) -> String {
        let entries =
            tree.entries().iter().map(|entry| format!("{}: {}", entry.key, without_lines(&entry.value)));
        let items = tree.items().iter().map(without_lines);
        let parts: Vec<_> = entries.chain(items).collect();
        if parts.is_empty() { format!("{:?}", tree.as_str()) } else { format!("[{}]", parts.join(", ")) }
    }

    #[test]
    fn one_process_may_do_both_and_has_to_do_something() {
        let parse = |line: &str| Cli::try_parse_from(line.split(' '));
        assert!(parse("ringwall agent --network-policies --node n").is_ok());
        assert!(parse("ringwall agent --network-policies --node n --pod-identity --cluster-name shop --region eu-central-1").is_ok());
        assert!(parse("ringwall agent --pod-identity --remove-link").is_ok());
        assert!(parse("ringwall agent --uninstall").is_ok());
        assert!(parse("ringwall agent --print-permissions").is_ok());
        for wrong in [
            "",
            " --pod-identity",
            " --plan x",
            " --network-policies --node n --manage-link",
            " --uninstall --table 1",
            " --uninstall --interface a/b",
        ] {
            assert!(parse(&format!("ringwall agent{wrong}")).is_err(), "{wrong}");
        }
    }
}
