//! One question: may this be sent there, and because of what?

use std::io::{self, BufWriter, Write};

use ringwall_model::network::Protocol;
use ringwall_model::{Cluster, Decision, Verdict};
use ringwall_network::{Network, Port, QuestionError, Traffic, Who};
use serde::Serialize;

use super::judged;
use crate::cli::{ReachAsk, ReachFormat};
use crate::error::{Exit, Failure};
use crate::question::{End, Ports, receiver, sender};
use crate::render::json::{self, DecisionJson, SpanJson};
use crate::render::{reason, style};
use crate::session;

/// Type and code of an echo request (RFC 792; RFC 4443): what somebody means who asks for ICMP.
const ECHO: u16 = 8 << 8;
const ECHO_V6: u16 = 128 << 8;

#[derive(Debug, Serialize)]
struct Answer<'a> {
    version: u32,
    #[serde(flatten)]
    decision: DecisionJson<'a>,
}

/// The answer to a question without a port.
#[derive(Debug, Serialize)]
struct Which {
    version: u32,
    decision: Verdict,
    allowed: Vec<SpanJson>,
    possible: Vec<SpanJson>,
}

/// Answers one question.
pub(super) fn run(args: &ReachAsk, from: &str, to: &str) -> Result<Exit, Failure> {
    if !matches!(args.format, ReachFormat::Text | ReachFormat::Json) {
        let message = format!("one question has no answer as {}", args.format.name());
        return Err(Failure::misuse_hint(message, "text or json; without FROM and TO all pairs are told"));
    }
    let snapshot = session::open(&args.folder)?;
    let cluster = &snapshot.cluster;
    let from = sender(from, cluster)?;
    let (to, ports) = receiver(to, cluster)?;
    session::print_problems(&snapshot.problems)?;
    for remark in from.remark.iter().chain(&to.remark) {
        session::remark(remark)?;
    }
    let network = Network::new(cluster);
    let asker = Asker { args, cluster, network: &network, from, to };
    let verdict = match &ports {
        Ports::Which => asker.which()?,
        Ports::Protocol(Protocol::Icmp) => asker.one(&Port::Number(asker.echo()), Protocol::Icmp, "ping")?,
        Ports::Protocol(protocol) => asker.of(*protocol)?,
        Ports::One(port, protocol) => asker.one(port, *protocol, &ports.to_string())?,
    };
    let answer = match verdict {
        Verdict::Allowed => Exit::Fine,
        Verdict::Denied => Exit::No,
        Verdict::Unknown => Exit::Incomplete,
    };
    Ok(session::exit(answer, &snapshot.problems))
}

struct Asker<'q> {
    args: &'q ReachAsk,
    cluster: &'q Cluster,
    network: &'q Network<'q>,
    from: End,
    to: End,
}

impl Asker<'_> {
    /// An echo request of the family that the two have: IPv6 if one of them is such an address, or the cluster has no other.
    fn echo(&self) -> u16 {
        let is_v6 = |who: &Who| matches!(who, Who::Address(address) if address.is_ipv6());
        let mut addresses = self.cluster.pods.iter().flat_map(|pod| &pod.network.addresses).peekable();
        let only_v6 = addresses.peek().is_some() && addresses.all(|address| address.is_ipv6());
        if is_v6(&self.from.who) || is_v6(&self.to.who) || only_v6 { ECHO_V6 } else { ECHO }
    }

    fn one(&self, port: &Port, protocol: Protocol, what: &str) -> Result<Verdict, Failure> {
        let asked = self.network.connects(&self.from.who, &self.to.who, port, protocol);
        let decision = asked.map_err(misuse)?;
        if self.args.format == ReachFormat::Json {
            let answer = Answer { version: json::VERSION, decision: (&decision).into() };
            json::print(&mut BufWriter::new(io::stdout().lock()), &answer)?;
        } else {
            let mut out = anstream::stdout().lock();
            let what = if what == "ping" { " by ping".to_owned() } else { format!(" at {what}") };
            self.headline(&mut out, decision.verdict, &what)?;
            self.proof(&mut out, &decision)?;
        }
        Ok(decision.verdict)
    }

    fn headline(&self, out: &mut dyn Write, verdict: Verdict, what: &str) -> io::Result<()> {
        let (label, can) = match verdict {
            Verdict::Allowed => (style::paint(style::YES, "yes"), "reaches"),
            Verdict::Denied => (style::paint(style::NO, "no"), "does not reach"),
            Verdict::Unknown => (style::paint(style::WARNING, "unknown"), "may or may not reach"),
        };
        let (from, to) = (style::printable(&self.from.label), style::printable(&self.to.label));
        writeln!(out, "{label}  {from} {can} {to}{what}")
    }

    fn proof(&self, out: &mut dyn Write, decision: &Decision) -> io::Result<()> {
        if !decision.reasons.is_empty() || !decision.not_evaluated.is_empty() {
            writeln!(out)?;
            reason::print(out, decision, 2, style::width())?;
        }
        writeln!(out)?;
        for line in judged::lines(self.cluster) {
            writeln!(out, "{}", style::paint(style::FAINT, &line))?;
        }
        Ok(())
    }

    /// Which ports: those that both layers let pass; of a service each of its own.
    fn which(&self) -> Result<Verdict, Failure> {
        if let Who::Service { namespace, name } = &self.to.who {
            return self.ports_of_service(namespace, name);
        }
        let allowed = self.network.passes(&self.from.who, &self.to.who).map_err(misuse)?;
        self.told(&allowed.traffic, &allowed.uncertain)
    }

    /// All ports of a protocol.
    fn of(&self, protocol: Protocol) -> Result<Verdict, Failure> {
        let allowed = self.network.passes(&self.from.who, &self.to.who).map_err(misuse)?;
        let of = Traffic::of(protocol);
        self.told(&allowed.traffic.and(&of), &allowed.uncertain.and(&of))
    }

    fn told(&self, traffic: &Traffic, uncertain: &Traffic) -> Result<Verdict, Failure> {
        let verdict = match (traffic.is_none(), uncertain.is_none()) {
            (false, _) => Verdict::Allowed,
            (true, false) => Verdict::Unknown,
            (true, true) => Verdict::Denied,
        };
        if self.args.format == ReachFormat::Json {
            let answer = Which {
                version: json::VERSION,
                decision: verdict,
                allowed: json::spans(traffic),
                possible: json::spans(uncertain),
            };
            json::print(&mut BufWriter::new(io::stdout().lock()), &answer)?;
            return Ok(verdict);
        }
        let mut out = anstream::stdout().lock();
        let at = match (verdict, traffic.is_all()) {
            (Verdict::Allowed, true) => " at all ports".to_owned(),
            (Verdict::Allowed, false) => format!(" at {traffic}"),
            _ => " at any port".to_owned(),
        };
        self.headline(&mut out, verdict, &at)?;
        writeln!(out)?;
        if !uncertain.is_none() {
            let text = format!("could not be judged: {uncertain}");
            style::print_wrapped(&mut out, &text, 2, style::width(), "  ", style::WARNING)?;
            writeln!(out)?;
        }
        for line in judged::lines(self.cluster) {
            writeln!(out, "{}", style::paint(style::FAINT, &line))?;
        }
        writeln!(out, "{}", style::paint(style::HINT, "next: ask for one port to see because of what"))?;
        Ok(verdict)
    }

    /// The best of a service's ports, each told.
    fn ports_of_service(&self, namespace: &str, name: &str) -> Result<Verdict, Failure> {
        let Some(service) = self.network.service_named(namespace, name) else {
            return Err(Failure::misuse(format!("the snapshot has no Service `{namespace}/{name}`")));
        };
        let mut ports = Vec::new();
        for port in &service.ports {
            let number = Port::Number(port.port);
            let asked = self.network.connects(&self.from.who, &self.to.who, &number, port.protocol);
            ports.push((port, asked.map_err(misuse)?));
        }
        let some = |verdict| ports.iter().any(|(_, decision): &(_, Decision)| decision.verdict == verdict);
        let verdict = match (some(Verdict::Allowed), some(Verdict::Unknown)) {
            (true, _) => Verdict::Allowed,
            (false, true) => Verdict::Unknown,
            (false, false) => Verdict::Denied,
        };
        let with = |verdict| {
            let of_verdict = ports.iter().filter(move |(_, decision)| decision.verdict == verdict);
            of_verdict.fold(Traffic::none(), |all, (port, _)| {
                all.or(&Traffic::ports(port.protocol, port.port, port.port))
            })
        };
        self.told(&with(Verdict::Allowed), &with(Verdict::Unknown))?;
        Ok(verdict)
    }
}

fn misuse(error: QuestionError) -> Failure {
    Failure::misuse(error.to_string())
}
