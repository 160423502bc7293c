//! Where credentials are used that AWS gave to a machine, and whether that is somewhere else than before.
//!
//! GuardDuty knows whose instance has which address. Records alone tell less: from where the same credentials came before, and from
//! where those of other machines did, which share a NAT gateway. So an address counts as the machine's own while it is the first
//! public one of its credentials, or is one from which other machines came too.

use std::hash::BuildHasher;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::call::{Call, Caller};
use crate::intel::AwsRanges;
use crate::keep::at_most;
use crate::keyed::Keyed;
use crate::recent::Recent;

/// Credentials whose whereabouts are remembered: some hours of a large account's.
const MAX_CREDENTIALS: usize = 100_000;
/// Addresses of which it is remembered whose they are.
const MAX_ADDRESSES: usize = 100_000;
/// Most public addresses that count as one machine's own: a NAT gateway has up to eight.
const MAX_OWN: usize = 8;
/// Most services and clients that are remembered of one machine.
const MAX_HABITS: usize = 32;

/// What credentials were given to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder<'r> {
    /// An EC2 instance.
    Instance(&'r str),
    /// A pod, or something else that AWS runs code in.
    Resource(&'r str),
}

impl<'r> Holder<'r> {
    /// What the caller's credentials were given to, if it is a machine.
    ///
    /// Sources: AWS IAM User Guide, *Using an IAM role to grant permissions to applications running on Amazon EC2 instances* (the
    /// session is named as the instance); AWS EKS User Guide, *EKS Pod Identity* (`eks-CLUSTER-POD-UUID`); AWS CloudTrail User
    /// Guide, *CloudTrail userIdentity element* (`ec2RoleDelivery`, `inScopeOf`).
    pub(super) fn of(call: &Call<'r>) -> Option<Self> {
        let Caller::Session { name, .. } = call.caller else { return None };
        let session = call.session();
        if is_instance(name) || session.is_some_and(|session| !session.ec2_role_delivery.text().is_empty()) {
            return Some(Self::Instance(name));
        }
        let federation = session.and_then(|session| session.federation.get());
        if federation.is_some_and(|provider| provider.provider.text().contains("oidc.eks.")) {
            return Some(Self::Resource(name));
        }
        let issued_to = call.identity().and_then(|identity| identity.in_scope_of.get());
        if let Some(issued_to) = issued_to.map(|scope| scope.issued_to.text()).filter(|arn| !arn.is_empty()) {
            return Some(Self::Resource(issued_to));
        }
        is_pod(name).then_some(Self::Resource(name))
    }

    pub(super) fn name(self) -> &'r str {
        match self {
            Self::Instance(name) | Self::Resource(name) => name,
        }
    }
}

/// `i-` and 8 or 17 hexadecimal digits.
fn is_instance(name: &str) -> bool {
    name.strip_prefix("i-").is_some_and(|id| {
        (id.len() == 8 || id.len() == 17) && id.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// `eks-CLUSTER-POD-UUID`.
fn is_pod(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("eks-") else { return false };
    let uuid = rest.len().checked_sub(36).and_then(|at| rest.get(at..));
    uuid.is_some_and(|uuid| uuid.bytes().filter(|byte| *byte == b'-').count() == 4)
}

/// Where credentials were used that should not have been there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stray {
    /// An address that isn't AWS's, or of which that is not known.
    Outside {
        /// Whether AWS's ranges are known and don't have it.
        certain: bool,
        /// An address from which they came before.
        before: Option<IpAddr>,
    },
    /// AWS's, but not where they came from before: another region's address, or another account's endpoint.
    Inside(String),
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Home {
    #[serde(deserialize_with = "at_most::<MAX_OWN, _, _>")]
    public: Vec<IpAddr>,
    /// Services that were called by way of a VPC endpoint.
    #[serde(deserialize_with = "at_most::<MAX_HABITS, _, _>")]
    private: Vec<u64>,
    #[serde(deserialize_with = "at_most::<MAX_OWN, _, _>")]
    endpoint_accounts: Vec<u64>,
    #[serde(deserialize_with = "at_most::<MAX_HABITS, _, _>")]
    agents: Vec<u64>,
}

/// Where credentials were used.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Whereabouts {
    hasher: Keyed,
    homes: Recent<u64, Home, MAX_CREDENTIALS>,
    /// The two machines that came first from an address.
    holders: Recent<IpAddr, (u64, u64), MAX_ADDRESSES>,
}

impl Whereabouts {
    pub(super) fn new(hasher: Keyed) -> Self {
        Self { hasher, ..Self::default() }
    }

    /// Takes note of a call by credentials of a machine, and judges where it came from.
    pub(super) fn used(
        &mut self,
        call: &Call<'_>,
        holder: Holder<'_>,
        ranges: Option<&AwsRanges>,
    ) -> Option<Stray> {
        let key = self.hasher.hash_one(match call.identity()?.access_key.text() {
            "" => call.who(),
            key => key,
        });
        self.judge(key, call, holder.name(), false, ranges)
    }

    /// The same for the token of a service account, by which a role is assumed. Its pods may be in several zones, each of which
    /// has its own way out; so an address alone is no sign unless the client is another as well.
    pub(super) fn token_used(
        &mut self,
        call: &Call<'_>,
        subject: &str,
        ranges: Option<&AwsRanges>,
    ) -> Option<Stray> {
        let provider = call.identity().map_or("", |identity| identity.provider.text());
        let key = self.hasher.hash_one((provider, subject));
        self.judge(key, call, subject, true, ranges)
    }

    /// Credentials that were handed out come from where they were asked for.
    pub(super) fn handed_out(&mut self, call: &Call<'_>, access_key: &str) {
        let Some(address) = call.address() else { return };
        if !access_key.is_empty() && !is_private(address) {
            let key = self.hasher.hash_one(access_key);
            remember(&mut self.homes.entry(key).public, address, MAX_OWN);
        }
    }

    fn judge(
        &mut self,
        key: u64,
        call: &Call<'_>,
        holder: &str,
        is_token: bool,
        ranges: Option<&AwsRanges>,
    ) -> Option<Stray> {
        let address = call.address()?;
        let holder = self.hasher.hash_one(holder);
        let service = self.hasher.hash_one(call.service);
        let agent = self.hasher.hash_one(call.agent_family());
        let is_shared = !is_private(address) && self.is_shared(address, holder);
        let account = call.record.vpc_endpoint_account.text();
        let endpoint = (!account.is_empty()).then(|| self.hasher.hash_one(account));
        let home = self.homes.entry(key);
        if let Some(endpoint) = endpoint {
            let is_new = !home.endpoint_accounts.is_empty() && !home.endpoint_accounts.contains(&endpoint);
            if is_new && account != call.caller_account() {
                return Some(Stray::Inside(format!("an endpoint of account {account}")));
            }
            remember(&mut home.endpoint_accounts, endpoint, MAX_OWN);
        }
        let is_new_agent = !home.agents.is_empty() && !home.agents.contains(&agent);
        if is_private(address) {
            remember(&mut home.private, service, MAX_HABITS);
            remember(&mut home.agents, agent, MAX_HABITS);
            return None;
        }
        if !home.public.contains(&address) && !is_shared {
            let before = home.public.iter().find(|known| known.is_ipv4() == address.is_ipv4()).copied();
            let stray = match ranges {
                Some(ranges) => {
                    match (ranges.region(address), before.and_then(|known| ranges.region(known))) {
                        (None, _) => Some(Stray::Outside { certain: true, before }),
                        (Some(here), Some(there)) if here != there && !is_token => {
                            Some(Stray::Inside(format!("an address of AWS's in {here}")))
                        }
                        (Some(_), _) => None,
                    }
                }
                // What has an endpoint is reached through it, always; and few programs ask who they are.
                None => {
                    let is_elsewhere = before.is_some()
                        || home.private.contains(&service)
                        || (!home.private.is_empty() && call.is("sts", "GetCallerIdentity"));
                    (is_elsewhere && (!is_token || is_new_agent))
                        .then_some(Stray::Outside { certain: false, before })
                }
            };
            if stray.is_some() {
                return stray;
            }
        }
        remember(&mut home.public, address, MAX_OWN);
        remember(&mut home.agents, agent, MAX_HABITS);
        self.note_holder(address, holder);
        None
    }

    /// Whether other machines came from an address before.
    fn is_shared(&self, address: IpAddr, holder: u64) -> bool {
        let Some((first, second)) = self.holders.get(&address) else { return false };
        [*first, *second].into_iter().any(|known| known != 0 && known != holder)
    }

    fn note_holder(&mut self, address: IpAddr, holder: u64) {
        let (first, second) = self.holders.entry(address);
        if *first == 0 {
            *first = holder;
        } else if *second == 0 && *first != holder {
            *second = holder;
        }
    }
}

fn remember<T: PartialEq>(known: &mut Vec<T>, new: T, most: usize) {
    if known.len() < most && !known.contains(&new) {
        known.push(new);
    }
}

/// Whether an address is one within a network: by way of a VPC endpoint.
pub(crate) fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            // 100.64.0.0/10 is what EKS gives pods in secondary ranges.
            let is_shared = first == 100 && (64..128).contains(&second);
            address.is_private() || address.is_loopback() || address.is_link_local() || is_shared
        }
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    }
}
