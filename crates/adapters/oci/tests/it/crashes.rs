//! Kills during pushes: no acknowledged blob is lost, no half one is visible, and an upload goes on where it was.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::time::Duration;

use ringwall_oci::{Reference, Settings};

use crate::child::{command, layer, open};
use crate::lab::{Lab, body, bytes, key, read, repository, run, sha256, tag};

const KILLS: u64 = 6;

/// What the child said that it had been answered.
#[derive(Default)]
struct Said {
    begun: BTreeSet<u64>,
    uploads: BTreeMap<u64, (String, u64)>,
    blobs: BTreeSet<u64>,
    whole: BTreeSet<u64>,
    images: BTreeSet<u64>,
}

impl Said {
    /// Reads a line; the test harness prints a word of its own in front of the first one.
    fn read(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |at: usize| words[at].parse::<u64>().unwrap();
        let Some(at) =
            words.iter().position(|word| ["begin", "upload", "blob", "whole", "image"].contains(word))
        else {
            return;
        };
        let of = number(at + 1);
        match words[at] {
            "begin" => drop(self.begun.insert(of)),
            "upload" => drop(self.uploads.insert(of, (words[at + 2].to_owned(), number(at + 3)))),
            "blob" => drop(self.blobs.insert(of)),
            "whole" => drop(self.whole.insert(of)),
            _ => drop(self.images.insert(of)),
        }
    }
}

#[test]
fn a_kill_loses_no_acknowledged_blob_and_shows_no_half_one() {
    let lab = Lab::new();
    std::fs::create_dir_all(lab.path("")).unwrap();
    run(async {
        let registry = open(&lab.path(""), Settings::default()).await;
        repository(&registry, "app").await;
    });
    let mut images = 0;
    let mut resumed = 0;
    for round in 0..KILLS {
        let mut child = command(&[], &lab.path(""), round, None).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = Said::default();
        // Sooner and later, from before the first image on.
        for _ in 0..12 + round * 17 {
            said.read(&lines.next().expect("the child ended by itself").unwrap());
        }
        child.kill().unwrap();
        // What was in the pipe was acknowledged too.
        for line in lines.map_while(Result::ok) {
            said.read(&line);
        }
        assert!(!child.wait().unwrap().success());
        images += said.images.len();
        resumed += run(check(&lab, &said));
    }
    assert!(images > 0 && resumed > 0, "{images} {resumed}");
    // Nothing is left but what images need.
    run(async {
        let day = Duration::from_secs(24 * 3_600);
        let settings = Settings { grace: Duration::ZERO, upload_grace: Duration::ZERO, ..lab.settings() };
        let now = jiff::Timestamp::now();
        let later = now.saturating_add(jiff::SignedDuration::try_from(day * 2).unwrap()).unwrap();
        let settings = Settings { clock: std::sync::Arc::new(move || later), ..settings };
        let registry = open(&lab.path(""), settings).await;
        let app = key("app");
        registry.collect().await.unwrap();
        let mut wanted = BTreeSet::new();
        for image in registry.images(&app, None, 1_000).await.unwrap() {
            for digest in image.references {
                let blob = registry.stat_blob(&app, &digest).await.unwrap().unwrap();
                wanted.extend((blob.size > 32 << 10).then_some(digest));
            }
        }
        // What was doomed by this collection goes with the next, a day later.
        let later = later.saturating_add(jiff::SignedDuration::try_from(day).unwrap()).unwrap();
        let settings = Settings { clock: std::sync::Arc::new(move || later), ..Settings::default() };
        open(&lab.path(""), settings).await.collect().await.unwrap();
        assert_eq!(lab.objects(), wanted.len());
    });
}

/// Looks at all that was acknowledged, and goes on with what was not.
async fn check(lab: &Lab, said: &Said) -> usize {
    let registry = open(&lab.path(""), Settings::default()).await;
    let app = key("app");
    for &number in &said.blobs {
        assert!(read(&registry, &app, &sha256(&layer(number)), None).await.unwrap() == layer(number));
    }
    for &number in &said.whole {
        let whole = bytes(number + 1_000_000, 60_000);
        assert!(read(&registry, &app, &sha256(&whole), None).await.unwrap() == whole);
    }
    for &number in &said.images {
        let reference = Reference::Tag(tag(&format!("t{number}")));
        let manifest = registry.pull_manifest(&app, &reference, false).await.unwrap();
        for digest in &manifest.image.references {
            assert!(registry.stat_blob(&app, digest).await.unwrap().is_some());
        }
    }
    let mut resumed = 0;
    for &number in &said.begun {
        let layer = layer(number);
        let digest = sha256(&layer);
        if registry.stat_blob(&app, &digest).await.unwrap().is_some() {
            // It was not answered, and is there: then it is whole.
            assert!(read(&registry, &app, &digest, None).await.unwrap() == layer);
            continue;
        }
        let Some((id, acknowledged)) = said.uploads.get(&number) else { continue };
        let upload = registry.upload(&app, id).await.unwrap();
        assert!(upload.offset >= *acknowledged, "{} of {acknowledged}", upload.offset);
        let rest = body(&layer[usize::try_from(upload.offset).unwrap()..]);
        registry.finish_upload(&app, id, &digest, Some(upload.offset), None, rest).await.unwrap();
        assert!(read(&registry, &app, &digest, None).await.unwrap() == layer);
        resumed += usize::from(*acknowledged > 0);
    }
    resumed
}
