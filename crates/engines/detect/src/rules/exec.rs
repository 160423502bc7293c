//! Commands that are run in pods.

use ringwall_model::Severity;

use super::Look;
use super::commands::{Purpose, purpose};
use super::details::{short, signal};
use super::kinds::{guardduty, ringwall};
use super::uri;
use crate::finding::Kind;

pub(super) static EXEC_IN_SYSTEM: Kind = guardduty(
    "Execution:Kubernetes/ExecInKubeSystemPod",
    Severity::Medium,
    "A command was run in a pod of `kube-system`",
    "If you don't know of it, revoke what the actor used, make the pod anew and look what its service account did since. Let nobody exec there: \
     `ringwall who-can create pods/exec -n kube-system`.",
    "",
);
pub(super) static EXEC: Kind = guardduty(
    "Execution:Kubernetes/AnomalousBehavior.ExecInPod",
    Severity::Medium,
    "A command was run in a pod that is unusual, or of a kind that attackers use",
    "Ask whoever did it. If nobody knows of it, isolate the pod (a NetworkPolicy that allows nothing), keep what it holds, and revoke what the actor \
     used.",
    "",
);
pub(super) static TOKEN_THEFT: Kind = ringwall(
    "CredentialAccess:Kubernetes/Ringwall.TokenTheft",
    Severity::High,
    "A command in a pod read the credentials of the pod or of its node",
    "Make the pod anew, so that its token ends, revoke the sessions of its AWS role (and of the node's, if the metadata service was asked), and look \
     what both did since. Require IMDSv2 with a hop limit of 1, and mount no token where none is needed.",
    "",
);
pub(super) static FILES_COPIED: Kind = ringwall(
    "Exfiltration:Kubernetes/Ringwall.FilesCopied",
    Severity::Low,
    "Files were copied out of a pod or into one, as `kubectl cp` does",
    "Ask whoever did it what the files were. Let people exec only where they must: who can exec can copy.",
    "",
);

/// The command stands in the query, at every audit level. What is typed later in a shell, nobody records.
pub(super) fn look(look: &mut Look<'_, '_>) {
    let act = look.act;
    let command: Vec<_> = uri::values(act.query, "command").collect();
    let text = short(&command.join(" "));
    let pod = format!("{}/{}", act.namespace, act.name);
    let tell = |look: &mut Look<'_, '_>, kind, severity: Severity| {
        let what =
            if act.subresource == "attach" { "attached to".to_owned() } else { format!("ran `{text}` in") };
        let description =
            format!("`{}` {what} the pod `{}` in `{}`", act.username(), act.name, act.namespace);
        let mut signal = signal(kind, act, look.place, &pod, description);
        signal.severity = severity;
        look.tell(signal);
    };
    let is_system = act.namespace == "kube-system";
    if is_system {
        tell(look, &EXEC_IN_SYSTEM, EXEC_IN_SYSTEM.severity);
    }
    match purpose(command.iter().map(|part| &**part)) {
        Some(Purpose::ReverseShell) => tell(look, &EXEC, Severity::High),
        Some(Purpose::ReadsCredentials) => tell(look, &TOKEN_THEFT, TOKEN_THEFT.severity),
        Some(Purpose::CopiesFiles) if is_system => tell(look, &FILES_COPIED, Severity::Medium),
        Some(Purpose::CopiesFiles) => tell(look, &FILES_COPIED, FILES_COPIED.severity),
        None => {}
    }
}
