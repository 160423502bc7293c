//! What correlations have counted: over a reload, over a restart, and within bounds.

use std::sync::Arc;

use ringwall_sigma::limits::MAX_REMEMBERED;
use ringwall_sigma::{Match, Sigma};

use crate::{look, parsed};

const DENIED: &str = "title: denied\nname: denied\nlogsource: {product: kubernetes, service: audit}\n\
    detection: {s: {responseStatus.code: 403}, condition: s}\n";

fn counting(id: &str, number: u32) -> String {
    format!(
        "---\ntitle: many {id}\nid: {id}\nlevel: high\ncorrelation:\n    type: event_count\n    rules: [denied]\n    group-by: [user.username]\n    \
         timespan: 5m\n    condition: {{gte: {number}}}\n"
    )
}

fn denied(user: &str, second: u64) -> String {
    format!(
        r#"{{"auditID":"{user}-{second}","stage":"ResponseComplete","verb":"list","user":{{"username":"{user}"}},"objectRef":{{"resource":"pods"}},
        "responseStatus":{{"code":403}},"requestReceivedTimestamp":"2026-11-02T09:{:02}:{:02}.000000Z"}}"#,
        second / 60,
        second % 60
    )
}

fn feed(sigma: &mut Sigma, user: &str, seconds: std::ops::Range<u64>) -> Vec<Match> {
    seconds.flat_map(|second| look(sigma, &denied(user, second), second + 1)).collect()
}

#[test]
fn a_correlation_names_the_events_that_it_rests_on() {
    let mut sigma = Sigma::new(parsed(&format!("{DENIED}{}", counting("many", 4)))).unwrap();
    let found = feed(&mut sigma, "ann", 0..4);
    let [found] = found.as_slice() else { panic!("{found:?}") };
    let mut ids: Vec<_> = found.earlier.iter().map(|event| (event.id.as_str(), event.place.line)).collect();
    ids.push((&found.signal.evidence.id, found.signal.evidence.place.line));
    assert_eq!(ids, [("ann-0", 1), ("ann-1", 2), ("ann-2", 3), ("ann-3", 4)]);
    assert_eq!(found.signal.cause, "many\0user.username\0ann");
    assert_eq!(found.signal.details.description, "many many: 4 within 300 s (user.username ann)");
}

#[test]
fn unchanged_correlations_keep_what_they_counted_when_rules_are_reloaded() {
    let mut sigma =
        Sigma::new(parsed(&format!("{DENIED}{}{}", counting("same", 4), counting("other", 4)))).unwrap();
    assert!(feed(&mut sigma, "ann", 0..3).is_empty());
    sigma.set_rules(parsed(&format!("{DENIED}{}{}", counting("same", 4), counting("other", 3)))).unwrap();
    let found = feed(&mut sigma, "ann", 3..4);
    let keys: Vec<_> = found.iter().map(|found| (&*found.rule.key, found.earlier.len())).collect();
    assert_eq!(keys, [("same", 3)], "the other one counts anew");
    assert_eq!(feed(&mut sigma, "ann", 4..6).iter().filter(|found| &*found.rule.key == "other").count(), 1);
}

#[test]
fn a_restart_goes_on_where_it_was() {
    let rules = parsed(&format!("{DENIED}{}", counting("many", 4)));
    let mut before = Sigma::new(Arc::clone(&rules)).unwrap();
    assert!(feed(&mut before, "ann", 0..3).is_empty());
    let kept = before.state().unwrap();
    let mut after = Sigma::new(rules).unwrap();
    after.restore(&kept).unwrap();
    let found = feed(&mut after, "ann", 3..4);
    assert_eq!(found.len(), 1);
    assert_eq!(found.first().unwrap().earlier.len(), 3);
    assert!(after.restore(b"{").is_err() && after.restore(b"{}").is_err());
    assert_eq!(feed(&mut after, "ann", 4..5).len(), 1, "what could not be read changed nothing");
}

#[test]
fn long_names_are_remembered_by_their_beginning_and_are_still_two() {
    let mut sigma = Sigma::new(parsed(&format!("{DENIED}{}", counting("many", 2)))).unwrap();
    let long = "x".repeat(10_000);
    assert!(feed(&mut sigma, &format!("{long}1"), 0..1).is_empty());
    assert!(feed(&mut sigma, &format!("{long}2"), 1..2).is_empty());
    let found = feed(&mut sigma, &format!("{long}1"), 2..3);
    assert_eq!(found.len(), 1);
    assert!(found.first().unwrap().signal.cause.len() < MAX_REMEMBERED + 60);
    assert!(sigma.state().unwrap().len() < 10_000);
}

#[test]
fn events_without_a_time_count_for_no_correlation() {
    let mut sigma = Sigma::new(parsed(&format!("{DENIED}{}", counting("many", 1)))).unwrap();
    let event = denied("ann", 0).replace("requestReceivedTimestamp", "elsewhere");
    assert!(look(&mut sigma, &event, 1).is_empty());
    assert_eq!(look(&mut sigma, &denied("ann", 0), 1).len(), 1);
    assert!(look(&mut sigma, &denied("ann", 0).replace("ResponseComplete", "RequestReceived"), 1).is_empty());
}
