//! Which tactic a call to AWS serves.
//!
//! GuardDuty names its types of anomalies by tactic, and of the calls that it counts to each it publishes some examples. Those are here,
//! and others like them; docs/detection/tactics.md shows the table.
//!
//! Source of the examples: AWS GuardDuty User Guide, *IAM finding types*, `…:IAMUser/AnomalousBehavior`.

/// What an attacker wants by a call, in GuardDuty's words, which are MITRE ATT&CK's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tactic {
    /// To get hold of secrets and tokens.
    CredentialAccess,
    /// To do away with traces and guards.
    DefenseEvasion,
    /// To look around.
    Discovery,
    /// To carry data away.
    Exfiltration,
    /// To change or destroy.
    Impact,
    /// To get in.
    InitialAccess,
    /// To come back.
    Persistence,
    /// To get more rights.
    PrivilegeEscalation,
}

/// A line of the table.
struct Line {
    tactic: Tactic,
    service: &'static str,
    actions: &'static [&'static str],
}

const fn line(tactic: Tactic, service: &'static str, actions: &'static [&'static str]) -> Line {
    Line { tactic, service, actions }
}

/// Services by CloudTrail's `eventSource`, without the domain. A call stands in one line.
static TABLE: &[Line] = &[
    line(Tactic::CredentialAccess, "ec2", &["GetPasswordData"]),
    line(Tactic::CredentialAccess, "lightsail", &["DownloadDefaultKeyPair", "GetInstanceAccessDetails"]),
    line(Tactic::CredentialAccess, "rds", &["GenerateDbAuthToken"]),
    line(Tactic::CredentialAccess, "redshift", &["GetClusterCredentials", "GetClusterCredentialsWithIAM"]),
    line(Tactic::CredentialAccess, "secretsmanager", &["BatchGetSecretValue", "GetSecretValue"]),
    line(Tactic::CredentialAccess, "ssm", &["GetParameter", "GetParameters", "GetParametersByPath"]),
    line(Tactic::DefenseEvasion, "access-analyzer", &["DeleteAnalyzer"]),
    line(
        Tactic::DefenseEvasion,
        "cloudtrail",
        &[
            "DeleteEventDataStore",
            "DeleteTrail",
            "PutEventSelectors",
            "StopEventDataStoreIngestion",
            "StopLogging",
            "UpdateTrail",
        ],
    ),
    line(
        Tactic::DefenseEvasion,
        "config",
        &[
            "DeleteConfigRule",
            "DeleteConfigurationRecorder",
            "DeleteDeliveryChannel",
            "StopConfigurationRecorder",
        ],
    ),
    line(Tactic::DefenseEvasion, "ec2", &["DeleteFlowLogs"]),
    line(Tactic::DefenseEvasion, "events", &["DeleteRule", "DisableRule", "RemoveTargets"]),
    line(
        Tactic::DefenseEvasion,
        "guardduty",
        &[
            "CreateFilter",
            "CreateIPSet",
            "DeleteDetector",
            "DeletePublishingDestination",
            "DisassociateFromAdministratorAccount",
            "StopMonitoringMembers",
            "UpdateDetector",
        ],
    ),
    line(Tactic::DefenseEvasion, "inspector2", &["Disable"]),
    line(Tactic::DefenseEvasion, "logs", &["DeleteLogGroup", "DeleteLogStream", "DeleteSubscriptionFilter"]),
    line(Tactic::DefenseEvasion, "macie2", &["DisableMacie"]),
    line(Tactic::DefenseEvasion, "monitoring", &["DeleteAlarms", "DisableAlarmActions"]),
    line(Tactic::DefenseEvasion, "organizations", &["LeaveOrganization"]),
    line(Tactic::DefenseEvasion, "securityhub", &["BatchDisableStandards", "DisableSecurityHub"]),
    line(Tactic::DefenseEvasion, "wafv2", &["DeleteWebACL", "DisassociateWebACL"]),
    line(Tactic::Discovery, "cloudtrail", &["DescribeTrails", "LookupEvents"]),
    line(Tactic::Discovery, "dynamodb", &["ListTables"]),
    line(
        Tactic::Discovery,
        "ec2",
        &[
            "DescribeImages",
            "DescribeInstances",
            "DescribeSecurityGroups",
            "DescribeSnapshots",
            "DescribeVolumes",
            "DescribeVpcs",
        ],
    ),
    line(Tactic::Discovery, "ecr", &["DescribeRepositories"]),
    line(
        Tactic::Discovery,
        "eks",
        &["DescribeCluster", "ListAccessEntries", "ListClusters", "ListPodIdentityAssociations"],
    ),
    line(Tactic::Discovery, "guardduty", &["ListDetectors"]),
    line(
        Tactic::Discovery,
        "iam",
        &[
            "GetAccountAuthorizationDetails",
            "GetAccountPasswordPolicy",
            "GetAccountSummary",
            "GetPolicyVersion",
            "GetRolePolicy",
            "GetUserPolicy",
            "ListAccessKeys",
            "ListAttachedGroupPolicies",
            "ListAttachedRolePolicies",
            "ListAttachedUserPolicies",
            "ListGroups",
            "ListPolicies",
            "ListRoles",
            "ListUsers",
            "SimulatePrincipalPolicy",
        ],
    ),
    line(Tactic::Discovery, "kms", &["ListKeys"]),
    line(Tactic::Discovery, "lambda", &["ListFunctions20150331"]),
    line(Tactic::Discovery, "organizations", &["DescribeOrganization", "ListAccounts"]),
    line(Tactic::Discovery, "rds", &["DescribeDBInstances", "DescribeDBSnapshots"]),
    line(Tactic::Discovery, "s3", &["GetBucketAcl", "GetBucketPolicy", "ListBuckets"]),
    line(Tactic::Discovery, "secretsmanager", &["ListSecrets"]),
    line(Tactic::Discovery, "ssm", &["DescribeInstanceInformation", "DescribeParameters"]),
    line(Tactic::Discovery, "sts", &["GetCallerIdentity"]),
    line(Tactic::Exfiltration, "dynamodb", &["ExportTableToPointInTime"]),
    line(
        Tactic::Exfiltration,
        "ec2",
        &[
            "CopySnapshot",
            "CreateImage",
            "CreateInstanceExportTask",
            "CreateSnapshot",
            "CreateSnapshots",
            "ExportImage",
            "ModifyImageAttribute",
            "ModifySnapshotAttribute",
        ],
    ),
    line(Tactic::Exfiltration, "ecr", &["PutRegistryPolicy", "SetRepositoryPolicy"]),
    line(Tactic::Exfiltration, "ram", &["CreateResourceShare"]),
    line(
        Tactic::Exfiltration,
        "rds",
        &[
            "CopyDBSnapshot",
            "CreateDBSnapshot",
            "ModifyDBClusterSnapshotAttribute",
            "ModifyDBSnapshotAttribute",
            "RestoreDBInstanceFromDBSnapshot",
            "StartExportTask",
        ],
    ),
    line(Tactic::Exfiltration, "redshift", &["AuthorizeSnapshotAccess"]),
    line(Tactic::Exfiltration, "s3", &["PutBucketReplication"]),
    line(Tactic::Impact, "backup", &["DeleteBackupVault", "DeleteRecoveryPoint"]),
    line(Tactic::Impact, "cloudformation", &["DeleteStack"]),
    line(Tactic::Impact, "dynamodb", &["DeleteTable"]),
    line(
        Tactic::Impact,
        "ec2",
        &["DeleteSecurityGroup", "DeleteSnapshot", "DeleteVolume", "TerminateInstances"],
    ),
    line(Tactic::Impact, "ecr", &["DeleteRepository"]),
    line(Tactic::Impact, "eks", &["DeleteCluster", "DeleteNodegroup"]),
    line(Tactic::Impact, "elasticfilesystem", &["DeleteFileSystem"]),
    line(Tactic::Impact, "iam", &["DeleteRole", "DeleteUser", "UpdateUser"]),
    line(Tactic::Impact, "kms", &["DeleteImportedKeyMaterial", "DisableKey", "ScheduleKeyDeletion"]),
    line(Tactic::Impact, "lambda", &["DeleteFunction20150331"]),
    line(Tactic::Impact, "rds", &["DeleteDBCluster", "DeleteDBInstance", "DeleteDBSnapshot"]),
    line(Tactic::Impact, "s3", &["DeleteBucket", "PutBucketLifecycle", "PutBucketPolicy"]),
    line(Tactic::Impact, "secretsmanager", &["DeleteSecret"]),
    line(Tactic::InitialAccess, "codeartifact", &["GetAuthorizationToken"]),
    line(
        Tactic::InitialAccess,
        "ec2-instance-connect",
        &["SendSSHPublicKey", "SendSerialConsoleSSHPublicKey"],
    ),
    line(Tactic::InitialAccess, "ecr", &["GetAuthorizationToken"]),
    line(Tactic::InitialAccess, "signin", &["ConsoleLogin"]),
    line(Tactic::InitialAccess, "ssm", &["StartSession"]),
    line(Tactic::InitialAccess, "sts", &["GetFederationToken"]),
    line(Tactic::Persistence, "ec2", &["CreateKeyPair", "ImportKeyPair", "ModifyInstanceAttribute"]),
    line(Tactic::Persistence, "eks", &["AssociateIdentityProviderConfig", "CreateAccessEntry"]),
    line(
        Tactic::Persistence,
        "iam",
        &[
            "CreateAccessKey",
            "CreateLoginProfile",
            "CreateOpenIDConnectProvider",
            "CreateRole",
            "CreateSAMLProvider",
            "CreateServiceSpecificCredential",
            "CreateUser",
            "CreateVirtualMFADevice",
            "DeactivateMFADevice",
            "UpdateAccessKey",
            "UpdateLoginProfile",
            "UploadSSHPublicKey",
            "UploadSigningCertificate",
        ],
    ),
    line(
        Tactic::Persistence,
        "lambda",
        &["AddPermission20150331v2", "CreateFunction20150331", "UpdateFunctionCode20150331v2"],
    ),
    line(Tactic::Persistence, "rolesanywhere", &["CreateProfile", "CreateTrustAnchor"]),
    line(
        Tactic::PrivilegeEscalation,
        "ec2",
        &["AssociateIamInstanceProfile", "ReplaceIamInstanceProfileAssociation"],
    ),
    line(
        Tactic::PrivilegeEscalation,
        "eks",
        &[
            "AssociateAccessPolicy",
            "CreatePodIdentityAssociation",
            "UpdateAccessEntry",
            "UpdatePodIdentityAssociation",
        ],
    ),
    line(
        Tactic::PrivilegeEscalation,
        "iam",
        &[
            "AddRoleToInstanceProfile",
            "AddUserToGroup",
            "AttachGroupPolicy",
            "AttachRolePolicy",
            "AttachUserPolicy",
            "CreatePolicyVersion",
            "DeleteRolePermissionsBoundary",
            "DeleteUserPermissionsBoundary",
            "PutGroupPolicy",
            "PutRolePolicy",
            "PutUserPolicy",
            "SetDefaultPolicyVersion",
            "UpdateAssumeRolePolicy",
        ],
    ),
    line(Tactic::PrivilegeEscalation, "sts", &["AssumeRoot"]),
];

impl Tactic {
    /// The tactic of a call, if it serves one.
    pub fn of(service: &str, action: &str) -> Option<Self> {
        let fits = |line: &&Line| line.service == service && line.actions.contains(&action);
        TABLE.iter().find(fits).map(|line| line.tactic)
    }

    /// GuardDuty's word.
    pub fn name(self) -> &'static str {
        match self {
            Self::CredentialAccess => "CredentialAccess",
            Self::DefenseEvasion => "DefenseEvasion",
            Self::Discovery => "Discovery",
            Self::Exfiltration => "Exfiltration",
            Self::Impact => "Impact",
            Self::InitialAccess => "InitialAccess",
            Self::Persistence => "Persistence",
            Self::PrivilegeEscalation => "PrivilegeEscalation",
        }
    }

    /// The table as a page, in Markdown.
    pub fn page() -> String {
        let mut page = String::from("| Tactic | Service | Calls |\n|---|---|---|\n");
        for Line { tactic, service, actions } in TABLE {
            let named: Vec<String> = actions.iter().map(|action| format!("`{action}`")).collect();
            page.push_str(&format!("| {} | `{service}` | {} |\n", tactic.name(), named.join(", ")));
        }
        page
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_stands_in_one_line() {
        let calls =
            TABLE.iter().flat_map(|line| line.actions.iter().map(move |action| (line.service, *action)));
        let mut calls: Vec<(&str, &str)> = calls.collect();
        let all = calls.len();
        calls.sort_unstable();
        calls.dedup();
        assert_eq!(calls.len(), all);
    }

    /// Those that AWS names.
    #[test]
    fn what_is_published_is_as_it_is_published() {
        for (service, action, tactic) in [
            ("ec2", "GetPasswordData", Tactic::CredentialAccess),
            ("secretsmanager", "GetSecretValue", Tactic::CredentialAccess),
            ("secretsmanager", "BatchGetSecretValue", Tactic::CredentialAccess),
            ("rds", "GenerateDbAuthToken", Tactic::CredentialAccess),
            ("ec2", "DeleteFlowLogs", Tactic::DefenseEvasion),
            ("monitoring", "DisableAlarmActions", Tactic::DefenseEvasion),
            ("cloudtrail", "StopLogging", Tactic::DefenseEvasion),
            ("ec2", "DescribeInstances", Tactic::Discovery),
            ("iam", "GetRolePolicy", Tactic::Discovery),
            ("iam", "ListAccessKeys", Tactic::Discovery),
            ("iam", "ListUsers", Tactic::Discovery),
            ("s3", "PutBucketReplication", Tactic::Exfiltration),
            ("ec2", "CreateSnapshot", Tactic::Exfiltration),
            ("rds", "RestoreDBInstanceFromDBSnapshot", Tactic::Exfiltration),
            ("ec2", "DeleteSecurityGroup", Tactic::Impact),
            ("iam", "UpdateUser", Tactic::Impact),
            ("s3", "PutBucketPolicy", Tactic::Impact),
            ("sts", "GetFederationToken", Tactic::InitialAccess),
            ("ssm", "StartSession", Tactic::InitialAccess),
            ("ecr", "GetAuthorizationToken", Tactic::InitialAccess),
            ("iam", "CreateAccessKey", Tactic::Persistence),
            ("ec2", "ImportKeyPair", Tactic::Persistence),
            ("ec2", "ModifyInstanceAttribute", Tactic::Persistence),
            ("ec2", "AssociateIamInstanceProfile", Tactic::PrivilegeEscalation),
            ("iam", "AddUserToGroup", Tactic::PrivilegeEscalation),
            ("iam", "PutUserPolicy", Tactic::PrivilegeEscalation),
        ] {
            assert_eq!(Tactic::of(service, action), Some(tactic), "{service}:{action}");
        }
        assert_eq!(Tactic::of("ec2", "RunInstances"), None);
    }
}
