//! What the files that a container would see tell of packages, each with the layer that brought it.

use std::collections::HashMap;

use ringwall_scan::package::{Inventory, Location, Package, PackageType};
use ringwall_scan::read::{self, Found, ReadError};

use crate::layer::{Asked, Record};
use crate::view::{Spot, View};

/// Where the databases of distributions' packages are looked for, also if a folder on the way is a link.
const DATABASES: [&str; 9] = [
    "etc/os-release",
    "usr/lib/os-release",
    "var/lib/dpkg/status",
    "lib/apk/db/installed",
    "usr/lib/apk/db/installed",
    "var/lib/rpm/rpmdb.sqlite",
    "var/lib/rpm/Packages.db",
    "var/lib/rpm/Packages",
    "usr/lib/sysimage/rpm/rpmdb.sqlite",
];

/// The layers' files, one on top of the other.
pub(crate) struct Merged<'l> {
    records: &'l [&'l Record],
    view: View<'l>,
    /// Of each file that told something: the first layer since which each package has been told there.
    origins: HashMap<Spot, HashMap<Identity<'l>, usize>>,
}

type Identity<'l> = (PackageType, &'l str, &'l str, Option<&'l str>);

fn identity(package: &Package) -> Identity<'_> {
    (package.kind, &package.name, &package.version, package.arch.as_deref())
}

impl<'l> Merged<'l> {
    /// Puts layers together, the lowest first.
    pub(crate) fn new(records: &'l [&'l Record]) -> Self {
        let mut view = View::default();
        let mut origins: HashMap<Spot, HashMap<Identity<'l>, usize>> = HashMap::new();
        for (layer, record) in records.iter().enumerate() {
            let readings: HashMap<usize, &Found> =
                record.readings.iter().map(|reading| (reading.entry, &reading.found)).collect();
            let mut since = Vec::new();
            view.apply(layer, &record.entries, &mut |entry, before| {
                if readings.contains_key(&entry) {
                    since.push((entry, before));
                }
            });
            for (entry, before) in since {
                let before = before.and_then(|before| origins.get(&before));
                let packages =
                    readings.get(&entry).map(|found| found.packages.as_slice()).unwrap_or_default();
                let of = packages.iter().map(identity).map(|package| {
                    (package, before.and_then(|before| before.get(&package)).copied().unwrap_or(layer))
                });
                let of = of.collect();
                origins.insert(Spot { layer, entry }, of);
            }
        }
        Self { records, view, origins }
    }

    /// Files that links with a telling name lead to, and that were not read under their own: by layer, path, and that name.
    pub(crate) fn unread(&self) -> Vec<Asked> {
        let mut asked = vec![Asked::new(); self.records.len()];
        let mut ask = |spot: Spot, name: &str| {
            let Some(record) = self.records.get(spot.layer) else { return };
            let Some(entry) = record.entries.get(spot.entry) else { return };
            if read::wanted(&entry.path).is_none()
                && !record.asked.contains_key(&*entry.path)
                && let Some(asked) = asked.get_mut(spot.layer)
            {
                asked.entry(entry.path.to_string()).or_insert_with(|| name.to_owned());
            }
        };
        for (path, spot) in self.view.files() {
            if read::wanted(path).is_some() {
                ask(spot, path);
            }
        }
        for path in self.view.links().chain(DATABASES) {
            if read::wanted(path).is_some()
                && let Some((_, spot)) = self.view.file(path)
            {
                ask(spot, path);
            }
        }
        asked
    }

    /// All packages. `layers` are the names of the layers in what is told.
    pub(crate) fn inventory(&self, layers: &[Option<String>]) -> Inventory {
        // A file with several names is told of once, by its own name if it still has it.
        let mut places: HashMap<Spot, &str> = HashMap::new();
        for (path, spot) in self.view.files() {
            if !self.origins.contains_key(&spot) {
                continue;
            }
            let own = self.records.get(spot.layer).and_then(|record| record.entries.get(spot.entry));
            if own.is_some_and(|own| *own.path == *path) {
                places.insert(spot, path);
            } else {
                places.entry(spot).or_insert(path);
            }
        }
        let files = self.records.iter().enumerate().flat_map(|(layer, record)| {
            let places = &places;
            record.readings.iter().filter_map(move |reading| {
                let spot = Spot { layer, entry: reading.entry };
                let place = places.get(&spot)?;
                let name = layers.get(layer).cloned().flatten();
                Some(((*place).to_owned(), name, self.attributed(spot, place, &reading.found, layers)))
            })
        });
        let mut inventory = Inventory::assemble(files);
        // What could not be read is told of the layers that are seen last; what is hidden harms nobody.
        let problems = self.records.iter().flat_map(|record| &record.problems);
        inventory.problems.extend(problems.cloned());
        inventory.problems.sort();
        inventory.problems.dedup();
        inventory
    }

    /// What a file told, each package with the layer that it came with.
    fn attributed(&self, spot: Spot, place: &str, found: &Found, layers: &[Option<String>]) -> Found {
        let own = self.records.get(spot.layer).and_then(|record| record.entries.get(spot.entry));
        let own = own.map(|own| &*own.path).unwrap_or_default();
        let moved = |path: &str| match path.strip_prefix(own) {
            Some(rest) if rest.is_empty() || rest.starts_with('!') => format!("{place}{rest}"),
            _ => path.to_owned(),
        };
        let origins = self.origins.get(&spot);
        let packages = found.packages.iter().map(|package| {
            let layer = origins.and_then(|origins| origins.get(&identity(package)).copied());
            let layer = layers.get(layer.unwrap_or(spot.layer)).cloned().flatten();
            let mut package = package.clone();
            if package.locations.is_empty() {
                package.locations.push(Location { path: place.to_owned(), layer: None });
            }
            for location in &mut package.locations {
                *location = Location { path: moved(&location.path), layer: layer.clone() };
            }
            package
        });
        let problems =
            found.problems.iter().map(|problem| ReadError { path: moved(&problem.path), ..problem.clone() });
        Found {
            packages: packages.collect(),
            owned: found.owned.clone(),
            distribution: found.distribution.clone(),
            problems: problems.collect(),
        }
    }
}

#[cfg(test)]
mod tests;
