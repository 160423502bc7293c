use std::sync::Arc;

use hashbrown::HashMap;
use ringwall_model::{Arn, AwsDocument, AwsExport, PolicyDocument, Problem, ResourcePolicy, Source, Tree};

use super::Filler;
use super::key::Keys;
use super::policy::{Exported, is_empty};
use crate::fields::{same, text};

/// Name of a resource's policy, which has none of its own.
const RESOURCE_POLICY: &str = "resource policy";

/// What tells which resource a policy belongs to, and where each resource's policy is.
pub(super) struct Resources {
    keys: Keys,
    /// ARNs of ECR repositories by registry and name.
    repositories: HashMap<(Arc<str>, Arc<str>), Arc<str>>,
    /// Index of each resource in `Aws::resource_policies`.
    known: HashMap<Arc<str>, usize>,
}

impl Resources {
    pub(super) fn of(documents: &[AwsDocument]) -> Self {
        let repositories = documents
            .iter()
            .filter(|document| document.export == AwsExport::EcrRepositories)
            .flat_map(|document| document.tree.list("repositories"))
            .filter_map(|item| {
                let name = (text(item, "registryId")?, text(item, "repositoryName")?);
                Some((name, text(item, "repositoryArn")?))
            })
            .collect();
        Self { keys: Keys::of(documents), repositories, known: HashMap::new() }
    }
}

impl<'d> Filler<'_, 'd> {
    pub(super) fn resource_policies(&mut self, documents: &'d [AwsDocument]) {
        let mut resources = Resources::of(documents);
        for document in documents {
            match document.export {
                AwsExport::ResourcePolicies => {
                    for item in document.tree.list("ResourcePolicies") {
                        self.written_policy(item, document.source.at(item.line), &mut resources);
                    }
                }
                AwsExport::KmsKeyPolicy => self.key_policy(document, &mut resources),
                AwsExport::EcrRepositoryPolicy => self.repository_policy(document, &mut resources),
                AwsExport::SecretsManagerResourcePolicy => self.secret_policy(document, &mut resources),
                AwsExport::SqsQueueAttributes => {
                    self.attributes(document, "QueueArn", &mut resources);
                }
                AwsExport::SnsTopicAttributes => {
                    self.attributes(document, "TopicArn", &mut resources);
                }
                _ => {}
            }
        }
    }

    /// One item of Ringwall's own `ResourcePolicies`, which says that a resource has no policy by `null`.
    fn written_policy(&mut self, item: &Tree, source: Source, resources: &mut Resources) {
        let Some(resource_arn) = text(item, "ResourceArn") else {
            return self.wrong(source, "a resource's policy without `ResourceArn` was not read");
        };
        if let Err(invalid) = resource_arn.parse::<Arn>() {
            return self.wrong(source, format!("{invalid}; its policy was not read"));
        }
        if resource_arn.contains(['*', '?']) {
            let message =
                format!("`{resource_arn}` has a wildcard and names no one resource; it was not read");
            return self.wrong(source, message);
        }
        let account = match item.get("AccountId").filter(|tree| !tree.is_null()) {
            None => None,
            Some(tree) => match tree.as_shared().filter(|account| is_account(account)) {
                Some(account) => Some(Arc::clone(account)),
                None => {
                    let message = format!("`AccountId` of `{resource_arn}` is not twelve digits in quotes");
                    return self.wrong(source.at(tree.line), message);
                }
            },
        };
        let Some(document) = item.get("PolicyDocument") else {
            let message = format!("`{resource_arn}` has no `PolicyDocument`, so its policy is not known");
            return self.wrong(source, message);
        };
        let policy = (!document.is_null()).then_some(document);
        self.add(resource_arn, account, policy, source, resources);
    }

    fn wrong(&mut self, source: Source, message: impl Into<String>) {
        self.problems.push(Problem::error(source, message).hint(
            r#"write {"ResourceArn": "arn:…", "AccountId": "111122223333", "PolicyDocument": {…}}, or null for no policy"#,
        ));
    }

    /// The policy of a KMS key, or of an S3 bucket, which looks the same; neither names what it belongs to.
    fn key_policy(&mut self, document: &AwsDocument, resources: &mut Resources) {
        let AwsDocument { source, tree, .. } = document;
        let Some(policy) = tree.get("Policy") else { return };
        let exported = Exported {
            owner: &source.file,
            name: RESOURCE_POLICY.into(),
            arn: None,
            document: Some(policy),
            source: source.clone(),
        };
        let policy = self.policy(exported);
        match resources.keys.key_of(&source.file, policy.document.as_ref().ok(), &self.cluster.info) {
            Ok(arn) => self.add_read(arn, None, Some(policy), source.clone(), resources),
            Err((message, hint)) => self.warn(source.clone(), message, hint),
        }
    }

    fn repository_policy(&mut self, document: &AwsDocument, resources: &mut Resources) {
        let AwsDocument { source, tree, .. } = document;
        let Some(name) = text(tree, "repositoryName") else {
            return self.incomplete(source.clone(), "a repository's policy", "repositoryName");
        };
        let info = &self.cluster.info;
        let registry = text(tree, "registryId").or_else(|| info.account.clone());
        let arn = registry.and_then(|registry| {
            let key = (registry, Arc::clone(&name));
            if let Some(arn) = resources.repositories.get(&key) {
                return Some(Arc::clone(arn));
            }
            let partition = info.partition.as_deref().unwrap_or("aws");
            let region = info.region.as_deref()?;
            Some(format!("arn:{partition}:ecr:{region}:{}:repository/{name}", key.0).into())
        });
        match arn {
            Some(arn) => self.add(arn, None, tree.get("policyText"), source.clone(), resources),
            None => {
                let message = format!(
                    "region or account of repository `{name}` can't be told; its policy was not used"
                );
                let hint =
                    "export `aws ecr describe-repositories`, or write `region` and `account` in cluster.yaml";
                self.warn(source.clone(), message, hint);
            }
        }
    }

    /// The policy of a secret. The command leaves `ResourcePolicy` out if there is none.
    fn secret_policy(&mut self, document: &AwsDocument, resources: &mut Resources) {
        let AwsDocument { source, tree, .. } = document;
        let Some(arn) = text(tree, "ARN") else {
            return self.incomplete(source.clone(), "a secret's policy", "ARN");
        };
        let policy = tree.get("ResourcePolicy").filter(|policy| !is_empty(policy));
        self.add(arn, None, policy, source.clone(), resources);
    }

    /// The policy among a queue's or topic's attributes.
    fn attributes(&mut self, document: &AwsDocument, key: &str, resources: &mut Resources) {
        let Some(tree) = document.tree.get("Attributes") else { return };
        let source = document.source.at(tree.line);
        let Some(arn) = text(tree, key) else { return };
        let policy = tree.get("Policy").filter(|policy| !is_empty(policy));
        // A queue's attributes are those that were asked for; all of them hold when it was made.
        if policy.is_none() && key == "QueueArn" && tree.get("CreatedTimestamp").is_none() {
            let message = format!("the attributes of `{arn}` are not all there; its policy is not known");
            return self.warn(source, message, "export them again with `--attribute-names All`");
        }
        self.add(arn, None, policy, source, resources);
    }

    fn add(
        &mut self,
        arn: Arc<str>,
        account: Option<Arc<str>>,
        policy: Option<&Tree>,
        source: Source,
        resources: &mut Resources,
    ) {
        let policy = policy.map(|document| {
            self.policy(Exported {
                owner: &arn,
                name: RESOURCE_POLICY.into(),
                arn: None,
                document: Some(document),
                source: source.clone(),
            })
        });
        self.add_read(arn, account, policy, source, resources);
    }

    /// Takes a resource's policy over, unless the resource has one already.
    fn add_read(
        &mut self,
        resource_arn: Arc<str>,
        account: Option<Arc<str>>,
        policy: Option<PolicyDocument>,
        source: Source,
        resources: &mut Resources,
    ) {
        let of_arn =
            resource_arn.parse::<Arn>().ok().map(|arn| arn.account).filter(|account| !account.is_empty());
        let account = match (account, of_arn) {
            (Some(account), Some(of_arn)) if *account != *of_arn => {
                let message = format!(
                    "`AccountId` is {account}, but `{resource_arn}` is of account {of_arn}, which counts"
                );
                self.warn(source.clone(), message, "correct one of the two");
                Some(of_arn.into())
            }
            (account, of_arn) => account.or_else(|| of_arn.map(Arc::from)),
        };
        let all = &mut self.cluster.aws.resource_policies;
        match resources.known.get(&resource_arn).and_then(|at| all.get(*at)) {
            None => {
                resources.known.insert(Arc::clone(&resource_arn), all.len());
                all.push(ResourcePolicy { resource_arn, account, policy, source });
            }
            Some(known) => {
                if !is_same(known.policy.as_ref(), policy.as_ref()) {
                    let message = format!(
                        "the policy of `{resource_arn}` is written twice with different content; {} counts",
                        known.source
                    );
                    self.warn(source, message, "remove the one that is out of date");
                }
            }
        }
    }
}

fn is_same(one: Option<&PolicyDocument>, other: Option<&PolicyDocument>) -> bool {
    match (one.map(|policy| &policy.document), other.map(|policy| &policy.document)) {
        (None, None) => true,
        (Some(Ok(one)), Some(Ok(other))) => same(one, other, &|_| false),
        _ => false,
    }
}

/// Whether this is an account id.
pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}
