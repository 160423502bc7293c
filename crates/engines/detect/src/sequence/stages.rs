//! Which step of an attack a signal is, and how much it weighs: the table that docs/detection/sequences.md shows.

use ringwall_model::Severity;
use serde::{Deserialize, Serialize};

use crate::act::{Act, Caller, Verb};
use crate::cloudtrail::Call;
use crate::finding::Kind;

/// A step of an attack. Source: MITRE ATT&CK, tactics of the matrices for containers and cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Stage {
    /// Getting in.
    InitialAccess,
    /// Running something.
    Execution,
    /// Coming back.
    Persistence,
    /// Getting more rights.
    PrivilegeEscalation,
    /// Doing away with traces and guards.
    DefenseEvasion,
    /// Getting hold of secrets.
    CredentialAccess,
    /// Looking around.
    Discovery,
    /// Getting from one place to the next.
    LateralMovement,
    /// Carrying data away.
    Exfiltration,
    /// Changing or destroying.
    Impact,
}

impl Stage {
    /// ATT&CK's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::InitialAccess => "Initial Access",
            Self::Execution => "Execution",
            Self::Persistence => "Persistence",
            Self::PrivilegeEscalation => "Privilege Escalation",
            Self::DefenseEvasion => "Defense Evasion",
            Self::CredentialAccess => "Credential Access",
            Self::Discovery => "Discovery",
            Self::LateralMovement => "Lateral Movement",
            Self::Exfiltration => "Exfiltration",
            Self::Impact => "Impact",
        }
    }

    /// Whether it is a step that administrators have no daily reason for. They run things, give rights and install what stays.
    pub(super) fn is_hostile(self) -> bool {
        matches!(
            self,
            Self::InitialAccess
                | Self::DefenseEvasion
                | Self::CredentialAccess
                | Self::LateralMovement
                | Self::Exfiltration
                | Self::Impact
        )
    }

    /// The step of a finding, if it is one: by the purpose that its type names.
    pub(super) fn of(kind: &Kind) -> Option<Self> {
        Some(match kind.purpose() {
            "InitialAccess" | "PenTest" => Self::InitialAccess,
            "UnauthorizedAccess" if kind.name.contains("CredentialExfiltration") => Self::CredentialAccess,
            "UnauthorizedAccess" => Self::InitialAccess,
            "Execution" => Self::Execution,
            "Persistence" => Self::Persistence,
            "PrivilegeEscalation" => Self::PrivilegeEscalation,
            "DefenseEvasion" | "Stealth" => Self::DefenseEvasion,
            "CredentialAccess" => Self::CredentialAccess,
            "Discovery" | "Recon" => Self::Discovery,
            "LateralMovement" => Self::LateralMovement,
            "Exfiltration" => Self::Exfiltration,
            "Impact" => Self::Impact,
            "Policy" if kind.name.ends_with("/AnonymousAccessGranted") => Self::Persistence,
            "Policy" if kind.name.ends_with("/AdminAccessToDefaultServiceAccount") => {
                Self::PrivilegeEscalation
            }
            _ => return None,
        })
    }
}

/// What a finding adds.
pub(super) fn weight(severity: Severity) -> u32 {
    match severity {
        Severity::Low => 15,
        Severity::Medium => 30,
        Severity::High => 50,
        Severity::Critical => 70,
    }
}

/// Sum from which signals are a sequence.
pub const THRESHOLD: u32 = 90;
/// Steps that a sequence has at least.
pub const STEPS: usize = 3;
/// Findings of different types that it has at least: calls that mean little by themselves are no attack together.
pub const FINDINGS: usize = 2;
/// How long a sequence may take, in milliseconds: GuardDuty's own, a day.
/// Source: AWS GuardDuty User Guide, *Extended Threat Detection*.
pub const WINDOW: i64 = 24 * 3_600_000;

/// A call that means little by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weak {
    /// The service of AWS; for the apiserver the resource.
    pub on: &'static str,
    /// The action, or verb.
    pub call: &'static str,
    /// The step.
    pub stage: Stage,
    /// What it adds.
    pub weight: u32,
}

const fn weak(on: &'static str, call: &'static str, stage: Stage, weight: u32) -> Weak {
    Weak { on, call, stage, weight }
}

/// Calls to AWS that count in a sequence.
pub const WEAK_CALLS: [Weak; 38] = [
    weak("sts", "GetCallerIdentity", Stage::Discovery, 5),
    weak("iam", "GetAccountAuthorizationDetails", Stage::Discovery, 10),
    weak("iam", "ListUsers", Stage::Discovery, 5),
    weak("iam", "ListRoles", Stage::Discovery, 5),
    weak("iam", "ListAccessKeys", Stage::Discovery, 5),
    weak("s3", "ListBuckets", Stage::Discovery, 5),
    weak("secretsmanager", "ListSecrets", Stage::Discovery, 5),
    weak("eks", "ListClusters", Stage::Discovery, 5),
    weak("iam", "CreateUser", Stage::Persistence, 10),
    weak("iam", "CreateAccessKey", Stage::Persistence, 15),
    weak("iam", "CreateLoginProfile", Stage::Persistence, 15),
    weak("iam", "UpdateLoginProfile", Stage::Persistence, 15),
    weak("iam", "CreateRole", Stage::Persistence, 5),
    weak("iam", "DeactivateMFADevice", Stage::Persistence, 15),
    weak("lambda", "AddPermission20150331v2", Stage::Persistence, 10),
    weak("iam", "AttachUserPolicy", Stage::PrivilegeEscalation, 15),
    weak("iam", "AttachRolePolicy", Stage::PrivilegeEscalation, 10),
    weak("iam", "PutUserPolicy", Stage::PrivilegeEscalation, 15),
    weak("iam", "PutRolePolicy", Stage::PrivilegeEscalation, 10),
    weak("iam", "AddUserToGroup", Stage::PrivilegeEscalation, 10),
    weak("iam", "CreatePolicyVersion", Stage::PrivilegeEscalation, 10),
    weak("sts", "GetFederationToken", Stage::DefenseEvasion, 10),
    weak("guardduty", "DeleteDetector", Stage::DefenseEvasion, 25),
    weak("guardduty", "UpdateDetector", Stage::DefenseEvasion, 10),
    weak("config", "StopConfigurationRecorder", Stage::DefenseEvasion, 15),
    weak("ec2", "DeleteFlowLogs", Stage::DefenseEvasion, 15),
    weak("logs", "DeleteLogGroup", Stage::DefenseEvasion, 15),
    weak("secretsmanager", "GetSecretValue", Stage::CredentialAccess, 10),
    weak("secretsmanager", "BatchGetSecretValue", Stage::CredentialAccess, 15),
    weak("ec2", "GetPasswordData", Stage::CredentialAccess, 15),
    weak("ssm", "GetParametersByPath", Stage::CredentialAccess, 10),
    weak("ec2", "ModifySnapshotAttribute", Stage::Exfiltration, 20),
    weak("rds", "ModifyDBSnapshotAttribute", Stage::Exfiltration, 20),
    weak("s3", "PutBucketPolicy", Stage::Exfiltration, 10),
    weak("eks", "DeleteCluster", Stage::Impact, 20),
    weak("kms", "ScheduleKeyDeletion", Stage::Impact, 15),
    weak("s3", "DeleteBucket", Stage::Impact, 15),
    weak("rds", "DeleteDBInstance", Stage::Impact, 15),
];

/// Requests to the apiserver that count in a sequence, of everybody but Kubernetes itself.
pub const WEAK_REQUESTS: [Weak; 8] = [
    weak("selfsubjectrulesreviews", "create", Stage::Discovery, 5),
    weak("secrets", "list", Stage::CredentialAccess, 15),
    weak("secrets", "get", Stage::CredentialAccess, 5),
    weak("serviceaccounts/token", "create", Stage::CredentialAccess, 10),
    weak("pods/exec", "create", Stage::Execution, 15),
    weak("pods/attach", "create", Stage::Execution, 10),
    weak("pods/ephemeralcontainers", "patch", Stage::Execution, 15),
    weak("events", "delete", Stage::DefenseEvasion, 10),
];

/// The row of a call to AWS.
pub(super) fn weak_call(call: &Call<'_>) -> Option<&'static Weak> {
    WEAK_CALLS.iter().find(|weak| call.is(weak.on, weak.call))
}

/// The row of a request. Informers read all Secrets that they may, again and again: they ask from a version on.
pub(super) fn weak_request(act: &Act<'_>) -> Option<&'static Weak> {
    if act.caller.is_system() || act.caller == Caller::Anonymous {
        return None;
    }
    let (on, call) = match (act.resource, act.subresource, act.verb) {
        ("secrets", "", Verb::List) if !act.query.contains("resourceVersion=") => ("secrets", "list"),
        ("secrets", "", Verb::Get) => ("secrets", "get"),
        ("serviceaccounts", "token", Verb::Create) => ("serviceaccounts/token", "create"),
        // A WebSocket opens with GET.
        ("pods", "exec", Verb::Create | Verb::Get) => ("pods/exec", "create"),
        ("pods", "attach", Verb::Create | Verb::Get) => ("pods/attach", "create"),
        ("pods", "ephemeralcontainers", Verb::Patch | Verb::Update) => ("pods/ephemeralcontainers", "patch"),
        ("events", "", Verb::Delete | Verb::DeleteCollection) => ("events", "delete"),
        ("selfsubjectrulesreviews", "", Verb::Create) => ("selfsubjectrulesreviews", "create"),
        _ => return None,
    };
    WEAK_REQUESTS.iter().find(|weak| weak.on == on && weak.call == call)
}
