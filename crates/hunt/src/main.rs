//! `ringwall-hunt`: SQL over the lake.

use std::io::{self, BufWriter, Write as _};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use ringwall_hunt::{Format, HuntError, Limits, QUERIES, ballista, context, hunt, register, statement};
use ringwall_lake::Location;
use ringwall_model::error_chain;

/// Ask the lake: what, when, who, on what, where observed, from where, to where.
#[derive(Debug, Parser)]
#[command(
    name = "ringwall-hunt",
    bin_name = "ringwall hunt",
    version,
    disable_help_subcommand = true,
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  ringwall hunt --list
  ringwall hunt secrets-read s3://lake --set since=20261101
  ringwall hunt \"SELECT who, count(*) FROM events WHERE day = '20261127' GROUP BY who\" /var/lib/ringwall/lake -o csv

Tables: events, findings, findings_latest. A condition on day, account or region reads those files alone.
docs/reference/lake.md has each column.

Exit status: 0 the query was answered, 2 misuse or a wrong query, 3 answered in part: there are more rows than --rows"
)]
struct Cli {
    #[command(subcommand)]
    part: Option<Part>,
    #[command(flatten)]
    ask: Ask,
}

#[derive(Debug, Args)]
struct Ask {
    /// SQL, or the name of a query that is ready made
    #[arg(value_name = "SQL|NAME", required_unless_present = "list")]
    query: Option<String>,
    /// The lake: a folder, or s3://BUCKET/PREFIX
    #[arg(value_name = "LAKE", value_hint = ValueHint::DirPath, required_unless_present = "list")]
    lake: Option<String>,
    /// List the queries that are ready made
    #[arg(long)]
    list: bool,
    /// A value of a query that is ready made; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = pair)]
    values: Vec<(String, String)>,
    /// How to print the answer
    #[arg(short = 'o', long = "output", value_name = "FORMAT", default_value = "text")]
    format: OutputFormat,
    /// Most rows
    #[arg(long, value_name = "N", default_value_t = Limits::default().rows)]
    rows: usize,
    /// Longest time in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = Limits::default().time.as_secs())]
    time: u64,
    /// Have it carried out by the Ballista scheduler that listens here
    #[arg(long, value_name = "HOST:PORT")]
    ballista: Option<String>,
    #[command(flatten)]
    memory: Memory,
}

#[derive(Clone, Copy, Debug, Args)]
struct Memory {
    /// Memory in MiB for what queries gather; beyond it they spill to the disk
    #[arg(long, value_name = "MIB", default_value_t = Limits::default().memory >> 20)]
    memory: usize,
}

impl Memory {
    fn limits(self) -> Limits {
        Limits { memory: self.memory.saturating_mul(1 << 20), ..Limits::default() }
    }
}

#[derive(Debug, Subcommand)]
enum Part {
    /// Run Ballista's scheduler. It asks nobody who they are: only in a network of its own
    Scheduler {
        /// Where it listens
        #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:50050")]
        listen: SocketAddr,
        #[command(flatten)]
        memory: Memory,
    },
    /// Run one of Ballista's executors. It asks nobody who they are: only in a network of its own
    Executor {
        /// Where the scheduler listens
        #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:50050")]
        scheduler: SocketAddr,
        /// Where it listens; the port after it is taken too
        #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:50051")]
        listen: SocketAddr,
        /// Folder for what stages hand on
        #[arg(long, value_name = "FOLDER", value_hint = ValueHint::DirPath)]
        folder: PathBuf,
        #[command(flatten)]
        memory: Memory,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OutputFormat {
    /// A table, to be read; long values are cut
    Text,
    /// An object a line
    Json,
    /// Comma-separated, with names in the first line
    Csv,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("it has no `=`, as in who=jane")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// Answered in part.
const PARTLY: u8 = 3;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&HuntError::Write(error)),
    };
    match runtime.block_on(run(cli)) {
        Ok(code) => code,
        // Who reads no further, as `head`, has what they wanted.
        Err(HuntError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn failed(error: &HuntError) -> ExitCode {
    eprintln!("error: {}", error_chain(error));
    if let Some(hint) = error.hint() {
        eprintln!("  hint: {hint}");
    }
    ExitCode::from(2)
}

async fn run(cli: Cli) -> Result<ExitCode, HuntError> {
    match cli.part {
        Some(Part::Scheduler { listen, memory }) => ballista::scheduler(listen, memory.limits()).await?,
        Some(Part::Executor { scheduler, listen, folder, memory }) => {
            ballista::executor(scheduler, listen, &folder, memory.limits()).await?;
        }
        None => return ask(cli.ask).await,
    }
    Ok(ExitCode::SUCCESS)
}

async fn ask(ask: Ask) -> Result<ExitCode, HuntError> {
    let (Some(query), Some(lake)) = (&ask.query, &ask.lake) else {
        list()?;
        return Ok(ExitCode::SUCCESS);
    };
    let sql = statement(query, &ask.values)?;
    let limits = Limits { rows: ask.rows, time: Duration::from_secs(ask.time), ..ask.memory.limits() };
    let context = match &ask.ballista {
        Some(scheduler) => ballista::context(scheduler, &limits)?,
        None => context(&limits)?,
    };
    register(&context, &Location::open(lake)?).await?;
    let format = match ask.format {
        OutputFormat::Text => Format::Text,
        OutputFormat::Json => Format::Json,
        OutputFormat::Csv => Format::Csv,
    };
    let hunted = hunt(&context, &sql, &limits, format, &mut BufWriter::new(io::stdout())).await?;
    if hunted.more {
        eprintln!("there are more than {} rows", hunted.rows);
        eprintln!("  hint: `--rows` allows more");
        return Ok(ExitCode::from(PARTLY));
    }
    Ok(ExitCode::SUCCESS)
}

fn list() -> Result<(), HuntError> {
    let mut out = BufWriter::new(io::stdout().lock());
    for query in QUERIES {
        let takes: Vec<&str> = query.takes().collect();
        writeln!(out, "{:22}{}\n{:22}--set {}", query.name, query.question(), "", takes.join(", "))?;
    }
    Ok(out.flush()?)
}
