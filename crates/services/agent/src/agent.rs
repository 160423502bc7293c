//! The loop: what changed is taken in, worked out, put into the kernel.

use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ringwall_kubernetes::Cluster as Apiserver;
use ringwall_model::{Aws, Pod};
use ringwall_network::plan::{Cause, NodeOptions, NodeRules, Planning};
use ringwall_network::{Direction, Network};
use ringwall_nft::{
    Counts, Denial, DenyLog, Flow, Flows, InterfacePattern, Left, Listing, Logged, Nft, NftError, Options,
    Plan,
};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};

use crate::cni::{Answer, Handler, Order, PodSandbox, Refusal};
use crate::denials::{self, COUNT, Denials};
use crate::flows::{FOLD, FlowLog, Names, Seen};
use crate::metrics::{Metrics, Rule};
use crate::objects::Objects;
use crate::sandboxes::Sandboxes;
use crate::watches::{Current, Watches};

/// How long after a change what it left goes by itself. Changes come in bursts, and the next of one takes it along at no cost.
const TIDY_AFTER: Duration = Duration::from_secs(1);

/// How long after a failure the same is tried again. What failed may be a kernel without memory, which asking more often does not help.
const AGAIN: Duration = Duration::from_secs(1);

/// The longest that an answer to the plugin is waited for, whatever it is configured to wait.
const LONGEST_ADD: Duration = Duration::from_secs(120);

/// How long until another agent, which is being replaced, has left the group of what is logged.
const LISTEN_AGAIN: Duration = Duration::from_secs(2);

/// Differences that are named in the log; the rest is counted.
const MAX_DIFFERENCES: usize = 10;

/// Rules whose hits are told: each is a series of a metric, which whoever reads them has to keep.
const MAX_RULES: usize = 5_000;

/// How an agent enforces.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Name of the node, as the cluster knows it.
    pub node: Arc<str>,
    /// How rules are programmed.
    pub options: Options,
    /// How often the kernel's table is compared with what it should be.
    pub look_every: Duration,
    /// The file to which flows are logged; `None` logs none.
    pub flow_log: Option<PathBuf>,
}

/// The agent of a node.
#[derive(Debug)]
pub struct Agent {
    settings: Settings,
    nft: Nft,
    metrics: Metrics,
    changed: Arc<Notify>,
    told: Mutex<Told>,
    enforced: watch::Sender<Arc<Enforced>>,
    waits: Mutex<Option<String>>,
    flows: Option<FlowLog>,
    denials: Denials,
}

/// What others than the apiserver told.
#[derive(Debug, Default)]
struct Told {
    sandboxes: Sandboxes,
    /// Counts the changes of it.
    version: u64,
    aws: Option<Arc<Aws>>,
}

/// What is in the kernel.
#[derive(Debug, Default)]
struct Enforced {
    /// The pods of the node, by namespace and name.
    pods: BTreeMap<(Arc<str>, Arc<str>), Vec<IpAddr>>,
    /// [`Told::version`] that was taken in.
    version: u64,
    /// The addresses of the node's pods.
    own: HashSet<IpAddr>,
    /// Names of all pods of the cluster; none if no flows are logged.
    names: Names,
    /// Tells what denied a packet.
    plan: Option<Arc<Plan>>,
}

impl Enforced {
    fn covers(&self, sandbox: &PodSandbox) -> bool {
        let key = (Arc::from(sandbox.namespace.as_str()), Arc::from(sandbox.pod.as_str()));
        self.pods
            .get(&key)
            .is_some_and(|addresses| sandbox.addresses.iter().all(|address| addresses.contains(address)))
    }
}

/// Tells whenever rules were put in force.
#[derive(Debug)]
pub struct InForce(watch::Receiver<Arc<Enforced>>);

impl InForce {
    /// Waits for the next time; those since the last call count as one.
    pub async fn next(&mut self) {
        // An agent that is gone puts nothing in force.
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// What was worked out before, of which a change leaves most as it is.
#[derive(Default)]
struct Known {
    objects: Objects,
    planning: Planning,
    plan: Option<Arc<Plan>>,
}

/// What is worked out off the threads that wait.
struct Work {
    known: Known,
    settings: Settings,
    current: Vec<Current>,
    sandboxes: Sandboxes,
    aws: Option<Arc<Aws>>,
    forced: bool,
}

struct Worked {
    rules: NodeRules,
    plan: Result<Arc<Plan>, NftError>,
    policies: usize,
    names: Names,
}

impl Work {
    /// Gives the rules, if anything that counts has changed.
    fn run(mut self) -> (Known, Sandboxes, Option<Worked>) {
        let changed = self.known.objects.update(&self.current);
        if !changed && !self.forced {
            return (self.known, self.sandboxes, None);
        }
        let mut cluster = self.known.objects.cluster();
        if let Some(aws) = &self.aws {
            cluster.aws = (**aws).clone();
        }
        self.sandboxes.settle(&mut cluster.pods, &self.settings.node);
        let policies = cluster.network.policies.len();
        let names = if self.settings.flow_log.is_some() { names(&cluster.pods) } else { Names::new() };
        let options = NodeOptions { security_groups: self.aws.is_some() };
        let network = Network::new(&cluster);
        let mut rules = self.known.planning.node_rules(&network, &self.settings.node, &options);
        for pod in &mut rules.pods {
            pod.interfaces = self.sandboxes.interfaces(&pod.namespace, &pod.name, &pod.addresses);
        }
        let plan = match &self.known.plan {
            Some(before) => before.following(&rules, &self.settings.options),
            None => Plan::new(&rules, &self.settings.options),
        };
        let plan = plan.map(Arc::new);
        if let Ok(plan) = &plan {
            self.known.plan = Some(Arc::clone(plan));
        }
        (self.known, self.sandboxes, Some(Worked { rules, plan, policies, names }))
    }
}

/// What the loop keeps from one turn to the next.
#[derive(Default)]
struct Kept {
    known: Known,
    /// What is in the kernel; `None` where that is not known.
    in_force: Option<Arc<Plan>>,
    /// What the last change left in the kernel's table, and when it goes if no other change takes it along.
    left: Option<(Left, Instant)>,
    /// What the kernel listed of it, once that was read.
    listing: Option<Listing>,
    /// What had been denied when it was last counted, by direction.
    denied: BTreeMap<&'static str, u64>,
    /// What rules had let through and denied by then.
    hits: BTreeMap<Rule, u64>,
    /// [`Told::version`] that the plan in force is of.
    version: Option<u64>,
}

impl Agent {
    /// An agent that has done nothing yet.
    pub fn new(settings: Settings, nft: Nft, metrics: Metrics) -> Arc<Self> {
        Arc::new(Self {
            flows: settings.flow_log.clone().map(FlowLog::new),
            denials: Denials::default(),
            settings,
            nft,
            metrics,
            changed: Arc::default(),
            told: Mutex::default(),
            enforced: watch::Sender::default(),
            waits: Mutex::new(Some("nothing is known of the cluster yet".to_owned())),
        })
    }

    /// Tells whenever rules are put in force from now on.
    pub fn in_force(&self) -> InForce {
        InForce(self.enforced.subscribe())
    }

    /// What the agent waits for before it can do its work, in words; `None` if it does it.
    pub fn waits_for(&self) -> Option<String> {
        self.waits.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn wait_for(&self, what: Option<String>) {
        let mut waits = self.waits.lock().unwrap_or_else(PoisonError::into_inner);
        if *waits != what {
            match &what {
                Some(what) => tracing::warn!(waits_for = %what, "the rules in the kernel stay as they are"),
                None => tracing::info!(node = %self.settings.node, "the cluster's policies are in force"),
            }
        }
        *waits = what;
    }

    /// Security groups and interfaces as AWS's exports have them, to judge pods by from now on.
    pub fn set_aws(&self, aws: Aws) {
        self.tell(|told| told.aws = Some(Arc::new(aws)));
    }

    fn has_groups(&self) -> bool {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).aws.is_some()
    }

    fn tell<T>(&self, change: impl FnOnce(&mut Told) -> T) -> (T, u64) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let done = change(&mut told);
        told.version = told.version.wrapping_add(1);
        let version = told.version;
        drop(told);
        self.changed.notify_one();
        (done, version)
    }

    /// Follows the cluster for ever. With `groups` also what security groups go by.
    pub async fn run(self: Arc<Self>, apiserver: Apiserver, groups: bool) {
        let mut watches = Watches::start(&apiserver, groups, &self.changed);
        let mut kept = Kept::default();
        let mut look = tokio::time::interval(self.settings.look_every);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut again: Option<Instant> = None;
        loop {
            let retry = async {
                match again {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            let tidying = kept.left.as_ref().map(|(_, at)| *at);
            let tidy = async {
                match tidying {
                    Some(at) => tokio::time::sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            let looking = tokio::select! {
                () = self.changed.notified() => false,
                () = retry => false,
                () = tidy => {
                    self.tidy(&mut kept).await;
                    // Unless that failed, there is nothing to do.
                    if kept.in_force.is_some() {
                        continue;
                    }
                    false
                }
                _ = look.tick() => true,
            };
            let news = Instant::now();
            self.metrics.out_of_date.set(count(watches.out_of_date().len()));
            if looking {
                self.look(&mut kept).await;
            }
            let current = match watches.current() {
                Ok(current) => current,
                Err(waits) => {
                    self.wait_for(Some(format!("the apiserver has not told of {} yet", waits.join(", "))));
                    continue;
                }
            };
            if groups && !self.has_groups() {
                self.wait_for(Some("the exports of security groups can't be read yet".to_owned()));
                continue;
            }
            again = match self.turn(&mut kept, current, news).await {
                Ok(()) => None,
                Err(error) => {
                    tracing::error!(%error, "rules can't be put into the kernel, which keeps those that it has");
                    self.wait_for(Some(error));
                    Some(Instant::now() + AGAIN)
                }
            };
        }
    }

    /// Makes the kernel's rules those of now.
    async fn turn(&self, kept: &mut Kept, current: Vec<Current>, news: Instant) -> Result<(), String> {
        let (sandboxes, version, aws) = {
            let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            (told.sandboxes.clone(), told.version, told.aws.clone())
        };
        let work = Work {
            known: std::mem::take(&mut kept.known),
            settings: self.settings.clone(),
            current,
            sandboxes: sandboxes.clone(),
            aws,
            forced: kept.in_force.is_none() || kept.version != Some(version),
        };
        let began = Instant::now();
        let worked = tokio::task::spawn_blocking(move || work.run()).await;
        // What was read is lost with a panic, and read again.
        let (known, settled, worked) =
            worked.map_err(|error| format!("working rules out failed: {error}"))?;
        kept.known = known;
        let Some(Worked { rules, plan, policies, names }) = worked else { return Ok(()) };
        // Until it is in force, the next turn has to do it again.
        kept.version = None;
        self.metrics.computing.observe(began.elapsed().as_secs_f64());
        let plan = plan.map_err(|error| error.to_string())?;
        self.apply(kept, Arc::clone(&plan)).await.map_err(|error| error.to_string())?;
        kept.version = Some(version);
        self.metrics.enforcing.observe(news.elapsed().as_secs_f64());
        self.metrics.pods.set(count(rules.pods.len()));
        self.metrics.policies.set(count(policies));
        self.metrics.not_evaluated.set(count(rules.not_evaluated.len()));
        self.succeeded();
        for text in &rules.not_evaluated {
            tracing::debug!(not_evaluated = %text, "a part of a policy denies, as it can't be evaluated");
        }
        {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            told.sandboxes.forget_like(&settled, &sandboxes);
        }
        let own = rules.pods.iter().flat_map(|pod| pod.addresses.iter().copied()).collect();
        let pods = rules.pods.into_iter().map(|pod| ((pod.namespace, pod.name), pod.addresses)).collect();
        self.enforced.send_replace(Arc::new(Enforced { pods, version, own, names, plan: Some(plan) }));
        self.wait_for(None);
        Ok(())
    }

    /// Takes away what the last change left.
    async fn tidy(&self, kept: &mut Kept) {
        let Some((left, _)) = kept.left.take() else { return };
        if let Err(error) = self.nft.clean(left).await {
            tracing::warn!(%error, "the kernel's table has more than it should, and is made anew");
            kept.in_force = None;
        }
    }

    /// Puts a plan in force.
    async fn apply(&self, kept: &mut Kept, plan: Arc<Plan>) -> Result<(), NftError> {
        let began = Instant::now();
        kept.listing = None;
        let left = kept.left.take().map_or_else(Left::default, |(left, _)| left);
        if let Some(before) = kept.in_force.take() {
            let updated = self.nft.change(&before, &plan, left).await;
            self.metrics.applied("update", updated.is_ok());
            match updated {
                Ok(left) => {
                    kept.left = (!left.is_empty()).then(|| (left, Instant::now() + TIDY_AFTER));
                    kept.in_force = Some(plan);
                    self.metrics.applying.observe(began.elapsed().as_secs_f64());
                    return Ok(());
                }
                // Somebody changed the table: a difference does not fit it.
                Err(error) => {
                    tracing::warn!(%error, "the kernel's table is not as it was left, and is made anew");
                }
            }
            self.metrics.drift.inc();
        }
        let replaced = self.nft.replace(&plan).await;
        self.metrics.applied("replace", replaced.is_ok());
        replaced?;
        self.metrics.applying.observe(began.elapsed().as_secs_f64());
        kept.in_force = Some(plan);
        Ok(())
    }

    /// Compares the kernel's table with what it should be; what differs is put right at the next turn.
    async fn look(&self, kept: &mut Kept) {
        self.tidy(kept).await;
        let Some(plan) = kept.in_force.clone() else { return };
        let listing = match self.nft.read(&plan).await {
            Ok(listing) => listing,
            Err(error) => {
                tracing::error!(%error, "the kernel's table can't be read, and is made anew");
                kept.in_force = None;
                return;
            }
        };
        let found = listing.drift(&plan, kept.listing.as_ref());
        if found.is_empty() {
            kept.listing = Some(listing);
            self.succeeded();
        } else {
            self.metrics.drift.inc();
            let what: Vec<String> = found.iter().take(MAX_DIFFERENCES).map(ToString::to_string).collect();
            let what = what.join(", ");
            tracing::error!(
                differences = found.len(),
                what,
                "the kernel has other rules than it should, and they are put right"
            );
            kept.in_force = None;
            return;
        }
        match self.nft.counts(&plan).await {
            Ok(counts) => self.count(kept, &counts),
            Err(error) => tracing::warn!(%error, "what the kernel counts can't be read"),
        }
    }

    /// Adds what was denied since the last time. Counters begin anew with a new table, and go when nothing denies any more.
    fn count(&self, kept: &mut Kept, counts: &Counts) {
        let mut now: BTreeMap<&'static str, u64> = BTreeMap::new();
        let mut add = |direction: Option<Direction>, packets: u64| {
            let total = now.entry(direction.map_or("unknown", Direction::name)).or_default();
            *total = total.saturating_add(packets);
        };
        for (denial, count) in &counts.denied {
            add(denials::direction(denial), count.packets);
        }
        for (direction, total) in &now {
            let before = kept.denied.get(direction).copied().unwrap_or_default();
            self.metrics.denied(direction, since(before, *total));
        }
        kept.denied = now;
        self.count_hits(kept, counts);
    }

    /// Adds what each rule let through and denied since the last time.
    fn count_hits(&self, kept: &mut Kept, counts: &Counts) {
        let denied = counts.denied.iter().filter_map(|(denial, count)| match denial {
            Denial::Rule(cause) => Some((hit("denied", cause), count.packets)),
            _ => None,
        });
        let allowed = counts.causes.iter().map(|(cause, count)| (hit("allowed", cause), count.packets));
        let mut now: BTreeMap<Rule, u64> = BTreeMap::new();
        for (rule, packets) in allowed.chain(denied) {
            if now.len() < MAX_RULES || now.contains_key(&rule) {
                let total = now.entry(rule).or_default();
                *total = total.saturating_add(packets);
            }
        }
        for (rule, total) in &now {
            self.metrics.hit(rule, since(kept.hits.get(rule).copied().unwrap_or_default(), *total));
        }
        for gone in kept.hits.keys().filter(|rule| !now.contains_key(rule)) {
            self.metrics.forget(gone);
        }
        kept.hits = now;
    }

    fn succeeded(&self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.metrics.last_success.set(now.as_secs_f64());
    }

    /// Logs flows of the node's pods, in a thread of its own that ends soon after the agent, if they are to be logged.
    ///
    /// # Errors
    ///
    /// Flows can't be listened to, or there can be no more threads.
    pub fn log_flows(self: &Arc<Self>) -> std::io::Result<()> {
        if self.flows.is_none() {
            return Ok(());
        }
        let mut flows = Flows::listen()?;
        let agent = Arc::downgrade(self);
        std::thread::Builder::new().name("flows".to_owned()).spawn(move || {
            let mut written = Instant::now();
            // It comes back every while, whether there were flows or not.
            while let Some(agent) = agent.upgrade() {
                let Some(log) = &agent.flows else { return };
                let room = match flows.next() {
                    Ok(began) => agent.saw(log, began),
                    Err(error) => {
                        tracing::warn!(%error, "flows are missing in the log");
                        true
                    }
                };
                if !room || written.elapsed() >= FOLD {
                    let names = Arc::clone(&agent.enforced.borrow());
                    if let Err(error) = log.write(&names.names) {
                        tracing::error!(%error, "flows can't be logged");
                    }
                    written = Instant::now();
                }
            }
        })?;
        Ok(())
    }

    /// Tells of denied packets, in a thread of its own that ends soon after the agent, if the kernel logs them.
    ///
    /// # Errors
    ///
    /// There can be no more threads.
    pub fn log_denials(self: &Arc<Self>) -> std::io::Result<()> {
        let Some(group) = self.settings.options.log_group else { return Ok(()) };
        let agent = Arc::downgrade(self);
        std::thread::Builder::new().name("denials".to_owned()).spawn(move || {
            let mut log = loop {
                match DenyLog::open(group) {
                    Ok(log) => break log,
                    Err(error) => tracing::warn!(%error, group, "denied packets can't be listened to yet: is another agent there?"),
                }
                std::thread::sleep(LISTEN_AGAIN);
                if agent.strong_count() == 0 {
                    return;
                }
            };
            let mut counted = Instant::now();
            // It comes back every while, whether something was logged or not.
            while let Some(agent) = agent.upgrade() {
                let audit = agent.settings.options.audit;
                match log.next() {
                    Ok(logged) => logged.into_iter().for_each(|logged| agent.denied(logged, audit)),
                    Err(error) => return tracing::error!(%error, "denied packets are no longer told of"),
                }
                if counted.elapsed() >= COUNT {
                    agent.denials.tell(audit);
                    counted = Instant::now();
                }
            }
        })?;
        Ok(())
    }

    fn denied(&self, logged: Logged, audit: bool) {
        let enforced = Arc::clone(&self.enforced.borrow());
        // What a former plan denied has no name any more.
        let Some(packet) = enforced.plan.as_ref().and_then(|plan| plan.denied(logged)) else { return };
        let seen = self.denials.add(&packet, audit);
        if let Some(flows) = &self.flows {
            flows.add(seen);
        }
    }

    fn saw(&self, log: &FlowLog, began: Vec<Flow>) -> bool {
        let enforced = Arc::clone(&self.enforced.borrow());
        let own =
            |flow: &Flow| enforced.own.contains(&flow.source) || enforced.own.contains(&flow.destination);
        began.into_iter().filter(own).fold(true, |room, flow| {
            let Flow { source, destination, protocol, port } = flow;
            log.add(Seen { source, destination, protocol, port, denied: None }) && room
        })
    }

    /// Waits until a pod's rules are in the kernel.
    async fn add(&self, mut sandbox: PodSandbox) -> Answer {
        if sandbox.addresses.is_empty() {
            return Answer::Refused(Refusal {
                code: 7,
                message: "the result so far has no address".to_owned(),
            });
        }
        let began = Instant::now();
        let mut enforced = self.enforced.subscribe();
        // A bridge leads to many pods; a name that nftables can't have would be in the way of all rules.
        sandbox.host_interfaces.retain(|name| !is_bridge(name) && InterfacePattern::new(name).is_ok());
        let (kept, version) = self.tell(|told| told.sandboxes.add(sandbox.clone()));
        if !kept {
            return Answer::Refused(Refusal::later("there are more attachments than are kept"));
        }
        let wait = enforced.wait_for(|now| now.version >= version && now.covers(&sandbox));
        match timeout(LONGEST_ADD, wait).await {
            Ok(Ok(_)) => {
                self.metrics.adding.observe(began.elapsed().as_secs_f64());
                Answer::Done
            }
            _ => {
                let waits = self.waits_for();
                let unknown =
                    || format!("the apiserver has not told of the pod {}/{}", sandbox.namespace, sandbox.pod);
                Answer::Refused(Refusal::later(waits.unwrap_or_else(unknown)))
            }
        }
    }
}

impl Handler for Agent {
    async fn answer(&self, order: Order) -> Answer {
        let (command, answer) = match order {
            Order::Add(sandbox) => ("add", self.add(sandbox).await),
            Order::Del(attachment) => {
                self.tell(|told| told.sandboxes.remove(&attachment));
                ("del", Answer::Done)
            }
            Order::Check(sandbox) => {
                let covers = self.enforced.borrow().covers(&sandbox);
                let refused = || Refusal::unknown("no rules for this pod with these addresses are in force");
                ("check", if covers { Answer::Done } else { Answer::Refused(refused()) })
            }
            Order::Gc { attachments } => {
                self.tell(|told| told.sandboxes.keep(&attachments));
                ("gc", Answer::Done)
            }
            Order::Status => (
                "status",
                self.waits_for().map_or(Answer::Done, |waits| Answer::Refused(Refusal::later(waits))),
            ),
        };
        self.metrics.ordered(command, answer == Answer::Done);
        answer
    }
}

/// The names of pods by their addresses.
fn names(pods: &[Pod]) -> Names {
    let live = pods.iter().filter(|pod| !pod.host_network && !pod.is_over());
    live.flat_map(|pod| {
        let namespace = pod.reference.namespace.as_deref().unwrap_or_default();
        let name: Arc<str> = format!("{namespace}/{}", pod.reference.name).into();
        pod.network.addresses.iter().map(move |address| (*address, Arc::clone(&name)))
    })
    .collect()
}

/// Interfaces that lead to pods on nodes with the VPC CNI, flannel, bridges, and others that name them likewise.
///
/// The VPC CNI calls those of pods with interfaces of their own `vlan` and a hash, and calls `vlan.eth.1` and so on what leads to the
/// VPC, which must not be taken for a pod.
pub fn interfaces() -> Result<Vec<InterfacePattern>, NftError> {
    let fixed = ["eni*", "veth*", "cni*", "cbr0", "lxc*"].map(str::to_owned);
    let branches = (0..16).map(|digit| format!("vlan{digit:x}*"));
    fixed.into_iter().chain(branches).map(|pattern| InterfacePattern::new(&pattern)).collect()
}

/// Whether an interface is a bridge, which leads to many pods.
fn is_bridge(interface: &str) -> bool {
    Path::new("/sys/class/net").join(interface).join("bridge").exists()
}

/// How much more a counter tells, which may have begun anew.
fn since(before: u64, now: u64) -> u64 {
    if now >= before { now - before } else { now }
}

/// What a rule is called in metrics.
fn hit(verdict: &'static str, cause: &Cause) -> Rule {
    let policies: Vec<String> = cause.objects.iter().map(ToString::to_string).collect();
    let policy = match (policies.is_empty(), &cause.text) {
        (true, Some(text)) => text.to_string(),
        _ => policies.join(", "),
    };
    let rule = cause.rule.map_or_else(String::new, |rule| rule.to_string());
    Rule { verdict, direction: cause.direction.name(), policy, rule }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
