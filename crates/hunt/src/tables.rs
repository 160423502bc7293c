//! The lake's tables.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::error::Result;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::prelude::{SessionConfig, SessionContext};
use object_store::ObjectStore;
use ringwall_lake::{Class, Location, Visible, schema};
use url::Url;

use crate::error::HuntError;
use crate::limits::Limits;
use crate::stores::Stores;

/// What Security Lake's paths say: `region=…/accountId=…/eventDay=…/`.
const PARTITIONS: [&str; 3] = ["region", "accountId", "eventDay"];

/// The tables that queries name, over those of the files: what paths say gets names that need no quotes. Of a finding, which is there
/// each time that it was counted up, `findings_latest` has the last.
const VIEWS: [&str; 3] = [
    r#"CREATE VIEW events AS SELECT *, "accountId" AS account, "eventDay" AS day FROM lake_events"#,
    r#"CREATE VIEW findings AS SELECT *, "accountId" AS account, "eventDay" AS day FROM lake_findings"#,
    "CREATE VIEW findings_latest AS SELECT * EXCEPT (place) FROM
       (SELECT *, row_number() OVER (PARTITION BY finding_id ORDER BY when_at DESC, count DESC) AS place FROM findings)
       AS placed WHERE place = 1",
];

/// Where queries run, within limits.
pub(crate) fn runtime(limits: &Limits) -> Result<Arc<RuntimeEnv>> {
    Ok(Arc::new(
        RuntimeEnvBuilder::new()
            .with_memory_limit(limits.memory, 1.0)
            .with_max_temp_directory_size(limits.spilled)
            .with_object_store_registry(Arc::new(Stores::default()))
            .build()?,
    ))
}

/// How queries are planned.
pub(crate) fn config(config: SessionConfig) -> SessionConfig {
    let mut config = config.with_information_schema(true);
    let parquet = &mut config.options_mut().execution.parquet;
    // Most columns of most rows are not asked for.
    parquet.pushdown_filters = true;
    config
}

/// A place for queries on this machine.
///
/// # Errors
///
/// There is no folder for what is spilled.
pub fn context(limits: &Limits) -> Result<SessionContext> {
    let state = SessionStateBuilder::new()
        .with_default_features()
        .with_config(config(SessionConfig::new()))
        .with_runtime_env(runtime(limits)?)
        .build();
    Ok(SessionContext::new_with_state(state))
}

/// Makes the lake's tables known.
///
/// # Errors
///
/// Its place can't be a table's.
pub async fn register(context: &SessionContext, location: &Location) -> Result<(), HuntError> {
    let base = Url::parse(location.base()).map_err(|error| {
        HuntError::Query(Box::new(datafusion::error::DataFusionError::External(error.into())))
    })?;
    let store: Arc<dyn ObjectStore> = Arc::new(Visible::of(Arc::clone(location.store())));
    context.runtime_env().register_object_store(&base, store);
    for (class, table) in [(Class::Events, "lake_events"), (Class::Findings, "lake_findings")] {
        context.register_table(table, Arc::new(listing(location, class)?))?;
    }
    for view in VIEWS {
        context.sql(view).await?;
    }
    Ok(())
}

fn listing(location: &Location, class: Class) -> Result<ListingTable> {
    let options = ListingOptions::new(Arc::new(ParquetFormat::default()))
        .with_file_extension(".parquet")
        .with_table_partition_cols(PARTITIONS.map(|name| (name.to_owned(), DataType::Utf8)).to_vec());
    let config = ListingTableConfig::new(ListingTableUrl::parse(location.url(class))?)
        .with_listing_options(options)
        .with_schema(Arc::clone(schema(class)));
    ListingTable::try_new(config)
}
