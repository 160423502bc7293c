//! Clients: those that wait for their answers, and those that ask at fixed times.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::LocalSet;

use crate::mix::Mix;
use crate::servers::Server;
use crate::wire::{Connection, runtime};

/// Time before counting begins: connections are made, caches filled.
const WARM_UP: Duration = Duration::from_millis(500);

/// Connections of the load at a fixed rate: more than there are ever requests in hand, unless the server falls behind.
const CONNECTIONS: usize = 64;

/// What a server did in a time.
pub(crate) struct Rate {
    /// Requests a second.
    pub(crate) answered: f64,
    /// Its processor time for a request.
    pub(crate) processor: Duration,
}

/// How much a server answers so many clients, each of which waits for an answer before it asks again.
pub(crate) fn closed(server: &Server, mix: &Rc<Mix>, clients: usize, time: Duration) -> Rate {
    let answered = Rc::new(Cell::new(0_u64));
    let clients_run = LocalSet::new();
    for client in 0..clients {
        let (answered, mix, mut connection) =
            (Rc::clone(&answered), Rc::clone(mix), Connection::new(&server.target));
        clients_run.spawn_local(async move {
            for request in mix.requests[client % 2].iter().cycle().skip(client / 2) {
                ask(&mut connection, request).await;
                answered.set(answered.get() + 1);
            }
        });
    }
    clients_run.block_on(&runtime(), async {
        tokio::time::sleep(WARM_UP).await;
        let (before, used, begun) = (answered.get(), server.processor_time(), Instant::now());
        tokio::time::sleep(time).await;
        let count = answered.get() - before;
        Rate {
            answered: count as f64 / begun.elapsed().as_secs_f64(),
            processor: (server.processor_time() - used).div_f64(count as f64),
        }
    })
}

/// Latencies at a fixed rate, each from the moment at which its request was due: what waits for a slow answer counts.
pub(crate) fn open(server: &Server, mix: &Rc<Mix>, rate: f64, time: Duration) -> Latencies {
    let (next, all) = (Rc::new(Cell::new(0_u64)), Rc::new(RefCell::new(Vec::new())));
    let runtime = runtime();
    let clients_run = LocalSet::new();
    let begun = Instant::now() + WARM_UP;
    for client in 0..CONNECTIONS {
        let (next, all, mix) = (Rc::clone(&next), Rc::clone(&all), Rc::clone(mix));
        let mut connection = Connection::new(&server.target);
        clients_run.spawn_local(async move {
            let requests = &mix.requests[client % 2];
            ask(&mut connection, &requests[0]).await;
            loop {
                let number = next.replace(next.get() + 1);
                let due = Duration::from_secs_f64(number as f64 / rate);
                if due > time {
                    return;
                }
                tokio::time::sleep_until((begun + due).into()).await;
                ask(&mut connection, &requests[number as usize % requests.len()]).await;
                all.borrow_mut().push((begun + due).elapsed());
            }
        });
    }
    runtime.block_on(clients_run);
    let mut all = all.take();
    all.sort_unstable();
    Latencies(all)
}

async fn ask(connection: &mut Connection, request: &[u8]) {
    let reply = connection.exchange(request).await;
    assert!(reply.status == 200, "{}: {}", reply.status, String::from_utf8_lossy(reply.body));
}

/// Latencies in order.
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        let last = self.0.len() - 1;
        self.0[((last as f64 * share).ceil() as usize).min(last)]
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |share| self.quantile(share).as_secs_f64() * 1e3;
        write!(f, "p50 {:.2} ms, p99 {:.2} ms, p99.9 {:.2} ms", ms(0.5), ms(0.99), ms(0.999))
    }
}
