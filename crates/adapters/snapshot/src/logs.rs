use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use ringwall_document::Reader;
use ringwall_model::{LogFile, LogKind, Problem, Source, Tree, Value};

use crate::bytes::{self, Bounded, Compression};
use crate::limits;

/// Most problems that are told of one log.
const MAX_PROBLEMS: usize = 100;

/// Hands every event of a log to `sink` with its line, in order, and returns what could not be read.
///
/// An audit log is streamed: memory holds one line. A CloudTrail file is read as a whole, as CloudTrail delivers small
/// ones. A broken line or record costs itself alone.
pub fn read_log(folder: &Path, log: &LogFile, sink: &mut dyn FnMut(u32, Tree)) -> Vec<Problem> {
    let mut problems = Vec::new();
    let outcome = match log.kind {
        LogKind::KubernetesAudit => audit(folder, log, sink, &mut problems),
        LogKind::CloudTrail => cloud_trail(folder, log, sink, &mut problems),
    };
    if let Err((message, hint)) = outcome {
        problems.push(Problem::error(Source::new(log.file.clone(), 0), message).hint(hint));
    }
    problems.sort();
    problems
}

fn audit(
    folder: &Path,
    log: &LogFile,
    sink: &mut dyn FnMut(u32, Tree),
    problems: &mut Vec<Problem>,
) -> Result<(), bytes::Refusal> {
    let (_, compression) = Compression::of(&log.file);
    let mut input = BufReader::new(Bounded::open(&folder.join(&*log.file), compression)?);
    let mut reader = Reader::default();
    let mut text = Vec::new();
    let mut line = 0_u32;
    let mut lost = 0_usize;
    loop {
        text.clear();
        let limit = limits::MAX_LINE_BYTES as u64 + 1;
        let read = (&mut input).take(limit).read_until(b'\n', &mut text);
        line = line.saturating_add(1);
        match read {
            Err(error) => return Err(input.get_mut().refusal(&error)),
            Ok(0) => break,
            Ok(_) if text.len() > limits::MAX_LINE_BYTES && text.last() != Some(&b'\n') => {
                let message = format!("the line is longer than {} MiB", limits::MAX_LINE_BYTES >> 20);
                let source = Source::new(log.file.clone(), line);
                tell(
                    problems,
                    &mut lost,
                    Problem::error(source, message).hint("one event a line is expected"),
                );
                input.skip_until(b'\n').map_err(|error| input.get_mut().refusal(&error))?;
            }
            Ok(_) => match reader.read_line(&log.file, line, &text) {
                Ok(None) => {}
                Ok(Some(event)) if matches!(event.value, Value::Mapping(_)) => sink(line, event),
                Ok(Some(other)) => {
                    let message = format!("an audit event is expected, not {}", other.kind());
                    let problem = Problem::error(Source::new(log.file.clone(), line), message);
                    tell(problems, &mut lost, problem.hint("one JSON object a line is expected"));
                }
                Err(problem) => tell(problems, &mut lost, problem),
            },
        }
    }
    if lost > 0 {
        let message = format!("{lost} more lines can't be read");
        problems.push(Problem::error(Source::new(log.file.clone(), line), message));
    }
    Ok(())
}

fn tell(problems: &mut Vec<Problem>, lost: &mut usize, problem: Problem) {
    if problems.len() < MAX_PROBLEMS {
        problems.push(problem);
    } else {
        *lost += 1;
    }
}

fn cloud_trail(
    folder: &Path,
    log: &LogFile,
    sink: &mut dyn FnMut(u32, Tree),
    problems: &mut Vec<Problem>,
) -> Result<(), bytes::Refusal> {
    let (_, compression) = Compression::of(&log.file);
    let text = bytes::read(&folder.join(&*log.file), compression, u64::MAX)?;
    let mut strange = Vec::new();
    let found = Reader::default().read(&log.file, &text, &mut |document| {
        let line = document.tree.line;
        let entries = match document.tree.value {
            Value::Mapping(entries) => entries.into_vec(),
            _ => Vec::new(),
        };
        match entries.into_iter().find(|entry| &*entry.key == "Records").map(|entry| entry.value.value) {
            Some(Value::Sequence(records)) => {
                records.into_iter().for_each(|record| sink(record.line, record))
            }
            _ => strange.push(line),
        }
    });
    problems.extend(found);
    problems.extend(strange.into_iter().map(|line| {
        Problem::error(Source::new(log.file.clone(), line), "no CloudTrail file: it has no list `Records`")
            .hint("put files here as CloudTrail delivers them to S3")
    }));
    Ok(())
}
