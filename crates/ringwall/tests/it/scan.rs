use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::layouts::{Layout, lock, status};
use crate::snapshot::{Said, run};
use crate::tarball::Tarball;

fn scan(arguments: &[&str]) -> Said {
    let arguments: Vec<String> = ["scan"].iter().chain(arguments).map(|text| (*text).to_owned()).collect();
    run(&arguments, "")
}

fn layout() -> Layout {
    let base = Tarball::default()
        .file("etc/os-release", "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n")
        .file("var/lib/dpkg/status", status(&[("openssl", "3.0.14-1"), ("zlib1g", "1:1.2.13-1")]));
    Layout::of(&[base.end(), Tarball::default().file("srv/Cargo.lock", lock(&[("serde", "1.0.1")])).end()])
}

fn packages(said: &Said) -> Vec<String> {
    let json = said.json();
    let packages = json["packages"].as_array().unwrap().iter();
    packages
        .map(|package| format!("{} {}", package["purl"].as_str().unwrap(), package["locations"][0]["path"]))
        .collect()
}

#[test]
fn a_layout_is_told_in_every_form() {
    let layout = layout();
    let name = layout.name();
    let said = scan(&[&name, "--output", "json"]);
    assert_eq!(said.status, 0, "{said:?}");
    let json = said.json();
    let found = packages(&said);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found.iter().any(|purl| purl.starts_with("pkg:deb/debian/zlib1g@1")), "{found:?}");
    assert!(found.iter().any(|purl| purl == "pkg:cargo/serde@1.0.1 \"srv/Cargo.lock\""), "{found:?}");
    assert_eq!(json["subject"]["name"], name.as_str());
    assert!(json["subject"]["digest"].as_str().unwrap().starts_with("sha256:"));
    assert_eq!(json["distribution"]["id"], "debian");
    let table = scan(&[&name]);
    assert_eq!(table.status, 0, "{table:?}");
    assert!(table.stdout.contains("3 packages, Debian GNU/Linux 12"), "{}", table.stdout);
    let sarif = scan(&[&name, "--output", "sarif"]).json();
    assert_eq!(sarif["version"], "2.1.0");
    // What is written as an SBOM is read as one, with the same packages.
    let folder = tempfile::tempdir().unwrap();
    for format in ["cyclonedx", "spdx"] {
        let file = folder.path().join(format!("{format}.json"));
        fs::write(&file, scan(&[&name, "--output", format]).stdout).unwrap();
        let again = scan(&[file.to_str().unwrap(), "--output", "json"]);
        assert_eq!(again.status, 0, "{again:?}");
        let purls = |said: &Said| -> Vec<Value> {
            said.json()["packages"]
                .as_array()
                .unwrap()
                .iter()
                .map(|package| package["purl"].clone())
                .collect()
        };
        assert_eq!(purls(&again), purls(&said), "{format}");
    }
}

#[test]
fn what_cant_be_read_is_told_by_the_status() {
    let layout = layout();
    let name = layout.name();
    for (arguments, status, text) in [
        (vec!["./not-there"], 2, "`./not-there` is no file or folder"),
        (vec![&*name, "--platform", "linux"], 2, "`linux` is no platform"),
        (vec![&*name, "--platform", "linux/s390x"], 2, "there is no image for `linux/s390x`"),
        (vec![&*name, &*name], 2, "only one"),
        (vec![&*name, "--fail-on", "worse"], 2, "worse"),
    ] {
        let said = scan(&arguments);
        assert_eq!(said.status, status, "{said:?}");
        assert!(said.stderr.contains(text), "{said:?}");
        assert_eq!(said.stdout, "");
    }
    let missing = format!("{name}:v2");
    let said = scan(&[&missing]);
    assert!(said.status == 2 && said.stderr.contains("hint: name one"), "{said:?}");
    // A file that is broken costs itself alone.
    let broken = Tarball::default()
        .file("srv/package-lock.json", "{")
        .file("app/Cargo.lock", lock(&[("serde", "1.0.1")]))
        .end();
    let said = scan(&[&Layout::of(&[broken]).name(), "--output", "json"]);
    assert_eq!(said.status, 3, "{said:?}");
    assert_eq!(packages(&said).len(), 1);
    assert!(said.json()["problems"][0].as_str().unwrap().starts_with("srv/package-lock.json"));
    let layer = fs::read_dir(Path::new(&name).join("blobs/sha256")).unwrap();
    for entry in layer {
        fs::write(entry.unwrap().path(), "damaged").unwrap();
    }
    assert_eq!(scan(&[&name]).status, 2);
}

#[test]
fn known_layers_are_not_read() {
    let layout = layout();
    let cache = tempfile::tempdir().unwrap();
    let arguments = [&*layout.name(), "--cache", cache.path().to_str().unwrap(), "--output", "json"];
    let first = scan(&arguments);
    assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 2);
    for entry in fs::read_dir(layout.path().join("blobs/sha256")).unwrap() {
        let path = entry.unwrap().path();
        if fs::read(&path).unwrap().starts_with(&[0x1f, 0x8b]) {
            fs::remove_file(path).unwrap();
        }
    }
    let again = scan(&arguments);
    assert_eq!(again.status, 0, "{again:?}");
    assert_eq!(packages(&again), packages(&first));
}

#[test]
fn assess_lists_images_with_what_is_known() {
    let layout = layout();
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let scanned = scan(&[&layout.name(), "--output", "json"]);
    let digest = scanned.json()["subject"]["digest"].as_str().unwrap().to_owned();
    write("images/web.json", &scanned.stdout);
    write("images/broken.json", "{\"subject\": {}}");
    write(
        "kubernetes/pods.yaml",
        &format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: web, namespace: shop}}\nspec:\n  containers:\n  \
             - {{name: web, image: registry.example/web:1}}\n  - {{name: side, image: registry.example/side:1}}\n\
             status:\n  containerStatuses:\n  - {{name: web, imageID: registry.example/web@{digest}}}\n"
        ),
    );
    let assess = |format: &str| {
        let arguments = ["assess", folder.path().to_str().unwrap(), "--output", format];
        run(&arguments.map(str::to_owned), "")
    };
    let said = assess("json");
    assert_eq!(said.status, 3, "one of the scans is broken: {said:?}");
    let images = said.json()["images"].clone();
    assert_eq!(images.as_array().unwrap().len(), 2);
    assert_eq!(images[0]["image"], "registry.example/side:1");
    assert_eq!(images[0]["scan"], Value::Null);
    assert_eq!(images[1]["scan"]["packages"], 3);
    assert_eq!(images[1]["scan"]["byName"], false);
    assert_eq!(images[1]["runBy"][0]["name"], "web");
    let text = assess("text").stdout;
    assert!(
        text.contains("1 of 2 images not scanned") && text.contains("compared with no advisories"),
        "{text}"
    );
}
