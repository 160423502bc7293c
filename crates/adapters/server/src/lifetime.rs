//! How long a connection lives: as long as its peer wants, unless nothing is asked on it for too long or its listener stops.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use prometheus_client::metrics::gauge::Gauge;
use tokio::sync::watch;

/// Where a listener is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It serves.
    Serving,
    /// No new requests; those in hand are answered.
    Draining,
    /// Whatever is left is dropped.
    Cut,
}

/// When a connection last had a request in hand.
#[derive(Debug)]
pub struct Activity {
    made: Instant,
    in_hand: AtomicUsize,
    /// Milliseconds from `made` to the end of the latest request.
    ended: AtomicU64,
}

/// A request in hand, until it is dropped.
#[derive(Debug)]
pub struct Busy(Arc<Activity>);

/// For how long a connection may be idle, and how long it may take to say good-bye once it was asked to end.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Without a request.
    pub idle: Duration,
    /// After that.
    pub good_bye: Duration,
}

impl Activity {
    /// A connection that begins now.
    pub fn new() -> Arc<Self> {
        Arc::new(Self { made: Instant::now(), in_hand: AtomicUsize::new(0), ended: AtomicU64::new(0) })
    }

    /// Takes a request in hand.
    pub fn begin(activity: &Arc<Self>) -> Busy {
        activity.in_hand.fetch_add(1, Ordering::SeqCst);
        Busy(Arc::clone(activity))
    }

    /// Says that the connection is in use just now, beyond its requests in hand.
    pub(crate) fn touch(&self) {
        self.ended.store(self.age(), Ordering::SeqCst);
    }

    fn age(&self) -> u64 {
        u64::try_from(self.made.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// How long the connection may still be idle; `None` if that time is over.
    fn idle_left(&self, limit: Duration) -> Option<Duration> {
        if self.in_hand.load(Ordering::SeqCst) > 0 {
            return Some(limit);
        }
        let idle = Duration::from_millis(self.age().saturating_sub(self.ended.load(Ordering::SeqCst)));
        // Below a millisecond is nothing, as that is how time is kept here.
        limit.checked_sub(idle).filter(|left| *left >= Duration::from_millis(1))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.ended.store(self.0.age(), Ordering::SeqCst);
        self.0.in_hand.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Runs a connection of hyper's to its end. One that is idle for too long, and one whose listener stops, is told so by
/// `say_good_bye` and has its requests in hand answered; then it is dropped.
///
/// # Errors
///
/// The connection's own.
pub async fn live<C, E>(
    mut connection: Pin<&mut C>,
    say_good_bye: impl Fn(Pin<&mut C>),
    activity: &Activity,
    patience: Patience,
    mut phase: watch::Receiver<Phase>,
) -> Result<(), E>
where
    C: Future<Output = Result<(), E>>,
{
    let Patience { idle, good_bye } = patience;
    let mut end = pin!(tokio::time::sleep(idle));
    let mut ending = false;
    loop {
        tokio::select! {
            done = connection.as_mut() => return done,
            () = end.as_mut() => match activity.idle_left(idle) {
                Some(left) => end.as_mut().reset(tokio::time::Instant::now() + left),
                None if ending => return Ok(()),
                None => {
                    ending = true;
                    say_good_bye(connection.as_mut());
                    end.as_mut().reset(tokio::time::Instant::now() + good_bye);
                }
            },
            changed = phase.changed() => {
                if changed.is_err() || *phase.borrow_and_update() == Phase::Cut {
                    return Ok(());
                }
                say_good_bye(connection.as_mut());
            }
        }
    }
}

/// A gauge that counts one more for as long as this lives.
#[derive(Debug)]
pub struct OneMore(Gauge);

impl OneMore {
    /// Counts one more.
    pub fn of(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for OneMore {
    fn drop(&mut self) {
        self.0.dec();
    }
}
