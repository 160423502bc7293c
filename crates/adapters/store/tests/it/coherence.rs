//! Memory under concurrent commits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use ringwall_store::{Batch, Expect, Table};

use crate::lab::{ACCOUNT, KIND, Lab, place};
use crate::records::Count;

const PLACES: usize = 4;
const COMMITS: u64 = 150;

/// Whoever reads sees no less than what a finished commit wrote, and no less than what anybody has seen before, whether in
/// memory or in the database.
pub(crate) async fn memory_is_never_behind_a_commit(lab: &Lab) {
    let store = lab.store().await;
    let table: Table<Count> = Table::new(&store, KIND);
    let least: Arc<[AtomicU64; PLACES]> = Arc::default();
    let done = Arc::new(AtomicBool::new(false));
    let name = |at: usize| format!("place {at}");

    let readers: Vec<_> = (0..6)
        .map(|reader| {
            let (store, table) = (store.clone(), table.clone());
            let (least, done) = (Arc::clone(&least), Arc::clone(&done));
            tokio::spawn(async move {
                let mut reads = 0_u64;
                while !done.load(Ordering::SeqCst) {
                    for at in 0..PLACES {
                        let floor = least[at].load(Ordering::SeqCst);
                        // One in three reads the database itself.
                        let count = if reader % 3 == 0 {
                            let record = store.get(&place(&name(at))).await.unwrap();
                            record.map(|record| serde_json::from_slice::<Count>(&record.body).unwrap().count)
                        } else {
                            table.get(ACCOUNT, "", &name(at)).await.unwrap().map(|row| row.value.count)
                        };
                        let count = count.unwrap_or_default();
                        assert!(count >= floor, "{count} was read after {floor}");
                        least[at].fetch_max(count, Ordering::SeqCst);
                        reads += 1;
                    }
                    tokio::task::yield_now().await;
                }
                reads
            })
        })
        .collect();

    let writers: Vec<_> = (0..PLACES)
        .map(|at| {
            let (store, table, least) = (store.clone(), table.clone(), Arc::clone(&least));
            tokio::spawn(async move {
                for count in 1..=COMMITS {
                    let mut batch = Batch::new();
                    table.put(&mut batch, ACCOUNT, "", &name(at), &Count { count }, Expect::Any);
                    store.commit(batch).await.unwrap();
                    least[at].fetch_max(count, Ordering::SeqCst);
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    done.store(true, Ordering::SeqCst);
    for reader in readers {
        assert!(reader.await.unwrap() > 0);
    }
    for at in 0..PLACES {
        assert_eq!(table.get(ACCOUNT, "", &name(at)).await.unwrap().unwrap().value.count, COMMITS);
    }
}
