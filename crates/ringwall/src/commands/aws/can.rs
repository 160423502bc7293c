use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use ringwall_iam::inventory::{Ask, Inventory, Reply};
use ringwall_iam::{AwsPrincipal, Principal, catalog};
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
    way: Way<'i>,
    replies: Vec<(Arc<str>, Reply<'i>)>,
}

#[derive(Debug, Serialize)]
struct AnswerJson<'a> {
    version: u32,
    decision: Verdict,
    ways: Vec<WayJson<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
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
    let (Some(action), Some(resource), Some(as_who)) = (&args.action.verb, &args.action.resource, &args.who) else {
        return Err(Failure::misuse("VERB, RESOURCE and --as are needed without --batch"));
    };
    let snapshot = session::open(&args.snapshot.folder)?;
    let asked = ask_aws(action, resource, &args.action.place, &args.request)?;
    let (who, remark) = who(as_who, &args.groups, &snapshot.cluster)?;
    let inventory = Inventory::of(&snapshot.cluster);
    let ways = ways(&inventory, &who)?;
    let mut problems = snapshot.problems.clone();
    problems.extend_from_slice(inventory.problems());
    session::print_problems(&problems)?;
    for remark in remark.iter().chain(&asked.remark) {
        session::remark(remark)?;
    }
    let actions = actions(&asked);
    let answers = ways.into_iter().map(|way| by_way(&inventory, &asked, &actions, way)).collect::<Result<Vec<_>, _>>()?;
    let verdict = answers.iter().map(ByWay::verdict).min().unwrap_or(Verdict::Denied);
    match args.output.format {
        Format::Json => {
            let answer = AnswerJson {
                version: json::VERSION,
                decision: verdict,
                ways: answers.iter().map(|by_way| by_way.json(&asked)).collect(),
            };
            json::print(&mut BufWriter::new(io::stdout().lock()), &answer)?;
        }
        Format::Text => {
            let mut out = BufWriter::new(anstream::stdout().lock());
            print(&mut out, &who, &asked, &answers, verdict)?;
            print_next(&mut out, &args.snapshot.folder, &asked)?;
            out.flush()?;
        }
    }
    let answer = match verdict {
        Verdict::Allowed => Exit::Fine,
        Verdict::Denied => Exit::No,
        Verdict::Unknown => Exit::Incomplete,
    };
    Ok(session::exit(answer, &problems))
}

/// The actions that are asked for: one, or those of a pattern that can be done on the resource.
fn actions(asked: &AwsAsked) -> Vec<Arc<str>> {
    if !asked.is_about_actions() {
        return vec![Arc::clone(&asked.action)];
    }
    let fits = |name: &str| {
        let on = catalog().actions_on(&asked.resource);
        *asked.resource == *"*" || on.iter().any(|(service, action)| full_name(service.prefix(), action.name()) == name)
    };
    catalog()
        .matching(&asked.action)
        .map(|(service, action)| full_name(service.prefix(), action.name()))
        .filter(|name| fits(name))
        .map(Arc::from)
        .collect()
}

fn full_name(service: &str, action: &str) -> String {
    format!("{service}:{action}")
}

fn by_way<'i>(
    inventory: &'i Inventory<'_>,
    asked: &AwsAsked,
    actions: &[Arc<str>],
    way: Way<'i>,
) -> Result<ByWay<'i>, Failure> {
    let mut context = way.context.clone();
    for (key, values) in asked.context.iter() {
        context.set(key.clone(), values);
    }
    let mut replies = Vec::with_capacity(actions.len());
    for action in actions {
        let ask = Ask {
            principal: Principal::Aws(way.principal.clone()),
            action: Arc::clone(action),
            resource: Arc::clone(&asked.resource),
            context: context.clone(),
        };
        let mut gathered = inventory.gather(&ask).map_err(|error| Failure::misuse(error.to_string()))?;
        if let Some(policy) = way.session_policy {
            gathered = gathered.with_session_policy(policy);
        }
        replies.push((Arc::clone(action), gathered.reply()));
    }
    Ok(ByWay { way, replies })
}

impl ByWay<'_> {
    /// The answer: no better than the way to the credentials, and for a pattern of actions the best of them.
    fn verdict(&self) -> Verdict {
        let best = self.replies.iter().map(|(_, reply)| reply.decision.verdict).min().unwrap_or(Verdict::Denied);
        let credentials = self.way.decision.as_ref().map_or(Verdict::Allowed, |decision| decision.verdict);
        match (credentials, best) {
            (Verdict::Denied, _) | (_, Verdict::Denied) => Verdict::Denied,
            (Verdict::Unknown, _) | (_, Verdict::Unknown) => Verdict::Unknown,
            (Verdict::Allowed, Verdict::Allowed) => Verdict::Allowed,
        }
    }

    fn json<'a>(&'a self, asked: &'a AwsAsked) -> WayJson<'a> {
        let about_actions = asked.is_about_actions();
        let shown = self.replies.iter().filter(|(_, reply)| !about_actions || reply.decision.verdict != Verdict::Denied);
        WayJson {
            way: self.way.name,
            principal: self.way.principal.arn(),
            credentials: self.way.decision.as_ref().map(DecisionJson::from),
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
        let indent = match &by_way.way.decision {
            None => 2,
            Some(decision) => {
                let (label, _) = aws::label(by_way.verdict());
                writeln!(out, "  {label}  {}", style::paint(style::HEADING, &by_way.way.how))?;
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
    for (action, reply) in by_way.replies.iter().filter(|(_, reply)| reply.decision.verdict != Verdict::Denied) {
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
