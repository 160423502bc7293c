//! Bills of materials in: CycloneDX 1.2 to 1.6 and SPDX 2.2 and 2.3, as JSON.

use std::collections::BTreeSet;

use crate::package::{Distribution, Inventory, Location, Package, PackageType, SourcePackage};
use crate::purl;
use crate::read::doc::Doc;
use crate::read::{Problems, shown};

/// The form of a bill of materials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// CycloneDX as JSON.
    CycloneDx,
    /// SPDX 2 as JSON.
    Spdx,
}

/// A bill of materials larger than this is not read: that of a large image has 50 megabytes.
pub const MAX_SBOM_BYTES: usize = 256 << 20;

/// Components stand within components; deeper than this in none that any program writes.
const MAX_NESTING: usize = 32;

/// So much of the text tells the form.
const START_BYTES: usize = 4096;

/// Which form a file has, by its first bytes; nothing if it is no bill of materials as JSON.
pub fn format(bytes: &[u8]) -> Option<Format> {
    let start = bytes.get(..START_BYTES).unwrap_or(bytes);
    let has = |words: &[u8]| memchr::memmem::find(start, words).is_some();
    if has(b"\"bomFormat\"") || has(b"cyclonedx.org/schema") {
        Some(Format::CycloneDx)
    } else if has(b"\"spdxVersion\"") || has(b"\"SPDXID\"") {
        Some(Format::Spdx)
    } else {
        None
    }
}

/// Reads a bill of materials. `path` is shown in problems. A component that is no package is passed over; one whose URL can't be read
/// is a problem.
pub fn read(format: Format, path: &str, bytes: &[u8]) -> Inventory {
    let mut problems = Problems::new(path);
    let mut inventory = Inventory::default();
    if bytes.len() > MAX_SBOM_BYTES {
        problems.whole(format!("{} bytes are more than the {MAX_SBOM_BYTES} that are read", bytes.len()));
    } else {
        let (doc, fault) = Doc::json(bytes);
        problems.fault(fault);
        match format {
            Format::CycloneDx => cyclonedx(&doc, &mut inventory, &mut problems),
            Format::Spdx => spdx(&doc, &mut inventory, &mut problems),
        }
    }
    if inventory.distribution.is_none() {
        inventory.distribution = distribution_of_urls(&inventory.packages);
    }
    inventory.packages.sort();
    inventory.packages.dedup();
    inventory.problems = problems.finish();
    inventory
}

fn cyclonedx(doc: &Doc, inventory: &mut Inventory, problems: &mut Problems<'_>) {
    match doc.text("specVersion") {
        Some("1.2" | "1.3" | "1.4" | "1.5" | "1.6") => {}
        Some(other) => {
            problems.whole(format!("version `{}` of CycloneDX is read as if it were 1.6", shown(other)))
        }
        None => problems.whole("no `specVersion`"),
    }
    let mut waiting: Vec<(usize, &Doc)> =
        doc.list("components").iter().map(|component| (0, component)).collect();
    // What the bill is of may have components of its own.
    waiting.extend(doc.get("metadata").and_then(|metadata| metadata.get("component")).map(|root| (0, root)));
    while let Some((depth, component)) = waiting.pop() {
        if depth < MAX_NESTING {
            waiting.extend(component.list("components").iter().map(|inner| (depth + 1, inner)));
        } else if !component.list("components").is_empty() {
            problems.whole("components are nested deeper than is read");
        }
        if component.text("type") == Some("operating-system") {
            inventory.distribution = Some(Distribution {
                id: component.text("name").unwrap_or("linux").to_ascii_lowercase(),
                version: component.text("version").unwrap_or_default().to_owned(),
                pretty: component.text("description").unwrap_or_default().to_owned(),
                ..Distribution::default()
            });
            continue;
        }
        let Some(url) = component.text("purl") else { continue };
        let Some(mut package) = package_of(url, component.text("version"), problems) else { continue };
        for choice in component.list("licenses") {
            let license = choice.get("license");
            let named = license.and_then(|license| license.text("id").or_else(|| license.text("name")));
            package.licenses.extend(choice.text("expression").or(named).map(str::to_owned));
        }
        package.vendor = component.text("publisher").map(str::to_owned);
        properties(component, &mut package);
        inventory.packages.push(package);
    }
}

/// Our own properties, and where Syft and Trivy say the same.
fn properties(component: &Doc, package: &mut Package) {
    let mut source = (None, None);
    let mut locations: BTreeSet<Location> = BTreeSet::new();
    let mut path: Option<String> = None;
    for property in component.list("properties") {
        let (Some(name), Some(value)) = (property.text("name"), property.text("value")) else { continue };
        let is_path = matches!(name, "ringwall:location:path" | "aquasecurity:trivy:FilePath")
            || (name.starts_with("syft:location:") && name.ends_with(":path"));
        let is_layer = matches!(name, "ringwall:location:layer" | "aquasecurity:trivy:LayerDiffID")
            || (name.starts_with("syft:location:") && name.ends_with(":layerID"));
        match name {
            "ringwall:source:name" | "aquasecurity:trivy:SrcName" => source.0 = Some(value),
            "ringwall:source:version" => source.1 = Some(value),
            "ringwall:owner" => package.owner = Some(value.to_owned()),
            _ if is_path => {
                let before = path.replace(value.trim_start_matches('/').to_owned());
                locations.extend(before.map(|path| Location { path, layer: None }));
            }
            _ if is_layer && name.starts_with("ringwall:") => {
                let path = path.take().unwrap_or_default();
                locations.insert(Location { path, layer: Some(value.to_owned()) });
            }
            _ => {}
        }
    }
    locations.extend(path.map(|path| Location { path, layer: None }));
    package.locations = locations.into_iter().collect();
    if let (Some(name), true) = (source.0, package.kind.is_of_distribution()) {
        let version = source.1.unwrap_or(&package.version).to_owned();
        package.source = Some(SourcePackage { name: name.to_owned(), version });
    }
}

fn spdx(doc: &Doc, inventory: &mut Inventory, problems: &mut Problems<'_>) {
    match doc.text("spdxVersion") {
        Some("SPDX-2.2" | "SPDX-2.3") => {}
        Some(other) => {
            problems.whole(format!("version `{}` of SPDX is read as if it were 2.3", shown(other)))
        }
        None => problems.whole("no `spdxVersion`"),
    }
    for item in doc.list("packages") {
        if item.text("primaryPackagePurpose") == Some("OPERATING-SYSTEM") {
            inventory.distribution = Some(Distribution {
                id: item.text("name").unwrap_or("linux").to_ascii_lowercase(),
                version: item.text("versionInfo").unwrap_or_default().to_owned(),
                ..Distribution::default()
            });
            continue;
        }
        let references = item.list("externalRefs").iter();
        let mut urls = references.filter(|reference| reference.text("referenceType") == Some("purl"));
        let Some(url) = urls.find_map(|reference| reference.text("referenceLocator")) else { continue };
        let Some(mut package) = package_of(url, item.text("versionInfo"), problems) else { continue };
        let declared = item.text("licenseDeclared").filter(|text| !matches!(*text, "NOASSERTION" | "NONE"));
        package.licenses.extend(declared.map(|text| with_own_words(text, doc)));
        let supplier = item.text("supplier").and_then(|text| text.split_once(": "));
        package.vendor = supplier.map(|(_, name)| name.to_owned());
        inventory.packages.push(package);
    }
}

/// A single reference stands for the words that the document has for it.
fn with_own_words(expression: &str, doc: &Doc) -> String {
    let mut infos = doc.list("hasExtractedLicensingInfos").iter();
    let info = infos.find(|info| info.text("licenseId") == Some(expression));
    info.and_then(|info| info.text("extractedText")).unwrap_or(expression).to_owned()
}

/// The package of a URL; a version that the URL lacks is the component's.
fn package_of(url: &str, version: Option<&str>, problems: &mut Problems<'_>) -> Option<Package> {
    match purl::package(url) {
        Ok(Some(mut package)) => {
            if package.version.is_empty() {
                package.version = version.unwrap_or_default().to_owned();
            }
            // An application or an image that has a URL of its own is no package of an ecosystem.
            (package.kind != PackageType::Generic || !package.version.is_empty()).then_some(package)
        }
        Ok(None) => None,
        Err(error) => {
            problems.whole(format!("`{}`: {error}", shown(url)));
            None
        }
    }
}

/// `distro=debian-12` of the first package of a distribution that has it.
fn distribution_of_urls(packages: &[Package]) -> Option<Distribution> {
    packages.iter().filter(|package| package.kind.is_of_distribution()).find_map(|package| {
        let url = purl::parse(package.purl.as_deref()?).ok()?;
        let distro = url.qualifier("distro")?;
        let (id, version) = distro.rsplit_once('-').unwrap_or((distro, ""));
        Some(Distribution { id: id.to_owned(), version: version.to_owned(), ..Distribution::default() })
    })
}
