//! That what is asked for is what AWS's service authorization reference knows.

use std::collections::BTreeSet;

use ringwall_iam::catalog;

/// The actions of a service that sources ask for: texts in quotes, of which condition keys begin in lower case.
fn asked<'s>(sources: &[&'s str], prefix: &str) -> BTreeSet<&'s str> {
    let texts = sources.iter().flat_map(|source| source.split('"').skip(1).step_by(2));
    let is_action = |text: &&str| {
        let name = text.strip_prefix(prefix).unwrap_or_default();
        name.starts_with(|first: char| first.is_ascii_uppercase())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    texts.filter(is_action).collect()
}

fn check(sources: &[&str], prefix: &str, resources: &[(&str, &str)]) {
    let asked = asked(sources, prefix);
    let listed: BTreeSet<&str> = resources.iter().map(|(action, _)| *action).collect();
    // `sts:ExternalId` and such are condition keys that begin with a capital.
    let asked: BTreeSet<&str> =
        asked.into_iter().filter(|name| catalog().condition_key(name).is_none()).collect();
    assert_eq!(asked, listed);
    for (name, arn) in resources {
        let action = catalog().action(name).unwrap_or_else(|| panic!("{name} is no action"));
        let service = catalog().service(prefix.trim_end_matches(':')).unwrap();
        let fits = action
            .resources()
            .iter()
            .any(|resource| service.resource_type(resource.name).is_some_and(|kind| kind.matches(arn)));
        assert!(if *arn == "*" { action.takes_only_star() } else { fits }, "{name} is not done on {arn}");
    }
}

#[test]
fn of_sts() {
    let sources = [
        include_str!("../../src/sts/assume.rs"),
        include_str!("../../src/sts/tokens.rs"),
        include_str!("../../src/sts/web_identity.rs"),
    ];
    let role = "arn:aws:iam::111122223333:role/dev";
    check(
        &sources,
        "sts:",
        &[
            ("sts:AssumeRole", role),
            ("sts:AssumeRoleWithWebIdentity", role),
            ("sts:GetAccessKeyInfo", "*"),
            ("sts:SetSourceIdentity", role),
            ("sts:TagSession", role),
        ],
    );
}

#[test]
fn of_eks() {
    let sources = [
        include_str!("../../src/eks/associations.rs"),
        include_str!("../../src/eks/clusters.rs"),
        include_str!("../../src/eks/entries.rs"),
        include_str!("../../src/eks/policies.rs"),
        include_str!("../../src/eks/tags.rs"),
    ];
    let cluster = "arn:aws:eks:eu-central-1:111122223333:cluster/prod";
    let entry = "arn:aws:eks:eu-central-1:111122223333:access-entry/prod/role/111122223333/dev/0d9f6f7a";
    let association = "arn:aws:eks:eu-central-1:111122223333:podidentityassociation/prod/a-0123456789";
    check(
        &sources,
        "eks:",
        &[
            ("eks:AssociateAccessPolicy", entry),
            ("eks:CreateAccessEntry", cluster),
            ("eks:CreatePodIdentityAssociation", cluster),
            ("eks:DeleteAccessEntry", entry),
            ("eks:DeletePodIdentityAssociation", association),
            ("eks:DescribeAccessEntry", entry),
            ("eks:DescribeCluster", cluster),
            ("eks:DescribePodIdentityAssociation", association),
            ("eks:DisassociateAccessPolicy", entry),
            ("eks:ListAccessEntries", cluster),
            ("eks:ListAccessPolicies", "*"),
            ("eks:ListAssociatedAccessPolicies", entry),
            ("eks:ListClusters", "*"),
            ("eks:ListPodIdentityAssociations", cluster),
            ("eks:ListTagsForResource", cluster),
            ("eks:TagResource", association),
            ("eks:UntagResource", cluster),
            ("eks:UpdateAccessEntry", entry),
            ("eks:UpdateClusterConfig", cluster),
            ("eks:UpdatePodIdentityAssociation", association),
        ],
    );
    let auth = [include_str!("../../src/eks/auth.rs")];
    check(&auth, "eks-auth:", &[("eks-auth:AssumeRoleForPodIdentity", cluster)]);
}

#[test]
fn of_ecr() {
    // Not the backfills of replication: the reference does not know their actions yet.
    let sources = [
        include_str!("../../src/ecr/auth.rs"),
        include_str!("../../src/ecr/cache.rs"),
        include_str!("../../src/ecr/describe.rs"),
        include_str!("../../src/ecr/exclusions.rs"),
        include_str!("../../src/ecr/findings.rs"),
        include_str!("../../src/ecr/gate.rs"),
        include_str!("../../src/ecr/images.rs"),
        include_str!("../../src/ecr/layers.rs"),
        include_str!("../../src/ecr/lifecycle.rs"),
        include_str!("../../src/ecr/policies.rs"),
        include_str!("../../src/ecr/referrers.rs"),
        include_str!("../../src/ecr/registry.rs"),
        include_str!("../../src/ecr/repositories.rs"),
        include_str!("../../src/ecr/scanning.rs"),
        include_str!("../../src/ecr/settings.rs"),
        include_str!("../../src/ecr/signing.rs"),
        include_str!("../../src/ecr/storage.rs"),
        include_str!("../../src/ecr/tags.rs"),
        include_str!("../../src/ecr/templates.rs"),
    ];
    let repository = "arn:aws:ecr:eu-central-1:111122223333:repository/prod/app";
    check(
        &sources,
        "ecr:",
        &[
            ("ecr:BatchCheckLayerAvailability", repository),
            ("ecr:BatchDeleteImage", repository),
            ("ecr:BatchGetImage", repository),
            ("ecr:BatchGetRepositoryScanningConfiguration", repository),
            ("ecr:CompleteLayerUpload", repository),
            ("ecr:CreatePullThroughCacheRule", "*"),
            ("ecr:CreateRepository", repository),
            ("ecr:CreateRepositoryCreationTemplate", "*"),
            ("ecr:DeleteLifecyclePolicy", repository),
            ("ecr:DeletePullThroughCacheRule", "*"),
            ("ecr:DeleteRegistryPolicy", "*"),
            ("ecr:DeleteRepository", repository),
            ("ecr:DeleteRepositoryCreationTemplate", "*"),
            ("ecr:DeleteRepositoryPolicy", repository),
            ("ecr:DeleteSigningConfiguration", "*"),
            ("ecr:DeregisterPullTimeUpdateExclusion", "*"),
            ("ecr:DescribeImageReplicationStatus", repository),
            ("ecr:DescribeImageScanFindings", repository),
            ("ecr:DescribeImageSigningStatus", repository),
            ("ecr:DescribeImages", repository),
            ("ecr:DescribePullThroughCacheRules", "*"),
            ("ecr:DescribeRegistry", "*"),
            ("ecr:DescribeRepositories", repository),
            ("ecr:DescribeRepositoryCreationTemplates", "*"),
            ("ecr:GetAccountSetting", "*"),
            ("ecr:GetAuthorizationToken", "*"),
            ("ecr:GetDownloadUrlForLayer", repository),
            ("ecr:GetLifecyclePolicy", repository),
            ("ecr:GetLifecyclePolicyPreview", repository),
            ("ecr:GetRegistryPolicy", "*"),
            ("ecr:GetRegistryScanningConfiguration", "*"),
            ("ecr:GetRepositoryPolicy", repository),
            ("ecr:GetSigningConfiguration", "*"),
            ("ecr:InitiateLayerUpload", repository),
            ("ecr:ListImages", repository),
            ("ecr:ListPullTimeUpdateExclusions", "*"),
            ("ecr:ListTagsForResource", repository),
            ("ecr:PutAccountSetting", "*"),
            ("ecr:PutImage", repository),
            ("ecr:PutImageScanningConfiguration", repository),
            ("ecr:PutImageTagMutability", repository),
            ("ecr:PutLifecyclePolicy", repository),
            ("ecr:PutRegistryPolicy", "*"),
            ("ecr:PutRegistryScanningConfiguration", "*"),
            ("ecr:PutReplicationConfiguration", "*"),
            ("ecr:PutSigningConfiguration", "*"),
            ("ecr:RegisterPullTimeUpdateExclusion", "*"),
            ("ecr:SetRepositoryPolicy", repository),
            ("ecr:StartImageScan", repository),
            ("ecr:StartLifecyclePolicyPreview", repository),
            ("ecr:TagResource", repository),
            ("ecr:UntagResource", repository),
            ("ecr:UpdateImageStorageClass", repository),
            ("ecr:UpdatePullThroughCacheRule", "*"),
            ("ecr:UpdateRepositoryCreationTemplate", "*"),
            ("ecr:UploadLayerPart", repository),
            ("ecr:ValidatePullThroughCacheRule", "*"),
        ],
    );
}

#[test]
fn of_secretsmanager() {
    let sources = [
        include_str!("../../src/secretsmanager/batch.rs"),
        include_str!("../../src/secretsmanager/create.rs"),
        include_str!("../../src/secretsmanager/delete.rs"),
        include_str!("../../src/secretsmanager/describe.rs"),
        include_str!("../../src/secretsmanager/list.rs"),
        include_str!("../../src/secretsmanager/password.rs"),
        include_str!("../../src/secretsmanager/policies.rs"),
        include_str!("../../src/secretsmanager/read.rs"),
        include_str!("../../src/secretsmanager/rotation.rs"),
        include_str!("../../src/secretsmanager/stages.rs"),
        include_str!("../../src/secretsmanager/tags.rs"),
        include_str!("../../src/secretsmanager/write.rs"),
    ];
    let secret = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:prod/db-a1b2c3";
    check(
        &sources,
        "secretsmanager:",
        &[
            ("secretsmanager:BatchGetSecretValue", "*"),
            ("secretsmanager:CancelRotateSecret", secret),
            ("secretsmanager:CreateSecret", secret),
            ("secretsmanager:DeleteResourcePolicy", secret),
            ("secretsmanager:DeleteSecret", secret),
            ("secretsmanager:DescribeSecret", secret),
            ("secretsmanager:GetRandomPassword", "*"),
            ("secretsmanager:GetResourcePolicy", secret),
            ("secretsmanager:GetSecretValue", secret),
            ("secretsmanager:ListSecretVersionIds", secret),
            ("secretsmanager:ListSecrets", "*"),
            ("secretsmanager:PutResourcePolicy", secret),
            ("secretsmanager:PutSecretValue", secret),
            ("secretsmanager:RestoreSecret", secret),
            ("secretsmanager:RotateSecret", secret),
            ("secretsmanager:TagResource", secret),
            ("secretsmanager:UntagResource", secret),
            ("secretsmanager:UpdateSecret", secret),
            ("secretsmanager:UpdateSecretVersionStage", secret),
            ("secretsmanager:ValidateResourcePolicy", secret),
        ],
    );
}

#[test]
fn of_ssm() {
    let sources = [
        include_str!("../../src/ssm/delete.rs"),
        include_str!("../../src/ssm/describe.rs"),
        include_str!("../../src/ssm/labels.rs"),
        include_str!("../../src/ssm/path.rs"),
        include_str!("../../src/ssm/put.rs"),
        include_str!("../../src/ssm/read.rs"),
        include_str!("../../src/ssm/tags.rs"),
    ];
    let parameter = "arn:aws:ssm:eu-central-1:111122223333:parameter/prod/db";
    check(
        &sources,
        "ssm:",
        &[
            ("ssm:AddTagsToResource", parameter),
            ("ssm:DeleteParameter", parameter),
            ("ssm:DeleteParameters", parameter),
            ("ssm:DescribeParameters", "*"),
            ("ssm:GetParameter", parameter),
            ("ssm:GetParameterHistory", parameter),
            ("ssm:GetParameters", parameter),
            ("ssm:GetParametersByPath", parameter),
            ("ssm:LabelParameterVersion", parameter),
            ("ssm:ListTagsForResource", parameter),
            ("ssm:PutParameter", parameter),
            ("ssm:RemoveTagsFromResource", parameter),
            ("ssm:UnlabelParameterVersion", parameter),
        ],
    );
}
