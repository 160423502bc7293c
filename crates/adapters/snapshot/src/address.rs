use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv4Net};
use ringwall_model::Tree;

/// Longest text that is looked at as an address or a block: an IPv6 address of eight groups, an IPv4 tail and a prefix, each with
/// leading zeros to spare.
const MAX_TEXT: usize = 128;

/// Bits before the IPv4 address in one that is mapped into IPv6.
const MAPPED_BITS: u8 = 96;

/// An address as the older fields of Kubernetes take it: leading zeros of decimal parts mean nothing, and an IPv4 address mapped into
/// IPv6 is that IPv4 address.
///
/// Source: `ParseIPSloppy` of `k8s.io/utils/net`, the parser of Go before 1.17.
pub(crate) fn address(text: &str) -> Option<IpAddr> {
    Some(match plain(text)?.parse::<IpAddr>().ok()? {
        IpAddr::V6(address) => address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4),
        address @ IpAddr::V4(_) => address,
    })
}

/// A block as the older fields of Kubernetes take it, its host bits cut off.
///
/// Source: `ParseCIDRSloppy` of `k8s.io/utils/net`; `IPNet.Contains` of Go compares a block of mapped addresses as IPv4.
pub(crate) fn block(text: &str) -> Option<IpNet> {
    let (address, prefix) = text.split_once('/')?;
    if prefix.is_empty() || prefix.len() > MAX_TEXT || !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = prefix.trim_start_matches('0');
    let length: u8 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
    let network = IpNet::new(plain(address)?.parse().ok()?, length).ok()?.trunc();
    Some(unmapped(network))
}

/// A block as the fields of newer kinds take it: as the CEL function `isCIDR` does, without leading zeros or mapped addresses.
pub(crate) fn strict_block(text: &str) -> Option<IpNet> {
    let (address, prefix) = text.split_once('/')?;
    let is_plain =
        prefix.bytes().all(|byte| byte.is_ascii_digit()) && (prefix == "0" || !prefix.starts_with('0'));
    let block = IpNet::new(address.parse().ok()?, prefix.parse().ok().filter(|_| is_plain)?).ok()?;
    match block {
        IpNet::V6(block) if block.addr().to_ipv4_mapped().is_some() => None,
        block => Some(block.trunc()),
    }
}

/// Addresses under a key of each item, as AWS' exports list them; what is none is left out.
pub(crate) fn addresses<'t>(items: &'t [Tree], key: &'t str) -> impl Iterator<Item = IpAddr> + 't {
    items.iter().filter_map(move |item| address(item.str(key)?))
}

fn unmapped(block: IpNet) -> IpNet {
    match block {
        IpNet::V6(v6) if v6.prefix_len() >= MAPPED_BITS => v6
            .addr()
            .to_ipv4_mapped()
            .and_then(|address: Ipv4Addr| Ipv4Net::new(address, v6.prefix_len() - MAPPED_BITS).ok())
            .map_or(block, IpNet::V4),
        _ => block,
    }
}

/// The address without leading zeros in its parts.
fn plain(text: &str) -> Option<Cow<'_, str>> {
    if text.len() > MAX_TEXT {
        return None;
    }
    if !text.split(['.', ':']).any(|part| part.len() > 1 && part.starts_with('0')) {
        return Some(Cow::Borrowed(text));
    }
    let mut plain = String::with_capacity(text.len());
    for piece in text.split_inclusive(['.', ':']) {
        let part = piece.trim_end_matches(['.', ':']);
        let digits = part.trim_start_matches('0');
        plain.push_str(if digits.is_empty() && !part.is_empty() { "0" } else { digits });
        plain.extend(piece.chars().last().filter(|last| matches!(last, '.' | ':')));
    }
    Some(Cow::Owned(plain))
}
