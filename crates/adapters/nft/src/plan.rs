use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use ringwall_network::Direction;
use ringwall_network::plan::{Cause, Class, NodeRules, PodRules, RuleSet};

use crate::names::Names;
use crate::options::is_interface_name;
use crate::table::{Chain, Set, Table};
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
}

impl Plan {
    /// What has to be in the kernel for rules to hold. Same input, same plan.
    ///
    /// # Errors
    ///
    /// If an interface of a pod has a name that can't be.
    pub fn new(rules: &NodeRules, options: &Options) -> Result<Self, NftError> {
        let mut builder = Builder::new(rules, options);
        builder.fixed();
        for pod in &rules.pods {
            builder.pod(pod)?;
        }
        builder.bases();
        Ok(Self {
            table: builder.table,
            causes: builder.told,
            pods: builder.pods,
            pod_counters: builder.pod_counters,
        })
    }

    /// The script that makes the table, as `nft -f` takes it.
    pub fn script(&self) -> String {
        self.table.script()
    }

    pub(crate) fn replacement(&self) -> String {
        self.table.replace()
    }

    pub(crate) fn difference(&self, after: &Self) -> Option<String> {
        if self.table.name == after.table.name {
            self.table.difference(&after.table)
        } else {
            Some(after.replacement())
        }
    }
}

struct Builder<'a> {
    rules: &'a NodeRules,
    options: &'a Options,
    names: Names,
    table: Table,
    told: BTreeMap<String, Cause>,
    /// The chain of each class and the maps of each rule set, once they are made.
    classes: BTreeMap<usize, String>,
    rule_sets: BTreeMap<usize, String>,
    cause_ids: BTreeMap<usize, String>,
    alike: BTreeMap<String, usize>,
    /// Every address that a rule set has by itself.
    known: BTreeSet<IpAddr>,
    /// The verdict of the class that most of them have, by rule set and family, where the map does without.
    most: BTreeMap<(String, bool), String>,
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
            classes: BTreeMap::new(),
            rule_sets: BTreeMap::new(),
            cause_ids: BTreeMap::new(),
            alike: BTreeMap::new(),
            known: rules.rule_sets.iter().flat_map(|set| &set.singles).map(|(address, _)| *address).collect(),
            most: BTreeMap::new(),
            pods: BTreeMap::new(),
            pod_counters: BTreeMap::new(),
        }
    }

    /// What is in every table.
    fn fixed(&mut self) {
        let set = |head: &str| Set { head: head.to_owned(), ..Set::default() };
        let map = |head: &str| Set { head: head.to_owned(), is_map: true, ..Set::default() };
        for (family, kind) in [("4", "ipv4_addr"), ("6", "ipv6_addr")] {
            let mut add = |name: &str, set: Set| self.table.sets.insert(format!("{name}{family}"), set);
            add("pods", set(&format!("type {kind};")));
            add("bound", set(&format!("type ifname . {kind};")));
            add("node", set(&format!("type {kind};")));
            add("egress", map(&format!("type {kind} : verdict;")));
            add("ingress", map(&format!("type {kind} : verdict;")));
            if self.options.log_group.is_some() {
                add("logged", set(&format!("type {kind}; size 65536; flags dynamic,timeout; timeout 1m;")));
            }
        }
        self.table.sets.insert("bound_interfaces".to_owned(), set("type ifname;"));
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
            set.elements.entry(key.to_owned()).or_insert_with(|| value.to_owned());
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
                set.elements.insert(quoted, String::new());
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

    /// The chain of a rule set for a direction.
    fn rule_set(&mut self, index: usize, direction: Direction) -> String {
        let Some(rule_set) = self.rules.rule_sets.get(index) else { return "d_unplanned".to_owned() };
        let id = match self.rule_sets.get(&index) {
            Some(id) => id.clone(),
            None => {
                let id = self.maps(rule_set);
                self.rule_sets.insert(index, id.clone());
                id
            }
        };
        let name = format!("{}_{id}", if direction == Direction::Egress { "se" } else { "si" });
        if self.table.chains.contains_key(&name) {
            return name;
        }
        let other = other_end(direction);
        let mut rules = Vec::new();
        for (kind, v4, single, ranges) in [("ip", true, "4", "r4"), ("ip6", false, "6", "r6")] {
            let look_up = |rules: &mut Vec<String>, table: &Table, suffix: &str| {
                let map = format!("s_{id}_{suffix}");
                if table.sets.contains_key(&map) {
                    rules.push(format!("ct {other} {kind} saddr vmap @{map}"));
                }
            };
            look_up(&mut rules, &self.table, single);
            if let Some(verdict) = self.most.get(&(id.clone(), v4)) {
                rules.push(format!("ct {other} {kind} saddr @known{single} {verdict}"));
                share_known(&mut self.table, &self.known, v4);
            }
            look_up(&mut rules, &self.table, ranges);
        }
        let otherwise = self.class(rule_set.otherwise);
        rules.push(otherwise);
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
            let known = self.known.iter().filter(|address| address.is_ipv4() == v4);
            let others: Vec<(IpAddr, usize)> = known
                .map(|address| (*address, rule_set.class(*address)))
                .filter(|(_, class)| *class != most)
                .collect();
            if others.len() < own().count() {
                return (others, Some(most));
            }
        }
        (own().collect(), None)
    }

    /// The maps of a rule set. Their name is made of what has a say in it, so that it stays when a pod comes or goes.
    fn maps(&mut self, rule_set: &RuleSet) -> String {
        let mut classes: Vec<usize> = rule_set
            .singles
            .iter()
            .map(|(_, class)| *class)
            .chain(rule_set.ranges.iter().map(|(_, class)| *class))
            .chain([rule_set.otherwise])
            .collect();
        classes.sort_unstable();
        classes.dedup();
        let mut causes: Vec<usize> = classes
            .iter()
            .filter_map(|class| self.rules.classes.get(*class))
            .flat_map(|class| class.segments.iter().filter_map(|segment| segment.cause))
            .collect();
        causes.sort_unstable();
        causes.dedup();
        let mut said: Vec<String> =
            causes.into_iter().filter_map(|cause| self.rules.causes.get(cause)).map(canonical).collect();
        said.sort_unstable();
        let what = said.join("\n");
        let nth = self.alike.entry(what.clone()).or_default();
        *nth = nth.saturating_add(1);
        let what = format!("{nth}\n{what}");
        let id = self.names.name("", &what);
        let mut maps: BTreeMap<&str, BTreeMap<String, String>> = BTreeMap::new();
        for v4 in [true, false] {
            let suffix = if v4 { "4" } else { "6" };
            let (singles, most) = self.singles(rule_set, v4);
            for (address, class) in singles {
                let verdict = self.class(class);
                maps.entry(suffix).or_default().insert(address.to_string(), verdict);
            }
            if let Some(class) = most {
                let verdict = self.class(class);
                self.most.insert((id.clone(), v4), verdict);
            }
        }
        for (range, class) in &rule_set.ranges {
            let suffix = if range.first.is_ipv4() { "r4" } else { "r6" };
            let verdict = self.class(*class);
            maps.entry(suffix).or_default().insert(format!("{}-{}", range.first, range.last), verdict);
        }
        for (suffix, elements) in maps {
            let kind = if suffix.ends_with('4') { "ipv4_addr" } else { "ipv6_addr" };
            let flags = if suffix.starts_with('r') { " flags interval;" } else { "" };
            let head = format!("type {kind} : verdict;{flags}");
            self.table.sets.insert(format!("s_{id}_{suffix}"), Set { is_map: true, head, elements });
        }
        id
    }

    /// The verdict that leads to a class.
    fn class(&mut self, index: usize) -> String {
        if let Some(verdict) = self.classes.get(&index) {
            return verdict.clone();
        }
        let verdict = match self.rules.classes.get(index) {
            Some(class) => self.class_chain(class),
            None => UNPLANNED.to_owned(),
        };
        self.classes.insert(index, verdict.clone());
        verdict
    }

    fn class_chain(&mut self, class: &Class) -> String {
        let mut parts = Vec::new();
        for segment in &class.segments {
            let verdict = self.verdict(segment.allowed, segment.cause);
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
            self.table.sets.insert(name.clone(), ports);
        }
        format!("goto {name}")
    }

    /// The verdict of a part: a chain that counts it for its cause, and lets through or drops.
    fn verdict(&mut self, allowed: bool, cause: Option<usize>) -> String {
        let Some((index, cause)) = cause.and_then(|index| Some((index, self.rules.causes.get(index)?)))
        else {
            return if allowed { "return".to_owned() } else { UNPLANNED.to_owned() };
        };
        let id = match self.cause_ids.get(&index) {
            Some(id) => id.clone(),
            None => {
                let id = self.names.name("", &canonical(cause));
                self.cause_ids.insert(index, id.clone());
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

/// Has the set of all known addresses of a family in the table.
fn share_known(table: &mut Table, known: &BTreeSet<IpAddr>, v4: bool) {
    let (name, kind) = if v4 { ("known4", "ipv4_addr") } else { ("known6", "ipv6_addr") };
    table.sets.entry(name.to_owned()).or_insert_with(|| Set {
        head: format!("type {kind};"),
        elements: known
            .iter()
            .filter(|address| address.is_ipv4() == v4)
            .map(|address| (address.to_string(), String::new()))
            .collect(),
        ..Set::default()
    });
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
