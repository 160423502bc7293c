//! All clusters' findings, and what people say of them.

use std::sync::Arc;

use ringwall_detect::finding::{Finding, Marks, NotMarked};
use ringwall_detect::output::{self, Scope};
use ringwall_model::error_chain;
use ringwall_stream::Stream;
use serde_json::Value;
use tokio::runtime::Handle;

use crate::Error;
use crate::board::{self, Board};
use crate::control::{Answer, Ask};
use crate::service::Common;
use crate::shelf::Shelf;

/// A cluster at the desk.
pub(crate) struct Cluster {
    pub(crate) name: String,
    pub(crate) board: Arc<Board>,
    pub(crate) shelf: Shelf,
}

/// Answers what people ask.
pub(crate) struct Desk {
    common: Arc<Common>,
    clusters: Vec<Cluster>,
    /// Where the findings of all replicas are; without it they are all on the boards.
    stream: Option<Stream>,
    handle: Handle,
}

impl Desk {
    pub(crate) fn new(common: &Arc<Common>, clusters: Vec<Cluster>, stream: Option<Stream>) -> Self {
        Self { common: Arc::clone(common), clusters, stream, handle: Handle::current() }
    }

    /// Answers a question. Blocks.
    pub(crate) fn answer(&self, ask: &Ask) -> Answer {
        let answered = match ask {
            Ask::List { cluster, archived, ids } => {
                self.handle.block_on(self.list(cluster.as_deref(), *archived, ids))
            }
            Ask::Archive { ids, archived } => {
                let now = (self.common.now)();
                self.handle.block_on(self.mark(ids, |marks, id| match archived {
                    true => marks.archive(id, now),
                    false => marks.unarchive(id, now),
                }))
            }
            Ask::Rate { ids, rating, comment } => {
                let now = (self.common.now)();
                self.handle.block_on(self.mark(ids, |marks, id| marks.rate(id, *rating, comment, now)))
            }
        };
        answered.unwrap_or_else(|error| Answer::Refused(error_chain(&error)))
    }

    async fn list(&self, of: Option<&str>, archived: bool, ids: &[String]) -> Result<Answer, Error> {
        if let Some(of) = of
            && !self.clusters.iter().any(|cluster| cluster.name == of)
        {
            return Ok(Answer::Refused(format!("`{of}` is none of the clusters")));
        }
        let mut findings = Vec::new();
        for cluster in self.clusters.iter().filter(|cluster| of.is_none_or(|of| cluster.name == of)) {
            let board = &cluster.board;
            let scope = Scope { now: (self.common.now)(), ..board.scope().clone() };
            for (id, finding) in self.findings(cluster).await? {
                let verdict = self.common.known.verdict(board, &id, &finding);
                let is_asked = ids.is_empty() || ids.contains(&id);
                if is_asked && (archived || !ids.is_empty() || !verdict.is_archived()) {
                    findings.push(output::Form::Json.render(&finding, &scope, &verdict));
                }
            }
        }
        Ok(Answer::Findings(findings))
    }

    /// A cluster's findings, the earliest first, with the marks of now.
    async fn findings(&self, cluster: &Cluster) -> Result<Vec<(String, Arc<Finding>)>, Error> {
        let Some(stream) = &self.stream else { return Ok(cluster.board.since(0).1) };
        cluster.board.take_marks(&cluster.shelf).await?;
        let all = stream.findings(Some(&cluster.name)).await?.into_iter();
        let mut findings: Vec<_> =
            all.filter_map(|(_, told)| Some((told.id, Arc::new(Finding::from_bytes(&told.body)?)))).collect();
        findings.sort_by(board::earliest_first);
        Ok(findings)
    }

    /// Marks findings: all that are named, or none if one is not there.
    async fn mark(
        &self,
        ids: &[String],
        mark: impl Fn(&mut Marks, &str) -> Result<(), NotMarked>,
    ) -> Result<Answer, Error> {
        let mut clusters = Vec::new();
        for cluster in &self.clusters {
            let there = self.findings(cluster).await?;
            clusters.push((cluster, there.into_iter().map(|(id, _)| id).collect::<hashbrown::HashSet<_>>()));
        }
        let mut places = Vec::new();
        for id in ids {
            match clusters.iter().find(|(_, there)| there.contains(id)) {
                Some((cluster, _)) => places.push((*cluster, id)),
                None => {
                    return Ok(Answer::Refused(format!("there is no finding `{id}`; nothing was marked")));
                }
            }
        }
        let mut marked = 0_usize;
        for (cluster, id) in places {
            let marks = match cluster.board.mark(id, |marks| mark(marks, id)) {
                Ok(mark) => mark,
                Err(error) => return Ok(Answer::Refused(format!("{error}; {marked} were marked"))),
            };
            let kept = serde_json::to_value(marks).unwrap_or(Value::Null).to_string();
            cluster.shelf.set_mark(id, kept.into_bytes()).await?;
            marked = marked.saturating_add(1);
        }
        Ok(Answer::Marked(marked))
    }
}
