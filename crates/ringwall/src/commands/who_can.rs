use std::io::{self, BufWriter, Write};

use ringwall_model::{Cluster, Decision, Reason, Subject, Verdict};
use ringwall_rbac::entry::Mappings;
use ringwall_rbac::{Authorizer, Options, Scope, policy_holders};
use serde::Serialize;

use crate::cli::{self, Format};
use crate::error::{Exit, Failure};
use crate::question::{Asked, ask};
use crate::render::json::{self, ReasonJson};
use crate::render::{reason, style};
use crate::session;

/// Someone who may do what was asked, somewhere.
#[derive(Debug)]
struct Holder {
    who: HolderName,
    scope: Scope,
    verdict: Verdict,
    reasons: Vec<Reason>,
    not_evaluated: Vec<String>,
    /// AWS principals that become the subject, with the mapping that makes them so.
    principals: Vec<Principal>,
}

#[derive(Debug)]
enum HolderName {
    Subject(Subject),
    /// Allowed by an access policy, with no Kubernetes subject in between.
    Arn(String),
}

#[derive(Debug)]
struct Principal {
    name: String,
    /// Whether it depends on something that the snapshot does not tell, as the session's name.
    possible: bool,
    reason: Reason,
}

/// Lists everyone who may do something.
pub(super) fn run(args: &cli::WhoCan) -> Result<Exit, Failure> {
    let snapshot = session::open(&args.snapshot.folder)?;
    let cluster = &snapshot.cluster;
    args.request.refuse(&args.verb)?;
    let asked = ask(&args.verb, &args.resource, &args.place, cluster)?;
    session::print_problems(&snapshot.problems)?;
    if let Some(remark) = &asked.remark {
        session::remark(remark)?;
    }
    let mappings = Mappings::of(cluster);
    let holders = holders(cluster, &mappings, &asked);
    match args.output.format {
        Format::Json => {
            print_json(&mut BufWriter::new(io::stdout().lock()), &holders, mappings.not_evaluated())?
        }
        Format::Text => {
            let mut out = anstream::stdout().lock();
            print_text(&mut out, &asked, &holders)?;
            for text in mappings.not_evaluated() {
                reason::print_not_evaluated(&mut out, text, 0, style::width())?;
            }
            let next = format!(
                "next: ringwall can {} --as WHO {}",
                args.snapshot.folder.display(),
                asked.as_arguments()
            );
            writeln!(out, "{}", style::paint(style::HINT, &next))?;
        }
    }
    let unknown = holders.iter().any(|holder| holder.verdict == Verdict::Unknown);
    Ok(session::exit(if unknown { Exit::Incomplete } else { Exit::Fine }, &snapshot.problems))
}

fn holders(cluster: &Cluster, mappings: &Mappings, asked: &Asked) -> Vec<Holder> {
    let authorizer = Authorizer::with_options(cluster, Options { assume_defaults: true });
    let (verb, target) = (asked.verb.as_str(), asked.target());
    let anywhere = asked.is_about_all_namespaces();
    let rows =
        if anywhere { authorizer.who_can_anywhere(verb, &target) } else { authorizer.who_can(verb, &target) };
    let mut holders: Vec<Holder> = rows
        .into_iter()
        .map(|row| Holder {
            principals: principals(mappings, &row.subject),
            who: HolderName::Subject(row.subject),
            scope: row.scope,
            verdict: row.verdict,
            reasons: row.reasons,
            not_evaluated: row.not_evaluated,
        })
        .collect();
    let namespaces = anywhere.then_some(&*cluster.namespaces);
    holders.extend(policy_holders(mappings, verb, &target, namespaces).into_iter().map(|row| {
        let Decision { verdict, mut reasons, not_evaluated } = row.decision;
        reasons.insert(0, row.mapping.reason());
        let who = HolderName::Arn(row.mapping.principal.to_string());
        Holder { who, scope: row.scope, verdict, reasons, not_evaluated, principals: Vec::new() }
    }));
    // Whoever holds it everywhere comes first, and what is certain before what is possible.
    holders.sort_by(|a, b| (&a.scope, a.verdict).cmp(&(&b.scope, b.verdict)));
    holders
}

fn principals(mappings: &Mappings, subject: &Subject) -> Vec<Principal> {
    let of = mappings.principals_of(subject).into_iter();
    of.map(|entrant| Principal {
        name: entrant.mapping.principal.to_string(),
        possible: entrant.possible,
        reason: entrant.mapping.reason(),
    })
    .collect()
}

fn print_text(out: &mut dyn Write, asked: &Asked, holders: &[Holder]) -> io::Result<()> {
    let width = style::width();
    let place = if asked.is_about_all_namespaces() { asked.without_place() } else { asked.to_string() };
    match holders.len() {
        0 => writeln!(out, "{}  can {place}", style::paint(style::YES, "nobody"))?,
        1 => writeln!(out, "{} can {place}", style::paint(style::HEADING, "1 subject"))?,
        count => writeln!(out, "{} can {place}", style::paint(style::HEADING, &format!("{count} subjects")))?,
    }
    for holder in holders {
        writeln!(out)?;
        let scope = match &holder.scope {
            Scope::Cluster => "across the cluster".to_owned(),
            Scope::Namespace(name) => format!("in namespace {name}"),
        };
        let possible = if holder.verdict == Verdict::Unknown { "  possible" } else { "" };
        writeln!(
            out,
            "{}  {scope}{}",
            style::paint(style::HEADING, &holder.who.to_string()),
            style::paint(style::WARNING, possible)
        )?;
        reason::print_reasons(out, &holder.reasons, 2, width)?;
        for text in &holder.not_evaluated {
            reason::print_not_evaluated(out, text, 2, width)?;
        }
        for principal in &holder.principals {
            let certainty = if principal.possible { " (possible)" } else { "" };
            for line in
                style::wrap(&format!("from {}{certainty}", principal.name), width.saturating_sub(2), "  ")
            {
                writeln!(out, "  {line}")?;
            }
            writeln!(out, "    {}", style::paint(style::FAINT, &principal.reason.source.to_string()))?;
        }
    }
    writeln!(out)
}

impl std::fmt::Display for HolderName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Subject(subject) => subject.fmt(f),
            Self::Arn(arn) => f.write_str(arn),
        }
    }
}

#[derive(Debug, Serialize)]
struct AnswerJson<'a> {
    version: u32,
    subjects: Vec<HolderJson<'a>>,
    not_evaluated: &'a [String],
}

#[derive(Debug, Serialize)]
struct HolderJson<'a> {
    #[serde(flatten)]
    who: WhoJson<'a>,
    /// Left out for the whole cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    /// `allowed`, or `possible` for what could not be ruled out.
    certainty: &'static str,
    reasons: Vec<ReasonJson<'a>>,
    not_evaluated: &'a [String],
    principals: Vec<PrincipalJson<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
enum WhoJson<'a> {
    Subject(json::SubjectJson<'a>),
    Arn(&'a str),
}

#[derive(Debug, Serialize)]
struct PrincipalJson<'a> {
    principal: &'a str,
    certainty: &'static str,
    reason: ReasonJson<'a>,
}

fn print_json(out: &mut dyn Write, holders: &[Holder], not_evaluated: &[String]) -> io::Result<()> {
    let certainty = |possible| if possible { "possible" } else { "allowed" };
    let subjects = holders
        .iter()
        .map(|holder| HolderJson {
            who: match &holder.who {
                HolderName::Subject(subject) => WhoJson::Subject(subject.into()),
                HolderName::Arn(arn) => WhoJson::Arn(arn),
            },
            namespace: match &holder.scope {
                Scope::Cluster => None,
                Scope::Namespace(name) => Some(name),
            },
            certainty: certainty(holder.verdict == Verdict::Unknown),
            reasons: holder.reasons.iter().map(ReasonJson::from).collect(),
            not_evaluated: &holder.not_evaluated,
            principals: (holder.principals.iter())
                .map(|principal| PrincipalJson {
                    principal: &principal.name,
                    certainty: certainty(principal.possible),
                    reason: (&principal.reason).into(),
                })
                .collect(),
        })
        .collect();
    json::print(out, &AnswerJson { version: json::VERSION, subjects, not_evaluated })
}
