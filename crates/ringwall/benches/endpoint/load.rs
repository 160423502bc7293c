//! Clients: those that wait for their answers, and those that ask at fixed times.

use std::fmt;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::mix::Mix;
use crate::servers::Server;
use crate::wire::Connection;

/// Time before counting begins: connections are made, caches filled.
const WARM_UP: Duration = Duration::from_millis(500);

/// Connections of the load at a fixed rate: more than there are ever requests in hand, unless the server falls behind.
const CONNECTIONS: usize = 64;

/// Requests a second with so many clients, each of which waits for an answer before it asks again.
pub(crate) fn closed(server: &Server, mix: &Mix, clients: usize, time: Duration) -> f64 {
    let answered = AtomicU64::new(0);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for client in 0..clients {
            let (answered, done) = (&answered, &done);
            scope.spawn(move || {
                let mut connection = Connection::new(&server.target);
                let requests = mix.requests[client % 2].iter().cycle().skip(client / 2);
                for request in requests.take_while(|_| !done.load(Ordering::Relaxed)) {
                    ask(&mut connection, request);
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        thread::sleep(WARM_UP);
        let (before, begun) = (answered.load(Ordering::Relaxed), Instant::now());
        thread::sleep(time);
        let rate = (answered.load(Ordering::Relaxed) - before) as f64 / begun.elapsed().as_secs_f64();
        done.store(true, Ordering::Relaxed);
        rate
    })
}

/// Latencies at a fixed rate, each from the moment at which its request was due: what waits for a slow answer counts.
pub(crate) fn open(server: &Server, mix: &Mix, rate: f64, time: Duration) -> Latencies {
    let next = AtomicU64::new(0);
    let ready = Barrier::new(CONNECTIONS);
    let mut all: Vec<Duration> = thread::scope(|scope| {
        let clients: Vec<_> = (0..CONNECTIONS)
            .map(|client| {
                let (next, ready) = (&next, &ready);
                scope.spawn(move || {
                    let mut connection = Connection::new(&server.target);
                    let requests = &mix.requests[client % 2];
                    ask(&mut connection, &requests[0]);
                    ready.wait();
                    let begun = Instant::now();
                    let mut latencies = Vec::new();
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let due = Duration::from_secs_f64(number as f64 / rate);
                        if due > time {
                            return latencies;
                        }
                        thread::sleep(due.saturating_sub(begun.elapsed()));
                        ask(&mut connection, &requests[number as usize % requests.len()]);
                        latencies.push(begun.elapsed().saturating_sub(due));
                    }
                })
            })
            .collect();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    all.sort_unstable();
    Latencies(all)
}

fn ask(connection: &mut Connection, request: &[u8]) {
    let reply = connection.exchange(request);
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
