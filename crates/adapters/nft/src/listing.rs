use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

use crate::{Nft, NftError, Plan};

/// What the kernel has in our table, without what changes by itself: counts, handles, who is being logged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Counters, limits, sets and chains by kind and name: all that they say.
    objects: BTreeMap<String, String>,
    /// Rules of a chain.
    rules: BTreeMap<String, Vec<String>>,
    /// Elements of a set.
    elements: BTreeMap<String, BTreeSet<String>>,
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Drift {
    /// What: `chain judge`, `set pods4`.
    pub what: String,
    /// How it differs.
    pub how: DriftKind,
}

/// How something differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DriftKind {
    /// It is gone.
    Missing,
    /// Nobody here made it.
    Foreign,
    /// It says something else.
    Changed,
}

/// As `chain judge was changed`.
impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = match self.how {
            DriftKind::Missing => "is gone",
            DriftKind::Foreign => "was added",
            DriftKind::Changed => "was changed",
        };
        write!(f, "{} {how}", self.what)
    }
}

impl Nft {
    /// Reads what the kernel has in the table of a plan; nothing if the table is not there.
    ///
    /// # Errors
    ///
    /// If the program can't be run, or lists what can't be read.
    pub async fn read(&self, plan: &Plan) -> Result<Listing, NftError> {
        match self.list(&["table", "inet", &plan.table.name]).await {
            Ok(objects) => Ok(Listing::of(&objects)),
            // The only word that the program has for it.
            Err(NftError::Refused { message, .. }) if message.contains("No such file or directory") => {
                Ok(Listing::default())
            }
            Err(error) => Err(error),
        }
    }

    /// The objects of a listing in JSON.
    pub(crate) async fn list(&self, what: &[&str]) -> Result<Vec<Value>, NftError> {
        let arguments = [&["-j", "list"], what].concat();
        let text = self.run(&arguments, "").await?;
        let unreadable = |message: String| NftError::Listing { program: self.program(), message };
        let mut listing: Value =
            serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
        match listing.get_mut("nftables").map(Value::take) {
            Some(Value::Array(objects)) => Ok(objects),
            _ => Err(unreadable("there is no list `nftables`".to_owned())),
        }
    }
}

impl Listing {
    fn of(objects: &[Value]) -> Self {
        let mut listing = Self::default();
        for (kind, object) in objects.iter().filter_map(Value::as_object).flatten() {
            let name = |field: &str| object.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
            match kind.as_str() {
                "metainfo" | "table" => {}
                "rule" => {
                    let said = object.get("expr").map(Value::to_string).unwrap_or_default();
                    listing.rules.entry(name("chain")).or_default().push(said);
                }
                _ => {
                    let mut said = object.clone();
                    let mut elements = None;
                    if let Some(fields) = said.as_object_mut() {
                        for counted in ["handle", "packets", "bytes"] {
                            fields.shift_remove(counted);
                        }
                        elements = fields.shift_remove("elem");
                    }
                    // A set that packets fill is nobody's change. `nft` 1.0.6 lists of its flags the timeout alone.
                    let flags = object.get("flags").map(Value::to_string).unwrap_or_default();
                    let dynamic = flags.contains("dynamic") || flags.contains("timeout");
                    if let Some(Value::Array(list)) = elements.filter(|_| !dynamic) {
                        let said = list.iter().map(Value::to_string).collect();
                        listing.elements.insert(name("name"), said);
                    }
                    let kind = if kind == "map" { "set" } else { kind };
                    listing.objects.insert(format!("{kind} {}", name("name")), said.to_string());
                }
            }
        }
        listing
    }

    /// What differs from the plan, and from what was read when it was put in force (`then`).
    ///
    /// Names, and how many rules and elements there are, are compared with the plan; what they say with `then`, as the kernel tells it in
    /// words of its own.
    pub fn drift(&self, plan: &Plan, then: Option<&Self>) -> Vec<Drift> {
        let mut drift = BTreeSet::new();
        let mut say = |what: &str, how| {
            drift.insert(Drift { what: what.to_owned(), how });
        };
        let mut planned: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        let table = &plan.table;
        for name in &table.counters {
            planned.insert(format!("counter {name}"), (0, 0));
        }
        for name in table.limits.keys() {
            planned.insert(format!("limit {name}"), (0, 0));
        }
        for (name, set) in &table.sets {
            planned.insert(format!("set {name}"), (0, set.elements.len()));
        }
        for (name, chain) in &table.chains {
            planned.insert(format!("chain {name}"), (chain.rules.len(), 0));
        }
        for (what, (rules, elements)) in &planned {
            if !self.objects.contains_key(what) {
                say(what, DriftKind::Missing);
                continue;
            }
            let name = what.split_once(' ').map_or("", |(_, name)| name);
            let (has_rules, has_elements) = match what.starts_with("chain ") {
                true => (self.rules.get(name).map_or(0, Vec::len), 0),
                false => (
                    0,
                    if what.starts_with("set ") {
                        self.elements.get(name).map_or(0, BTreeSet::len)
                    } else {
                        0
                    },
                ),
            };
            if (has_rules, has_elements) != (*rules, *elements) {
                say(what, DriftKind::Changed);
            }
        }
        for what in self.objects.keys().filter(|what| !planned.contains_key(*what)) {
            say(what, DriftKind::Foreign);
        }
        if let Some(then) = then {
            for (what, said) in self.objects.iter().filter(|(what, _)| planned.contains_key(*what)) {
                let name = what.split_once(' ').map_or("", |(_, name)| name);
                let same = then.objects.get(what).is_none_or(|before| before == said)
                    && (!what.starts_with("chain ") || self.rules.get(name) == then.rules.get(name))
                    && (!what.starts_with("set ") || self.elements.get(name) == then.elements.get(name));
                if !same {
                    say(what, DriftKind::Changed);
                }
            }
        }
        drift.into_iter().collect()
    }
}
