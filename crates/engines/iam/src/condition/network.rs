use std::net::IpAddr;

use super::value::address;

/// Addresses of a CIDR block, or one address.
///
/// Source: AWS IAM User Guide, *IP address condition operators*: IPv4 and IPv6; an address without a prefix length
/// stands for itself alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    address: u128,
    mask: u128,
    is_v6: bool,
}

impl Network {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (written, length) = match text.trim().split_once('/') {
            Some((written, length)) => (written, Some(length)),
            None => (text.trim(), None),
        };
        let (address, width, is_v6) = bits(address(written)?);
        let length = match length {
            None => width,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok()?,
            Some(_) => return None,
        };
        let free = width.checked_sub(length)?;
        let mask = u128::MAX.checked_shl(free).unwrap_or(0);
        Some(Self { address: address & mask, mask, is_v6 })
    }

    pub(crate) fn contains(self, address: IpAddr) -> bool {
        let (bits, _, is_v6) = bits(address);
        is_v6 == self.is_v6 && bits & self.mask == self.address
    }
}

/// An address as a number, with its width in bits.
fn bits(address: IpAddr) -> (u128, u32, bool) {
    match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32, false),
        IpAddr::V6(address) => (address.to_bits(), 128, true),
    }
}
