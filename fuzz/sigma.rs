//! What holds for any bytes that come as a file of rules. The fuzz target calls it, and a test that replays its corpus.

use std::sync::Arc;

use ringwall_detect::audit;
use ringwall_detect::finding::Place;
use ringwall_sigma::{Rules, Sigma};

/// An event with something in each part that rules ask into.
const EVENT: &str = r#"{"auditID":"a-1","stage":"ResponseComplete","verb":"create","user":{"username":"ann","groups":["dev"]},
    "sourceIPs":["192.0.2.7"],"userAgent":"curl/8.5.0","requestURI":"/api/v1/namespaces/shop/pods/web/exec?command=sh",
    "objectRef":{"resource":"pods","subresource":"exec","namespace":"shop","name":"web"},"responseStatus":{"code":101},
    "requestObject":{"spec":{"containers":[{"name":"a","securityContext":{"privileged":true}},{"name":"b"}]}},
    "requestReceivedTimestamp":"2026-11-02T09:00:00.000001Z"}"#;

/// Bytes as rules: either all of them hold together and can look at an event, or each mistake has its line. Tells how many there are.
pub(crate) fn rules(bytes: &[u8]) -> Result<usize, usize> {
    let rules = match Rules::parse("rules.yml", bytes) {
        Ok(rules) => Arc::new(rules),
        Err(problems) => {
            assert!(!problems.is_empty(), "no rules and no reason");
            return Err(problems.len());
        }
    };
    let mut sigma = Sigma::new(Arc::clone(&rules)).unwrap();
    let place = Place { file: "audit.log".into(), line: 1 };
    audit::read_with_json(EVENT, &mut |event, json| {
        sigma.audit(event, json, &place, &mut |found| assert!(!found.rule.is_silent));
    })
    .unwrap();
    let state = sigma.state().unwrap();
    sigma.restore(&state).unwrap();
    Ok(rules.all().len())
}
