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

/// Elements in one command: enough that their number does not matter, few enough for lines that a person can read.
const ELEMENTS_A_LINE: usize = 256;

impl Table {
    /// One transaction after which the table is this, whatever it was.
    pub(crate) fn replace(&self) -> String {
        let mut script = String::new();
        let name = &self.name;
        // To delete what is not there is an error, so it is made first.
        let _ = writeln!(script, "add table inet {name}\ndelete table inet {name}");
        script.push_str(&self.script());
        script
    }

    /// What makes the table where there is none.
    pub(crate) fn script(&self) -> String {
        let mut script = format!("add table inet {}\n", self.name);
        Self { name: self.name.clone(), ..Self::default() }.change(self, &mut script);
        script
    }

    /// One transaction that makes `after` of this; `None` if it is that already.
    pub(crate) fn difference(&self, after: &Self) -> Option<String> {
        let mut script = String::new();
        self.change(after, &mut script);
        (!script.is_empty()).then_some(script)
    }

    fn change(&self, after: &Self, script: &mut String) {
        let t = &after.name;
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
            let before = before.map_or(&nothing, |set| &set.elements);
            let gone = before.iter().filter(|(key, value)| set.elements.get(*key) != Some(*value));
            elements(script, "delete", t, name, gone);
            let new = set.elements.iter().filter(|(key, value)| before.get(*key) != Some(*value));
            elements(script, "add", t, name, new);
        }
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
    }
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
