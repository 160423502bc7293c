//! Clients that wait for an answer before they ask again.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::LocalSet;

use crate::servers::{Sts, Webhook};
use crate::tokens::Tokens;
use crate::wire::{Connection, runtime};

/// Reviews that are made before counting begins, of tokens that are new; later ones go on from there.
const NEW_TOKENS: usize = 40_000;

pub(crate) struct Measured {
    /// In order.
    latencies: Vec<Duration>,
    took: Duration,
    calls: u64,
}

impl Measured {
    /// Reviews a second.
    pub(crate) fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.took.as_secs_f64()
    }

    pub(crate) fn calls_per_review(&self) -> f64 {
        self.calls as f64 / self.latencies.len() as f64
    }

    pub(crate) fn quantile(&self, share: f64) -> Duration {
        let last = self.latencies.len() - 1;
        self.latencies[((last as f64 * share).ceil() as usize).min(last)]
    }
}

/// Reviews so many tokens over and over, or a new one each time, for a while, or until there are no new ones.
pub(crate) fn run(
    webhook: &Webhook,
    sts: &Sts,
    tokens: &Tokens,
    live: Option<usize>,
    clients: usize,
    time: Duration,
) -> Measured {
    // Those of the other kind are never seen again.
    let numbers = match live {
        Some(count) => NEW_TOKENS..NEW_TOKENS + count,
        None => 0..NEW_TOKENS,
    };
    let requests: Rc<Vec<Vec<u8>>> = Rc::new(numbers.map(|number| tokens.review(number)).collect());
    let (next, latencies) = (Rc::new(Cell::new(0_usize)), Rc::new(RefCell::new(Vec::new())));
    let before = sts.calls();
    let begun = Instant::now();
    let clients_run = LocalSet::new();
    for _ in 0..clients {
        let (next, latencies, requests) = (Rc::clone(&next), Rc::clone(&latencies), Rc::clone(&requests));
        let mut connection = Connection::new(&webhook.target);
        clients_run.spawn_local(async move {
            while begun.elapsed() < time {
                let number = next.replace(next.get() + 1);
                if live.is_none() && number >= requests.len() {
                    return;
                }
                let asked = Instant::now();
                let reply = connection.exchange(&requests[number % requests.len()]).await;
                assert!(
                    reply.status == 200
                        && reply.body.windows(20).any(|found| found == b"\"authenticated\":true"),
                    "{}: {}",
                    reply.status,
                    String::from_utf8_lossy(reply.body)
                );
                latencies.borrow_mut().push(asked.elapsed());
            }
        });
    }
    runtime().block_on(clients_run);
    let took = begun.elapsed();
    let mut latencies = latencies.take();
    latencies.sort_unstable();
    Measured { latencies, took, calls: sts.calls() - before }
}
