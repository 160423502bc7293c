//! `iam eval --batch`: a request with all its policies a line in, a decision a line out.

use ringwall_document::Reader;
use ringwall_iam::line::{self, Answer};
use ringwall_model::{Problem, Source};

use crate::cli::IamEval;
use crate::commands::lines::{Answered, Line, Lines};
use crate::error::{Exit, Failure};
use crate::render::iam_json::AnswerJson;
use crate::render::json;

/// Longest line that is read. A role may have some 20 managed policies of 6,144 characters and 10,240 of inline ones;
/// with five SCPs and RCPs of up to 10,240 at each of up to seven levels, a key policy of 32 KiB and a context, that is
/// below 1 MiB. Four times that leaves room for indented and escaped text.
const MAX_LINE: usize = 4 * 1024 * 1024;

/// Answers each line of a file, or of standard input for `-`.
pub(super) fn run(args: &IamEval) -> Result<Exit, Failure> {
    let lines = Lines::open(&args.batch, MAX_LINE)?;
    let mut reader = Reader::default();
    let source = Source::new(args.batch.display().to_string(), 0);
    lines.answer(&mut |line, out| {
        let answer = match read(&mut reader, line, &source) {
            Ok(answer) => answer,
            Err(problem) => Answer::refused(&problem),
        };
        json::print_line(out, &AnswerJson::from(&answer))?;
        Ok(if answer.error.is_none() { Answered::Yes } else { Answered::No })
    })
}

fn read(reader: &mut Reader, line: &Line<'_>, source: &Source) -> Result<Answer, Problem> {
    let source = source.at(line.number);
    let text = line.text.as_ref().map_err(|error| Problem::error(source.clone(), error))?;
    match reader.read_line(&source.file, line.number, text)? {
        Some(tree) => Ok(line::answer(&tree, &source)),
        None => Err(Problem::error(source, "the line is blank").hint("a line is one request")),
    }
}
