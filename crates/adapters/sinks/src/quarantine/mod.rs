//! A pod that a finding is about is cut off from the network, by a label and a policy that denies all to what has the label.
//!
//! The policy is applied before the label, so that the pod is never labelled without it. It changes nothing for pods without the label.
//! Both are applied in the name of [`MANAGER`], over and over with the same result. Unless the operator says otherwise, all of it is
//! tried by the apiserver and nothing is written.
//!
//! What it can't do is told with each act: a network policy has no effect on a pod in the node's network, none without a network plugin
//! that enforces policies, and what another policy allows a pod stays allowed.
//!
//! Source: Kubernetes, *Network Policies*: policies add up, so a pod that several select has what any of them allows.

mod pod;

use std::collections::VecDeque;
use std::path::PathBuf;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use ringwall_kubernetes::{Cluster, Kind, KubeError, Source};
use ringwall_model::{error_chain, time};
use serde_json::{Value, json};
use tokio::sync::{Mutex, OnceCell};

use self::pod::{Target, allowing, label_of, why_not};
use crate::kept::Kept;
use crate::settings::QuarantineSettings;
use crate::{Clock, Fault, Notice};

/// Who applies. Its fields can be seen in `managedFields`.
const MANAGER: &str = "ringwall-quarantine";
/// The label; its value is the finding's id.
const LABEL: &str = "ringwall.io/quarantine";
/// The policy, one a namespace.
const POLICY: &str = "ringwall-quarantine";
/// Most pods that are cut off within an hour. A wrong rule, or an attacker who makes findings on purpose, can take down so many pods
/// and no more; whoever has more that are really taken over needs people, not this.
const MAX_PER_HOUR: usize = 10;
const HOUR: i64 = 3600;
/// Namespaces without which the cluster itself does not work.
const NEVER: [&str; 3] = ["kube-system", "kube-public", "kube-node-lease"];
/// Most policies of a namespace that are looked at.
const MAX_POLICIES: usize = 500;

/// The quarantine of one cluster.
#[derive(Debug)]
pub(crate) struct Quarantine {
    source: Source,
    cluster_name: String,
    enforce: bool,
    except: Vec<String>,
    clock: Clock,
    cluster: OnceCell<Cluster>,
    /// When pods were cut off in the last hour.
    times: Mutex<VecDeque<i64>>,
    acts: Kept,
}

impl Quarantine {
    pub(crate) fn new(settings: &QuarantineSettings, acts: PathBuf, clock: Clock) -> Self {
        let source = match &settings.kubeconfig {
            Some(path) => Source::Kubeconfig { path: Some(path.clone()), context: settings.context.clone() },
            None => Source::InCluster,
        };
        Self {
            source,
            cluster_name: settings.cluster.clone(),
            enforce: settings.enforce,
            except: settings.except_namespaces.clone(),
            clock,
            cluster: OnceCell::new(),
            times: Mutex::default(),
            acts: Kept::new(acts),
        }
    }

    /// Acts on one finding after the other.
    pub(crate) async fn send(&self, batch: &[&Notice], taken: &mut Vec<u64>) -> Result<(), Fault> {
        for notice in batch {
            let act = self.act(notice).await?;
            self.tell(notice, &act).await?;
            taken.push(notice.position);
        }
        Ok(())
    }

    async fn act(&self, notice: &Notice) -> Result<Value, Fault> {
        let nothing = |why: &str| Ok(json!({"did": "nothing", "why": why}));
        if notice.scope.cluster.as_deref() != Some(self.cluster_name.as_str()) {
            return nothing("the finding is of another cluster");
        }
        let Some(target) = Target::of(&notice.finding.details) else {
            return nothing("the finding is about no pod that is known by its name");
        };
        if NEVER.contains(&target.namespace) || self.except.iter().any(|name| name == target.namespace) {
            return nothing("the namespace is one in which nothing is ever cut off");
        }
        let cluster = self.cluster().await?;
        let found = cluster.pod(target.namespace, target.name).await.map_err(fault)?;
        let Some(pod) = found else { return nothing("the pod is gone") };
        if let Some(why) = why_not(&pod, &target) {
            return nothing(why);
        }
        if let Some(value) = label_of(&pod) {
            return Ok(json!({"did": "nothing", "why": "the pod is cut off already", "for": value}));
        }
        let mut times = self.times.lock().await;
        make_room(&mut times, self.clock.now())?;
        self.cut_off(cluster, &pod, &target, &notice.id()).await?;
        times.push_back(self.clock.now());
        drop(times);
        let limits = self.limits(cluster, &pod, &target).await?;
        let did = if self.enforce { "cut off" } else { "would cut off" };
        Ok(json!({"did": did, "namespace": target.namespace, "pod": target.name, "limits": limits}))
    }

    async fn cluster(&self) -> Result<&Cluster, Fault> {
        self.cluster.get_or_try_init(|| Cluster::connect(&self.source)).await.map_err(fault)
    }

    async fn cut_off(
        &self,
        cluster: &Cluster,
        pod: &Pod,
        target: &Target<'_>,
        id: &str,
    ) -> Result<(), Fault> {
        let policy = policy(target.namespace);
        let labelled = json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": target.name,
                "namespace": target.namespace,
                // Another pod of the same name is not meant, and one that is gone is not made anew.
                "uid": pod.metadata.uid,
                "resourceVersion": pod.metadata.resource_version,
                "labels": {LABEL: id},
            },
        });
        let policies = Kind::of::<NetworkPolicy>();
        for (kind, name, object) in [(&policies, POLICY, policy), (&Kind::of::<Pod>(), target.name, labelled)]
        {
            let (namespace, object) = (Some(target.namespace), object.to_string().into());
            let applied = match self.enforce {
                true => cluster.apply(kind, namespace, name, MANAGER, object).await,
                false => cluster.try_apply(kind, namespace, name, MANAGER, object).await,
            };
            applied.map_err(fault)?;
        }
        Ok(())
    }

    /// Why the pod may have network all the same.
    async fn limits(&self, cluster: &Cluster, pod: &Pod, target: &Target<'_>) -> Result<Vec<String>, Fault> {
        let mut limits = Vec::new();
        if pod.spec.as_ref().is_some_and(|spec| spec.host_network == Some(true)) {
            limits.push("the pod is in the node's network, which no policy is for".to_owned());
        }
        let policies = cluster.list::<NetworkPolicy>(target.namespace, MAX_POLICIES).await.map_err(fault)?;
        limits.extend(allowing(&policies, pod).map(|name| format!("the policy `{name}` allows it some")));
        Ok(limits)
    }

    /// Keeps what was done, and tells it.
    async fn tell(&self, notice: &Notice, act: &Value) -> Result<(), Fault> {
        let (id, kind) = (notice.id(), notice.finding.kind.name);
        let mut line = json!({
            "time": time::text(self.clock.now().saturating_mul(1000)),
            "finding": id,
            "type": kind,
            "position": notice.position,
        });
        if let (Some(line), Some(act)) = (line.as_object_mut(), act.as_object()) {
            line.extend(act.clone());
        }
        self.acts.append(&line).await?;
        let word = |name: &str| act.get(name).and_then(Value::as_str).unwrap_or_default();
        let (did, why) = (word("did"), word("why"));
        let (namespace, pod) = (word("namespace"), word("pod"));
        tracing::warn!(finding = id, kind, did, why, namespace, pod, "quarantine");
        Ok(())
    }
}

/// Forgets what is an hour old; refused if there is no place among [`MAX_PER_HOUR`] then.
fn make_room(times: &mut VecDeque<i64>, now: i64) -> Result<(), Fault> {
    while times.front().is_some_and(|time| time.saturating_add(HOUR) <= now) {
        times.pop_front();
    }
    if times.len() < MAX_PER_HOUR {
        return Ok(());
    }
    Err(Fault::Notice(format!(
        "{MAX_PER_HOUR} pods were cut off within an hour; somebody has to look before there are more"
    )))
}

/// The policy that allows nothing to what has the label.
fn policy(namespace: &str) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": POLICY, "namespace": namespace},
        "spec": {
            "podSelector": {"matchExpressions": [{"key": LABEL, "operator": "Exists"}]},
            "policyTypes": ["Ingress", "Egress"],
        },
    })
}

/// What an error of the apiserver's means. A pod that changed in between is looked at again.
fn fault(error: KubeError) -> Fault {
    let why = error_chain(&error);
    match error.status() {
        _ if error.is_temporary() || error.is_conflict() => Fault::retry(why),
        Some(400 | 422) => Fault::Notice(why),
        Some(404) => Fault::retry(why),
        _ => Fault::Closed(why),
    }
}
