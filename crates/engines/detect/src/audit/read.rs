//! A line of a log to its events.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Event, mend};
use crate::field::{Field, Text};
use crate::object::object;

/// Longest line that is read. The apiserver's own limit for an event is 100 KiB by default and can be raised; log services cut
/// at 256 KiB, and a batch of the audit webhook has up to 10 MiB.
/// Source: Kubernetes v1.37, kube-apiserver, `--audit-log-truncate-max-event-size`, `--audit-webhook-truncate-max-batch-size`.
pub const MAX_LINE: usize = 16 << 20;

/// Why nothing was read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRead {
    /// It is no JSON.
    #[error("no JSON: {0}")]
    Json(String),
    /// It is longer than lines are.
    #[error("the line has {0} bytes; at most {MAX_LINE} are read")]
    TooLong(usize),
    /// It is JSON and neither an audit event nor a list of some.
    #[error("no audit event: it has neither `auditID` nor a verb and a user")]
    NoEvent,
}

/// What a line held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Events.
    pub events: u64,
    /// Values of a list that are none.
    pub others: u64,
    /// Whether the line's end was missing, and with it whatever stood there.
    pub cut: bool,
}

object! {
    /// What a list is told by.
    struct Head {
        "kind" => kind: Field<Text<'a>>,
        "items" => items: Items<'a>,
    }
}

/// The values of a list, unread.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
struct Items<'a>(#[serde(borrow)] Option<Vec<&'a RawValue>>);

/// Hands over each event of a line: one event, or a list of them as webhooks and `kubectl` have it.
///
/// # Errors
///
/// [`NotRead`]: no event could be made of it.
pub fn read(line: &str, each: &mut dyn FnMut(&Event<'_>)) -> Result<Held, NotRead> {
    read_with_json(line, &mut |event, _| each(event))
}

/// The same, with the JSON text of each event; where its end was missing, the text as it was mended.
///
/// # Errors
///
/// As [`read`] has them.
pub fn read_with_json(line: &str, each: &mut dyn FnMut(&Event<'_>, &str)) -> Result<Held, NotRead> {
    if line.len() > MAX_LINE {
        return Err(NotRead::TooLong(line.len()));
    }
    match whole(line, each) {
        Err(NotRead::Json(error)) => {
            let mended = mend(line).ok_or_else(|| NotRead::Json(error.clone()))?;
            let held = whole(&mended, each).map_err(|_| NotRead::Json(error))?;
            Ok(Held { cut: true, ..held })
        }
        read => read,
    }
}

fn whole(line: &str, each: &mut dyn FnMut(&Event<'_>, &str)) -> Result<Held, NotRead> {
    let event = one(line)?;
    if is_event(&event) {
        each(&event, line);
        return Ok(Held { events: 1, ..Held::default() });
    }
    if !event.kind.text().ends_with("List") {
        return Err(NotRead::NoEvent);
    }
    let head: Field<Head<'_>> = serde_json::from_str(line).map_err(|_| NotRead::NoEvent)?;
    let Field::Is(Head { items: Items(Some(items)), .. }) = head else { return Err(NotRead::NoEvent) };
    let mut held = Held::default();
    for item in items {
        match one(item.get()) {
            Ok(event) if is_event(&event) => {
                held.events = held.events.saturating_add(1);
                each(&event, item.get());
            }
            _ => held.others = held.others.saturating_add(1),
        }
    }
    Ok(held)
}

fn one(json: &str) -> Result<Event<'_>, NotRead> {
    match serde_json::from_str(json) {
        Ok(Field::Is(event)) => Ok(event),
        Ok(Field::Absent | Field::Wrong) => Err(NotRead::NoEvent),
        Err(error) => Err(NotRead::Json(error.to_string())),
    }
}

/// Exports that leave out kind and version still have these.
fn is_event(event: &Event<'_>) -> bool {
    event.audit_id.get().is_some() || (event.verb.get().is_some() && event.user.get().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Outcome;

    const EVENT: &str = r#"{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Request","auditID":"a-1","stage":"ResponseComplete",
        "requestURI":"/api/v1/namespaces/shop/pods/a/exec?command=sh","verb":"create","user":{"username":"ann","groups":["dev"],
        "extra":{"sessionName":["ann"]}},"sourceIPs":["192.0.2.1"],"objectRef":{"resource":"pods","subresource":"exec"},
        "responseStatus":{"code":101},"requestObject":{"spec":{"hostPID":true}},"annotations":{"authorization.k8s.io/decision":"allow"}}"#;

    fn all(line: &str) -> (Result<Held, NotRead>, Vec<String>) {
        let mut seen = Vec::new();
        let held = read(line, &mut |event| {
            let user = event.user.get().map(|user| user.username.text().to_owned()).unwrap_or_default();
            seen.push(format!(
                "{} {} {user} {:?}",
                event.audit_id.text(),
                event.verb.text(),
                event.outcome()
            ));
        });
        (held, seen)
    }

    #[test]
    fn an_event_is_read() {
        assert_eq!(
            all(EVENT),
            (Ok(Held { events: 1, ..Held::default() }), vec!["a-1 create ann Succeeded".to_owned()])
        );
        let mut outcome = None;
        read(EVENT, &mut |event| {
            assert_eq!(event.user.get().unwrap().extra.get().unwrap().get("sessionName").unwrap().len(), 1);
            assert_eq!(event.request_object.json(), Some(r#"{"spec":{"hostPID":true}}"#));
            outcome = Some(event.outcome());
        })
        .unwrap();
        assert_eq!(outcome, Some(Outcome::Succeeded));
    }

    #[test]
    fn a_list_is_its_items() {
        let list = format!(r#"{{"kind":"EventList","items":[{EVENT},1,{{"a":1}},{EVENT}]}}"#);
        let (held, seen) = all(&list);
        assert_eq!(held, Ok(Held { events: 2, others: 2, cut: false }));
        assert_eq!(seen.len(), 2);
    }

    #[test]
    fn a_line_that_was_cut_is_read_as_far_as_it_goes() {
        let (cut, _) = EVENT.split_once("hostPID").unwrap();
        assert_eq!(
            all(cut),
            (Ok(Held { events: 1, others: 0, cut: true }), vec!["a-1 create ann Succeeded".to_owned()])
        );
        let (early, _) = EVENT.split_once("requestURI").unwrap();
        assert_eq!(all(early).1, ["a-1   NotTold"]);
    }

    #[test]
    fn wrong_types_and_second_members_hide_nothing() {
        let odd = EVENT
            .replace(r#""sourceIPs":["192.0.2.1"]"#, r#""sourceIPs":"192.0.2.1","verb":7,"verb":"get","user":5,"user":{"username":"bob","groups":[1,"x"]}"#)
            .replace(r#"{"code":101}"#, r#"{"code":"101"}"#);
        let (held, seen) = all(&odd);
        assert_eq!(held, Ok(Held { events: 1, ..Held::default() }));
        assert_eq!(seen, ["a-1 get bob NotTold"]);
    }

    #[test]
    fn what_is_no_event_is_said() {
        for (line, error) in
            [("[]", NotRead::NoEvent), (r#"{"a":1}"#, NotRead::NoEvent), ("null", NotRead::NoEvent)]
        {
            assert_eq!(all(line).0, Err(error), "{line}");
        }
        for line in ["", "hello", r#"{"a" 1}"#] {
            assert!(matches!(all(line).0, Err(NotRead::Json(_))), "{line}");
        }
    }
}
