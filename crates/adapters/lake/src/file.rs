//! Rows to a Parquet file.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use crate::error::LakeError;
use crate::limits::{PAGE_BYTES, ROW_GROUP_ROWS};
use crate::node::columns;
use crate::row::{Class, Row};
use crate::schema::schema;

/// Rows that are made into columns at once: what columns take twice stays small.
const BATCH_ROWS: usize = 16 << 10;

/// A file under construction.
pub(crate) type Writer = ArrowWriter<Vec<u8>>;

pub(crate) fn writer(schema: &SchemaRef) -> Result<Writer, LakeError> {
    let properties = WriterProperties::builder()
        .set_created_by(concat!("ringwall ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_data_page_size_limit(PAGE_BYTES)
        .set_statistics_enabled(EnabledStatistics::Page)
        .build();
    Ok(ArrowWriter::try_new(Vec::new(), Arc::clone(schema), Some(properties))?)
}

/// A file of rows of one class, by time; the same rows make the same bytes.
pub(crate) fn file(class: Class, mut rows: Vec<Row>) -> Result<Vec<u8>, LakeError> {
    // Stable, so that rows of one time stay in the order of their positions.
    rows.sort_by_key(|row| row.time);
    let schema = schema(class);
    let mut writer = writer(schema)?;
    while !rows.is_empty() {
        let rest = rows.split_off(rows.len().min(BATCH_ROWS));
        let nodes: Vec<_> = std::mem::replace(&mut rows, rest).into_iter().map(|row| row.node).collect();
        let batch: RecordBatch = columns(schema, &nodes)?;
        writer.write(&batch)?;
    }
    Ok(writer.into_inner()?)
}
