//! All clusters' findings, and what people say of them.

use std::sync::Arc;

use ringwall_detect::finding::{Mark, Marks, NotMarked};
use ringwall_detect::output::{self, Scope};
use ringwall_model::error_chain;

use crate::board::Board;
use crate::control::{Answer, Ask};
use crate::keep::Keep;
use crate::known::Known;
use crate::service::Now;

/// A cluster at the desk.
pub(crate) struct Cluster {
    pub(crate) name: String,
    pub(crate) board: Arc<Board>,
    pub(crate) keep: Arc<Keep>,
}

/// Answers what people ask.
pub(crate) struct Desk {
    pub(crate) clusters: Vec<Cluster>,
    pub(crate) known: Arc<Known>,
    pub(crate) now: Now,
}

impl Desk {
    pub(crate) fn answer(&self, ask: &Ask) -> Answer {
        match ask {
            Ask::List { cluster, archived, ids } => self.list(cluster.as_deref(), *archived, ids),
            Ask::Archive { ids, archived } => {
                let now = (self.now)();
                self.mark(ids, |marks, id| match archived {
                    true => marks.archive(id, now),
                    false => marks.unarchive(id, now),
                })
            }
            Ask::Rate { ids, rating, comment } => {
                let now = (self.now)();
                self.mark(ids, |marks, id| marks.rate(id, *rating, comment, now))
            }
        }
    }

    fn list(&self, of: Option<&str>, archived: bool, ids: &[String]) -> Answer {
        if let Some(of) = of
            && !self.clusters.iter().any(|cluster| cluster.name == of)
        {
            return Answer::Refused(format!("`{of}` is none of the clusters"));
        }
        let mut findings = Vec::new();
        for cluster in self.clusters.iter().filter(|cluster| of.is_none_or(|of| cluster.name == of)) {
            let scope = Scope { now: (self.now)(), ..cluster.board.scope().clone() };
            let (_, all) = cluster.board.since(0);
            for (id, finding) in all {
                let verdict = self.known.verdict(&cluster.board, &id, &finding);
                let is_asked = ids.is_empty() || ids.contains(&id);
                if is_asked && (archived || !ids.is_empty() || !verdict.is_archived()) {
                    findings.push(output::Form::Json.of(&finding, &scope, &verdict));
                }
            }
        }
        Answer::Findings(findings)
    }

    /// Marks findings: all that are named, or none.
    fn mark(&self, ids: &[String], mark: impl Fn(&mut Marks, &str) -> Result<(), NotMarked>) -> Answer {
        let mut places = Vec::new();
        for id in ids {
            match self.clusters.iter().find(|cluster| cluster.board.get(id).is_some()) {
                Some(cluster) => places.push((cluster, id)),
                None => return Answer::Refused(format!("there is no finding `{id}`; nothing was marked")),
            }
        }
        let mut marked = 0;
        for (cluster, id) in places {
            let done: Result<Option<Mark>, NotMarked> = cluster.board.mark(id, |marks| mark(marks, id));
            let done = done.map_err(|error| error.to_string()).and_then(|mark| {
                let kept = serde_json::to_vec(&mark.unwrap_or_default()).unwrap_or_default();
                cluster.keep.set_mark(id, &kept).map_err(|error| error_chain(&error))
            });
            if let Err(why) = done {
                return Answer::Refused(format!("{why}; {marked} were marked"));
            }
            marked = usize::saturating_add(marked, 1);
        }
        Answer::Marked(marked)
    }
}
