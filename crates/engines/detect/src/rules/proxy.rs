//! The kubelets' API, reached through the apiserver.

use ringwall_model::Severity;

use super::details::signal;
use super::kinds::ringwall;
use super::{Look, is_person, uri};
use crate::finding::Kind;

pub(super) static NODES_PROXY: Kind = ringwall(
    "PrivilegeEscalation:Kubernetes/Ringwall.NodesProxy",
    Severity::High,
    "A kubelet's API was called through the apiserver",
    "Find who may (`ringwall who-can get nodes/proxy`): it is as good as exec in every pod of the node, past admission and audit. Give `nodes/metrics`, \
     `nodes/stats` or `nodes/log` in its place.",
    "",
);

/// What of a kubelet's API acts. Source: Kubernetes v1.37, `pkg/kubelet/server/server.go`.
const ACTS: [&str; 6] = ["run", "exec", "attach", "portForward", "cri", "checkpoint"];
/// What monitoring asks, and tells nothing of what runs.
const OF_MONITORING: [&str; 4] = ["metrics", "stats", "healthz", "spec"];

pub(super) fn look(look: &mut Look<'_, '_>) {
    let act = look.act;
    // `/api/v1/nodes/NAME/proxy/…`: a node may have any name.
    let segments = uri::segments(act.path);
    let below = segments.iter().skip_while(|segment| *segment != "nodes").nth(3);
    let asked = below.map_or("", |segment| segment);
    let acts = ACTS.iter().any(|path| asked.eq_ignore_ascii_case(path));
    // Programs read the rest of it too, to show what runs; a person rarely has a reason.
    if !acts && (asked.is_empty() || OF_MONITORING.contains(&asked) || !is_person(act.caller)) {
        return;
    }
    let description = format!("`{}` called `{}` of the kubelet of `{}`", act.username(), asked, act.name);
    let mut signal = signal(&NODES_PROXY, act, look.place, act.name, description);
    if !acts {
        signal.severity = Severity::Medium;
    }
    look.tell(signal);
}
