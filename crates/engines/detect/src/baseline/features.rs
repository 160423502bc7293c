//! What baselines look at in an act.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::hash::{bytes, mix, text};
use super::said::{Asked, asked, images, repository};
use crate::act::{Act, Caller, caller};

/// Most groups of somebody that count. AWS and directories give tens at most.
const MAX_GROUPS: usize = 8;
/// Digits in a row that a program put there, not a person: a time, a number of an instance.
const DIGITS_OF_PROGRAMS: usize = 6;

/// Hexadecimal digits in a row, not all of them letters, that are an id: the first part of a UUID.
const DIGITS_OF_IDS: usize = 8;

/// A kind of thing to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Feature {
    /// Who it is.
    User,
    /// A group that they are in.
    Group,
    /// The resource, with its group and subresource.
    Resource,
    /// What is done with that resource.
    Verb,
    /// In which namespace that resource is.
    Namespace,
    /// Where the request came from: 256 addresses of IPv4, a /48 of IPv6.
    Network,
    /// Which program the client says it is, without its version.
    UserAgent,
    /// The repository of an image that is deployed.
    Image,
    /// A permission that is asked about.
    Permission,
    /// A service of AWS.
    Service,
    /// What is called of that service.
    Api,
    /// How a call fails.
    ErrorCode,
    /// A region of AWS.
    Region,
}

impl Feature {
    /// Its name as findings print it.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Resource => "resource",
            Self::Verb => "verb",
            Self::Namespace => "namespace",
            Self::Network => "source network",
            Self::UserAgent => "user agent",
            Self::Image => "image",
            Self::Permission => "permission asked",
            Self::Service => "service",
            Self::Api => "API",
            Self::ErrorCode => "error code",
            Self::Region => "region",
        }
    }

    /// A number of its own, for keys.
    pub(super) fn number(self) -> u64 {
        self as u64
    }
}

/// Among whom somebody is compared: those who do the same kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peers {
    /// People, and programs that come as people do.
    Users,
    /// Service accounts.
    ServiceAccounts,
    /// Kubelets and the control plane.
    Kubernetes,
    /// Who was not authenticated.
    Nobody,
}

/// What an act shows of each feature.
#[derive(Debug)]
pub struct Features<'e> {
    pub(super) peers: Peers,
    pub(super) actor: Cow<'e, str>,
    /// With their hashes.
    pub(super) groups: Vec<(&'e str, u64)>,
    pub(super) verb: &'e str,
    pub(super) api_group: &'e str,
    pub(super) resource: &'e str,
    pub(super) subresource: &'e str,
    pub(super) namespace: &'e str,
    pub(super) network: Option<IpAddr>,
    pub(super) agent: &'e str,
    /// Whole, with their tags.
    pub(crate) images: Vec<String>,
    pub(crate) asked: Option<Asked>,
    pub(super) hashes: Hashes,
}

/// The hashes of values, made once.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hashes {
    pub(super) actor: u64,
    pub(super) resource: u64,
    pub(super) verb: u64,
    pub(super) namespace: u64,
    pub(super) network: u64,
    pub(super) agent: u64,
    pub(super) asked: u64,
    /// Of all that an act shows.
    pub(super) all: u64,
}

impl<'e> Features<'e> {
    /// Of an act. Who counts is in whose name it is done.
    pub fn of(act: &Act<'e>) -> Self {
        let subject = act.subject();
        let name = subject.map_or("", |user| user.username.text());
        let (peers, actor) = match subject.map_or(Caller::User, caller) {
            // Nodes come and go with the load, and all do the same.
            Caller::Node => (Peers::Kubernetes, Cow::Borrowed("system:node:*")),
            Caller::ControlPlane => (Peers::Kubernetes, Cow::Borrowed(name)),
            Caller::ServiceAccount { .. } => (Peers::ServiceAccounts, Cow::Borrowed(name)),
            Caller::Anonymous => (Peers::Nobody, Cow::Borrowed(name)),
            Caller::User => (Peers::Users, without_session(name)),
        };
        let groups = subject.map_or(&[][..], |user| user.groups.items());
        let features = Self {
            peers,
            actor,
            // Everybody is in it.
            groups: groups
                .iter()
                .map(|group| &**group)
                .filter(|group| *group != "system:authenticated")
                .take(MAX_GROUPS)
                .map(|group| (group, text(group)))
                .collect(),
            verb: act.event.verb.text(),
            api_group: act.group,
            resource: if act.resource.is_empty() { first_segment(act.path) } else { act.resource },
            subresource: act.subresource,
            namespace: act.namespace,
            network: act.source.map(network),
            agent: product(act.event.user_agent.text()),
            images: images(act),
            asked: asked(act),
            hashes: Hashes::default(),
        };
        Self { hashes: features.hashed(), ..features }
    }

    fn hashed(&self) -> Hashes {
        let part = |part: &str| if part.is_empty() { 0 } else { text(part) };
        let mut hashes = Hashes {
            actor: text(&self.actor),
            resource: mix(mix(text(self.resource), part(self.api_group)), part(self.subresource)),
            verb: text(self.verb),
            namespace: part(self.namespace),
            network: network_hash(self.network),
            agent: text(self.agent),
            asked: self.asked.as_ref().map_or(0, |asked| mix(text(&asked.verb), text(&asked.resource))),
            all: 0,
        };
        let Hashes { actor, resource, verb, namespace, network, agent, asked, .. } = hashes;
        let images = self.images.iter().map(|image| text(repository(image)));
        hashes.all = self
            .groups
            .iter()
            .map(|(_, hash)| *hash)
            .chain(images)
            .chain([resource, verb, namespace, network, agent, asked])
            .fold(actor, mix);
        hashes
    }

    /// The resource as `kubectl` writes it: `deployments.apps/scale`.
    pub(super) fn resource_name(&self) -> String {
        let mut name = self.resource.to_owned();
        for (before, part) in [('.', self.api_group), ('/', self.subresource)] {
            if !part.is_empty() {
                name.push(before);
                name.push_str(part);
            }
        }
        name
    }
}

/// A network as findings print it.
pub(super) fn network_name(network: Option<IpAddr>) -> String {
    match network {
        Some(IpAddr::V4(address)) => format!("{address}/24"),
        Some(IpAddr::V6(address)) => format!("{address}/48"),
        None => "not recorded".to_owned(),
    }
}

pub(super) fn network_hash(network: Option<IpAddr>) -> u64 {
    match network {
        Some(IpAddr::V4(address)) => bytes(&address.octets()),
        Some(IpAddr::V6(address)) => bytes(&address.octets()),
        None => 0,
    }
}

/// `/metrics/cadvisor` is `/metrics`.
fn first_segment(path: &str) -> &str {
    let end = path.char_indices().skip(1).find(|(_, letter)| *letter == '/').map(|(at, _)| at);
    end.and_then(|end| path.get(..end)).unwrap_or(path)
}

/// An address with what tells machines of a network apart taken off.
///
/// /24 and /48 are what networks announce at least to each other: who has one has it whole.
/// Source: RFC 7454, *BGP Operations and Security*, 6.1.3.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits() & (u32::MAX << 8)).into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 80)).into(),
    }
}

/// The first product of a user agent, without its version: `kubectl` of `kubectl/v1.33.1 (linux/amd64) kubernetes/ab12`.
///
/// Source: RFC 9110, *HTTP Semantics*, 10.1.5.
pub(super) fn product(agent: &str) -> &str {
    agent.split(['/', ' ', '(']).find(|part| !part.is_empty()).unwrap_or("")
}

/// The ARN of an assumed role without a session name that a program made up, which differs each time. A person's name stays.
///
/// Source: AWS IAM User Guide, *IAM identifiers*; instances' sessions are named by the instance's id, SDKs' by a time, those of EKS Pod
/// Identity `eks-CLUSTER-POD-UUID`, tasks' and builds' by a UUID.
pub(super) fn without_session(name: &str) -> Cow<'_, str> {
    let Some((role, session)) = name.rsplit_once('/').filter(|_| name.contains(":assumed-role/")) else {
        return Cow::Borrowed(name);
    };
    let digits = |letter: char| !letter.is_ascii_digit();
    let is_id =
        |run: &str| run.len() >= DIGITS_OF_IDS && run.contains(|letter: char| letter.is_ascii_digit());
    let is_made = session.starts_with("i-")
        || session.starts_with("eks-")
        || session.split(digits).any(|run| run.len() >= DIGITS_OF_PROGRAMS)
        || session.split(|letter: char| !letter.is_ascii_hexdigit()).any(is_id);
    if is_made { Cow::Owned(format!("{role}/*")) } else { Cow::Borrowed(name) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baseline::said::repository;

    #[test]
    fn values_are_told_without_what_changes_by_itself() {
        for (agent, expected) in [
            ("kubectl/v1.33.1 (linux/amd64) kubernetes/ab12", "kubectl"),
            ("Go-http-client/2.0", "Go-http-client"),
            ("/v1", "v1"),
            ("", ""),
        ] {
            assert_eq!(product(agent), expected);
        }
        let role = "arn:aws:sts::111122223333:assumed-role/ci";
        for (session, expected) in [
            ("ann@example.com", "ann@example.com"),
            ("facade-decade", "facade-decade"),
            ("GitHubActions", "GitHubActions"),
            ("i-0abc", "*"),
            ("botocore-session-1763200000", "*"),
            ("eks-shop-cart-x", "*"),
            ("AWSCodeBuild-1f0aa5c2-0000", "*"),
            ("0a1b2c3d4e5f60718293a4b5c6d7e8f9", "*"),
        ] {
            assert_eq!(without_session(&format!("{role}/{session}")), format!("{role}/{expected}"));
        }
        assert_eq!(without_session("team/1234567"), "team/1234567");
        for (address, expected) in [("192.0.2.77", "192.0.2.0"), ("2001:db8:1:2::3", "2001:db8:1::")] {
            assert_eq!(network(address.parse().unwrap()).to_string(), expected);
        }
        for (image, expected) in [
            ("nginx", "nginx"),
            ("registry:5000/shop/cart", "registry:5000/shop/cart"),
            ("registry:5000/shop/cart:1.2@sha256:ab", "registry:5000/shop/cart"),
        ] {
            assert_eq!(repository(image), expected);
        }
        for (path, expected) in [("/metrics/cadvisor", "/metrics"), ("/", "/"), ("", ""), ("//a", "/")] {
            assert_eq!(first_segment(path), expected);
        }
    }
}
