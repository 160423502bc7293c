//! From what single files tell to all that an image holds.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Inventory, Location, Package};
use crate::read::{Found, Owned};

impl Inventory {
    /// Puts together what the files of an image told: `(path, layer, what was found)`, files that a later layer removed or replaced
    /// left out by the caller.
    ///
    /// - Each package gets the file and its layer as a location. The same package told by several files stands once, with all of
    ///   them.
    /// - A language package whose file belongs to a package of the distribution gets that one as its owner.
    /// - `etc/os-release` counts before `usr/lib/os-release`, as os-release(5) says.
    ///
    /// The order of the files makes no difference.
    pub fn assemble(files: impl IntoIterator<Item = (String, Option<String>, Found)>) -> Self {
        let mut packages: BTreeMap<Package, BTreeSet<Location>> = BTreeMap::new();
        let mut owned: HashMap<String, String> = HashMap::new();
        let mut owners: Vec<Owned> = Vec::new();
        let mut releases = Vec::new();
        let mut problems = Vec::new();
        for (path, layer, found) in files {
            for mut package in found.packages {
                let mut places: BTreeSet<Location> =
                    std::mem::take(&mut package.locations).into_iter().collect();
                if places.is_empty() {
                    places.insert(Location { path: path.clone(), layer: None });
                }
                let places = places
                    .into_iter()
                    .map(|place| Location { layer: place.layer.or_else(|| layer.clone()), ..place });
                packages.entry(package).or_default().extend(places);
            }
            owners.extend(found.owned);
            problems.extend(found.problems);
            if let Some(distribution) = found.distribution {
                releases.push((!path.ends_with("etc/os-release"), path, distribution));
            }
        }
        owners.sort();
        for Owned { package, paths } in owners {
            for path in paths {
                owned.entry(path).or_insert_with(|| package.clone());
            }
        }
        releases.sort();
        problems.sort();
        problems.dedup();
        let packages = packages.into_iter().map(|(package, places)| with_places(package, places, &owned));
        let mut packages: Vec<Package> = packages.collect();
        packages.sort();
        let distribution = releases.into_iter().next().map(|(_, _, distribution)| distribution);
        Self { distribution, packages, problems }
    }
}

fn with_places(package: Package, places: BTreeSet<Location>, owned: &HashMap<String, String>) -> Package {
    let locations: Vec<Location> = places.into_iter().collect();
    let owner = match package.kind.is_of_distribution() {
        true => None,
        // One copy that the distribution does not own is enough for its own advisories to count.
        false => {
            let mut owners = locations.iter().map(|place| owner_of(&place.path, owned));
            let first = owners.next().flatten();
            first.filter(|_| owners.all(|owner| owner.is_some())).map(str::to_owned)
        }
    };
    Package { owner: package.owner.or(owner), locations, ..package }
}

/// The package that has the file; of a file inside an archive, the archive's.
fn owner_of<'a>(path: &str, owned: &'a HashMap<String, String>) -> Option<&'a str> {
    let outer = path.split_once("!/").map_or(path, |(outer, _)| outer);
    // Since usrmerge, a package may list `lib/x` what lies in `usr/lib/x`.
    let merged = outer.strip_prefix("usr/");
    owned.get(outer).or_else(|| owned.get(merged?)).map(String::as_str)
}
