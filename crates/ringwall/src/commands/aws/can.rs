use std::collections::HashSet;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use ringwall_iam::catalog::{Action, Service};
use ringwall_iam::inventory::{Inventory, Reply};
use ringwall_iam::{InvalidRequest, catalog};
use ringwall_model::Verdict;
use serde::Serialize;

use super::ways::{Way, ways};
use crate::cli::{Can, Format};
use crate::error::{Exit, Failure};
use crate::question::{AwsAsked, Who, ask_aws, who};
use crate::render::aws::{self, ReplyJson};
use crate::render::json::{self, DecisionJson};
use crate::render::{reason, style};
use crate::session;

/// The answer by one way to AWS credentials.
struct ByWay<'i> {
    way: &'i Way,
    replies: Vec<(Arc<str>, Reply<'i>)>,
}

#[derive(Debug, Serialize)]
struct AnswerJson<'a> {
    version: u32,
    decision: Verdict,
    ways: Vec<WayJson<'a>>,
    not_evaluated: &'a [String],
}

#[derive(Debug, Serialize)]
struct WayJson<'a> {
    /// `itself`, or how the pod comes to the role.
    way: &'static str,
    principal: &'a str,
    credentials: Option<DecisionJson<'a>>,
    answers: Vec<ActionJson<'a>>,
}

#[derive(Debug, Serialize)]
struct ActionJson<'a> {
    action: &'a str,
    resource: &'a str,
    #[serde(flatten)]
    reply: ReplyJson<'a>,
}

/// Answers whether a principal, or a service account by each of its ways to credentials, may do something.
pub(crate) fn run(args: &Can) -> Result<Exit, Failure> {
    let (Some(action), Some(resource), Some(as_who)) = (&args.action.verb, &args.action.resource, &args.who)
    else {
        return Err(Failure::misuse("VERB, RESOURCE and --as are needed without --batch"));
    };
    let snapshot = session::open(&args.snapshot.folder)?;
    let asked = ask_aws(action, resource, &args.action.place, &args.request)?;
    let (who, remark) = who(as_who, &args.groups, &snapshot.cluster)?;
    let inventory = Inventory::of(&snapshot.cluster);
    let (ways, gaps) = ways(&inventory, &who)?;
    let mut problems = snapshot.problems.clone();
    problems.extend_from_slice(inventory.problems());
    session::print_problems(&problems)?;
    for remark in remark.iter().chain(&asked.remark) {
        session::remark(remark)?;
    }
    let actions = actions(&asked);
    let answers =
        ways.iter().map(|way| by_way(&inventory, &asked, &actions, way)).collect::<Result<Vec<_>, _>>()?;
    let verdict = best(answers.iter().map(ByWay::verdict));
    // No way is known, and one may be there that the snapshot does not tell of.
    let verdict = if verdict == Verdict::Denied && !gaps.is_empty() { Verdict::Unknown } else { verdict };
    match args.output.format {
        Format::Json => {
            let answer = AnswerJson {
                version: json::VERSION,
                decision: verdict,
                ways: answers.iter().map(|by_way| by_way.json(&asked)).collect(),
                not_evaluated: &gaps,
            };
            json::print(&mut BufWriter::new(io::stdout().lock()), &answer)?;
        }
        Format::Text => {
            let mut out = BufWriter::new(anstream::stdout().lock());
            print(&mut out, &who, &asked, &answers, verdict)?;
            for gap in &gaps {
                reason::print_not_evaluated(&mut out, gap, 0, style::width())?;
            }
            print_next(&mut out, &args.snapshot.folder, &asked)?;
            out.flush()?;
        }
    }
    let answer = match verdict {
        Verdict::Allowed => Exit::Fine,
        Verdict::Denied => Exit::No,
        Verdict::Unknown => Exit::Incomplete,
    };
    // A policy that cannot be evaluated has made the verdict unknown where it matters.
    Ok(session::exit(answer, &snapshot.problems))
}

/// The actions that are asked for: one, or those of a pattern that can be done on the resource.
fn actions(asked: &AwsAsked) -> Vec<Arc<str>> {
    if !asked.is_about_actions() {
        return vec![Arc::clone(&asked.action)];
    }
    let name = |(service, action): (&Service, &Action)| full_name(service.prefix(), action.name());
    let on_resource: Option<HashSet<String>> = (*asked.resource != *"*")
        .then(|| catalog().actions_on(&asked.resource).into_iter().map(name).collect());
    let matching = catalog().matching(&asked.action).map(name);
    matching.filter(|name| on_resource.as_ref().is_none_or(|on| on.contains(name))).map(Arc::from).collect()
}

/// The best of several verdicts: what is allowed by one of them is allowed.
fn best(verdicts: impl Iterator<Item = Verdict>) -> Verdict {
    let mut best = Verdict::Denied;
    for verdict in verdicts {
        match verdict {
            Verdict::Allowed => return Verdict::Allowed,
            Verdict::Unknown => best = Verdict::Unknown,
            Verdict::Denied => {}
        }
    }
    best
}

fn full_name(service: &str, action: &str) -> String {
    format!("{service}:{action}")
}

fn by_way<'i>(
    inventory: &'i Inventory<'_>,
    asked: &AwsAsked,
    actions: &[Arc<str>],
    way: &'i Way,
) -> Result<ByWay<'i>, Failure> {
    let reply = |action: &Arc<str>| Ok((Arc::clone(action), way.ask(inventory, action, asked)?));
    let replies: Result<Vec<_>, InvalidRequest> = actions.iter().map(reply).collect();
    Ok(ByWay { way, replies: replies.map_err(|error| Failure::misuse(error.to_string()))? })
}

impl ByWay<'_> {
    /// The answer: no better than the way to the credentials, and for a pattern of actions the best of them.
    fn verdict(&self) -> Verdict {
        let best = best(self.replies.iter().map(|(_, reply)| reply.decision.verdict));
        let credentials = self.way.credentials().map_or(Verdict::Allowed, |decision| decision.verdict);
        match (credentials, best) {
            // Nothing hands such a token to the pods as they are: somebody has to ask for it.
            (Verdict::Allowed, Verdict::Allowed) if self.way.is_by_request() => Verdict::Unknown,
            (Verdict::Denied, _) | (_, Verdict::Denied) => Verdict::Denied,
            (Verdict::Unknown, _) | (_, Verdict::Unknown) => Verdict::Unknown,
            (Verdict::Allowed, Verdict::Allowed) => Verdict::Allowed,
        }
    }

    fn json<'a>(&'a self, asked: &'a AwsAsked) -> WayJson<'a> {
        let about_actions = asked.is_about_actions();
        let shown = self
            .replies
            .iter()
            .filter(|(_, reply)| !about_actions || reply.decision.verdict != Verdict::Denied);
        WayJson {
            way: self.way.name(),
            principal: self.way.principal().arn(),
            credentials: self.way.credentials().map(DecisionJson::from),
            answers: shown
                .map(|(action, reply)| ActionJson { action, resource: &asked.resource, reply: reply.into() })
                .collect(),
        }
    }
}

fn print(
    out: &mut dyn Write,
    who: &Who,
    asked: &AwsAsked,
    answers: &[ByWay<'_>],
    verdict: Verdict,
) -> io::Result<()> {
    let width = style::width();
    let (label, can) = aws::label(verdict);
    writeln!(out, "{label}  {who} {can} {asked}")?;
    for by_way in answers {
        writeln!(out)?;
        let indent = match by_way.way.credentials() {
            None => 2,
            Some(decision) => {
                let (label, _) = aws::label(by_way.verdict());
                writeln!(out, "  {label}  {}", style::paint(style::HEADING, &by_way.way.how()))?;
                reason::print(out, decision, 4, width)?;
                if decision.verdict == Verdict::Denied {
                    continue;
                }
                4
            }
        };
        if asked.is_about_actions() {
            print_actions(out, by_way, indent, width)?;
        } else {
            for (_, reply) in &by_way.replies {
                aws::print(out, reply, indent, width)?;
            }
        }
    }
    if answers.is_empty() {
        writeln!(out, "\n  no way leads from it to AWS credentials")?;
    }
    writeln!(out)
}

/// The actions that are allowed, together where the same statements decide.
fn print_actions(out: &mut dyn Write, by_way: &ByWay<'_>, indent: usize, width: usize) -> io::Result<()> {
    let mut groups: Vec<(Vec<&str>, &Reply<'_>)> = Vec::new();
    for (action, reply) in
        by_way.replies.iter().filter(|(_, reply)| reply.decision.verdict != Verdict::Denied)
    {
        let same = groups.iter_mut().find(|(_, known)| known.decision == reply.decision);
        match same {
            Some((actions, _)) => actions.push(action),
            None => groups.push((vec![action], reply)),
        }
    }
    let margin = " ".repeat(indent);
    for (actions, reply) in groups {
        for line in style::wrap(&actions.join(", "), width.saturating_sub(indent), "") {
            writeln!(out, "{margin}{}", style::paint(style::HEADING, &line))?;
        }
        aws::print(out, reply, indent + 2, width)?;
    }
    Ok(())
}

fn print_next(out: &mut dyn Write, folder: &Path, asked: &AwsAsked) -> io::Result<()> {
    let next = format!("next: ringwall who-can {} {}", folder.display(), asked.as_arguments());
    if asked.is_about_actions() {
        return Ok(());
    }
    writeln!(out, "{}", style::paint(style::HINT, &next))
}
