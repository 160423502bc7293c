use std::io::{self, BufWriter};

use indicatif::{ProgressBar, ProgressStyle};
use ringwall_kms::verify::{Question, verify};

use super::{etcd, exit, registry, scope, unread};
use crate::cli::{Format, KmsVerify};
use crate::commands::asynchronously;
use crate::error::{Exit, Failure};
use crate::render::{kms_json, kms_text};

/// Reads etcd, and says how its objects are sealed.
pub(super) fn run(args: &KmsVerify) -> Result<Exit, Failure> {
    // A key of a client certificate is read.
    ringwall_server::harden()?;
    let etcd = etcd(&args.etcd.etcd, &args.etcd.access)?;
    let question = Question {
        scope: scope(&args.objects),
        provider: args.expect_provider.clone(),
        key: args.expect_key.clone(),
        registry: registry(&args.etcd.access),
    };
    // It draws on standard error, and only if that is a terminal.
    let bar = ProgressBar::new_spinner().with_style(
        ProgressStyle::with_template("reading etcd: {pos} objects")
            .unwrap_or_else(|_| ProgressStyle::default_spinner()),
    );
    let seen = |objects| bar.set_position(objects);
    let report = match asynchronously(async { Ok(verify(&etcd, &question, &seen).await) })? {
        Ok(report) => report,
        Err(error) => {
            bar.finish_and_clear();
            return Ok(unread(&error));
        }
    };
    bar.finish_and_clear();
    match args.output.format {
        Format::Json => kms_json::print_report(&mut BufWriter::new(io::stdout().lock()), &report)?,
        Format::Text => kms_text::print_report(&mut BufWriter::new(anstream::stdout().lock()), &report)?,
    }
    Ok(exit(report.verdict()))
}
