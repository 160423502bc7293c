use std::io::{self, BufWriter, Write};
use std::path::Path;

use ringwall_model::{Cluster, Decision, Verdict};
use ringwall_rbac::entry::{Caller, Mappings};
use ringwall_rbac::{Authorizer, Options, Question, explain_caller};
use serde::Serialize;

use crate::cli::{Can, Format};
use crate::error::{Exit, Failure};
use crate::question::{Asked, Who, ask, who};
use crate::render::json::{self, DecisionJson};
use crate::render::{reason, style};
use crate::session;

/// Namespaces named in a hint; more would hide the answer.
const NAMESPACES_SHOWN: usize = 8;

#[derive(Debug, Serialize)]
struct Answer<'a> {
    version: u32,
    #[serde(flatten)]
    decision: DecisionJson<'a>,
}

/// Answers one question.
pub(super) fn run(args: &Can) -> Result<Exit, Failure> {
    let snapshot = session::open(&args.snapshot.folder)?;
    let cluster = &snapshot.cluster;
    let (Some(verb), Some(resource), Some(as_who)) = (&args.action.verb, &args.action.resource, &args.who)
    else {
        return Err(Failure::misuse("VERB, RESOURCE and --as are needed without --batch"));
    };
    args.request.refuse(verb)?;
    let asked = ask(verb, resource, &args.action.place, cluster)?;
    let (who, remark) = who(as_who, &args.groups, cluster)?;
    session::print_problems(&snapshot.problems)?;
    for remark in remark.iter().chain(&asked.remark) {
        session::remark(remark)?;
    }
    let authorizer = Authorizer::with_options(cluster, Options { assume_defaults: true });
    let asker = Asker {
        folder: &args.snapshot.folder,
        cluster,
        authorizer,
        mappings: Mappings::of(cluster),
        who: &who,
    };
    let decision = asker.ask(&asked);
    match args.output.format {
        Format::Json => {
            let answer = Answer { version: json::VERSION, decision: (&decision).into() };
            json::print(&mut BufWriter::new(io::stdout().lock()), &answer)?;
        }
        Format::Text => {
            let mut out = anstream::stdout().lock();
            asker.print(&mut out, &asked, &decision)?;
        }
    }
    let answer = match decision.verdict {
        Verdict::Allowed => Exit::Fine,
        Verdict::Denied => Exit::No,
        Verdict::Unknown => Exit::Incomplete,
    };
    Ok(session::exit(answer, &snapshot.problems))
}

struct Asker<'c> {
    folder: &'c Path,
    cluster: &'c Cluster,
    authorizer: Authorizer<'c>,
    mappings: Mappings,
    who: &'c Who,
}

impl Asker<'_> {
    fn ask(&self, asked: &Asked) -> Decision {
        let (verb, target) = (asked.verb.as_str(), asked.target());
        match self.who {
            Who::Kubernetes { user, .. } => self.authorizer.explain(&Question { user, verb, target }),
            Who::Aws(arn) => {
                explain_caller(&self.authorizer, &self.mappings, &Caller::new(arn.clone()), verb, target)
            }
        }
    }

    fn print(&self, out: &mut dyn Write, asked: &Asked, decision: &Decision) -> io::Result<()> {
        let width = style::width();
        let (label, can) = match decision.verdict {
            Verdict::Allowed => (style::paint(style::YES, "yes"), "can"),
            Verdict::Denied => (style::paint(style::NO, "no"), "cannot"),
            Verdict::Unknown => (style::paint(style::WARNING, "unknown"), "may or may not be able to"),
        };
        writeln!(out, "{label}  {} {can} {asked}", self.who)?;
        if !decision.reasons.is_empty() || !decision.not_evaluated.is_empty() {
            writeln!(out)?;
            reason::print(out, decision, 2, width)?;
        }
        writeln!(out)?;
        for line in self.next(asked, decision) {
            writeln!(out, "{}", style::paint(style::HINT, &line))?;
        }
        Ok(())
    }

    /// What to do next: where the same is allowed, and who else may.
    fn next(&self, asked: &Asked, decision: &Decision) -> Vec<String> {
        let mut lines = Vec::new();
        if decision.verdict != Verdict::Allowed && asked.is_about_all_namespaces() {
            let namespaces: Vec<&str> = (self.cluster.namespaces.iter())
                .map(|namespace| &*namespace.name)
                .filter(|namespace| self.ask(&asked.in_namespace(namespace)).is_allowed())
                .collect();
            if !namespaces.is_empty() {
                let shown = namespaces.iter().take(NAMESPACES_SHOWN).copied().collect::<Vec<_>>().join(", ");
                let more = namespaces.len().saturating_sub(NAMESPACES_SHOWN);
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                lines.push(format!("allowed in the namespaces {shown}{more}: ask with -n"));
            }
        }
        lines.push(format!("next: ringwall who-can {} {}", self.folder.display(), asked.as_arguments()));
        lines
    }
}
