//! What is told from the audit log: of single requests, and of a few within minutes.
//!
//! Denied and failed attempts tell nothing, except where a type is about attempts. What the parts of Kubernetes itself do in their
//! normal work tells nothing. What is dangerous in itself is told from the first request on; what is merely unusual is told by the
//! baseline.
//!
//! # Changes
//!
//! An object that is made is judged whole: what was sent, and where it is recorded what came of it, as webhooks may have added to
//! it. A change is judged by what it adds. Of a patch that is what it holds (`Written`), and, where the
//! result is recorded, what the result has of the kind that the patch touches: a mount counts together with its volume, of
//! which one may be old. Of a replaced object nobody can tell from the request what was there before. So each danger of an object
//! is remembered, and told again by an update neither when it is known, nor when the answer shows that the specification did not
//! change (`metadata.generation` is `status.observedGeneration`): operators and GitOps tools write what is there over and over.

mod admission;
mod anomaly;
mod anonymous;
mod attempts;
mod bindings;
mod catalog;
mod certificates;
mod clients;
mod commands;
mod configuration;
mod danger;
mod details;
mod exec;
mod exposure;
mod host_paths;
mod identity;
mod images;
mod kinds;
mod lists;
mod memory;
mod permissions;
mod proxy;
mod roles;
mod secrets;
mod tokens;
mod uri;
mod volumes;
mod workloads;

pub(crate) use anomaly::may_be_anomaly;
pub use catalog::{KINDS, Listed};
pub(crate) use clients::is_public;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::act::{Act, Caller, Verb};
use crate::audit::Outcome;
use crate::body::Workload;
use crate::finding::{Place, Signal};
use crate::intel::Intel;
use crate::keyed::Keyed;
use memory::Memory;

/// Takes what a rule tells.
pub(crate) type Tell<'t> = &'t mut dyn FnMut(Signal);

/// All rules, with what they were given and what they remember.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Rules {
    /// Whether the types are told that GuardDuty has retired.
    #[serde(skip)]
    pub(crate) retired: bool,
    /// Lists of addresses.
    #[serde(skip)]
    pub(crate) intel: Arc<Intel>,
    memory: Memory,
}

/// One request, as a rule looks at it.
struct Look<'l, 'e> {
    act: &'l Act<'e>,
    place: &'l Place,
    memory: &'l mut Memory,
    tell: Tell<'l>,
    retired: bool,
}

impl Look<'_, '_> {
    fn tell(&mut self, signal: Signal) {
        (self.tell)(signal);
    }
}

impl Rules {
    pub(crate) fn new(hasher: Keyed) -> Self {
        Self { memory: Memory::new(hasher), ..Self::default() }
    }

    /// Asks every rule that may have something to say of an act.
    pub(crate) fn look(&mut self, act: &Act<'_>, place: &Place, tell: Tell<'_>) {
        let mut look = Look { act, place, memory: &mut self.memory, tell, retired: self.retired };
        identity::learn(&mut look);
        if !act.took_place() {
            if act.outcome == Outcome::Denied && !act.caller.is_system() {
                attempts::look(&mut look);
            }
            return;
        }
        lists::look(&mut look, &self.intel);
        anonymous::look(&mut look);
        identity::look(&mut look);
        if act.is_dry_run() {
            return;
        }
        of_resource(&mut look);
    }
}

/// The rules of a resource. Custom resources may have the names of others, so the group counts; logs that leave it out are taken
/// to mean Kubernetes' own.
fn of_resource(look: &mut Look<'_, '_>) {
    let Act { group, resource, subresource, verb, caller, .. } = *look.act;
    if resource.is_empty() || (verb.reads() && !is_worth_reading(resource)) {
        return;
    }
    if Workload::is(group, resource) && matches!(subresource, "" | "ephemeralcontainers") {
        return workloads::look(look);
    }
    // A role counts by what it gives, whoever made it.
    if matches!(group, "rbac.authorization.k8s.io" | "") && matches!(resource, "roles" | "clusterroles") {
        return roles::look(look);
    }
    if caller.is_system() {
        return;
    }
    match (group, resource, subresource) {
        ("", "secrets", "") => secrets::look(look),
        ("", "pods", "exec" | "attach") => exec::look(look),
        ("", "nodes", "proxy") => proxy::look(look),
        ("", "configmaps", "") => configuration::look(look),
        ("", "services", "") => exposure::service(look),
        ("", "serviceaccounts", "token") => tokens::look(look),
        ("", "persistentvolumes", "") => volumes::look(look),
        ("networking.k8s.io" | "extensions" | "", "ingresses", "") => exposure::ingress(look),
        ("rbac.authorization.k8s.io" | "", "rolebindings" | "clusterrolebindings", "") => {
            bindings::look(look)
        }
        ("certificates.k8s.io" | "", "certificatesigningrequests", "" | "approval") => {
            certificates::look(look)
        }
        (
            "authorization.k8s.io" | "",
            "selfsubjectaccessreviews" | "subjectaccessreviews" | "localsubjectaccessreviews",
            "",
        ) => permissions::look(look),
        (
            "admissionregistration.k8s.io" | "",
            "mutatingwebhookconfigurations"
            | "validatingwebhookconfigurations"
            | "validatingadmissionpolicies"
            | "validatingadmissionpolicybindings",
            "",
        ) => admission::look(look),
        _ => {}
    }
}

/// Resources of which a reading verb may tell something.
fn is_worth_reading(resource: &str) -> bool {
    matches!(resource, "secrets" | "pods" | "nodes")
}

/// Whether somebody comes as people do: neither a service account nor a part of Kubernetes.
fn is_person(caller: Caller<'_>) -> bool {
    matches!(caller, Caller::User | Caller::Anonymous)
}

/// Whether an act made an object that was not there: to apply at the server's side makes one too.
fn is_made(act: &Act<'_>) -> bool {
    act.verb == Verb::Create || (act.verb.makes() && status(act) == Some(201))
}

fn status(act: &Act<'_>) -> Option<i64> {
    act.event.response_status.get().and_then(|status| status.code.get()).copied()
}
