//! What the client is, as far as that can be told.

use std::net::IpAddr;

use crate::act::Act;

/// What tools of people and scripts call themselves, in lower case. Programs that run in clusters have names of their own, which
/// client libraries put there by themselves; who hides is free to choose another, so nothing rests on this alone but how quiet a
/// rule is with service accounts.
const TOOLS: [&str; 18] = [
    "kubectl",
    "curl",
    "wget",
    "python",
    "openapi-generator",
    "swagger-codegen",
    "go-http-client",
    "okhttp",
    "axios",
    "node-fetch",
    "httpie",
    "postmanruntime",
    "insomnia",
    "powershell",
    "libwww-perl",
    "ruby",
    "mozilla",
    "peirates",
];

/// Whether a user agent is that of a tool that people and scripts use, or none at all.
pub(super) fn is_tool(user_agent: &str) -> bool {
    let starts =
        |tool: &str| user_agent.get(..tool.len()).is_some_and(|start| start.eq_ignore_ascii_case(tool));
    user_agent.is_empty() || TOOLS.iter().any(|tool| starts(tool))
}

/// The public address from which an act came. Of several the last counts, which is nearest to the apiserver: what stands before it
/// is what a proxy says, or the client itself.
pub(super) fn public_source(act: &Act<'_>) -> Option<IpAddr> {
    let mut addresses =
        act.event.source_ips.items().iter().rev().filter_map(|text| text.parse::<IpAddr>().ok());
    addresses.find(|address| is_public(*address)).map(|address| address.to_canonical())
}

/// Whether an address is one of the Internet: not of a private network, a node's own, or a carrier's.
///
/// Sources: RFC 6890, RFC 6598 (which EKS uses for pods too), RFC 4193, RFC 2544. Addresses for documentation count as public, so
/// that examples are of use.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            !(address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_unspecified()
                || address.is_multicast()
                || address.is_broadcast()
                || first == 0
                || (first == 100 && second & 0xc0 == 64)
                || (first == 198 && second & 0xfe == 18))
        }
        IpAddr::V6(address) => {
            !(address.is_loopback()
                || address.is_unspecified()
                || address.is_multicast()
                || address.is_unique_local()
                || address.is_unicast_link_local())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_are_known_by_their_beginning() {
        for agent in [
            "kubectl/v1.31.0 (linux/amd64) kubernetes/9edcffc",
            "kubectl.exe/v1.29",
            "curl/8.5.0",
            "Python-urllib/3.12",
            "OpenAPI-Generator/31.0.0/python",
            "",
        ] {
            assert!(is_tool(agent), "{agent}");
        }
        for agent in ["argocd-application-controller/v2.12", "Helm/3.15.2", "velero-server/v1.14", "é"] {
            assert!(!is_tool(agent), "{agent}");
        }
    }

    #[test]
    fn addresses_of_the_internet_are_told_apart() {
        for address in ["8.8.8.8", "192.0.2.1", "100.128.0.1", "2001:db8::1", "2606:4700::1"] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
        for address in
            ["10.1.2.3", "100.64.0.9", "127.0.0.1", "169.254.1.1", "::1", "fd00::1", "fe80::1", "198.19.0.1"]
        {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }
}
