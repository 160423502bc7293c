use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use ringwall_network::plan::RuleSet;

use crate::names::Names;
use crate::table::Set;

/// Every address that a rule set has by itself, with how many rule sets have it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    count: BTreeMap<IpAddr, usize>,
    /// The sets of them, of IPv4 and of IPv6, by name. A name is of what is in the set: rules that ask a set must not see it change.
    sets: [(String, Arc<Set>); 2],
}

impl Known {
    /// What is known after some rule sets came and some went, and whether it is anything else than before.
    pub(crate) fn after<'r>(
        &self,
        come: impl Iterator<Item = &'r RuleSet>,
        gone: impl Iterator<Item = &'r RuleSet>,
    ) -> (Self, bool) {
        let mut after = self.clone();
        for (address, _) in come.flat_map(|set| &set.singles) {
            let count = after.count.entry(*address).or_default();
            *count = count.saturating_add(1);
        }
        for (address, _) in gone.flat_map(|set| &set.singles) {
            if let Some(count) = after.count.get_mut(address) {
                *count = count.saturating_sub(1);
            }
        }
        after.count.retain(|_, count| *count > 0);
        let changed = after.count.len() != self.count.len()
            || after.count.keys().zip(self.count.keys()).any(|(now, then)| now != then);
        if changed {
            after.sets = [true, false].map(|v4| {
                let elements: BTreeMap<String, String> =
                    after.of(v4).map(|address| (address.to_string(), String::new())).collect();
                let (prefix, kind) = if v4 { ("known4_", "ipv4_addr") } else { ("known6_", "ipv6_addr") };
                let name = Names::default().name(prefix, &format!("{elements:?}"));
                (name, Arc::new(Set { head: format!("type {kind};"), elements, ..Set::default() }))
            });
        }
        (after, changed)
    }

    /// Those of a family.
    pub(crate) fn of(&self, v4: bool) -> impl Iterator<Item = IpAddr> {
        self.count.keys().copied().filter(move |address| address.is_ipv4() == v4)
    }

    /// The set of those of a family, with its name.
    pub(crate) fn set(&self, v4: bool) -> (&str, &Arc<Set>) {
        let [ipv4, ipv6] = &self.sets;
        let (name, set) = if v4 { ipv4 } else { ipv6 };
        (name, set)
    }
}
