use ringwall_secrets::{SyncSettings, Syncer};
use ringwall_server::Signals;

use super::{Outside, Watched, until_stopped};
use crate::cli::SecretsSync;
use crate::error::{Exit, Failure};
use crate::serve::Logs;

/// Works until a signal ends it.
pub(super) async fn run(args: &SecretsSync) -> Result<Exit, Failure> {
    let mut signals = Signals::listen()?;
    let common = &args.common;
    let _logs = Logs::start(common.log_level, common.log_format);
    let Outside { client, cluster, region, regions } = Outside::of(common).await?;
    let settings = SyncSettings {
        name: common.name.clone(),
        namespace: args.namespace.clone(),
        interval: args.interval,
        region,
        regions,
        kept: common.keep,
    };
    let (watched, syncer) = Watched::start(
        common,
        |registry| Ok(Syncer::start(settings, client, cluster, registry)),
        |syncer| {
            let waits_for = syncer.waiting();
            Box::new(move || waits_for().map_or(Ok(()), |waits| Err(waits.to_owned())))
        },
    )?;
    tokio::select! {
        () = syncer.run() => {}
        () = until_stopped(&mut signals) => {}
    }
    watched.stop().await;
    Ok(Exit::Fine)
}
