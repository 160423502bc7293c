//! The store on real databases: the same suite for SQLite and PostgreSQL, kills, and what it asks of the system.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail loudly"
)]

mod archives;
mod child;
mod coherence;
mod corpus;
mod crashes;
mod files;
mod lab;
mod migrations;
mod records;
mod server;
mod servers;
mod sharing;
mod traces;
mod twin;

use crate::lab::Lab;

/// Each scenario as a test of each database.
macro_rules! suite {
    ($($module:ident::{$($scenario:ident),+ $(,)?};)+) => {
        mod sqlite {
            $(mod $module {
                $(#[test]
                fn $scenario() {
                    crate::lab::run(async { crate::$module::$scenario(&crate::Lab::sqlite()).await });
                })+
            })+
        }
        mod postgres {
            $(mod $module {
                $(#[test]
                #[ignore = "needs PostgreSQL; cargo xtask test runs it"]
                fn $scenario() {
                    crate::lab::run(async { crate::$module::$scenario(&crate::Lab::postgres().await).await });
                })+
            })+
        }
    };
}

suite! {
    records::{
        are_read_as_they_were_written,
        are_listed_in_bytewise_order,
        of_all_accounts_are_listed_page_by_page,
        are_written_if_they_are_as_expected,
        that_cannot_be_are_refused,
        of_a_batch_are_written_together_or_not_at_all,
        of_batches_that_wait_are_checked_one_by_one,
        are_updated_by_many_at_once,
        as_values_are_read_as_they_were_written,
        that_are_no_such_values_are_told,
        are_not_to_be_had_of_a_closed_store,
    };
    sharing::{
        changes_of_others_are_seen,
        many_changes_are_told_as_anything,
        old_deletions_are_pruned,
        commits_in_turn_tell_both_sides,
    };
    coherence::{ memory_is_never_behind_a_commit };
    twin::{ agrees_with_a_map };
    migrations::{
        an_older_database_is_migrated,
        a_newer_database_is_refused,
        many_open_a_new_database_at_once,
    };
    archives::{
        are_restored_as_they_were,
        show_one_moment,
        are_restored_into_empty_stores_alone,
        that_are_damaged_restore_nothing,
        restored_are_seen_by_others,
        leave_nothing_when_they_fail,
    };
    crashes::{ lose_nothing_that_was_acknowledged };
}
