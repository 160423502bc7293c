//! What is made reachable from outside the cluster.

use ringwall_model::Severity;

use super::details::signal;
use super::kinds::{NOTHING, guardduty, ringwall};
use super::{Look, clients, is_made, is_person};
use crate::body::{Ingress, Metadata, Service, Written, read};
use crate::finding::Kind;

pub(super) static DASHBOARD: Kind = guardduty(
    "Policy:Kubernetes/ExposedDashboard",
    Severity::Medium,
    "The Kubernetes dashboard was made reachable from the Internet",
    "Make its Service `ClusterIP` again and reach it by `kubectl port-forward`; look who called it in the meantime, and what its service account may.",
    NOTHING,
);
pub(super) static KUBEFLOW: Kind = guardduty(
    "Policy:Kubernetes/KubeflowDashboardExposed",
    Severity::Medium,
    "The Kubeflow dashboard was made reachable from the Internet",
    "Make its Service `ClusterIP` again and put it behind an ingress that authenticates; look for pipelines and notebooks that nobody knows of.",
    NOTHING,
);
pub(super) static SERVICE_EXPOSED: Kind = ringwall(
    "Policy:Kubernetes/Ringwall.ServiceExposed",
    Severity::Low,
    "A Service of `kube-system` was made reachable from outside, or one that takes addresses which are not its own",
    "Make it `ClusterIP`, or limit its `loadBalancerSourceRanges`. A Service with `externalIPs` gets what pods send there: forbid it by the admission plugin \
     DenyServiceExternalIPs unless you need it.",
    NOTHING,
);

/// Names of the dashboard's Service and of its labels. Source: kubernetes/dashboard, its manifests and its chart.
fn is_dashboard(text: &str) -> bool {
    text.contains("kubernetes-dashboard")
}

/// Source: kubeflow/manifests, the central dashboard and the pipelines' own.
fn is_kubeflow(text: &str) -> bool {
    matches!(text, "centraldashboard" | "ml-pipeline-ui") || text.contains("kubeflow-dashboard")
}

pub(super) fn service(look: &mut Look<'_, '_>) {
    let act = look.act;
    if !act.verb.makes() {
        return;
    }
    let written = Written::of(act);
    let sent: Vec<Service<'_>> = written.pieces().filter_map(read).collect();
    let result: Option<Service<'_>> = act.event.response_object.json().and_then(read);
    let specs = || sent.iter().filter_map(|service| service.spec.get());
    let kind = specs().map(|spec| spec.kind.text()).find(|kind| !kind.is_empty()).unwrap_or_default();
    let takes = specs().any(|spec| !spec.external_ips.items().is_empty());
    let all = || sent.iter().chain(&result);
    let is_balanced = kind == "LoadBalancer" && !all().any(is_internal);
    let name = name(act.name, all().filter_map(|service| service.metadata.get()));
    let identity = ("service", act.namespace, name, kind, takes);
    if !(is_balanced || kind == "NodePort" || takes)
        || (!look.memory.is_new_danger(identity) && !is_made(act))
    {
        return;
    }
    let labels = || {
        let selectors = all().filter_map(|service| service.spec.get()?.selector.get());
        let labels = all().filter_map(|service| service.metadata.get()?.labels.get());
        selectors.chain(labels).flat_map(|labels| labels.iter()).map(|(_, value)| &**value)
    };
    let is = |known: fn(&str) -> bool| known(name) || labels().any(known);
    let how = match kind {
        "" => "for addresses outside",
        kind => kind,
    };
    if is_balanced && is(is_dashboard) {
        tell(look, &DASHBOARD, name, how, Severity::Medium);
    } else if is_balanced && is(is_kubeflow) {
        tell(look, &KUBEFLOW, name, how, Severity::Medium);
    } else if takes && is_person(act.caller) {
        tell(
            look,
            &SERVICE_EXPOSED,
            name,
            "one that takes what is sent to external addresses",
            Severity::Medium,
        );
    } else if act.namespace == "kube-system" && is_person(act.caller) {
        tell(look, &SERVICE_EXPOSED, name, how, Severity::Low);
    }
}

/// An ingress of the AWS Load Balancer Controller says whether it is for the Internet; what others make of one is not known here.
pub(super) fn ingress(look: &mut Look<'_, '_>) {
    let act = look.act;
    if !act.verb.makes() {
        return;
    }
    let written = Written::of(act);
    let sent: Vec<Ingress<'_>> = written.pieces().filter_map(read).collect();
    let result: Option<Ingress<'_>> = act.event.response_object.json().and_then(read);
    let all = || sent.iter().chain(&result);
    let is_open = all()
        .filter_map(|ingress| ingress.metadata.get())
        .any(|metadata| metadata.annotation("alb.ingress.kubernetes.io/scheme") == "internet-facing");
    let leads_to = |known: fn(&str) -> bool| all().any(|ingress| ingress.services().any(known));
    let kind = if leads_to(is_dashboard) {
        &DASHBOARD
    } else if leads_to(is_kubeflow) {
        &KUBEFLOW
    } else {
        return;
    };
    let name = name(act.name, all().filter_map(|ingress| ingress.metadata.get()));
    if is_open && (look.memory.is_new_danger(("ingress", act.namespace, name, kind.name)) || is_made(act)) {
        tell(look, kind, name, "an Ingress for the Internet", kind.severity);
    }
}

fn name<'n>(name: &'n str, metadata: impl Iterator<Item = &'n Metadata<'n>>) -> &'n str {
    if name.is_empty() {
        return metadata.map(|one| one.name.text()).find(|name| !name.is_empty()).unwrap_or_default();
    }
    name
}

/// Whether a load balancer is for private networks alone.
///
/// Sources: AWS Load Balancer Controller, *Service annotations* (what it makes is internal unless it is told otherwise); Kubernetes,
/// *Service*, "Internal load balancer".
fn is_internal(service: &Service<'_>) -> bool {
    let Some(metadata) = service.metadata.get() else { return false };
    let aws =
        |name: &str| metadata.annotation(&format!("service.beta.kubernetes.io/aws-load-balancer-{name}"));
    let scheme = aws("scheme");
    let by_controller = matches!(aws("type"), "external" | "nlb-ip");
    let is_true = |text: &str| matches!(text, "true" | "0.0.0.0/0");
    let ranges = service.spec.get().map_or(&[][..], |spec| spec.source_ranges.items());
    scheme == "internal"
        || is_true(aws("internal"))
        || (by_controller && scheme != "internet-facing")
        || is_true(metadata.annotation("service.beta.kubernetes.io/azure-load-balancer-internal"))
        || metadata.annotation("networking.gke.io/load-balancer-type") == "Internal"
        || metadata.annotation("cloud.google.com/load-balancer-type") == "Internal"
        || (!ranges.is_empty() && ranges.iter().all(|range| is_private(range)))
}

fn is_private(range: &str) -> bool {
    let address = range.split('/').next().unwrap_or_default();
    address
        .parse()
        .is_ok_and(|address: std::net::IpAddr| !address.is_unspecified() && !clients::is_public(address))
}

fn tell(look: &mut Look<'_, '_>, kind: &'static Kind, name: &str, how: &str, severity: Severity) {
    let act = look.act;
    let description =
        format!("`{}` made {} `{name}` in `{}` {how}", act.username(), act.resource, act.namespace);
    let mut signal =
        signal(kind, act, look.place, &format!("{}/{}/{name}", act.resource, act.namespace), description);
    signal.severity = severity;
    look.tell(signal);
}
