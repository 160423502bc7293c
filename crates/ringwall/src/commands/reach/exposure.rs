//! What pods that don't exist yet could do.

use std::io::{self, BufWriter, Write as _};

use ringwall_network::{Network, exposure};

use crate::cli::{ReachAsk, ReachFormat};
use crate::error::{Exit, Failure};
use crate::render::reach_exposure;
use crate::session;

/// Tells of every workload that new pods could reach, or get something from.
pub(super) fn run(args: &ReachAsk) -> Result<Exit, Failure> {
    if !matches!(args.format, ReachFormat::Text | ReachFormat::Json) {
        return Err(Failure::misuse_hint(
            format!("--exposure has no `{}`", args.format.name()),
            "--output text or json",
        ));
    }
    let snapshot = session::open(&args.folder)?;
    let network = Network::new(&snapshot.cluster);
    let exposed = exposure(&network);
    session::print_problems(&snapshot.problems)?;
    let title = session::title(&snapshot.cluster, &args.folder);
    match args.format {
        ReachFormat::Json => {
            let mut out = BufWriter::new(io::stdout().lock());
            reach_exposure::json(&mut out, &title, &exposed)?;
            out.flush()?;
        }
        _ => reach_exposure::text(&mut anstream::stdout().lock(), &title, &network, &exposed)?,
    }
    Ok(session::exit(Exit::Fine, &snapshot.problems))
}
