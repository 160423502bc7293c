//! What the control API is made of.

use std::fmt;

use ringwall_oci::Registry;
use ringwall_oci::control::Control;
use ringwall_store::Store;

/// What the registry adds to an endpoint.
#[derive(Clone, Debug)]
pub struct RegistryParts {
    /// Content: repositories, images, layers.
    pub content: Registry,
    /// Where clients reach the registry, without a scheme: `registry.example.com:7444`. `{account}` and `{region}` in it
    /// stand for those of the repository, as in `{account}.dkr.ecr.{region}.example.com`.
    pub address: String,
    /// Whether clients reach it by TLS.
    pub tls: bool,
}

/// What calls of ECR share.
pub(crate) struct Ecr {
    pub(crate) control: Control,
    /// Without it, none of ECR is served.
    pub(crate) parts: Option<RegistryParts>,
}

impl fmt::Debug for Ecr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ecr").field("parts", &self.parts).finish_non_exhaustive()
    }
}

impl Ecr {
    pub(crate) fn new(store: &Store, parts: Option<RegistryParts>) -> Self {
        Self { control: Control::new(store), parts }
    }

    /// The registry's address for an account and region.
    pub(crate) fn address(&self, account: &str, region: &str) -> String {
        let address = self.parts.as_ref().map(|parts| parts.address.as_str()).unwrap_or_default();
        address.replace("{account}", account).replace("{region}", region)
    }

    /// The same with its scheme.
    pub(crate) fn url(&self, account: &str, region: &str) -> String {
        let tls = self.parts.as_ref().is_none_or(|parts| parts.tls);
        format!("{}://{}", if tls { "https" } else { "http" }, self.address(account, region))
    }
}
