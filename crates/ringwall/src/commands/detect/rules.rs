//! The Sigma rules that flags name.

use std::path::PathBuf;
use std::sync::Arc;

use ringwall_sigma::{Origin, Rules, Sigma};

use crate::error::Failure;
use crate::session;

/// Mistakes that are printed; the first ones tell enough.
const MISTAKES_SHOWN: usize = 20;

/// Rules at work; none if no flag names any.
pub(super) fn sigma(named: &[String]) -> Result<Option<Sigma>, Failure> {
    if named.is_empty() {
        return Ok(None);
    }
    let sigma = Sigma::new(load(named)?).map_err(|error| Failure::misuse(error.to_string()))?;
    Ok(Some(sigma))
}

/// Reads the rules. A set with a mistake in it is none: whoever names rules relies on them.
pub(super) fn load(named: &[String]) -> Result<Arc<Rules>, Failure> {
    let origins: Vec<Origin> = named.iter().map(|named| origin(named)).collect();
    let rules = Rules::load(&origins).or_else(|problems| {
        session::print_problems(problems.get(..MISTAKES_SHOWN).unwrap_or(&problems))?;
        let count = super::logs::count(problems.len() as u64, "mistake", "mistakes");
        let hint = "docs/detection/sigma.md says what is supported";
        Err(Failure::misuse_hint(format!("the rules have {count}, and no log was read"), hint))
    })?;
    if rules.others() > 0 {
        session::remark(&format!("{} rules are about other logs and were left out", rules.others()))?;
    }
    if rules.all().is_empty() {
        return Err(Failure::misuse_hint(
            "no rule is about these logs",
            "a rule has `logsource: {product: kubernetes, service: audit}` or `{product: aws, service: cloudtrail}`",
        ));
    }
    Ok(Arc::new(rules))
}

/// A file whose name begins with a mode is named with a folder.
fn origin(named: &str) -> Origin {
    let (is_dry_run, path) = match named.split_once('=') {
        Some(("dry-run", path)) => (true, path),
        Some(("live", path)) => (false, path),
        _ => (false, named),
    };
    Origin { path: PathBuf::from(path), is_dry_run }
}
