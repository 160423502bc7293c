//! The rules of `rules/sigma`, by the cases under `cases/detect/sigma`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use ringwall_sigma::{Origin, Rules, Sigma};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{folder, look, text};

#[derive(Deserialize)]
struct Case {
    name: String,
    events: Vec<Box<RawValue>>,
    matches: BTreeMap<String, usize>,
}

pub(crate) fn pack() -> Arc<Rules> {
    let origin = Origin { path: folder("rules/sigma"), is_dry_run: false };
    Arc::new(Rules::load(&[origin]).unwrap_or_else(|problems| panic!("{problems:#?}")))
}

fn stem(path: &str) -> String {
    Path::new(path).file_stem().unwrap().to_string_lossy().into_owned()
}

#[test]
fn each_case_matches_as_it_says() {
    let rules = pack();
    let mut sides: BTreeMap<String, BTreeSet<bool>> = BTreeMap::new();
    let mut files: Vec<_> =
        fs::read_dir(folder("cases/detect/sigma")).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    for file in files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "jsonl")) {
        let rule = stem(&file.to_string_lossy());
        for line in text(file).lines() {
            let case: Case = serde_json::from_str(line).unwrap();
            let mut sigma = Sigma::new(Arc::clone(&rules)).unwrap();
            let mut told: BTreeMap<String, usize> = BTreeMap::new();
            for (event, line) in case.events.iter().zip(1..) {
                for found in look(&mut sigma, event.get(), line) {
                    *told.entry(stem(&found.rule.source.file)).or_default() += 1;
                }
            }
            assert_eq!(told, case.matches, "{rule}: {}", case.name);
            sides.entry(rule.clone()).or_default().insert(case.matches.contains_key(&rule));
        }
    }
    for rule in rules.all().iter().filter(|rule| !rule.is_silent) {
        let sides = sides.get(&stem(&rule.source.file));
        assert_eq!(sides.map(BTreeSet::len), Some(2), "`{}` has not a case of both kinds", rule.source.file);
    }
}

#[test]
fn the_rules_are_written_as_others_write_them() {
    let rules = pack();
    assert!(rules.all().iter().filter(|rule| !rule.is_silent).count() >= 12);
    assert_eq!(rules.others(), 0);
    for rule in rules.all() {
        let about = format!("{}: {}", rule.source, rule.title);
        assert!(rule.tags.iter().any(|tag| tag.starts_with("attack.")), "{about}");
        assert!(rule.is_silent || !rule.false_positives.is_empty(), "{about}");
        assert!(rule.key.len() == 36, "{about} has no UUID");
        let text = text(&*rule.source.file);
        assert!(text.contains("license: Apache-2.0"), "{about}");
    }
}
