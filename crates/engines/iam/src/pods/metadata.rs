//! Whether a pod reaches the instance metadata service of its node.
//!
//! Sources: Amazon EC2 User Guide, *Configure the Instance Metadata Service options* and *Use the Instance Metadata Service
//! to access instance metadata*; Amazon EKS User Guide, *Learn about EKS Auto Mode Managed instances*: IMDSv2 with a hop
//! limit of 1, which cannot be changed; *AWS Fargate considerations*: no metadata service for pods.

use ringwall_model::{ComputeType, Ec2Instance};

/// Whether credentials of the node's role can be had from where a pod runs, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// They can.
    Yes(&'static str),
    /// They cannot.
    No(&'static str),
    /// It depends on what is not known.
    Unknown(&'static str),
}

impl Reach {
    /// Why.
    pub fn why(&self) -> &'static str {
        match self {
            Self::Yes(why) | Self::No(why) | Self::Unknown(why) => why,
        }
    }
}

/// Whether a pod reaches the metadata service of an instance.
///
/// A response to an IMDSv2 token request crosses no more hops than the limit; a pod with a network of its own is the
/// second hop. IMDSv1 has no such request, so the limit stops nothing while it is on.
pub fn metadata_reach(
    instance: Option<&Ec2Instance>,
    compute: Option<ComputeType>,
    host_network: bool,
) -> Reach {
    if compute == Some(ComputeType::Fargate) {
        return Reach::No("Fargate has no metadata service");
    }
    let endpoint = instance.and_then(|instance| instance.http_endpoint.as_deref());
    if endpoint == Some("disabled") {
        return Reach::No("the metadata service is off");
    }
    if host_network {
        return Reach::Yes("a pod on the host's network reaches whatever its node reaches");
    }
    let auto = compute == Some(ComputeType::AutoMode);
    let tokens = instance.and_then(|instance| instance.http_tokens.as_deref());
    let tokens = tokens.or_else(|| auto.then_some("required"));
    let hops = instance.and_then(|instance| instance.hop_limit).or_else(|| auto.then_some(1));
    match (tokens, hops) {
        (Some("optional"), _) => Reach::Yes("IMDSv1 is on, which no hop limit stops"),
        (Some("required"), Some(hops)) if hops > 1 => {
            Reach::Yes("IMDSv2 is required, but its hop limit lets tokens reach pods")
        }
        (Some("required"), Some(_)) => Reach::No("IMDSv2 is required and its hop limit is 1"),
        _ => Reach::Unknown(
            "the instance's metadata options are not known (hint: `aws ec2 describe-instances`)",
        ),
    }
}
