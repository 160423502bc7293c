//! Of which cluster logs are. They do not say; a snapshot that they lie in does.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use ringwall_detect::output::Scope;
use ringwall_document::Reader;
use ringwall_logs::LogFile;

use crate::cli::Detect;

/// How far above a log its snapshot may be: `audit/2026/10/12/a.log`.
const LEVELS: usize = 8;
/// More than anybody writes into it.
const MAX_BYTES: u64 = 1 << 20;

/// What flags say counts first.
pub(super) fn of(args: &Detect, files: &[LogFile]) -> Scope {
    let written = within(files);
    Scope {
        account: args.account.clone().or(written.account),
        region: args.region.clone().or(written.region),
        cluster: args.cluster_name.clone().or(written.cluster),
        cluster_arn: None,
        now: written.now,
    }
}

/// What the snapshot says that the first of these files lies in.
pub(in crate::commands) fn written(files: &[LogFile]) -> Scope {
    files.iter().find_map(|file| snapshot(file.path.as_deref()?)).unwrap_or_default()
}

/// The same, and what time it is.
pub(in crate::commands) fn within(files: &[LogFile]) -> Scope {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis());
    Scope { now: i64::try_from(now).unwrap_or(i64::MAX), ..written(files) }
}

/// What the `cluster.yaml` of the snapshot says whose `audit/` or `cloudtrail/` a file lies in.
fn snapshot(path: &Path) -> Option<Scope> {
    let mut above = path.ancestors().skip(1).take(LEVELS);
    let logs = above.find(|folder| folder.ends_with("audit") || folder.ends_with("cloudtrail"))?;
    let file = logs.parent()?.join("cluster.yaml");
    let mut text = Vec::new();
    File::open(&file).ok()?.take(MAX_BYTES).read_to_end(&mut text).ok()?;
    let mut scope = None;
    // What is wrong with it, the commands say that are about snapshots.
    Reader::default().read(&file.display().to_string().into(), &text, &mut |document| {
        let said = |key: &str| document.tree.str(key).map(str::to_owned);
        let named = Scope {
            account: said("account"),
            region: said("region"),
            cluster: said("name"),
            ..Scope::default()
        };
        scope.get_or_insert(named);
    });
    scope
}
