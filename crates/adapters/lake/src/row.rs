//! What is kept of an event or a finding.

use ringwall_detect::audit::Event;
use ringwall_detect::cloudtrail::Record;
use ringwall_detect::finding::Finding;
use ringwall_detect::output::Scope;

use crate::layout::{account_part, region_part};
use crate::node::Node;

/// A class of OCSF, with files of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// API Activity (6003): audit events and CloudTrail records.
    Events,
    /// Detection Finding (2004).
    Findings,
}

impl Class {
    /// All.
    pub const ALL: [Self; 2] = [Self::Events, Self::Findings];

    /// Its name as a custom source of Security Lake.
    pub fn source(self) -> &'static str {
        match self {
            Self::Events => "ringwall-events",
            Self::Findings => "ringwall-findings",
        }
    }

    /// The columns that make two rows the same: what comes twice is kept once when files are compacted.
    pub(crate) fn key(self) -> [&'static str; 2] {
        match self {
            Self::Events => ["event_id", "stage"],
            Self::Findings => ["finding_id", "revision"],
        }
    }
}

/// Of which cluster events are: audit events do not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The account, twelve digits.
    pub account: String,
    /// The region.
    pub region: String,
    /// The cluster's name.
    pub cluster: String,
    /// Unix milliseconds, for events without a time.
    pub now: i64,
}

/// An event or a finding, ready to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub(crate) class: Class,
    pub(crate) account: String,
    pub(crate) region: String,
    /// Unix milliseconds.
    pub(crate) time: i64,
    pub(crate) node: Node,
}

impl Row {
    pub(crate) fn new(class: Class, account: &str, region: &str, time: i64, node: Option<Node>) -> Self {
        Self {
            class,
            account: account_part(account).to_owned(),
            region: region_part(region).to_owned(),
            time,
            node: node.unwrap_or(Node::Object(Vec::new())),
        }
    }

    /// Of an audit event; `None` at the stage `RequestReceived`, of which later ones say all and more.
    pub fn audit(event: &Event<'_>, origin: &Origin) -> Option<Self> {
        crate::event::row(event, origin)
    }

    /// Of a record of CloudTrail. Its account and region are those that it has itself, else the cluster's.
    pub fn cloudtrail(record: &Record<'_>, origin: &Origin) -> Self {
        crate::cloudtrail::row(record, origin)
    }

    /// Of a finding as it is now. One that is counted up is another row of the same id.
    pub fn finding(finding: &Finding, scope: &Scope) -> Self {
        crate::finding::row(finding, scope)
    }

    /// What it takes in memory, about.
    pub fn bytes(&self) -> usize {
        self.node.bytes()
    }
}
