//! Policies that are longer than AWS takes them.

use ringwall_model::{Tree, Value};

use super::checks::{self, Level};
use super::findings::Findings;
use crate::policy::PolicyKind;

/// What the service takes at most, and what it takes by default or in most places.
struct Limits {
    most: usize,
    usual: Option<(usize, &'static str)>,
}

/// Characters by kind of policy.
///
/// Sources: IAM User Guide, *IAM and AWS STS quotas*: a managed policy 6,144, all inline policies of a role 10,240, a trust
/// policy 2,048 and, on request, up to 8,192, a session policy 2,048; AWS Organizations User Guide, *Quotas*: 10,240 for
/// an SCP and 5,120 for an RCP; AWS PrivateLink Guide, *Quotas*: 20,480; AWS KMS Developer Guide, *Quotas*: 32 KiB, the most
/// of all resources.
fn limits(kind: PolicyKind) -> Limits {
    let fixed = |most| Limits { most, usual: None };
    match kind {
        PolicyKind::Identity => Limits {
            most: 10_240,
            usual: Some((6_144, "only as an inline policy of a role: a managed policy has at most 6,144")),
        },
        PolicyKind::Trust => {
            Limits { most: 8_192, usual: Some((2_048, "only in accounts whose quota of 2,048 was raised")) }
        }
        PolicyKind::Boundary => fixed(6_144),
        PolicyKind::Session => fixed(2_048),
        PolicyKind::Scp => fixed(10_240),
        PolicyKind::Rcp => fixed(5_120),
        PolicyKind::VpcEndpoint => fixed(20_480),
        PolicyKind::Resource => fixed(32_768),
    }
}

pub(super) fn document(kind: PolicyKind, document: &Tree, out: &mut Findings) {
    let length = length(document);
    let Limits { most, usual } = limits(kind);
    if length > most {
        let means = format!(
            "AWS refuses it: {length} characters without white space, and {} has at most {most}",
            kind.name()
        );
        out.add(checks::SIZE, document.line, "to be a policy", means, "split it, or shorten it by wildcards");
    } else if let Some((usual, where_taken)) = usual.filter(|(usual, _)| length > *usual) {
        let means =
            format!("{length} characters without white space, more than {usual}: AWS takes it {where_taken}");
        let hint = "split it, or shorten it by wildcards";
        out.add(checks::SIZE.at(Level::Warning), document.line, "to be a policy", means, hint);
    }
}

/// Characters of the document as JSON without white space between its parts, which IAM doesn't count.
pub(crate) fn length(tree: &Tree) -> usize {
    let text = |text: &str| {
        let escaped = text.chars().filter(|c| matches!(c, '"' | '\\')).count();
        text.chars().count() + escaped + 2
    };
    // Brackets, and a comma between items.
    let around = |items: usize| 2 + items.saturating_sub(1);
    match &tree.value {
        Value::Null => 4,
        Value::Bool(value) => {
            if *value {
                4
            } else {
                5
            }
        }
        Value::Number(number) => number.written.len(),
        Value::String(value) => text(value),
        Value::Sequence(items) => around(items.len()) + items.iter().map(length).sum::<usize>(),
        Value::Mapping(entries) => {
            let entry = |entry: &ringwall_model::Entry| text(&entry.key) + 1 + length(&entry.value);
            around(entries.len()) + entries.iter().map(entry).sum::<usize>()
        }
    }
}
