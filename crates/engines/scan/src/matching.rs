//! What is known against the packages of an image.
//!
//! A package of a distribution is looked up in its distribution's release alone, by its source package where the distribution's
//! advisories are by those; a language's package by its ecosystem and its name. Names are never guessed: there is no matching of
//! CPEs.

mod modular;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::advisory::{self, Advisory, Affected, Plan, Verdict, Vulnerability};
use crate::kev::{Exploited, Kev};
use crate::severity::{self, Rated, Severity};
use crate::vex::{Statement, Vex};
use crate::{Inventory, Package};

/// Advisories that stand for the same vulnerability and are looked at for a score: a record has a few aliases.
const MAX_OTHERS: usize = 8;

/// Where advisories are found.
pub trait Lookup {
    /// Why one could not be read.
    type Error: std::fmt::Display;

    /// All that there are about a package, by the names of [`advisory::releases`] and [`advisory::key`].
    ///
    /// # Errors
    /// If they can't be read.
    fn of_package(&self, ecosystem: &str, name: &str) -> Result<Vec<Advisory>, Self::Error>;

    /// The one of this id.
    ///
    /// # Errors
    /// If it can't be read.
    fn by_id(&self, id: &str) -> Result<Option<Advisory>, Self::Error>;

    /// When what is found here was changed last, RFC 3339; empty if there is nothing.
    fn as_of(&self) -> &str;

    /// Whether there is anything of this ecosystem and release.
    fn has(&self, ecosystem: &str) -> bool;
}

/// A vulnerability of a package.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Its place in [`Inventory::packages`].
    pub package: usize,
    /// The name by which most know it.
    pub id: String,
    /// The records that tell of it, the first one's words are shown.
    pub advisories: Vec<String>,
    /// Its other names.
    pub aliases: Vec<String>,
    /// The ecosystem in which it was found, with its release.
    pub ecosystem: String,
    /// The name and the version that were looked up: those of the source package for some.
    pub looked_up: (String, String),
    /// The first version without it, of what was looked up; none if there is no such version yet.
    pub fixed: Option<String>,
    /// What the distribution means to do.
    pub plan: Plan,
    /// How bad, and on what that rests.
    pub rated: Rated,
    /// That it tells of no vulnerability (`unmaintained` …).
    pub informational: Option<String>,
    /// One line.
    pub title: String,
    /// The text, cut.
    pub description: String,
    /// Where to read on.
    pub references: Vec<String>,
    /// What CISA's catalogue says.
    pub exploited: Option<Exploited>,
    /// The last statement about it, if there is one.
    pub statement: Option<Statement>,
}

impl Found {
    /// Whether a statement says that it does not matter here.
    #[must_use]
    pub fn is_suppressed(&self) -> bool {
        self.statement.as_ref().is_some_and(|statement| statement.status.suppresses())
    }
}

/// Something that could not be told, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotEvaluated {
    /// The package, or what else it is about.
    pub subject: String,
    /// Why.
    pub why: String,
}

/// All that is known against an inventory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// The worst first, then by package and id; those that a statement says do not matter are at the end.
    pub findings: Vec<Found>,
    /// What could not be told.
    pub not_evaluated: Vec<NotEvaluated>,
    /// When the advisories were changed last, RFC 3339; empty if there are none.
    pub advisories_as_of: String,
    /// Days since then at the time of the scan; none if there are no advisories, or one of the times can't be read.
    pub age_days: Option<i64>,
    /// When the catalogue of exploited vulnerabilities was released; empty without one.
    pub exploited_as_of: String,
}

impl Report {
    /// The findings that count.
    pub fn counted(&self) -> impl Iterator<Item = &Found> {
        self.findings.iter().filter(|found| !found.is_suppressed())
    }

    /// The worst severity of those that count.
    #[must_use]
    pub fn worst(&self) -> Option<Severity> {
        self.counted().map(|found| found.rated.severity).max()
    }
}

/// What is known against the packages, at this time (seconds since 1970).
///
/// A package that a package of the distribution brought is not looked up by itself: the distribution patches it, and tells so in
/// the advisories of its own package.
pub fn findings<L: Lookup>(inventory: &Inventory, advisories: &L, vex: &Vex, kev: &Kev, now: i64) -> Report {
    let mut matching = Matching { inventory, advisories, not_evaluated: Vec::new() };
    let mut findings = Vec::new();
    for (place, package) in inventory.packages.iter().enumerate() {
        if package.owner.is_none() || package.kind.is_of_distribution() {
            findings.extend(matching.of_package(place, package));
        }
    }
    for found in &mut findings {
        let names =
            || std::iter::once(&found.id).chain(&found.aliases).chain(&found.advisories).map(String::as_str);
        found.exploited = names().find_map(|name| kev.get(name)).cloned();
        if let Some(package) = inventory.packages.get(found.package) {
            let ids: Vec<&str> = names().collect();
            found.statement =
                vex.about(ids.iter().copied(), package, inventory.distribution.as_ref()).cloned();
        }
    }
    findings.sort_by(|a, b| {
        let package = |found: &Found| inventory.packages.get(found.package).map(|p| (&p.name, &p.version));
        let bad = b.rated.severity.cmp(&a.rated.severity);
        let rest = || (package(a), &a.id, a.package).cmp(&(package(b), &b.id, b.package));
        a.is_suppressed().cmp(&b.is_suppressed()).then(bad).then_with(rest)
    });
    let mut not_evaluated = matching.not_evaluated;
    not_evaluated.sort();
    not_evaluated.dedup();
    let as_of = advisories.as_of();
    let then = as_of.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second);
    Report {
        findings,
        not_evaluated,
        advisories_as_of: as_of.to_owned(),
        age_days: then.map(|then| now.saturating_sub(then).max(0) / 86_400),
        exploited_as_of: kev.released.clone(),
    }
}

struct Matching<'a, L> {
    inventory: &'a Inventory,
    advisories: &'a L,
    not_evaluated: Vec<NotEvaluated>,
}

impl<L: Lookup> Matching<'_, L> {
    fn of_package(&mut self, place: usize, package: &Package) -> Vec<Found> {
        let releases = advisory::releases(package, self.inventory.distribution.as_ref());
        let subject = || format!("{} {}", package.name, package.version);
        if package.kind.is_of_distribution()
            && !releases.iter().any(|release| self.advisories.has(&release.name))
        {
            let of = releases.first().map_or("its distribution", |release| &release.name).to_owned();
            self.not_evaluated
                .push(NotEvaluated { subject: of, why: "there are no advisories of it".to_owned() });
            return Vec::new();
        }
        if package.version.is_empty() && !releases.is_empty() {
            self.problem(subject(), "it has no version");
            return Vec::new();
        }
        // One vulnerability is told once, however many records have it.
        let mut found: BTreeMap<String, Found> = BTreeMap::new();
        for release in &releases {
            let (name, version) = advisory::names_of(package, &release.name);
            let records = match self.advisories.of_package(&release.name, &advisory::key(&release.name, name))
            {
                Ok(records) => records,
                Err(error) => {
                    self.problem(subject(), error);
                    continue;
                }
            };
            for record in records.iter().filter(|record| record.withdrawn.is_none()) {
                let about = |affected: &&Affected| {
                    affected.ecosystem == release.name
                        && advisory::key(&release.name, &affected.name) == advisory::key(&release.name, name)
                        && modular::is_of_stream(package, record, affected)
                };
                for affected in record.affected.iter().filter(about) {
                    match advisory::affects(affected, release.order, version) {
                        Verdict::Unaffected => {}
                        Verdict::Unknown(error) => {
                            self.problem(format!("{}: {}", subject(), record.id), error)
                        }
                        Verdict::Affected { fixed } => {
                            for vulnerability in record.vulnerabilities() {
                                let new = Found {
                                    package: place,
                                    looked_up: (name.to_owned(), version.to_owned()),
                                    fixed: fixed.clone(),
                                    ..self.found(record, affected, vulnerability)
                                };
                                merge(&mut found, new);
                            }
                            break;
                        }
                    }
                }
            }
        }
        found.into_values().collect()
    }

    fn problem(&mut self, subject: String, why: impl std::fmt::Display) {
        self.not_evaluated.push(NotEvaluated { subject, why: why.to_string() });
    }

    /// What a record tells of a vulnerability, with what it lacks from the records of the same vulnerability.
    fn found(&mut self, record: &Advisory, affected: &Affected, named: Vulnerability) -> Found {
        let mut others = Vec::new();
        let names = std::iter::once(&named.id).chain(&named.aliases).filter(|name| **name != record.id);
        for name in names.take(MAX_OTHERS) {
            match self.advisories.by_id(name) {
                Ok(other) => others.extend(other.filter(|other| other.withdrawn.is_none())),
                Err(error) => self.problem(name.clone(), error),
            }
        }
        let texts = std::iter::once(record).chain(&others);
        let title = texts.clone().map(|record| &record.summary).find(|summary| !summary.is_empty());
        let details = texts.map(|record| &record.details).find(|details| !details.is_empty());
        Found {
            package: 0,
            advisories: vec![record.id.clone()],
            ecosystem: affected.ecosystem.clone(),
            looked_up: Default::default(),
            fixed: None,
            plan: affected.plan,
            rated: severity::rate(record, affected, &others),
            informational: affected.informational.clone(),
            title: title.cloned().unwrap_or_default(),
            description: details.cloned().unwrap_or_default(),
            references: record.references.clone(),
            exploited: None,
            statement: None,
            id: named.id,
            aliases: named.aliases,
        }
    }
}

/// Puts what two records tell of one vulnerability together: the worse rating, the fix that is known.
fn merge(found: &mut BTreeMap<String, Found>, new: Found) {
    let same = |old: &&mut Found| {
        old.id == new.id
            || old.aliases.contains(&new.id) && !new.id.starts_with("CVE-")
            || new.aliases.contains(&old.id) && !old.id.starts_with("CVE-")
    };
    let Some(old) = found.values_mut().find(same) else {
        found.insert(new.id.clone(), new);
        return;
    };
    old.advisories.extend(new.advisories);
    old.aliases.extend(new.aliases.into_iter().chain([new.id]).filter(|alias| *alias != old.id));
    old.aliases.sort();
    old.aliases.dedup();
    old.fixed = old.fixed.take().or(new.fixed);
    if old.rated.severity < new.rated.severity {
        old.rated = new.rated;
    }
    if old.title.is_empty() {
        old.title = new.title;
    }
}
