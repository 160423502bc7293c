//! What is known of addresses from elsewhere.

use std::fmt;
use std::net::IpAddr;

use crate::intel::{Intel, Role};

/// Whose list has an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    /// A list of known bad addresses.
    Malicious,
    /// The user's own list.
    Custom,
    /// The exit nodes of Tor.
    Tor,
}

/// A list that has an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnList {
    /// Whose list it is.
    pub by: Listed,
    /// The list's name.
    pub list: String,
    /// What it says of the address.
    pub threats: Vec<String>,
}

/// What is known of addresses.
pub trait Lists: fmt::Debug + Send + Sync {
    /// The lists that have an address; none if the user trusts it.
    fn find(&self, address: IpAddr) -> Vec<OnList>;

    /// Whether AWS's own ranges are known (`ip-ranges.json`): without them, no address can be told not to be AWS's.
    fn knows_aws(&self) -> bool {
        false
    }

    /// The region of AWS that an address belongs to.
    fn aws_region(&self, _address: IpAddr) -> Option<&str> {
        None
    }
}

/// The lists that requests to the apiserver are held against.
impl Lists for Intel {
    fn find(&self, address: IpAddr) -> Vec<OnList> {
        let found = Self::find(self, address).into_iter();
        let known = found.filter_map(|(role, on)| {
            let by = match role {
                Role::Malicious => Listed::Malicious,
                Role::Custom => Listed::Custom,
                Role::Tor => Listed::Tor,
                Role::Trusted => return None,
            };
            Some(OnList { by, list: on.list, threats: on.threats })
        });
        known.collect()
    }
}
