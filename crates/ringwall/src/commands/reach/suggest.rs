//! `reach suggest`: least policies from what was seen.

use std::io::{self, BufWriter, Write};

use ringwall_logs::{Flow, Flows, find_flows};
use ringwall_model::Verdict;
use ringwall_network::{FoldedParty, LeftOut, Network, Seen, Suggestion, Who, suggest};
use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::{Format, ReachSuggest};
use crate::error::{Exit, Failure};
use crate::render::json::{self, SpanJson};
use crate::render::reach_text::ports;
use crate::render::{style, yaml};
use crate::session;

/// What stands for a port of ICMP, which has none: an echo request.
const ECHO: u16 = 8 << 8;

/// Flows, pairs and notes of a kind that are named in comments; the JSON has all.
const NAMED: usize = 20;

/// Suggests policies.
pub(super) fn run(args: &ReachSuggest) -> Result<Exit, Failure> {
    let snapshot = session::open(&args.folder)?;
    let found = find_flows(&args.flows);
    let mut flows = Flows::default();
    for file in &found.files {
        flows.read(file);
    }
    session::print_problems(&snapshot.problems)?;
    let mut incomplete = flows.unreadable > 0 || flows.skipped > 0;
    for problem in &found.problems {
        incomplete = true;
        session::remark(&style::printable(&format!("{}: {}; {}", problem.name, problem.why, problem.hint)))?;
    }
    for problem in &flows.problems {
        let text = format!("{}:{}: {}", problem.file, problem.line, problem.why);
        session::remark(&style::printable(&text))?;
    }
    if let Some(more) = flows.unreadable.checked_sub(flows.problems.len() as u64).filter(|more| *more > 0) {
        session::remark(&format!("{more} more lines could not be read"))?;
    }
    let seen: Vec<Seen> = flows.seen.keys().map(|key| of_flow(&key.0)).collect();
    if seen.is_empty() {
        return Err(Failure::misuse_hint(
            "there is no flow in what was read",
            "docs/reference/flows.md has the forms that are read",
        ));
    }
    let network = Network::new(&snapshot.cluster);
    let mut suggestion = suggest(&network, &seen);
    let chosen = |namespace: Option<&str>| {
        args.namespaces.is_empty() || args.namespaces.iter().any(|name| Some(name.as_str()) == namespace)
    };
    let keep: Vec<bool> =
        (suggestion.policies.iter()).map(|policy| chosen(policy.reference.namespace.as_deref())).collect();
    let mut at = keep.iter();
    suggestion.manifests.retain(|_| at.next().copied().unwrap_or(false));
    let told = Told { flows: &flows, seen: &seen, suggestion: &suggestion, network: &network };
    let mut out = BufWriter::new(io::stdout().lock());
    match args.output.format {
        Format::Json => json::print(&mut out, &told.json()?)?,
        Format::Text => told.yaml(&mut out)?,
    }
    out.flush()?;
    let answer = if incomplete { Exit::Incomplete } else { Exit::Fine };
    Ok(session::exit(answer, &snapshot.problems))
}

fn of_flow(flow: &Flow) -> Seen {
    let Flow { from, to, protocol, port, allowed } = flow.clone();
    Seen { from, to, protocol, port: port.unwrap_or(ECHO), allowed }
}

#[derive(Debug, Serialize)]
struct SuggestJson {
    version: u32,
    /// The policies, as they are applied.
    results: Vec<Value>,
    notes: Vec<String>,
    flows: FlowsJson,
    evidence: EvidenceJson,
}

#[derive(Debug, Serialize)]
struct FlowsJson {
    seen: usize,
    allowed: usize,
    denied: usize,
    by_ports: u64,
    other: u64,
    missing: u64,
    unreadable: u64,
    left_out: Vec<Value>,
}

#[derive(Debug, Serialize)]
struct EvidenceJson {
    allowed: usize,
    refused: Vec<Value>,
    opened: Vec<Value>,
    seen_pairs: usize,
    beyond_pairs: usize,
    beyond: Vec<BeyondJson>,
}

#[derive(Debug, Serialize)]
struct BeyondJson {
    from: String,
    to: String,
    traffic: Vec<SpanJson>,
}

struct Told<'t> {
    flows: &'t Flows,
    seen: &'t [Seen],
    suggestion: &'t Suggestion,
    network: &'t Network<'t>,
}

impl Told<'_> {
    fn json(&self) -> Result<SuggestJson, Failure> {
        let evidence = &self.suggestion.evidence;
        let manifests = self.suggestion.manifests.iter().map(serde_json::to_value);
        let allowed = self.seen.iter().filter(|seen| seen.allowed).count();
        Ok(SuggestJson {
            version: json::VERSION,
            results: manifests.collect::<Result<_, _>>().map_err(io::Error::from)?,
            notes: self.suggestion.notes.clone(),
            flows: FlowsJson {
                seen: self.seen.len(),
                allowed,
                denied: self.seen.len() - allowed,
                by_ports: self.flows.by_ports,
                other: self.flows.other,
                missing: self.flows.skipped,
                unreadable: self.flows.unreadable,
                left_out: (self.suggestion.left_out.iter())
                    .map(|(at, why)| json!({"flow": self.flow(*at), "why": reason(why)}))
                    .collect(),
            },
            evidence: EvidenceJson {
                allowed: evidence.allowed,
                refused: (evidence.refused.iter())
                    .map(|(at, decision)| json!({"flow": self.flow(*at), "decision": decision.verdict}))
                    .collect(),
                opened: evidence.opened.iter().map(|at| Value::from(self.flow(*at))).collect(),
                seen_pairs: evidence.seen_pairs,
                beyond_pairs: evidence.beyond_pairs,
                beyond: (evidence.beyond.iter())
                    .map(|pair| BeyondJson {
                        from: self.party(&pair.from),
                        to: self.party(&pair.to),
                        traffic: json::spans(&pair.traffic),
                    })
                    .collect(),
            },
        })
    }

    /// A flow in words.
    fn flow(&self, at: usize) -> String {
        let Some(seen) = self.seen.get(at) else { return String::new() };
        let port = match seen.protocol {
            ringwall_model::network::Protocol::Icmp => "ICMP".to_owned(),
            protocol => format!("{} {}", protocol.name(), seen.port),
        };
        format!("{} → {} {port}", who(&seen.from), who(&seen.to))
    }

    fn party(&self, party: &FoldedParty) -> String {
        match party {
            FoldedParty::Workload(reference) => {
                let namespace = reference.namespace.as_deref().unwrap_or_default();
                format!("{namespace}/{}/{}", reference.kind, reference.name)
            }
            FoldedParty::Node(id) => {
                self.network.node(*id).map_or_else(String::new, |node| format!("node/{}", node.name))
            }
            FoldedParty::Outside(ranges) => {
                let shown: Vec<String> = ranges.iter().take(3).map(ToString::to_string).collect();
                let more = if ranges.len() > 3 { " …" } else { "" };
                format!("outside {}{more}", shown.join(", "))
            }
            FoldedParty::Model(_) => "a pod that does not exist".to_owned(),
        }
    }

    /// Policies behind comments, each of which is one line whatever the names in it.
    fn yaml(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut lines = Vec::new();
        self.proof(&mut lines);
        for line in lines {
            writeln!(out, "# {}", style::printable(&line))?;
        }
        for manifest in &self.suggestion.manifests {
            let mut lines = Vec::new();
            yaml::lines(&serde_json::to_value(manifest)?, 0, &mut lines);
            writeln!(out, "---")?;
            let mut lines = lines.iter();
            while let Some(line) = lines.next() {
                // What stands below a dash begins beside it, as kubectl writes it.
                match line
                    .strip_suffix('-')
                    .filter(|blanks| blanks.trim().is_empty())
                    .zip(lines.clone().next())
                {
                    Some((blanks, first)) => {
                        lines.next();
                        writeln!(out, "{blanks}- {}", first.trim_start())?;
                    }
                    None => writeln!(out, "{line}")?,
                }
            }
        }
        Ok(())
    }

    fn proof(&self, lines: &mut Vec<String>) {
        let evidence = &self.suggestion.evidence;
        let allowed = self.seen.iter().filter(|seen| seen.allowed).count();
        lines.push(format!(
            "From {} flows: {allowed} got through, {} did not.",
            self.seen.len(),
            self.seen.len() - allowed
        ));
        if self.flows.by_ports > 0 {
            lines.push(format!(
                "Of {} records the ports alone tell who began: the lower one is taken for the one that was sent to.",
                self.flows.by_ports
            ));
        }
        if self.flows.skipped > 0 {
            lines.push(format!("{} records are missing: what they had may be needed.", self.flows.skipped));
        }
        if self.flows.other > 0 {
            lines.push(format!("{} records tell of nothing that a policy can speak of.", self.flows.other));
        }
        lines.push(format!(
            "Judged with these policies in place of the NetworkPolicies of their namespaces: {} of the flows that got through are allowed.",
            evidence.allowed
        ));
        let refused = evidence.refused.iter().map(|(at, decision)| {
            let how = if decision.verdict == Verdict::Denied { "denied" } else { "unknown" };
            format!("{}: {how}, by something else than these", self.flow(*at))
        });
        list(lines, "Not allowed:", evidence.refused.len(), refused);
        let left_out =
            self.suggestion.left_out.iter().map(|(at, why)| format!("{}: {}", self.flow(*at), reason(why)));
        list(lines, "Left out:", self.suggestion.left_out.len(), left_out);
        let opened = evidence.opened.iter().map(|at| self.flow(*at));
        list(lines, "Did not get through, and would:", evidence.opened.len(), opened);
        list(lines, "Notes:", self.suggestion.notes.len(), self.suggestion.notes.iter().cloned());
        lines.push(format!(
            "{} pairs were seen; {} pairs may do more than was seen.",
            evidence.seen_pairs, evidence.beyond_pairs
        ));
        let beyond = (evidence.beyond.iter()).map(|pair| {
            format!("{} → {}: {}", self.party(&pair.from), self.party(&pair.to), ports(&pair.traffic))
        });
        list(lines, "Beyond what was seen:", evidence.beyond_pairs, beyond);
    }
}

fn list(lines: &mut Vec<String>, title: &str, count: usize, items: impl Iterator<Item = String>) {
    if count == 0 {
        return;
    }
    lines.push(title.to_owned());
    lines.extend(items.take(NAMED).map(|item| format!("  {item}")));
    if let Some(more) = count.checked_sub(NAMED).filter(|more| *more > 0) {
        lines.push(format!("  and {more} more"));
    }
}

fn reason(why: &LeftOut) -> String {
    match why {
        LeftOut::Nobody(error) => error.to_string(),
        LeftOut::Protocol(protocol) => format!("NetworkPolicies can't speak of {}", protocol.name()),
    }
}

fn who(who: &Who) -> String {
    match who {
        Who::Pod { namespace, name } => format!("{namespace}/{name}"),
        Who::Workload { namespace, kind, name } => format!("{namespace}/{kind}/{name}"),
        Who::Service { namespace, name } => format!("{namespace}/svc/{name}"),
        Who::Node { name } => format!("node/{name}"),
        Who::Address(address) => address.to_string(),
    }
}
