use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use ringwall_network::Direction;
use ringwall_network::plan::{Cause, Class, Identity, NodeRules, PodRules, RuleSet};

use crate::known::Known;
use crate::names::Names;
use crate::options::is_interface_name;
use crate::table::{Chain, Set, Steps, Table};
use crate::told::{PodAddresses, PodName};
use crate::{NftError, Options, class};

/// Denied packets of one pod that are logged in a second, and at once; of all pods together. Logs are for people, who need the first
/// few; a flood of them is a load on the node that whoever is denied could choose.
const LOG_LIMIT_POD: &str = "rate 10/second burst 20 packets";
const LOG_LIMIT_ALL: &str = "rate 500/second burst 500 packets";

/// Bytes of a packet that are logged: headers with options, and nothing of what is said.
const LOG_BYTES: u16 = 128;

/// Neighbour discovery and listener reports, which conntrack does not track. They cross the hook where pods are on one bridge.
const NEIGHBOURS: &str = "icmpv6 type { 130-137, 143 } return";

/// Addresses of one class from which on a map does without them. Below, a shared set saves nothing that anybody would see.
const MANY_ALIKE: usize = 256;

/// What denies for want of a part of the class that says otherwise, which the engine never leaves.
const UNPLANNED: &str = "goto d_unplanned";

/// A table as it is to be, and what its names stand for.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) table: Table,
    /// By the name that is logged, and of the counter.
    pub(crate) causes: BTreeMap<String, Cause>,
    pub(crate) pods: PodAddresses,
    pub(crate) pod_counters: BTreeMap<String, (PodName, Direction)>,
    /// How each rule set is in the table, for the next plan.
    maps: HashMap<Identity, Arc<Maps>>,
    /// Whom the maps of an id judge.
    judged: HashMap<String, HashSet<JudgedBy>>,
    known: Known,
}

/// A pod and a direction of its traffic.
type JudgedBy = (PodName, Direction);

/// A rule set as maps.
#[derive(Debug)]
struct Maps {
    /// What their names have in common.
    id: String,
    /// By the ends of their names.
    sets: Vec<(&'static str, Arc<Set>)>,
    /// The verdicts of its classes, as they stand in the maps.
    verdicts: Vec<String>,
    /// For each family the verdict of the class that most addresses have, where the map does without them: it is about all known addresses.
    most: [Option<String>; 2],
}

impl Plan {
    /// What has to be in the kernel for rules to hold. Same input, same plan.
    ///
    /// # Errors
    ///
    /// If an interface of a pod has a name that can't be.
    pub fn new(rules: &NodeRules, options: &Options) -> Result<Self, NftError> {
        Self::make(rules, options, None)
    }

    /// The same for rules that follow those of this plan: what both have in common is not made again, and keeps its name.
    ///
    /// # Errors
    ///
    /// Those of [`Plan::new`].
    pub fn following(&self, rules: &NodeRules, options: &Options) -> Result<Self, NftError> {
        Self::make(rules, options, Some(self))
    }

    fn make(rules: &NodeRules, options: &Options, before: Option<&Self>) -> Result<Self, NftError> {
        let mut builder = Builder::new(rules, options);
        builder.fixed();
        builder.rule_sets(before);
        for pod in &rules.pods {
            builder.pod(pod)?;
        }
        builder.bases();
        Ok(Self {
            table: builder.table,
            causes: builder.told,
            pods: builder.pods,
            pod_counters: builder.pod_counters,
            judged: builder.maps.iter().map(|maps| maps.id.clone()).zip(judged(rules)).collect(),
            maps: rules.rule_sets.iter().cloned().map(Identity).zip(builder.maps).collect(),
            known: builder.known,
        })
    }

    /// The script that makes the table, as `nft -f` takes it.
    pub fn script(&self) -> String {
        self.table.script()
    }

    pub(crate) fn replacement(&self) -> String {
        self.table.replace()
    }

    /// The same in a table of another name, for as long as this one is replaced.
    pub(crate) fn stand_in(&self) -> String {
        Table { name: stand_in(&self.table.name), ..self.table.clone() }.replace()
    }

    /// `None` if both are in different tables.
    pub(crate) fn difference(&self, after: &Self) -> Option<Steps> {
        (self.table.name == after.table.name).then(|| self.table.difference(&after.table))
    }
}

/// The name of the table that stands in for one.
pub(crate) fn stand_in(table: &str) -> String {
    format!("{table}_stand_in")
}

struct Builder<'a> {
    rules: &'a NodeRules,
    options: &'a Options,
    names: Names,
    table: Table,
    told: BTreeMap<String, Cause>,
    /// The verdict of each class and the name of each cause, once they are made.
    classes: HashMap<&'a Class, String>,
    cause_ids: HashMap<&'a Cause, String>,
    /// The maps of each rule set.
    maps: Vec<Arc<Maps>>,
    known: Known,
    pods: PodAddresses,
    pod_counters: BTreeMap<String, (PodName, Direction)>,
}

/// Where the address is whose pod is judged, for the limit of what is logged.
#[derive(Clone, Copy)]
enum Judged {
    Source,
    Destination,
    Sender,
    Receiver,
}

impl Judged {
    /// The source of the first packet, and of replies: whom the flow is of. Before that is known, what the packet's header says.
    fn key(self, family: &str) -> String {
        match self {
            Self::Source => format!("ct original {family} saddr"),
            Self::Destination => format!("ct reply {family} saddr"),
            Self::Sender => format!("{family} saddr"),
            Self::Receiver => format!("{family} daddr"),
        }
    }
}

impl<'a> Builder<'a> {
    fn new(rules: &'a NodeRules, options: &'a Options) -> Self {
        let table = Table { name: options.table.as_str().to_owned(), ..Table::default() };
        Self {
            rules,
            options,
            names: Names::default(),
            table,
            told: BTreeMap::new(),
            classes: HashMap::new(),
            cause_ids: HashMap::new(),
            maps: Vec::new(),
            known: Known::default(),
            pods: BTreeMap::new(),
            pod_counters: BTreeMap::new(),
        }
    }

    /// What is in every table.
    fn fixed(&mut self) {
        let set = |head: &str| Set { head: head.to_owned(), ..Set::default() };
        let map = |head: &str| Set { head: head.to_owned(), is_map: true, ..Set::default() };
        for (family, kind) in [("4", "ipv4_addr"), ("6", "ipv6_addr")] {
            let mut add =
                |name: &str, set: Set| self.table.sets.insert(format!("{name}{family}"), Arc::new(set));
            add("pods", set(&format!("type {kind};")));
            add("bound", set(&format!("type ifname . {kind};")));
            add("node", set(&format!("type {kind};")));
            add("egress", map(&format!("type {kind} : verdict;")));
            add("ingress", map(&format!("type {kind} : verdict;")));
            if self.options.log_group.is_some() {
                add("logged", set(&format!("type {kind}; size 65536; flags dynamic,timeout; timeout 1m;")));
            }
        }
        self.table.sets.insert("bound_interfaces".to_owned(), Arc::new(set("type ifname;")));
        if self.options.log_group.is_some() {
            self.table.limits.insert("all_logged".to_owned(), LOG_LIMIT_ALL.to_owned());
        }
        for address in &self.rules.node_addresses {
            self.element("node", *address, &address.to_string(), "");
        }
        let open = self.options.fail_open;
        self.deny("unplanned", Judged::Source, false);
        self.deny("spoofed", Judged::Sender, false);
        self.deny("unknown_source", Judged::Sender, open);
        self.deny("unknown_destination", Judged::Receiver, open);
        // Packets without a flow are no news worth logging: late ones, after both ends have closed.
        self.table.counters.insert("h_stray".to_owned());
        let verdict = if self.options.audit { "return" } else { "drop" };
        self.chain("d_stray", vec!["counter name h_stray".to_owned(), verdict.to_owned()]);
    }

    fn chain(&mut self, name: &str, rules: Vec<String>) {
        self.table.chains.insert(name.to_owned(), Chain::of(rules));
    }

    fn element(&mut self, set: &str, address: IpAddr, key: &str, value: &str) {
        let family = if address.is_ipv4() { "4" } else { "6" };
        if let Some(set) = self.table.sets.get_mut(&format!("{set}{family}")) {
            Arc::make_mut(set).elements.entry(key.to_owned()).or_insert_with(|| value.to_owned());
        }
    }

    /// A chain that counts, logs and drops.
    fn deny(&mut self, id: &str, judged: Judged, open: bool) {
        let counter = format!("h_{id}");
        let mut rules = vec![format!("counter name {counter}")];
        self.table.counters.insert(counter);
        if let Some(group) = self.options.log_group {
            // Where conntrack is asked, replies are told from what they reply to: their source is who the flow was to.
            let kinds: &[(&str, &str)] = match judged {
                Judged::Source | Judged::Destination => &[
                    ("ct direction original ", Plan::LOG_PREFIX),
                    ("ct direction reply ", Plan::LOG_PREFIX_REPLY),
                ],
                Judged::Sender | Judged::Receiver => &[("", Plan::LOG_PREFIX)],
            };
            for (set, family) in [("logged4", "ip"), ("logged6", "ip6")] {
                for (which, prefix) in kinds {
                    rules.push(format!(
                        "{which}update @{set} {{ {} limit {LOG_LIMIT_POD} }} limit name all_logged log prefix \"{prefix}{id}\" snaplen {LOG_BYTES} group {group}",
                        judged.key(family),
                    ));
                }
            }
        }
        rules.push(if open || self.options.audit { "return" } else { "drop" }.to_owned());
        self.chain(&format!("d_{id}"), rules);
    }

    fn pod(&mut self, pod: &PodRules) -> Result<(), NftError> {
        let key = format!("{}/{}", pod.namespace, pod.name);
        let id = self.names.name("", &key);
        for interface in &pod.interfaces {
            if !is_interface_name(interface) {
                return Err(NftError::Interface(interface.to_string()));
            }
            let quoted = format!("\"{interface}\"");
            for address in &pod.addresses {
                self.element("bound", *address, &format!("{quoted} . {address}"), "");
            }
            if let Some(set) = self.table.sets.get_mut("bound_interfaces") {
                Arc::make_mut(set).elements.insert(quoted, String::new());
            }
        }
        let pod_name = PodName { namespace: pod.namespace.clone(), name: pod.name.clone() };
        for address in &pod.addresses {
            self.element("pods", *address, &address.to_string(), "");
            self.pods.entry(*address).or_insert_with(|| pod_name.clone());
        }
        for (direction, rule_set, prefix, map) in [
            (Direction::Egress, pod.egress, "pe_", "egress"),
            (Direction::Ingress, pod.ingress, "pi_", "ingress"),
        ] {
            let name = format!("{prefix}{id}");
            let other = other_end(direction);
            let mut rules = Vec::new();
            for (family, v4) in [("ip", true), ("ip6", false)] {
                let own: Vec<String> = pod
                    .addresses
                    .iter()
                    .filter(|address| address.is_ipv4() == v4)
                    .map(ToString::to_string)
                    .collect();
                if !own.is_empty() {
                    // A pod reaches itself, by way of a service too.
                    rules.push(format!("ct {other} {family} saddr {{ {} }} return", own.join(", ")));
                }
            }
            rules.push(format!("counter name {name}"));
            self.table.counters.insert(name.clone());
            self.pod_counters.insert(name.clone(), (pod_name.clone(), direction));
            if let Some(rule_set) = rule_set {
                rules.push(format!("goto {}", self.rule_set(rule_set, direction)));
            }
            self.chain(&name, rules);
            for address in &pod.addresses {
                self.element(map, *address, &address.to_string(), &format!("jump {name}"));
            }
        }
        Ok(())
    }

    /// Makes the maps of all rule sets, or takes those that there were.
    fn rule_sets(&mut self, before: Option<&Plan>) {
        let nothing = HashMap::new();
        let (maps, known) = match before {
            Some(before) => (&before.maps, before.known.clone()),
            None => (&nothing, Known::default()),
        };
        let rules = self.rules;
        let now: HashSet<Identity> = rules.rule_sets.iter().cloned().map(Identity).collect();
        let come = now.iter().filter(|set| !maps.contains_key(*set)).map(|set| &*set.0);
        let gone = maps.keys().filter(|set| !now.contains(*set)).map(|set| &*set.0);
        let (known, changed) = known.after(come, gone);
        self.known = known;
        let with_verdicts = |set: &'a Arc<RuleSet>| {
            let verdicts: Vec<String> = set.classes.iter().map(|class| self.class(class)).collect();
            (set, verdicts)
        };
        let all: Vec<_> = rules.rule_sets.iter().map(with_verdicts).collect();
        let kept = |(set, verdicts): &(&Arc<RuleSet>, Vec<String>)| {
            let kept = maps.get(&Identity(Arc::clone(set)))?;
            let holds = kept.verdicts == *verdicts && (!changed || kept.most == [None, None]);
            holds.then(|| Arc::clone(kept))
        };
        let kept: Vec<Option<Arc<Maps>>> = all.iter().map(kept).collect();
        let mut taken: HashSet<String> = kept.iter().flatten().map(|maps| maps.id.clone()).collect();
        let nobody = HashMap::new();
        let judged_before = before.map_or(&nobody, |before| &before.judged);
        for (((set, verdicts), kept), judged) in all.into_iter().zip(kept).zip(judged(rules)) {
            let is_free = |id: &String| {
                !taken.contains(id) && judged_before.get(id).is_none_or(|then| then.is_subset(&judged))
            };
            let maps = kept.unwrap_or_else(|| Arc::new(self.make_maps(set, verdicts, is_free)));
            taken.insert(maps.id.clone());
            for (suffix, set) in &maps.sets {
                self.table.sets.insert(format!("s_{}_{suffix}", maps.id), Arc::clone(set));
            }
            for v4 in [true, false] {
                if of_family(&maps.most, v4).is_some() {
                    let (name, set) = self.known.set(v4);
                    self.table.sets.entry(name.to_owned()).or_insert_with(|| Arc::clone(set));
                }
            }
            self.maps.push(maps);
        }
    }

    /// The chain of a rule set for a direction.
    fn rule_set(&mut self, index: usize, direction: Direction) -> String {
        let (Some(rule_set), Some(maps)) = (self.rules.rule_sets.get(index), self.maps.get(index)) else {
            return "d_unplanned".to_owned();
        };
        let id = &maps.id;
        let name = format!("{}_{id}", if direction == Direction::Egress { "se" } else { "si" });
        if self.table.chains.contains_key(&name) {
            return name;
        }
        let other = other_end(direction);
        let mut rules = Vec::new();
        for (kind, v4, single, ranges) in [("ip", true, "4", "r4"), ("ip6", false, "6", "r6")] {
            let look_up = |rules: &mut Vec<String>, suffix: &str| {
                if maps.sets.iter().any(|(known, _)| *known == suffix) {
                    rules.push(format!("ct {other} {kind} saddr vmap @s_{id}_{suffix}"));
                }
            };
            look_up(&mut rules, single);
            if let Some(verdict) = of_family(&maps.most, v4) {
                rules.push(format!("ct {other} {kind} saddr @{} {verdict}", self.known.set(v4).0));
            }
            look_up(&mut rules, ranges);
        }
        let otherwise = maps.verdicts.get(rule_set.otherwise);
        rules.push(otherwise.map_or(UNPLANNED, String::as_str).to_owned());
        self.chain(&name, rules);
        name
    }

    /// The single addresses of a rule set that have to be in its map, and the class of all others that any rule set has by itself.
    ///
    /// A rule about all pods of a large cluster would fill a map for each pod that it judges. So where most addresses are of one class,
    /// the map has the others, and one set that all share has all of them.
    fn singles(&self, rule_set: &RuleSet, v4: bool) -> (Vec<(IpAddr, usize)>, Option<usize>) {
        let own = || rule_set.singles.iter().copied().filter(move |(address, _)| address.is_ipv4() == v4);
        let mut count: BTreeMap<usize, usize> = BTreeMap::new();
        for (_, class) in own() {
            let so_far = count.entry(class).or_default();
            *so_far = so_far.saturating_add(1);
        }
        let most =
            count.into_iter().max_by_key(|(_, count)| *count).filter(|(_, count)| *count >= MANY_ALIKE);
        if let Some((most, _)) = most {
            let others: Vec<(IpAddr, usize)> = self
                .known
                .of(v4)
                .map(|address| (address, rule_set.place(address)))
                .filter(|(_, class)| *class != most)
                .collect();
            if others.len() < own().count() {
                return (others, Some(most));
            }
        }
        (own().collect(), None)
    }

    /// The maps of a rule set.
    ///
    /// Their name is made of what has a say in it and of all but single addresses, so that it stays when a pod comes or goes, and single
    /// addresses are all that ever changes under a name: a packet in flight may meet a part of one time and a part of the next. For the
    /// same reason a name is free only if nobody was judged by it who is not judged by this.
    fn make_maps(
        &mut self,
        rule_set: &RuleSet,
        verdicts: Vec<String>,
        is_free: impl Fn(&String) -> bool,
    ) -> Maps {
        let verdict = |class: usize| verdicts.get(class).map_or_else(|| UNPLANNED.to_owned(), String::clone);
        let mut maps: BTreeMap<&str, BTreeMap<String, String>> = BTreeMap::new();
        for (range, class) in &rule_set.ranges {
            let suffix = if range.first.is_ipv4() { "r4" } else { "r6" };
            maps.entry(suffix)
                .or_default()
                .insert(format!("{}-{}", range.first, range.last), verdict(*class));
        }
        let mut fixed = format!("{maps:?}\n{}", verdict(rule_set.otherwise));
        let most = [(true, "4"), (false, "6")].map(|(v4, suffix)| {
            let (singles, most) = self.singles(rule_set, v4);
            fixed.push_str(if singles.is_empty() { "\n" } else { "\nsome" });
            for (address, class) in singles {
                maps.entry(suffix).or_default().insert(address.to_string(), verdict(class));
            }
            let most = most.map(verdict);
            if let Some(most) = &most {
                fixed.extend([" ", self.known.set(v4).0, " ", most]);
            }
            most
        });
        let segments = rule_set.classes.iter().flat_map(|class| &class.segments);
        let causes: HashSet<&Cause> = segments.filter_map(|segment| segment.cause.as_deref()).collect();
        let mut said: Vec<String> = causes.into_iter().map(canonical).collect();
        said.sort_unstable();
        let said = said.join("\n");
        let id = (1..)
            .map(|nth: usize| self.names.name("", &format!("{nth}\n{said}\n{fixed}")))
            .find(is_free)
            .unwrap_or_default();
        let set = |(suffix, elements): (&'static str, BTreeMap<String, String>)| {
            let kind = if suffix.ends_with('4') { "ipv4_addr" } else { "ipv6_addr" };
            let flags = if suffix.starts_with('r') { " flags interval;" } else { "" };
            (suffix, Arc::new(Set { is_map: true, head: format!("type {kind} : verdict;{flags}"), elements }))
        };
        Maps { id, sets: maps.into_iter().map(set).collect(), most, verdicts }
    }

    /// The verdict that leads to a class.
    fn class(&mut self, class: &'a Class) -> String {
        if let Some(verdict) = self.classes.get(class) {
            return verdict.clone();
        }
        let verdict = self.class_chain(class);
        self.classes.insert(class, verdict.clone());
        verdict
    }

    fn class_chain(&mut self, class: &'a Class) -> String {
        let mut parts = Vec::new();
        for segment in &class.segments {
            let verdict = self.verdict(segment.allowed, segment.cause.as_deref());
            parts.extend(segment.traffic.spans().map(|span| (span, verdict.clone())));
        }
        parts.sort_unstable();
        let passes = class.segments.iter().any(|segment| segment.allowed);
        // Equal answers need no chain of their own.
        if let [segment] = class.segments.as_slice()
            && segment.traffic.is_all()
            && let Some((_, verdict)) = parts.first()
        {
            return verdict.clone();
        }
        let name = self.names.name("c_", &format!("{parts:?}"));
        let made = class::chain(&parts, &name, passes, UNPLANNED);
        self.chain(&name, made.rules);
        if let Some(ports) = made.ports {
            self.table.sets.insert(name.clone(), Arc::new(ports));
        }
        format!("goto {name}")
    }

    /// The verdict of a part: a chain that counts it for its cause, and lets through or drops.
    fn verdict(&mut self, allowed: bool, cause: Option<&'a Cause>) -> String {
        let Some(cause) = cause else {
            return if allowed { "return".to_owned() } else { UNPLANNED.to_owned() };
        };
        let id = match self.cause_ids.get(cause) {
            Some(id) => id.clone(),
            None => {
                let id = self.names.name("", &canonical(cause));
                self.cause_ids.insert(cause, id.clone());
                id
            }
        };
        let chain = if allowed { format!("a_{id}") } else { format!("d_{id}") };
        if !self.table.chains.contains_key(&chain) {
            self.told.insert(id.clone(), cause.clone());
            if allowed {
                let counter = format!("h_{id}");
                self.chain(&chain, vec![format!("counter name {counter}")]);
                self.table.counters.insert(counter);
            } else {
                let judged = match cause.direction {
                    Direction::Ingress => Judged::Destination,
                    Direction::Egress => Judged::Source,
                };
                self.deny(&id, judged, false);
            }
        }
        format!("goto {chain}")
    }

    /// The chains that the kernel calls.
    fn bases(&mut self) {
        let on_bound = "iifname @bound_interfaces jump from_bound".to_owned();
        self.base(
            "prerouting",
            "type filter hook prerouting priority mangle; policy accept;",
            vec![on_bound],
        );
        self.chain(
            "from_bound",
            vec![
                "iifname . ip saddr @bound4 return".to_owned(),
                "iifname . ip6 saddr @bound6 return".to_owned(),
                // Neighbour discovery, before and after an address is one's own; no router passes it on.
                "ip6 saddr fe80::/10 return".to_owned(),
                "ip6 saddr :: return".to_owned(),
                "meta protocol { ip, ip6 } goto d_spoofed".to_owned(),
            ],
        );
        let mut judge = vec![NEIGHBOURS.to_owned()];
        if !self.options.interfaces.is_empty() {
            let mut patterns: Vec<String> =
                self.options.interfaces.iter().map(|pattern| format!("\"{pattern}\"")).collect();
            patterns.sort_unstable();
            patterns.dedup();
            // One rule each, after the look-up that most packets end at: `nft` 1.0.6 can't list a set of names with `*` as JSON.
            for (chain, field, interface, deny) in [
                ("from_pod", "saddr", "iifname", "unknown_source"),
                ("to_pod", "daddr", "oifname", "unknown_destination"),
            ] {
                judge.push(format!("jump {chain}"));
                let known = [format!("ip {field} @pods4 return"), format!("ip6 {field} @pods6 return")];
                let unknown = patterns.iter().map(|pattern| format!("{interface} {pattern} goto d_{deny}"));
                self.chain(chain, known.into_iter().chain(unknown).collect());
            }
        }
        judge.push("ct state invalid,untracked jump stray".to_owned());
        let mut stray = Vec::new();
        for field in ["saddr", "daddr"] {
            for (family, set) in [("ip", "pods4"), ("ip6", "pods6")] {
                stray.push(format!("{family} {field} @{set} goto d_stray"));
            }
        }
        self.chain("stray", stray);
        if self.options.established_survive {
            judge.push("ct state established return".to_owned());
        }
        judge.push("ct original ip saddr @node4 return".to_owned());
        judge.push("ct original ip6 saddr @node6 return".to_owned());
        for (end, map) in [("original", "egress"), ("reply", "ingress")] {
            judge.push(format!("ct {end} ip saddr vmap @{map}4"));
            judge.push(format!("ct {end} ip6 saddr vmap @{map}6"));
        }
        self.chain("judge", judge);
        let judged = "jump judge".to_owned();
        self.base(
            "forward",
            "type filter hook forward priority filter + 10; policy accept;",
            vec![judged.clone()],
        );
        // What IPVS sends on leaves here; what the node says itself has an address of its own.
        self.base(
            "output",
            "type filter hook output priority filter + 10; policy accept;",
            vec!["fib saddr type local return".to_owned(), judged],
        );
    }

    fn base(&mut self, name: &str, hook: &str, rules: Vec<String>) {
        self.table.chains.insert(name.to_owned(), Chain { hook: Some(hook.to_owned()), rules });
    }
}

impl Plan {
    /// What is before the id in the prefix of what is logged.
    pub(crate) const LOG_PREFIX: &'static str = "ringwall:";
    /// The same for replies.
    pub(crate) const LOG_PREFIX_REPLY: &'static str = "ringwall-reply:";
}

/// Whom each rule set judges.
fn judged(rules: &NodeRules) -> Vec<HashSet<JudgedBy>> {
    let mut judged = vec![HashSet::new(); rules.rule_sets.len()];
    for pod in &rules.pods {
        for (set, direction) in [(pod.ingress, Direction::Ingress), (pod.egress, Direction::Egress)] {
            if let Some(judged) = set.and_then(|set| judged.get_mut(set)) {
                judged.insert((
                    PodName { namespace: pod.namespace.clone(), name: pod.name.clone() },
                    direction,
                ));
            }
        }
    }
    judged
}

fn of_family(most: &[Option<String>; 2], v4: bool) -> Option<&String> {
    let [ipv4, ipv6] = most;
    if v4 { ipv4.as_ref() } else { ipv6.as_ref() }
}

/// Which of conntrack's two tuples has the other end as its source.
fn other_end(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "original",
        Direction::Egress => "reply",
    }
}

/// All that tells a cause from others.
fn canonical(cause: &Cause) -> String {
    format!("{cause:?}")
}

#[cfg(test)]
mod tests;
