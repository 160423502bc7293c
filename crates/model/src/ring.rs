use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One of the seven layers of defence, from the outside in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ring {
    /// Who gets in: IAM authentication and its mapping to Kubernetes subjects.
    Identity,
    /// What a subject may do: RBAC and access policies.
    Authorization,
    /// What a pod may do to its node.
    Workload,
    /// How Secrets are kept and handed out.
    Secrets,
    /// What can be reached.
    Network,
    /// What is run.
    Image,
    /// What is noticed.
    Detection,
}

impl Ring {
    /// All rings in the order in which an attacker meets them.
    pub const ALL: [Self; 7] = [
        Self::Identity,
        Self::Authorization,
        Self::Workload,
        Self::Secrets,
        Self::Network,
        Self::Image,
        Self::Detection,
    ];

    /// The ring's name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Authorization => "authorization",
            Self::Workload => "workload",
            Self::Secrets => "secrets",
            Self::Network => "network",
            Self::Image => "image",
            Self::Detection => "detection",
        }
    }
}

impl fmt::Display for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How bad a failed check or a finding is. Ordered: `Low < Medium < High < Critical`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth tidying: nothing can be gained by it today.
    Low,
    /// Helps an attacker who is already inside.
    Medium,
    /// Gives an attacker who holds it a good part of the cluster.
    High,
    /// Gives whoever holds it the whole cluster.
    Critical,
}

impl Severity {
    /// The severity's name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Severity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Low, Self::Medium, Self::High, Self::Critical]
            .into_iter()
            .find(|severity| severity.name() == text)
            .ok_or_else(|| format!("`{text}` is not a severity: low, medium, high or critical"))
    }
}

/// Who has to act, under the shared-responsibility model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Responsible {
    /// AWS alone.
    Aws,
    /// The customer alone.
    Customer,
    /// AWS provides, the customer applies.
    Shared,
}

/// How a node or a pod is run, which decides who is responsible for what below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ComputeType {
    /// EC2 instances that the customer joins to the cluster.
    SelfManaged,
    /// An EKS managed node group.
    ManagedNodeGroup,
    /// AWS Fargate: one pod, one micro-VM.
    Fargate,
    /// EKS Auto Mode.
    AutoMode,
}
