use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use hashbrown::HashSet;
use ringwall_document::Reader;
use ringwall_model::{Cluster, LogFile, LogKind, Object, Problem, Source, Tree};

use crate::walk::{Found, Part, Walk};
use crate::{Options, Progress, Snapshot, aws, bytes, cluster_yaml, limits, objects, scans, typed};

/// What a file held.
enum Content {
    Objects(objects::Objects),
    Documents(Vec<(Source, Tree)>, Vec<Problem>),
}

struct Outcome {
    content: Content,
    bytes: u64,
}

/// Reads the files and puts the cluster together, in the order of the files.
pub(crate) fn load(walk: Walk, options: &Options<'_>) -> Snapshot {
    let mut problems = walk.problems;
    let mut cluster = Cluster::default();
    let (logs, files): (Vec<_>, Vec<_>) =
        walk.files.into_iter().partition(|found| matches!(found.part, Part::Audit | Part::CloudTrail));
    cluster.logs = logs.into_iter().map(log_file).collect();

    let total = files.iter().map(|found| found.bytes).sum();
    let mut done = 0;
    let mut room = limits::MAX_TOTAL_BYTES;
    let mut written: Option<cluster_yaml::Written> = None;
    let mut documents = Vec::new();
    let mut scanned = Vec::new();
    let mut all = Vec::new();
    let mut aws_auth = Vec::new();
    for batch in batches(&files) {
        for (found, outcome) in batch.iter().zip(read_batch(batch, room)) {
            room = room.saturating_sub(outcome.bytes);
            match (outcome.content, found.part) {
                (Content::Objects(found), _) => {
                    all.extend(found.objects);
                    aws_auth.extend(found.aws_auth);
                    problems.extend(found.problems);
                }
                (Content::Documents(trees, found_problems), Part::ClusterFile) => {
                    problems.extend(found_problems);
                    written = Some(cluster_yaml::read(trees, &mut problems));
                }
                (Content::Documents(trees, found_problems), Part::Images) => {
                    problems.extend(found_problems);
                    scanned.extend(scans::read(trees, &mut problems));
                }
                (Content::Documents(trees, found_problems), _) => {
                    problems.extend(found_problems);
                    documents.extend(trees);
                }
            }
            done += found.bytes;
            if let Some(progress) = options.progress {
                progress(Progress { done, total });
            }
        }
    }

    cluster.info = written.map(|written| written.info).unwrap_or_default();
    cluster.scans = scanned;
    aws::fill(&mut cluster, documents, &mut problems);
    settle(&mut cluster, all, &mut problems);
    let kept: HashSet<Source> = cluster
        .objects
        .iter()
        .filter(|object| is_config_map(object))
        .map(|object| object.source.clone())
        .collect();
    cluster.aws_auth = aws_auth.into_iter().find(|config_map| kept.contains(&config_map.source));
    typed::fill(&mut cluster, &mut problems);
    problems.sort();
    problems.dedup();
    Snapshot { cluster, problems }
}

/// Gives the objects their namespaces, each of them once.
fn settle(cluster: &mut Cluster, mut objects: Vec<Object>, problems: &mut Vec<Problem>) {
    objects::settle_namespaces(&mut objects, problems);
    cluster.objects = objects::drop_duplicates(objects, problems);
}

/// Reads Kubernetes objects, wherever they come from, as those of a folder are: a live cluster and its export mean the same.
pub fn cluster_of(objects: Vec<Object>) -> Snapshot {
    let mut snapshot = Snapshot::default();
    settle(&mut snapshot.cluster, objects, &mut snapshot.problems);
    typed::fill(&mut snapshot.cluster, &mut snapshot.problems);
    snapshot.problems.sort();
    snapshot.problems.dedup();
    snapshot
}

fn is_config_map(object: &Object) -> bool {
    crate::aws_auth::is_aws_auth(&object.reference)
}

fn log_file(found: Found) -> LogFile {
    let kind = if found.part == Part::Audit { LogKind::KubernetesAudit } else { LogKind::CloudTrail };
    LogFile { kind, file: found.file, bytes: found.bytes }
}

/// Cuts the files into runs that may be in memory together.
fn batches(files: &[Found]) -> Vec<&[Found]> {
    let mut batches = Vec::new();
    let mut rest = files;
    while !rest.is_empty() {
        let mut bytes = 0;
        let count = rest
            .iter()
            .take(limits::BATCH_FILES)
            .take_while(|found| {
                let fits = bytes < limits::BATCH_BYTES;
                bytes += found.bytes;
                fits
            })
            .count();
        let (batch, after) = rest.split_at(count.max(1));
        batches.push(batch);
        rest = after;
    }
    batches
}

/// Reads a run of files, several at a time; the outcome has their order.
fn read_batch(batch: &[Found], room: u64) -> Vec<Outcome> {
    let next = AtomicUsize::new(0);
    let outcomes: Vec<Mutex<Option<Outcome>>> = batch.iter().map(|_| Mutex::new(None)).collect();
    let work = || {
        let mut reader = Reader::default();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let (Some(found), Some(slot)) = (batch.get(index), outcomes.get(index)) else { return };
            let outcome = read_file(&mut reader, found, room);
            if let Ok(mut slot) = slot.lock() {
                *slot = Some(outcome);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..limits::THREADS.min(batch.len()) {
            scope.spawn(work);
        }
        work();
    });
    let lost = || Outcome { content: Content::Documents(Vec::new(), Vec::new()), bytes: 0 };
    outcomes.into_iter().map(|slot| slot.into_inner().ok().flatten().unwrap_or_else(lost)).collect()
}

fn read_file(reader: &mut Reader, found: &Found, room: u64) -> Outcome {
    let text = match bytes::read(&found.path, found.compression, room) {
        Ok(text) => text,
        Err((message, hint)) => {
            let problem = Problem::error(Source::new(found.file.clone(), 0), message).hint(hint);
            return Outcome { content: Content::Documents(Vec::new(), vec![problem]), bytes: 0 };
        }
    };
    let bytes = text.len() as u64;
    let content = if found.part == Part::Kubernetes {
        Content::Objects(objects::objects_of(reader, &found.file, &text))
    } else {
        let (trees, problems) = documents(reader, &found.file, &text);
        Content::Documents(trees, problems)
    };
    Outcome { content, bytes }
}

fn documents(reader: &mut Reader, file: &Arc<str>, text: &[u8]) -> (Vec<(Source, Tree)>, Vec<Problem>) {
    let mut trees = Vec::new();
    let problems = reader.read(file, text, &mut |document| {
        let source = Source::new(Arc::clone(file), document.tree.line);
        trees.push((source, document.tree));
    });
    (trees, problems)
}

/// Reads what a file's bytes tell of AWS, as those of a file in `aws/`.
pub fn exports_of(reader: &mut Reader, file: &Arc<str>, bytes: &[u8]) -> Snapshot {
    let (trees, mut problems) = documents(reader, file, bytes);
    let mut cluster = Cluster::default();
    aws::fill(&mut cluster, trees, &mut problems);
    problems.sort();
    Snapshot { cluster, problems }
}
