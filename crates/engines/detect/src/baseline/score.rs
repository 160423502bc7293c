//! How unusual an act is, in bits.

use super::SEEN;
use super::features::{Feature, Peers};
use crate::finding::Term;

/// What something weighs that was never seen: half an hour. Source: R. Krichevsky, V. Trofimov, *The performance of universal
/// encoding*, 1981: among all such weights it costs least in the worst case.
const NEVER: f64 = 0.5;

/// Terms below are not counted: what one in eight hours of somebody shows is no surprise, and many small surprises are no large one.
const LEAST_TERM: f64 = 3.0;

/// Most that a circumstance (network, client, region) adds: less than [`UNUSUAL`], as people travel and clients get replaced. Two
/// circumstances at once, or one and an unusual deed, are told.
const MOST_OF_CIRCUMSTANCES: f64 = 7.0;

/// What an actor has shown in so many hours, decayed, is no surprise of it, however rare. Once a week comes to 2.4.
pub(super) const KNOWN: f64 = 2.0;
/// Most that something adds that an actor has shown, in fewer hours. By itself it tells nothing: something has to be there that the
/// actor has never shown.
const MOST_OF_SEEN: f64 = LEAST_TERM;

/// From so many bits on an act is unusual: less than one in 256 of somebody's hours shows the like, which are a month and a half
/// of working days.
pub const UNUSUAL: f64 = 8.0;

/// Hours in which a service account has to be seen before what is its own counts: its namespace, groups and client. Every
/// installed operator brings such an account, and what it brings is new by itself.
pub(super) const HOURS_OF_ACCOUNTS: f64 = 24.0;

/// What is known of one feature's value. All in hours, decayed, before the present one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Known {
    /// In how many hours the actor showed it.
    pub(super) of_actor: f64,
    /// In how many it could have.
    pub(super) hours_of_actor: f64,
    /// In how many it showed a value that it had never shown.
    pub(super) fresh: f64,
}

impl Known {
    /// How unusual the value is, in bits, if an actor of whom nothing is known shows it in the `expected` share of hours.
    ///
    /// Source: I. Witten, T. Bell, *The zero-frequency problem*, 1991, method C with interpolation: who shows new values often is
    /// likely to show another.
    pub(super) fn bits(self, expected: f64) -> f64 {
        let open = NEVER + self.fresh;
        let share = (self.of_actor + open * expected) / (self.hours_of_actor + open);
        self.cap(-share.min(1.0).log2())
    }

    /// The same of a value of which is known how unusual it is elsewhere: that, or how seldom the actor shows anything new here. Not
    /// both, as who brings a new namespace brings it to several resources.
    pub(super) fn bits_beside(self, elsewhere: f64) -> f64 {
        let open = NEVER + self.fresh;
        self.cap(elsewhere.max(-(open / (self.hours_of_actor + open)).log2()))
    }

    fn cap(self, bits: f64) -> f64 {
        if self.of_actor >= KNOWN {
            0.0
        } else if self.of_actor >= f64::from(SEEN) {
            bits.min(MOST_OF_SEEN)
        } else {
            bits
        }
    }
}

/// The share of the peers' hours that show a value.
pub(super) fn expected(of_peers: f64, hours_of_peers: f64) -> f64 {
    ((of_peers + NEVER) / (hours_of_peers + 2.0 * NEVER)).min(1.0)
}

/// Bits as they count, if they do. In hundredths, so that the last digit of a machine's logarithm changes nothing.
pub(super) fn counted(feature: Feature, bits: f64) -> Option<f64> {
    let most = match feature {
        Feature::Network | Feature::UserAgent | Feature::Region => MOST_OF_CIRCUMSTANCES,
        _ => f64::MAX,
    };
    let bits = (bits.min(most) * 100.0).round() / 100.0;
    (bits >= LEAST_TERM).then_some(bits)
}

/// Whether a feature of somebody who is hardly known is left out: see [`HOURS_OF_ACCOUNTS`].
pub(super) fn is_own(peers: Peers, feature: Feature, hours: f64) -> bool {
    peers == Peers::ServiceAccounts
        && hours < HOURS_OF_ACCOUNTS
        && matches!(feature, Feature::User | Feature::Group | Feature::Namespace | Feature::UserAgent)
}

/// How unusual an act is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judgement {
    /// Whether the cluster was watched for long enough that it means something.
    pub learned: bool,
    /// The sum of the terms.
    pub bits: f64,
    /// What is unusual, the most unusual first.
    pub terms: Vec<Term>,
}

impl Judgement {
    /// Whether it is worth telling by itself.
    pub fn is_unusual(&self) -> bool {
        let is_new = self.terms.iter().any(|term| term.bits > MOST_OF_SEEN);
        self.learned && is_new && self.bits >= UNUSUAL
    }
}
