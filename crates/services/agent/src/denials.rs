//! What was denied, for people: the first of its kind at once, and every while how often it went on.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ringwall_network::Direction;
use ringwall_nft::{Denial, Denied as Packet};

use crate::flows::{Denied, Seen, protocol};

/// Over how long what is repeated is counted.
pub(crate) const COUNT: Duration = Duration::from_secs(10);

/// Most kinds that are counted at a time: whoever tries all ports of everybody gets no more lines than these.
const MAX_KINDS: usize = 1_000;

/// What was denied since the last count.
#[derive(Debug, Default)]
pub(crate) struct Denials {
    counts: Mutex<BTreeMap<Kind, u64>>,
}

/// What is told once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    seen: Seen,
    pod: Option<Arc<str>>,
}

impl Denials {
    /// Takes in a denied packet; gives it as the flow log has it.
    pub(crate) fn add(&self, packet: &Packet, audit: bool) -> Seen {
        let seen = seen(packet);
        let pod = packet.pod.as_ref().map(|pod| format!("{}/{}", pod.namespace, pod.name).into());
        let kind = Kind { seen: seen.clone(), pod };
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&kind) {
            *count = count.saturating_add(1);
            return seen;
        }
        if counts.len() < MAX_KINDS {
            tell(&kind, 1, audit);
            counts.insert(kind, 1);
        }
        seen
    }

    /// Tells what went on, and begins to count anew.
    pub(crate) fn tell(&self, audit: bool) {
        let counts = std::mem::take(&mut *self.counts.lock().unwrap_or_else(PoisonError::into_inner));
        if counts.len() == MAX_KINDS {
            tracing::warn!(kinds = MAX_KINDS, "more kinds of packets were denied than are told");
        }
        for (kind, count) in counts.iter().filter(|(_, count)| **count > 1) {
            tell(kind, *count, audit);
        }
    }
}

fn tell(kind: &Kind, packets: u64, audit: bool) {
    let Kind { seen, pod } = kind;
    let denied = seen.denied.as_ref();
    let message = if audit { "would be denied" } else { "denied" };
    tracing::info!(
        target: "ringwall::denied",
        pod = pod.as_deref(),
        direction = denied.and_then(|denied| denied.direction),
        because = denied.map(|denied| &*denied.because),
        from = %seen.source,
        to = %seen.destination,
        protocol = protocol(seen.protocol),
        port = seen.port,
        packets,
        "{message}"
    );
}

/// A denied packet as a flow: a reply is of the flow from the one that it goes to.
fn seen(packet: &Packet) -> Seen {
    let (logged, headers) = (&packet.logged, packet.logged.packet);
    let (source, destination) = if logged.reply {
        (headers.destination, headers.source)
    } else {
        (headers.source, headers.destination)
    };
    let port = headers.ports.map(|(from, to)| if logged.reply { from } else { to });
    let denied = Some(Denied {
        direction: direction(&packet.why).map(Direction::name),
        because: because(&packet.why),
    });
    Seen { source, destination, protocol: headers.protocol, port, denied }
}

/// Seen from the pod that is judged.
pub(crate) fn direction(why: &Denial) -> Option<Direction> {
    match why {
        Denial::Rule(cause) => Some(cause.direction),
        Denial::Spoofed | Denial::UnknownSource => Some(Direction::Egress),
        Denial::UnknownDestination => Some(Direction::Ingress),
        Denial::Stray | Denial::Unplanned => None,
    }
}

fn because(why: &Denial) -> Arc<str> {
    match why {
        Denial::Rule(cause) => cause.to_string().into(),
        Denial::Spoofed => "the address is not of the pod that sends it".into(),
        Denial::UnknownSource => {
            "the address is of no pod that is known, and comes from a pod's interface".into()
        }
        Denial::UnknownDestination => {
            "the address is of no pod that is known, and goes to a pod's interface".into()
        }
        Denial::Stray => "it belongs to no connection".into(),
        Denial::Unplanned => "no rule speaks of it".into(),
    }
}
