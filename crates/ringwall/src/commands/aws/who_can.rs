use std::io::{self, BufWriter, Write};

use ringwall_iam::inventory::{Access, Holder, HolderKind, Inventory};
use ringwall_iam::pods::Pods;
use ringwall_model::Reason;
use serde::Serialize;

use super::minters::{Minter, minters};
use super::ways::{Taker, takers};
use crate::cli::{Format, WhoCan};
use crate::error::{Exit, Failure};
use crate::question::{AwsAsked, ask_aws};
use crate::render::aws::{self, ConditionJson};
use crate::render::json::{self, ReasonJson, SubjectJson};
use crate::render::{reason, style};
use crate::session;

/// Somebody who may, with the service accounts whose pods come to be it.
struct Row<'i> {
    holder: Holder<'i>,
    reasons: Vec<Reason>,
    takers: Vec<Taker>,
}

#[derive(Debug, Serialize)]
struct AnswerJson<'a> {
    version: u32,
    holders: Vec<HolderJson<'a>>,
    token_minters: Vec<MinterJson<'a>>,
    not_evaluated: Vec<String>,
}

#[derive(Debug, Serialize)]
struct HolderJson<'a> {
    kind: &'static str,
    principal: String,
    certainty: &'static str,
    reasons: Vec<ReasonJson<'a>>,
    conditions: Vec<ConditionJson<'a>>,
    not_evaluated: &'a [String],
    service_accounts: Vec<TakerJson<'a>>,
}

#[derive(Debug, Serialize)]
struct TakerJson<'a> {
    namespace: &'a str,
    name: &'a str,
    way: &'static str,
    certainty: &'static str,
    reasons: Vec<ReasonJson<'a>>,
}

#[derive(Debug, Serialize)]
struct MinterJson<'a> {
    subject: SubjectJson<'a>,
    service_accounts: usize,
    reasons: Vec<ReasonJson<'a>>,
}

impl<'a> From<&'a Minter> for MinterJson<'a> {
    fn from(minter: &'a Minter) -> Self {
        Self {
            subject: (&minter.subject).into(),
            service_accounts: minter.accounts,
            reasons: minter.reasons.iter().map(ReasonJson::from).collect(),
        }
    }
}

/// Lists everybody who may do something in AWS.
pub(crate) fn run(args: &WhoCan) -> Result<Exit, Failure> {
    let snapshot = session::open(&args.snapshot.folder)?;
    let asked = ask_aws(&args.verb, &args.resource, &args.place, &args.request)?;
    if asked.is_about_actions() {
        return Err(Failure::misuse_hint(
            format!("`{}` is a pattern of actions", asked.action),
            "ask about one action; `ringwall can` lists the actions of one principal",
        ));
    }
    let inventory = Inventory::of(&snapshot.cluster);
    let mut problems = snapshot.problems.clone();
    problems.extend_from_slice(inventory.problems());
    session::print_problems(&problems)?;
    if let Some(remark) = &asked.remark {
        session::remark(remark)?;
    }
    let holders = inventory
        .who_can(&asked.action, &asked.resource, &asked.context)
        .map_err(|error| Failure::misuse(error.to_string()))?;
    let by_role = Pods::of(&inventory).accounts_by_role();
    let by_token = asked.action.eq_ignore_ascii_case("sts:AssumeRoleWithWebIdentity");
    let minters = if by_token { minters(&snapshot.cluster, &by_role, &asked.resource) } else { Vec::new() };
    let rows: Vec<Row<'_>> = holders
        .into_iter()
        .map(|holder| Row {
            reasons: holder.verdict.reasons(),
            takers: takers(&by_role, &holder, &asked),
            holder,
        })
        .collect();
    let gaps = gaps(&inventory, &asked);
    match args.output.format {
        Format::Json => {
            let answer = AnswerJson {
                version: json::VERSION,
                holders: rows.iter().map(Row::json).collect(),
                token_minters: minters.iter().map(MinterJson::from).collect(),
                not_evaluated: gaps,
            };
            json::print(&mut BufWriter::new(io::stdout().lock()), &answer)?;
        }
        Format::Text => {
            let mut out = BufWriter::new(anstream::stdout().lock());
            print(&mut out, &asked, &rows)?;
            print_minters(&mut out, &minters)?;
            for text in gaps {
                reason::print_not_evaluated(&mut out, &text, 0, style::width())?;
            }
            let next = format!(
                "next: ringwall can {} --as WHO {}",
                args.snapshot.folder.display(),
                asked.as_arguments()
            );
            writeln!(out, "{}", style::paint(style::HINT, &next))?;
            out.flush()?;
        }
    }
    let possible =
        rows.iter().any(|row| row.holder.access == Access::Possible && row.holder.conditions.is_empty());
    Ok(session::exit(if possible { Exit::Incomplete } else { Exit::Fine }, &snapshot.problems))
}

/// What could let somebody in and is not in the snapshot.
fn gaps(inventory: &Inventory<'_>, asked: &AwsAsked) -> Vec<String> {
    let mut gaps: Vec<String> = inventory.gap(&asked.action, &asked.resource).into_iter().collect();
    if !inventory.cluster().aws.iam_exported {
        gaps.push("users and roles: `aws iam get-account-authorization-details` is missing".into());
    }
    if !inventory.knows_organization() {
        gaps.push("service and resource control policies: the snapshot has no organization".into());
    }
    gaps
}

fn kind(kind: HolderKind) -> &'static str {
    match kind {
        HolderKind::Everybody => "everybody",
        HolderKind::Known => "principal",
        HolderKind::Account => "account",
        HolderKind::Other => "outside",
        HolderKind::Service => "service",
        HolderKind::Federated => "federated",
    }
}

fn certainty(access: Access) -> &'static str {
    match access {
        Access::Always => "allowed",
        Access::Possible => "possible",
    }
}

impl Row<'_> {
    fn json(&self) -> HolderJson<'_> {
        HolderJson {
            kind: kind(self.holder.kind),
            principal: self.holder.name(),
            certainty: certainty(self.holder.access),
            reasons: self.reasons.iter().map(ReasonJson::from).collect(),
            conditions: aws::conditions(&self.holder.conditions),
            not_evaluated: &self.holder.missing,
            service_accounts: self
                .takers
                .iter()
                .map(|taker| TakerJson {
                    namespace: &taker.namespace,
                    name: &taker.name,
                    way: taker.way,
                    certainty: if taker.possible { "possible" } else { "allowed" },
                    reasons: taker.reasons.iter().map(ReasonJson::from).collect(),
                })
                .collect(),
        }
    }
}

fn print(out: &mut dyn Write, asked: &AwsAsked, rows: &[Row<'_>]) -> io::Result<()> {
    let width = style::width();
    match rows.len() {
        0 => writeln!(out, "{}  can {asked}", style::paint(style::YES, "nobody"))?,
        1 => writeln!(out, "{} can {asked}", style::paint(style::HEADING, "1 principal"))?,
        count => {
            writeln!(out, "{} can {asked}", style::paint(style::HEADING, &format!("{count} principals")))?
        }
    }
    for Row { holder, reasons, takers } in rows {
        writeln!(out)?;
        let possible = if holder.access == Access::Possible { "  possible" } else { "" };
        let name = style::paint(style::HEADING, &holder.name());
        writeln!(out, "{name}{}", style::paint(style::WARNING, possible))?;
        reason::print_reasons(out, reasons, 2, width)?;
        aws::print_conditions(out, &holder.conditions, 2, width)?;
        for text in &holder.missing {
            reason::print_not_evaluated(out, text, 2, width)?;
        }
        for taker in takers {
            let certainty = if taker.possible { " (possible)" } else { "" };
            writeln!(
                out,
                "  from serviceaccount {}/{} {}{certainty}",
                taker.namespace, taker.name, taker.how
            )?;
            if let Some(reason) = taker.reasons.first() {
                writeln!(out, "    {}", style::paint(style::FAINT, &reason.source.to_string()))?;
            }
        }
    }
    writeln!(out)
}

fn print_minters(out: &mut dyn Write, minters: &[Minter]) -> io::Result<()> {
    if minters.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "{}, and so have the role",
        style::paint(style::HEADING, "may mint tokens of these service accounts")
    )?;
    for Minter { subject, accounts, reasons } in minters {
        let count = if *accounts == 1 { "of one".to_owned() } else { format!("of {accounts}") };
        writeln!(out, "  {subject}  {count}")?;
        if let Some(reason) = reasons.iter().find(|reason| !reason.source.is_built_in()) {
            writeln!(out, "    {}", style::paint(style::FAINT, &reason.source.to_string()))?;
        }
    }
    writeln!(out)
}
