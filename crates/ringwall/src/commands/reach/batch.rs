//! `reach --batch`: a question a line, an answer a line.

use std::path::Path;

use ringwall_model::{Decision, Verdict};
use ringwall_network::Network;

use super::line::{MAX_LINE, parse};
use crate::commands::lines::{Answered, Lines, Unanswered};
use crate::error::{Exit, Failure};
use crate::render::json::{self, DecisionJson};
use crate::session;

/// Answers each line of a file, or of standard input for `-`.
pub(super) fn run(folder: &Path, questions: &Path) -> Result<Exit, Failure> {
    let lines = Lines::open(questions, MAX_LINE)?;
    let snapshot = session::open(folder)?;
    session::print_problems(&snapshot.problems)?;
    let network = Network::new(&snapshot.cluster);
    lines.answer(&mut |line, out| match line.text.clone().and_then(|text| answer(text, &network)) {
        Ok(decision) => {
            json::print_line(out, &DecisionJson::from(&decision))?;
            Ok(Answered::Yes)
        }
        Err(error) => {
            json::print_line(out, &Unanswered::because(error))?;
            Ok(Answered::No)
        }
    })
}

fn answer(line: &[u8], network: &Network<'_>) -> Result<Decision, String> {
    let question = parse(line)?;
    let mut decision = network
        .connects(&question.from, &question.to, &question.port, question.protocol)
        .map_err(|error| error.to_string())?;
    // What could not be judged is denied here, and said: nothing enforces on a guess.
    if decision.verdict == Verdict::Unknown {
        decision.verdict = Verdict::Denied;
    }
    Ok(decision)
}
