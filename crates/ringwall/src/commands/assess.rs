use crate::cli::Assess;
use crate::error::{Exit, Failure};

pub(super) fn run(_args: &Assess) -> Result<Exit, Failure> {
    Ok(Exit::Fine)
}
