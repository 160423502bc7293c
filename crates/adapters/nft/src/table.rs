use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

/// A table of nftables as text, part by part: what is compared with another is compared by content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) counters: BTreeSet<String>,
    /// Named limits, with what they say.
    pub(crate) limits: BTreeMap<String, String>,
    /// What two tables have in common may be one.
    pub(crate) sets: BTreeMap<String, Arc<Set>>,
    pub(crate) chains: BTreeMap<String, Chain>,
}

/// A set, or a map if its elements have values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Set {
    pub(crate) is_map: bool,
    /// Type and flags.
    pub(crate) head: String,
    /// Elements in order of their text; the value is empty in a set.
    pub(crate) elements: BTreeMap<String, String>,
}

/// A chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chain {
    /// Where the kernel calls it, if it does.
    pub(crate) hook: Option<String>,
    pub(crate) rules: Vec<String>,
}

impl Chain {
    pub(crate) fn of(rules: Vec<String>) -> Self {
        Self { hook: None, rules }
    }
}

impl Set {
    fn keyword(&self) -> &'static str {
        if self.is_map { "map" } else { "set" }
    }
}

/// Maps whose elements outlive the change that does without them: a packet that began before it was let through to them as one of a pod,
/// and passes if they know nothing of the pod.
const LATE: [&str; 4] = ["egress4", "egress6", "ingress4", "ingress6"];

/// How one table becomes another: transactions in this order, the last after packets in flight have passed. Empty ones are none.
///
/// A packet that is in flight while a transaction comes into force meets the rules from before, but the elements from after it (the
/// kernel's `nft_do_chain` asks once which generation it is of, `nft_set_elem_active` at each look-up). A chain that is made in the same
/// transaction as an element that leads to it has no rules for such a packet, and a map that goes with the rules that ask it no elements:
/// it would pass. One that is in flight from before what is new until after the change meets what is new: the kernel keeps the rules of two
/// generations, of which the older one becomes the next (`nf_tables_commit_chain`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Steps {
    /// What is new and nothing leads to yet.
    pub(crate) prepare: String,
    /// The change itself: it is in force with this, as a whole.
    pub(crate) change: String,
    /// What nothing leads to any more goes.
    pub(crate) clean: String,
}

/// Elements in one command: enough that their number does not matter, few enough for lines that a person can read.
const ELEMENTS_A_LINE: usize = 256;

impl Table {
    /// One transaction after which the table is this, whatever it was.
    pub(crate) fn replace(&self) -> String {
        absent(&self.name) + &self.script()
    }

    /// What makes the table where there is none.
    pub(crate) fn script(&self) -> String {
        let mut script = format!("add table inet {}\n", self.name);
        let Steps { prepare, change, .. } = Self { name: self.name.clone(), ..Self::default() }.steps(self);
        script.extend([prepare, change]);
        script
    }

    /// What makes `after` of this.
    pub(crate) fn difference(&self, after: &Self) -> Steps {
        let Steps { mut prepare, mut change, clean } = self.steps(after);
        // What no element leads to is found by those packets alone that began after it was there.
        if !change.contains("add element") {
            change = std::mem::take(&mut prepare) + &change;
        }
        Steps { prepare, change, clean }
    }

    fn steps(&self, after: &Self) -> Steps {
        let mut steps = Steps::default();
        let t = &after.name;
        let script = &mut steps.prepare;
        // A chain that changes where it is called, or a set of another type, can't be changed in place; what is new goes by other names,
        // so this is between versions of the program alone, which replace the whole table.
        for counter in after.counters.difference(&self.counters) {
            let _ = writeln!(script, "add counter inet {t} {counter}");
        }
        for (name, limit) in after.limits.iter().filter(|(name, _)| !self.limits.contains_key(*name)) {
            let _ = writeln!(script, "add limit inet {t} {name} {{ {limit} ; }}");
        }
        // Chains before maps: nft 1.0.6 sends the elements of an interval map with the map, wherever they are written.
        for (name, chain) in after.chains.iter().filter(|(name, _)| !self.chains.contains_key(*name)) {
            match &chain.hook {
                Some(hook) => {
                    let _ = writeln!(script, "add chain inet {t} {name} {{ {hook} }}");
                }
                None => {
                    let _ = writeln!(script, "add chain inet {t} {name}");
                }
            }
        }
        for (name, set) in after.sets.iter().filter(|(name, _)| !self.sets.contains_key(*name)) {
            let _ = writeln!(script, "add {} inet {t} {name} {{ {} }}", set.keyword(), set.head);
        }
        for (name, chain) in &after.chains {
            let before = self.chains.get(name);
            if before.is_some_and(|before| before.rules == chain.rules) {
                continue;
            }
            let script = if before.is_some() { &mut steps.change } else { &mut steps.prepare };
            if before.is_some_and(|before| !before.rules.is_empty()) {
                let _ = writeln!(script, "flush chain inet {t} {name}");
            }
            for rule in &chain.rules {
                let _ = writeln!(script, "add rule inet {t} {name} {rule}");
            }
        }
        let nothing = BTreeMap::new();
        for (name, set) in &after.sets {
            let before = self.sets.get(name);
            if before.is_some_and(|before| Arc::ptr_eq(before, set)) {
                continue;
            }
            let script = if before.is_some() { &mut steps.change } else { &mut steps.prepare };
            let before = before.map_or(&nothing, |set| &set.elements);
            let late = LATE.contains(&name.as_str());
            let leave = |key: &String| late && !set.elements.contains_key(key);
            let gone = before.iter().filter(|(key, value)| set.elements.get(*key) != Some(*value));
            elements(script, "delete", t, name, gone.clone().filter(|(key, _)| !leave(key)));
            let new = set.elements.iter().filter(|(key, value)| before.get(*key) != Some(*value));
            elements(script, "add", t, name, new);
            elements(&mut steps.clean, "delete", t, name, gone.filter(|(key, _)| leave(key)));
        }
        let script = &mut steps.clean;
        let old_chains: Vec<&String> =
            self.chains.keys().filter(|name| !after.chains.contains_key(*name)).collect();
        for name in &old_chains {
            let _ = writeln!(script, "flush chain inet {t} {name}");
        }
        for (name, set) in self.sets.iter().filter(|(name, _)| !after.sets.contains_key(*name)) {
            let _ = writeln!(script, "delete {} inet {t} {name}", set.keyword());
        }
        for name in &old_chains {
            let _ = writeln!(script, "delete chain inet {t} {name}");
        }
        for counter in self.counters.difference(&after.counters) {
            let _ = writeln!(script, "delete counter inet {t} {counter}");
        }
        steps
    }
}

/// What takes a table away, if it is there: to delete what is not there is an error, so it is made first.
pub(crate) fn absent(table: &str) -> String {
    format!("add table inet {table}\ndelete table inet {table}\n")
}

fn elements<'a>(
    script: &mut String,
    verb: &str,
    table: &str,
    set: &str,
    elements: impl Iterator<Item = (&'a String, &'a String)>,
) {
    let texts: Vec<String> = elements
        .map(|(key, value)| if value.is_empty() { key.clone() } else { format!("{key} : {value}") })
        .collect();
    for some in texts.chunks(ELEMENTS_A_LINE) {
        let _ = writeln!(script, "{verb} element inet {table} {set} {{ {} }}", some.join(", "));
    }
}
