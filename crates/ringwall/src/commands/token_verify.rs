//! `token verify`: tokens in, whether they are believed out, by the webhook's own code.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::registry::Registry;
use ringwall_authn::sts::{Settings, Verifier};
use ringwall_authn::token::{Hosts, MAX_TOKEN_BYTES, Rules};
use ringwall_awsclient::http::{HttpClient, HttpSettings};
use ringwall_awsclient::partition::Partition;
use serde::Serialize;

use crate::cli::TokenVerify;
use crate::commands::lines::{Answered, Lines};
use crate::error::{Exit, Failure};
use crate::render::json;
use crate::session;

/// Longest line that is kept: of a longer one than any token, its length alone is of use.
const MAX_LINE: usize = 2 * MAX_TOKEN_BYTES;

/// Questions are asked one after the other here, so that nothing has to be held back.
const ONE_BY_ONE: Settings = Settings {
    max_age: 0,
    capacity: 0,
    rate: u32::MAX,
    burst: u32::MAX,
    key_rate: u32::MAX,
    key_burst: u32::MAX,
    in_flight: 1,
};

/// What became of a token. All three are always there.
#[derive(Debug, Default, Serialize)]
struct Answer {
    ok: bool,
    /// Why not; empty if it is believed.
    error: String,
    /// The ARN that STS gives; empty if it isn't known.
    principal: String,
}

/// Answers each line of a file, or of standard input for `-`.
pub(super) fn run(args: &TokenVerify) -> Result<Exit, Failure> {
    let rules = rules(args)?;
    let fixed = args.now.as_deref().map(time).transpose()?;
    let now = || fixed.unwrap_or_else(clock);
    let lines = Lines::open(&args.file, MAX_LINE)?;
    if args.offline {
        return lines.answer(&mut |line, out| {
            let mut answer = Answer::default();
            match line.text.clone().and_then(text) {
                Err(error) => answer.error = error,
                Ok(token) => match rules.read(token, now()) {
                    Err(error) => answer.error = error.to_string(),
                    Ok(token) => {
                        answer.ok = true;
                        if let Err(error) = token.check_signature(&rules) {
                            session::remark(&format!("line {}: STS would refuse it: {error}", line.number))?;
                        }
                    }
                },
            }
            print(out, &answer)
        });
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let settings = HttpSettings { roots: args.ca_file.clone(), ..HttpSettings::default() };
    let http = HttpClient::new(&settings).map_err(|error| Failure::misuse(error.to_string()))?;
    let verifier = Verifier::new(rules, ONE_BY_ONE, Arc::new(http), &mut Registry::default());
    lines.answer(&mut |line, out| {
        let answer = match line.text.clone().and_then(text) {
            Err(error) => Answer { error, ..Answer::default() },
            Ok(token) => match runtime.block_on(verifier.verify(token, now())) {
                Err(error) => Answer { error: error.to_string(), ..Answer::default() },
                Ok(caller) => Answer { ok: true, error: String::new(), principal: caller.arn.to_string() },
            },
        };
        print(out, &answer)
    })
}

/// A line has an answer whichever it is.
fn print(out: &mut dyn Write, answer: &Answer) -> io::Result<Answered> {
    json::print_line(out, answer)?;
    Ok(Answered::Yes)
}

/// A line's text, without the carriage return that some editors end lines with.
fn text(line: &[u8]) -> Result<&str, String> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    std::str::from_utf8(line).map_err(|_| "the line is not UTF-8".to_owned())
}

fn rules(args: &TokenVerify) -> Result<Rules, Failure> {
    let hosts = match &args.sts_endpoint {
        Some(url) => Hosts::Endpoint(url.parse().map_err(misuse)?),
        None => {
            let partition = Partition::named(&args.partition)
                .ok_or_else(|| Failure::misuse(format!("`{}` is no partition of AWS", args.partition)))?;
            Hosts::Aws { partition, region: args.region.clone() }
        }
    };
    Rules::new(&args.cluster_id, hosts).map_err(misuse)
}

fn misuse(error: impl std::error::Error) -> Failure {
    Failure::misuse(error.to_string())
}

fn time(text: &str) -> Result<i64, Failure> {
    let milliseconds = ringwall_model::time::milliseconds(text).filter(|_| text.contains(['T', 't', ' ']));
    milliseconds.map(|time| time.div_euclid(1000)).ok_or_else(|| {
        Failure::misuse_hint(format!("`{text}` is no time"), "a time is written as 2026-01-31T12:00:00Z")
    })
}

fn clock() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
