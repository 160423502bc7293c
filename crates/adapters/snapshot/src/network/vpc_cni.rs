use ringwall_model::network::{EnforcingMode, VpcCni};
use ringwall_model::{Object, ObjectRef, Tree};

use crate::fields::text;

/// Whether this is the DaemonSet of the VPC CNI.
pub(super) fn is_aws_node(reference: &ObjectRef) -> bool {
    reference.is("apps", "DaemonSet")
        && reference.namespace.as_deref() == Some("kube-system")
        && &*reference.name == "aws-node"
}

/// The VPC CNI's settings: environment of its containers, and the arguments of its network policy agent.
///
/// Sources: README of `amazon-vpc-cni-k8s`; `GetBoolAsStringEnvVar` of its `utils` reads booleans as Go's `ParseBool`.
pub(super) fn vpc_cni(object: &Object) -> VpcCni {
    let spec = object.tree.at(&["spec", "template", "spec"]);
    let list = |key| spec.map(|spec| spec.list(key)).unwrap_or_default();
    let containers: Vec<&Tree> = list("initContainers").iter().chain(list("containers")).collect();
    let variable = |name: &str| {
        containers
            .iter()
            .flat_map(|container| container.list("env"))
            .find(|variable| variable.str("name") == Some(name))
    };
    let is_on = |name: &str| variable(name).and_then(|variable| variable.str("value")).is_some_and(is_true);
    let enforcing_mode = match variable("POD_SECURITY_GROUP_ENFORCING_MODE") {
        None => Some(EnforcingMode::Strict),
        Some(variable) => match variable.str("value") {
            Some(mode) if mode.eq_ignore_ascii_case("strict") => Some(EnforcingMode::Strict),
            Some(mode) if mode.eq_ignore_ascii_case("standard") => Some(EnforcingMode::Standard),
            _ => None,
        },
    };
    let enforces = |argument: &Tree| {
        let value = argument
            .as_str()
            .and_then(|text| text.trim_start_matches('-').strip_prefix("enable-network-policy"));
        value.is_some_and(|value| value.is_empty() || value.strip_prefix('=').is_some_and(is_true))
    };
    VpcCni {
        source: object.source.clone(),
        pod_eni: is_on("ENABLE_POD_ENI"),
        enforcing_mode,
        disable_tcp_early_demux: is_on("DISABLE_TCP_EARLY_DEMUX"),
        external_snat: is_on("AWS_VPC_K8S_CNI_EXTERNALSNAT"),
        network_policy: containers
            .iter()
            .flat_map(|container| container.list("args").iter().chain(container.list("command")))
            .any(enforces),
        network_policy_mode: variable("NETWORK_POLICY_ENFORCING_MODE")
            .and_then(|variable| text(variable, "value")),
    }
}

/// `ParseBool` of Go.
fn is_true(text: &str) -> bool {
    matches!(text, "1" | "t" | "T" | "true" | "TRUE" | "True")
}
