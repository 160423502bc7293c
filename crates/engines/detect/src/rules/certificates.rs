//! Client certificates: identities that nobody can take back before they end.

use ringwall_model::Severity;

use super::details::signal;
use super::kinds::{NOTHING, ringwall};
use super::{Look, is_person};
use crate::act::Verb;
use crate::body::{CertificateRequest, Written, read};
use crate::finding::Kind;

pub(super) static CLIENT_CERTIFICATE: Kind = ringwall(
    "Persistence:Kubernetes/Ringwall.ClientCertificate",
    Severity::Medium,
    "A client certificate of the cluster's authority was asked for or approved",
    "Look whom it names (decode `.spec.request` of the CSR, then `openssl req -noout -subject`). Kubernetes cannot revoke it: take the \
     rights of that name away, or change the authority.",
    NOTHING,
);

/// Source: Kubernetes, *Certificates and Certificate Signing Requests*, "Kubernetes signers".
const CLIENT: &str = "kubernetes.io/kube-apiserver-client";
const KUBELET: &str = "kubernetes.io/kube-apiserver-client-kubelet";

pub(super) fn look(look: &mut Look<'_, '_>) {
    let act = look.act;
    let is_approval = act.subresource == "approval";
    if !act.verb.makes() || (!is_approval && act.verb != Verb::Create) {
        return;
    }
    let written = Written::of(act);
    let sent: Vec<CertificateRequest<'_>> = written.pieces().filter_map(read).collect();
    let result: Option<CertificateRequest<'_>> = act.event.response_object.json().and_then(read);
    let spec = || sent.iter().chain(&result).filter_map(|request| request.spec.get());
    let signer = spec().map(|spec| spec.signer.text()).find(|signer| !signer.is_empty()).unwrap_or_default();
    let asker = spec().map(|spec| spec.username.text()).find(|name| !name.is_empty()).unwrap_or_default();
    let is_node = |name: &str| name.starts_with("system:node:") || name.starts_with("system:bootstrap:");
    let is_told = match signer {
        CLIENT => true,
        // Nodes ask so when they join; that anybody else does is an attempt to become one. Approvers of nodes are programs.
        KUBELET if is_approval => is_person(act.caller) && !is_node(asker),
        KUBELET => is_person(act.caller) && !is_node(act.username()),
        _ => false,
    };
    let is_denial = is_approval
        && sent.iter().filter_map(|request| request.status.get()).any(|status| {
            let conditions = status.conditions.items();
            !conditions.is_empty() && conditions.iter().all(|condition| condition.kind.text() != "Approved")
        });
    if !is_told || is_denial {
        return;
    }
    let name = sent
        .iter()
        .chain(&result)
        .find_map(|request| request.metadata.get())
        .map_or("", |metadata| metadata.name.text());
    let name = if act.name.is_empty() { name } else { act.name };
    let verb = if is_approval { "approved" } else { "asked for" };
    let description =
        format!("`{}` {verb} the certificate `{name}` of the signer `{signer}`", act.username());
    let mut signal = signal(&CLIENT_CERTIFICATE, act, look.place, name, description);
    if is_approval {
        signal.severity = Severity::High;
    }
    look.tell(signal);
}
