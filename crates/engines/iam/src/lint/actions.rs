//! Actions that AWS does not have.

use super::checks;
use super::findings::{Findings, quoted};
use crate::catalog::{Catalog, catalog};
use crate::pattern::Pattern;
use crate::policy::{Effect, Statement};

/// Cost of looking a pattern up among all actions of its service.
const LOOK_UP: usize = 2_000;

pub(super) fn statement(statement: &Statement, out: &mut Findings) {
    for (pattern, line) in &statement.actions.patterns {
        if !pattern.is_everything() {
            action(statement, pattern, *line, out);
        }
    }
}

fn action(statement: &Statement, pattern: &Pattern, line: u32, out: &mut Findings) {
    let (catalog, text) = (catalog(), pattern.written());
    let shown = quoted(text);
    let seems = match (statement.actions.negated, statement.effect) {
        (true, _) => format!("to except {shown}"),
        (false, Effect::Allow) => format!("to allow {shown}"),
        (false, Effect::Deny) => format!("to deny {shown}"),
    };
    if text.contains("${") {
        let means = "no action: variables are not replaced in actions";
        return out.add(checks::ACTION_VARIABLE, line, seems, means, "write the action out");
    }
    if text.contains(|c: char| c == ',' || c == ';' || c.is_whitespace()) {
        let means = "one action whose name has a comma or a blank, which no action has";
        let hint = "write a list, one action a string, without blanks";
        return out.add(checks::ACTION_SEVERAL, line, seems, means, hint);
    }
    let Some((prefix, name)) = text.split_once(':') else {
        let hint = match catalog.service(text) {
            Some(service) => format!("for every action of the service, write `{}:*`", service.prefix()),
            None => "write service and action, as in `s3:GetObject`".to_owned(),
        };
        let means = "nothing: AWS refuses an action without its service";
        return out.add(checks::ACTION_NO_SERVICE, line, seems, means, hint);
    };
    if prefix.contains(['*', '?']) {
        let means = "nothing: AWS takes wildcards only behind the colon, or `*` alone";
        let hint = "name each service, or write `*` for every action of all services";
        return out.add(checks::ACTION_SERVICE_WILDCARD, line, seems, means, hint);
    }
    let Some(service) = catalog.service(prefix) else {
        let hint = did_you_mean(catalog, text)
            .or_else(|| nearest_service(catalog, prefix))
            .unwrap_or_else(|| "the Service Authorization Reference lists every service's prefix".into());
        let means = format!("nothing: AWS has no service `{}`{}", plain(prefix), as_of(catalog));
        return out.add(checks::SERVICE_UNKNOWN, line, seems, means, hint);
    };
    let is_pattern = name.contains(['*', '?']);
    let exists = match is_pattern {
        true => !out.spend(LOOK_UP) || catalog.matching(text).next().is_some(),
        false => service.action(name).is_some(),
    };
    if !exists {
        let what = if is_pattern { "action of this pattern" } else { "such action" };
        let means = format!("nothing: `{}` has no {what}{}", service.prefix(), as_of(catalog));
        let hint = did_you_mean(catalog, text.trim_end_matches('*'))
            .unwrap_or_else(|| "the Service Authorization Reference lists the service's actions".into());
        out.add(checks::ACTION_UNKNOWN, line, seems, means, hint);
    }
}

fn plain(text: &str) -> String {
    quoted(text).trim_matches('`').to_owned()
}

fn as_of(catalog: &Catalog) -> String {
    format!(" as of {}", catalog.date())
}

fn did_you_mean(catalog: &Catalog, text: &str) -> Option<String> {
    catalog.nearest_action(text).map(|nearest| format!("did you mean `{nearest}`?"))
}

fn nearest_service(catalog: &Catalog, prefix: &str) -> Option<String> {
    nearest(prefix, catalog.services().map(|service| service.prefix()))
}

/// A hint that offers the known word nearest to a written one.
pub(super) fn nearest<'k>(written: &str, known: impl Iterator<Item = &'k str>) -> Option<String> {
    /// More edits would offer words that have nothing to do with it.
    const MAX_EDITS: usize = 2;
    /// Longer than any name of AWS.
    const MAX_LENGTH: usize = 128;
    if written.len() > MAX_LENGTH {
        return None;
    }
    let written = written.to_lowercase();
    let near = known
        .map(|word| (strsim::osa_distance(&written, &word.to_lowercase()), word))
        .filter(|(edits, word)| *edits <= MAX_EDITS && edits * 2 < word.len())
        .min()?;
    Some(format!("did you mean `{}`?", near.1))
}
