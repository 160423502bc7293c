//! Two things that mean little each, and much one after the other.

use std::hash::BuildHasher;
use std::net::IpAddr;

use ringwall_model::{Responsible, Severity};
use serde::{Deserialize, Serialize};

use crate::act::{Act, Caller, Verb};
use crate::actor::{self, Identity, extra, service_account};
use crate::audit::Body;
use crate::body::{Binding, TokenRequest};
use crate::cloudtrail::{self, Call};
use crate::field::{Field, Text};
use crate::finding::{Actor, AwsCall, DefinedBy, Details, Evidence, Kind, Log, Place, Signal, short};
use crate::keep::at_most;
use crate::keyed::Keyed;
use crate::object::object;
use crate::recent::Recent;

/// Pods, sessions, clients and keys that are remembered, of each kind: those of some hours, in a fleet. A pod has some hundred bytes,
/// the others less.
const MAX_REMEMBERED: usize = 50_000;
/// Events that are remembered as the first of two, or wait for it, of each kind: people's of an hour. One has some hundred bytes, or some
/// thousand if somebody makes up the longest names.
const MAX_EVENTS: usize = 5_000;
/// How long after rights a workload counts, in milliseconds: somebody does both by hand.
const RIGHTS: i64 = 10 * 60_000;
/// How long after an exec a call to AWS counts, in milliseconds.
const EXEC: i64 = 15 * 60_000;
/// How long after Secrets were read somebody else's key counts, in milliseconds.
const SECRETS: i64 = 60 * 60_000;

/// How long the next read of Secrets by the same is no news, in milliseconds.
const READ_AGAIN: i64 = 60_000;

static RIGHTS_THEN_WORKLOAD: Kind = Kind {
    name: "PrivilegeEscalation:Kubernetes/Ringwall.RightsThenWorkload",
    severity: Severity::High,
    by: DefinedBy::Ringwall,
    log: Log::Audit,
    title: "A service account was made administrator, and then a workload that runs as it",
    remedy: "Delete the workload and the binding, unless it is an installation that you know; look at what the workload did meanwhile.",
    responsible: Responsible::Customer,
    at_metadata: "nothing of it is seen: neither who was bound nor which account runs is recorded",
};
static EXEC_THEN_AWS: Kind = Kind {
    name: "CredentialAccess:EKS/Ringwall.ExecThenAwsCalls",
    severity: Severity::High,
    by: DefinedBy::Ringwall,
    log: Log::Both,
    title: "After somebody entered a pod, its credentials for AWS were used by hand",
    remedy: "Ask who entered the pod. Revoke the role's sessions if it was not meant, and take `create pods/exec` away from who needs it not.",
    responsible: Responsible::Customer,
    at_metadata: "",
};
static SECRETS_THEN_KEY: Kind = Kind {
    name: "CredentialAccess:IAMUser/Ringwall.SecretsReadThenKeyUsed",
    severity: Severity::High,
    by: DefinedBy::Ringwall,
    log: Log::Both,
    title: "After Secrets were read, a key of AWS that belongs elsewhere was used from the same address",
    remedy: "Deactivate the key, put a role in its place (EKS Pod Identity), and change all that the Secrets held which were read.",
    responsible: Responsible::Customer,
    at_metadata: "",
};

/// Types of findings of two events.
pub static PAIRS: [&Kind; 3] = [&RIGHTS_THEN_WORKLOAD, &EXEC_THEN_AWS, &SECRETS_THEN_KEY];

object! {
    struct Workload {
        "spec" => spec: Field<WorkloadSpec<'a>>,
    }

    /// Of a pod itself, or of what makes pods of a template; of a CronJob one level further down.
    struct WorkloadSpec {
        "serviceAccountName" => account: Field<Text<'a>>,
        "template" => template: Field<Template<'a>>,
        "jobTemplate" => job: Field<Job<'a>>,
    }

    struct Job {
        "spec" => spec: Field<JobSpec<'a>>,
    }

    struct JobSpec {
        "template" => template: Field<Template<'a>>,
    }

    struct Template {
        "spec" => spec: Field<PodSpec<'a>>,
    }

    struct PodSpec {
        "serviceAccountName" => account: Field<Text<'a>>,
    }
}

/// The first of two events.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct First {
    time: i64,
    evidence: Evidence,
    actor: Actor,
    what: String,
    /// Whether it is part of a finding already.
    is_told: bool,
}

/// A call to AWS that may be the second. It may be read before the first: the two logs come one after the other.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Second {
    time: i64,
    evidence: Evidence,
    call: AwsCall,
    who: String,
    key: String,
    family: String,
}

/// Most calls that wait for one and the same first.
const MAX_WAITING: usize = 4;
/// Most pods and service accounts that one session is of: a pod, its service account, and what a chain of roles adds.
const MAX_HOLDERS: usize = 8;
/// Longest user name of a service account that is remembered, in bytes: `system:serviceaccount:`, and two names of 253 bytes.
const MAX_ACCOUNT: usize = 1024;

/// Calls that wait.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Waiting(#[serde(deserialize_with = "at_most::<MAX_WAITING, _, _>")] Vec<Second>);

impl Waiting {
    fn add(&mut self, second: &Second) {
        if self.0.len() >= MAX_WAITING {
            self.0.remove(0);
        }
        self.0.push(second.clone());
    }
}

/// Whose a session is.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Holders(#[serde(deserialize_with = "at_most::<MAX_HOLDERS, _, _>")] Vec<Identity>);

/// What may be the first of two.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Pairs {
    hasher: Keyed,
    /// Pod to its service account's user name.
    accounts: Recent<u64, String, MAX_REMEMBERED>,
    /// Actor and service account that it made administrator.
    rights: Recent<u64, Option<First>, MAX_EVENTS>,
    /// Pod or service account, and who entered it.
    entered: Recent<u64, Option<First>, MAX_EVENTS>,
    /// Role session to the service account or pod that got it.
    sessions: Recent<u64, Holders, MAX_REMEMBERED>,
    /// Role and client that came together.
    clients: Recent<u64, bool, MAX_REMEMBERED>,
    /// Calls by hand that wait for an exec, by holder.
    hands: Recent<u64, Waiting, MAX_EVENTS>,
    /// Address and who read Secrets from it.
    readers: Recent<IpAddr, Option<First>, MAX_EVENTS>,
    /// Uses of keys away from home that wait for a reader.
    strays: Recent<IpAddr, Waiting, MAX_EVENTS>,
    /// Long-term key to the address that it came from first.
    keys: Recent<u64, Option<IpAddr>, MAX_REMEMBERED>,
}

impl Pairs {
    pub(super) fn new(hasher: Keyed) -> Self {
        Self { hasher, ..Self::default() }
    }

    /// The user name of the service account that a pod runs as, if that was seen.
    pub(super) fn account_of(&self, namespace: &str, pod: &str) -> Option<&str> {
        self.accounts.get(&self.hasher.hash_one((namespace, pod))).map(String::as_str)
    }

    /// Looks at a request to the apiserver.
    pub(super) fn audit(&mut self, act: &Act<'_>, place: &Place, tell: &mut dyn FnMut(Signal)) {
        self.learn_account(act);
        if act.caller.is_system() || act.caller == Caller::Anonymous || !act.took_place() {
            return;
        }
        match (act.resource, act.subresource, act.verb) {
            ("rolebindings" | "clusterrolebindings", "", verb) if verb.makes() => self.bound(act, place),
            (
                "pods" | "deployments" | "daemonsets" | "statefulsets" | "jobs" | "cronjobs" | "replicasets",
                "",
                Verb::Create | Verb::Update,
            ) => self.deployed(act, place, tell),
            ("pods", "exec" | "attach", Verb::Create | Verb::Get) => self.entered(act, place, tell),
            ("secrets", "", Verb::Get | Verb::List) => self.read_secrets(act, place, tell),
            _ => {}
        }
    }

    /// Looks at a call to AWS.
    pub(super) fn cloudtrail(&mut self, call: &Call<'_>, place: &Place, tell: &mut dyn FnMut(Signal)) {
        if let Some(handover) = actor::handover(call) {
            let holders = if handover.for_himself { actor::of_call(call) } else { handover.holders };
            let holders: Vec<Identity> = holders
                .into_iter()
                .filter(|holder| matches!(holder, Identity::Pod(..) | Identity::KubernetesUser(_)))
                .filter(|holder| holder.name().len() <= MAX_ACCOUNT)
                .take(MAX_HOLDERS)
                .collect();
            if !holders.is_empty() {
                for given in &handover.given {
                    let key = self.hasher.hash_one(given);
                    self.sessions.entry(key).0.clone_from(&holders);
                }
            }
        }
        if call.is_by_aws() || !call.succeeded {
            return;
        }
        self.by_hand(call, place, tell);
        self.key_used(call, place, tell);
    }

    /// A pod's own requests name it, and so does the kubelet's request for its token.
    fn learn_account(&mut self, act: &Act<'_>) {
        match act.caller {
            Caller::ServiceAccount { namespace, .. } => {
                let pod = act.user.map_or("", |user| extra(user, "pod-name"));
                self.runs_as(namespace, pod, || act.username().to_owned());
            }
            Caller::Node if (act.resource, act.subresource) == ("serviceaccounts", "token") => {
                let asked: TokenRequest<'_> = act.event.request_object.read().unwrap_or_default();
                let bound = asked.spec.get().and_then(|spec| spec.bound.get());
                if let Some(bound) = bound.filter(|bound| bound.kind.text() == "Pod") {
                    let account = || service_account(act.namespace, act.name).name();
                    self.runs_as(act.namespace, bound.name.text(), account);
                }
            }
            _ => {}
        }
    }

    fn runs_as(&mut self, namespace: &str, pod: &str, account: impl FnOnce() -> String) {
        let key = self.hasher.hash_one((namespace, pod));
        if pod.is_empty() || self.accounts.get(&key).is_some() {
            return;
        }
        let account = account();
        if account.len() <= MAX_ACCOUNT {
            self.accounts.insert(key, account);
        }
    }

    fn bound(&mut self, act: &Act<'_>, place: &Place) {
        let Some(binding) = written::<Binding<'_>>(act) else { return };
        let role = binding.role.get().map_or("", |role| role.name.text());
        if !matches!(role, "cluster-admin" | "admin") || is_delivery(act) {
            return;
        }
        let Some(first) = first(act, place, role) else { return };
        for subject in binding.subjects.items() {
            if subject.kind.text() == "ServiceAccount" {
                let namespace = if subject.namespace.text().is_empty() {
                    act.namespace
                } else {
                    subject.namespace.text()
                };
                let key = self.hasher.hash_one((act.username(), namespace, subject.name.text()));
                *self.rights.entry(key) = Some(first.clone());
            }
        }
    }

    fn deployed(&mut self, act: &Act<'_>, place: &Place, tell: &mut dyn FnMut(Signal)) {
        let Some(workload) = written::<Workload<'_>>(act) else { return };
        let Some(spec) = workload.spec.get() else { return };
        let template = spec.template.get().or_else(|| spec.job.get()?.spec.get()?.template.get());
        let named = template.and_then(|template| template.spec.get()).map_or("", |spec| spec.account.text());
        let account =
            [spec.account.text(), named].into_iter().find(|name| !name.is_empty()).unwrap_or("default");
        let key = self.hasher.hash_one((act.username(), act.namespace, account));
        if self.rights.get(&key).is_none() {
            return;
        }
        let Some(first) = self.rights.entry(key) else { return };
        if !is_after(act.time, first.time, RIGHTS) {
            return;
        }
        let description = format!(
            "`{}` bound `{}/{account}` to `{}`, and then made {} that run as it",
            act.username(),
            act.namespace,
            first.what,
            act.resource
        );
        let evidence = of_event(act, place);
        pair(
            &RIGHTS_THEN_WORKLOAD,
            first,
            act.time,
            evidence,
            Details { description, ..Details::default() },
            tell,
        );
    }

    fn entered(&mut self, act: &Act<'_>, place: &Place, tell: &mut dyn FnMut(Signal)) {
        let what = format!("{}/{}", act.namespace, act.name);
        let Some(mut first) = first(act, place, &what) else { return };
        let mut holders = vec![Identity::Pod(act.namespace.to_owned(), act.name.to_owned())];
        holders.extend(
            self.account_of(act.namespace, act.name)
                .map(|account| Identity::KubernetesUser(account.to_owned())),
        );
        let keys: Vec<u64> = holders.iter().map(|holder| self.hasher.hash_one(holder)).collect();
        for second in keys.iter().filter_map(|key| self.hands.get(key)).flat_map(|hands| &hands.0) {
            if is_after(Some(second.time), first.time, EXEC) {
                exec_then_aws(&mut first, second, tell);
            }
        }
        for key in keys {
            *self.entered.entry(key) = Some(first.clone());
        }
    }

    fn read_secrets(&mut self, act: &Act<'_>, place: &Place, tell: &mut dyn FnMut(Signal)) {
        // Informers ask from a version on, and controllers have their addresses to themselves.
        if act.query.contains("resourceVersion=") {
            return;
        }
        let Some(address) = act.source else { return };
        let is_again = |known: &First| {
            known.actor.username == short(act.username()) && is_after(act.time, known.time, READ_AGAIN)
        };
        if matches!(self.readers.get(&address), Some(Some(known)) if is_again(known)) {
            return;
        }
        let Some(mut first) = first(act, place, act.namespace) else { return };
        for second in self.strays.get(&address).into_iter().flat_map(|strays| &strays.0) {
            if is_after(Some(second.time), first.time, SECRETS) {
                secrets_then_key(&mut first, second, address, tell);
            }
        }
        *self.readers.entry(address) = Some(first);
    }

    /// A pod's programs ask AWS all the time; somebody who sits in it asks who he is, or brings a client that never came before.
    fn by_hand(&mut self, call: &Call<'_>, place: &Place, tell: &mut dyn FnMut(Signal)) {
        let family = call.agent_family();
        let client = self.hasher.hash_one((call.principal(), family));
        let is_new = !std::mem::replace(self.clients.entry(client), true);
        let is_by_hand =
            call.is("sts", "GetCallerIdentity") || (is_new && matches!(family, "aws-cli" | "curl" | "wget"));
        if !is_by_hand {
            return;
        }
        let names = actor::of_call(call);
        let mut holders: Vec<Identity> = Vec::new();
        for name in &names {
            if let Identity::KubernetesUser(_) = name {
                holders.push(name.clone());
            }
            let known = self.sessions.get(&self.hasher.hash_one(name));
            holders.extend(known.into_iter().flat_map(|known| &known.0).cloned());
        }
        let Some(second) = second(call, place) else { return };
        let keys: Vec<u64> = holders.iter().map(|holder| self.hasher.hash_one(holder)).collect();
        for key in keys.iter().copied() {
            if self.entered.get(&key).is_some()
                && let Some(first) = self.entered.entry(key)
                && is_after(Some(second.time), first.time, EXEC)
            {
                exec_then_aws(first, &second, tell);
                return;
            }
        }
        for key in keys {
            self.hands.entry(key).add(&second);
        }
    }

    /// Long-term keys are what Secrets hold. One that came from elsewhere before is not at home at the reader's address.
    fn key_used(&mut self, call: &Call<'_>, place: &Place, tell: &mut dyn FnMut(Signal)) {
        let (Some(identity), Some(address)) = (call.identity(), call.address()) else { return };
        let key = identity.access_key.text();
        if !key.starts_with("AKIA") {
            return;
        }
        let home = self.keys.entry(self.hasher.hash_one(key));
        if home.is_none() {
            *home = Some(address);
        }
        if *home == Some(address) {
            return;
        }
        let Some(second) = second(call, place) else { return };
        if self.readers.get(&address).is_some()
            && let Some(first) = self.readers.entry(address)
            && is_after(Some(second.time), first.time, SECRETS)
        {
            secrets_then_key(first, &second, address, tell);
            return;
        }
        self.strays.entry(address).add(&second);
    }
}

fn exec_then_aws(first: &mut First, second: &Second, tell: &mut dyn FnMut(Signal)) {
    let description = format!(
        "`{}` entered the pod `{}`, and then its credentials called {} of {} with `{}`",
        first.actor.username, first.what, second.call.action, second.call.service, second.family
    );
    pair_with_call(&EXEC_THEN_AWS, first, second, description, tell);
}

/// Who reads Secrets may use his own keys.
fn secrets_then_key(first: &mut First, second: &Second, address: IpAddr, tell: &mut dyn FnMut(Signal)) {
    if first.actor.arn == second.who || first.actor.access_key_id == second.key {
        return;
    }
    let description = format!(
        "`{}` read Secrets from {address}, and then the key `{}` of `{}` was used from there",
        first.actor.username, second.key, second.who
    );
    pair_with_call(&SECRETS_THEN_KEY, first, second, description, tell);
}

fn pair_with_call(
    kind: &'static Kind,
    first: &mut First,
    second: &Second,
    description: String,
    tell: &mut dyn FnMut(Signal),
) {
    let details = Details { description, aws_call: Some(second.call.clone()), ..Details::default() };
    pair(kind, first, Some(second.time), second.evidence.clone(), details, tell);
}

fn second(call: &Call<'_>, place: &Place) -> Option<Second> {
    Some(Second {
        time: call.time?,
        evidence: Evidence { id: short(call.record.id.text()), is_record: true, place: place.clone() },
        call: cloudtrail::aws_call(call),
        who: short(call.who()),
        key: short(call.identity().map_or("", |identity| identity.access_key.text())),
        family: short(call.agent_family()),
    })
}

/// What is written, as far as it is recorded: a patch as the object that came of it.
fn written<'e, T: crate::field::Read<'e>>(act: &Act<'e>) -> Option<T> {
    let bodies: [&'e Body<'e>; 2] = match act.verb {
        Verb::Patch => [&act.event.response_object, &act.event.request_object],
        _ => [&act.event.request_object, &act.event.response_object],
    };
    bodies.into_iter().find(|body| body.json().is_some())?.read()
}

/// Tools that install what is written down: rights and workloads together, day after day.
fn is_delivery(act: &Act<'_>) -> bool {
    const TOOLS: [&str; 8] = [
        "helm",
        "argocd",
        "kustomize-controller",
        "source-controller",
        "flux",
        "terraform",
        "pulumi",
        "fleet",
    ];
    let agent = act.event.user_agent.text().to_ascii_lowercase();
    TOOLS.iter().any(|tool| agent.starts_with(tool)) || agent.contains("terraform-provider")
}

fn is_after(now: Option<i64>, before: i64, window: i64) -> bool {
    now.is_some_and(|now| (0..=window).contains(&now.saturating_sub(before)))
}

fn first(act: &Act<'_>, place: &Place, what: &str) -> Option<First> {
    let user = act.user?;
    let actor = Actor {
        username: short(user.username.text()),
        arn: short(extra(user, "arn")),
        access_key_id: short(extra(user, "accessKeyId")),
        principal_id: short(extra(user, "principalId")),
        ..Actor::default()
    };
    Some(First { time: act.time?, evidence: of_event(act, place), actor, what: short(what), is_told: false })
}

fn of_event(act: &Act<'_>, place: &Place) -> Evidence {
    Evidence { id: short(act.event.audit_id.text()), is_record: false, place: place.clone() }
}

/// Tells of both events: the finding rests on each.
fn pair(
    kind: &'static Kind,
    first: &mut First,
    time: Option<i64>,
    evidence: Evidence,
    details: Details,
    tell: &mut dyn FnMut(Signal),
) {
    let cause = format!("{}\0{}\0{}", first.actor.username, first.what, first.time);
    let details = Details { actor: first.actor.clone(), ..details };
    let signal = Signal { kind, severity: kind.severity, cause, time, evidence, details };
    if !std::mem::replace(&mut first.is_told, true) {
        tell(Signal { time: Some(first.time), evidence: first.evidence.clone(), ..signal.clone() });
    }
    tell(signal);
}
