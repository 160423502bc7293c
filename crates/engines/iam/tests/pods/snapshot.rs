//! A case's cluster, made into the model without an adapter.

use std::sync::Arc;

use ringwall_model::network::NetworkParts;
use ringwall_model::{
    AttachedPolicy, AwsDocument, AwsExport, Cluster, ComputeType, Ec2Instance, Entry, IamPrincipal,
    IamPrincipalKind, Namespace, Node, NodeGroup, Number, Object, ObjectRef, OidcProvider, Pod,
    PodIdentityAssociation, PodReferences, PolicyDocument, ServiceAccount, Source, Tree, Value as TreeValue,
    Workload,
};
use serde_json::Value;

pub(crate) fn cluster(case: &Value) -> Cluster {
    let mut cluster = Cluster::default();
    let info = &case["cluster"];
    cluster.info.name = text(&info["name"]);
    cluster.info.account = text(&info["account"]);
    cluster.info.region = text(&info["region"]);
    cluster.info.partition = text(&info["partition"]);
    cluster.info.oidc_issuer = text(&info["issuer"]);
    cluster.info.oidc_issuer_source = Some(Source::new("aws/cluster.json", 3));
    let mut line = 0;
    let mut next = |file: &str| {
        line += 10;
        Source::new(file, line)
    };
    for name in items(&case["namespaces"]) {
        let (name, source) = (text(name).unwrap(), next("objects.yaml"));
        cluster.namespaces.push(Namespace { name, source, labels: Vec::new() });
    }
    for given in items(&case["serviceAccounts"]) {
        let source = next("accounts.yaml");
        cluster.service_accounts.push(ServiceAccount {
            namespace: text(&given["namespace"]).unwrap(),
            name: text(&given["name"]).unwrap(),
            role_arn_line: if given["role"].is_string() { source.line + 5 } else { 0 },
            source,
            role_arn: text(&given["role"]),
            audience: text(&given["audience"]),
            sts_regional_endpoints: None,
            labels: Vec::new(),
            automount_token: None,
        });
    }
    for given in items(&case["roles"]) {
        cluster.aws.principals.push(role(given, next("aws/iam.json")));
    }
    cluster.aws.iam_exported = case["iamExported"].as_bool().unwrap_or(true);
    cluster.aws.oidc_providers_exported = case["providers"].is_array();
    for given in items(&case["providers"]) {
        let arn = text(&given["arn"]).unwrap();
        cluster.aws.oidc_providers.push(OidcProvider {
            url: arn.split_once(":oidc-provider/").unwrap().1.into(),
            arn,
            client_ids: given["clientIds"].as_array().map(|ids| ids.iter().filter_map(text).collect()),
            source: next("aws/oidc.json"),
        });
    }
    for given in items(&case["associations"]) {
        cluster.aws.pod_identities.push(association(given, next("aws/associations.json")));
    }
    for given in items(&case["nodes"]) {
        cluster.nodes.push(node(given, next("nodes.yaml")));
    }
    for given in items(&case["instances"]) {
        cluster.aws.instances.push(Ec2Instance {
            id: text(&given["id"]).unwrap(),
            state: text(&given["state"]),
            private_dns_name: text(&given["dnsName"]),
            instance_type: None,
            addresses: Vec::new(),
            instance_profile_arn: text(&given["profile"]),
            http_endpoint: text(&given["endpoint"]),
            http_tokens: text(&given["tokens"]),
            hop_limit: given["hops"].as_i64(),
            source: next("aws/instances.json"),
        });
    }
    for given in items(&case["nodeGroups"]) {
        cluster.aws.node_groups.push(NodeGroup {
            name: text(&given["name"]).unwrap(),
            node_role: text(&given["nodeRole"]),
            ami_type: None,
            instance_types: Vec::new(),
            launch_template: None,
            source: next("aws/node-groups.json"),
        });
    }
    for given in items(&case["pods"]) {
        cluster.pods.push(pod(given, next("pods.yaml")));
    }
    for given in items(&case["workloads"]) {
        cluster.workloads.push(Workload {
            reference: reference("apps/v1", "Deployment", given),
            source: next("workloads.yaml"),
            service_account: text(&given["serviceAccount"]).unwrap_or_else(|| "default".into()),
            labels: labels(&given["labels"]),
            host_network: given["hostNetwork"].as_bool().unwrap_or_default(),
            owned: false,
            network: NetworkParts::default(),
            replicas: None,
        });
    }
    for given in items(&case["objects"]) {
        let source = next("objects.yaml");
        let (api, kind) = (given["apiVersion"].as_str().unwrap(), given["kind"].as_str().unwrap());
        let reference = reference(api, kind, &given["metadata"]);
        cluster.objects.push(Object { reference, tree: tree(given, source.line), source });
    }
    if case["describeCluster"].is_object() {
        let source = next("aws/cluster.json");
        let tree = tree(&case["describeCluster"], source.line);
        cluster.aws.documents.push(AwsDocument { export: AwsExport::EksCluster, source, tree });
    }
    cluster
}

fn role(given: &Value, source: Source) -> IamPrincipal {
    let arn = text(&given["arn"]).unwrap();
    let name = arn.rsplit('/').next().unwrap().to_owned();
    let mut role = IamPrincipal::new(IamPrincipalKind::Role, arn, name, source.clone());
    role.id = text(&given["id"]);
    role.trust = given.get("trust").map(|trust| document("trust policy", trust, source.at(source.line + 1)));
    role.inline = items(&given["policies"])
        .iter()
        .map(|policy| document("inline", policy, source.at(source.line + 2)))
        .collect();
    role.boundary = text(&given["boundary"]).map(|arn| AttachedPolicy {
        name: arn.rsplit('/').next().unwrap().into(),
        arn,
        source: source.clone(),
    });
    role.tags = labels(&given["tags"]);
    role.instance_profiles = items(&given["instanceProfiles"]).iter().filter_map(text).collect();
    role
}

fn association(given: &Value, source: Source) -> PodIdentityAssociation {
    PodIdentityAssociation {
        namespace: text(&given["namespace"]).unwrap(),
        service_account: text(&given["serviceAccount"]).unwrap(),
        role_arn: text(&given["roleArn"]),
        target_role_arn: text(&given["targetRoleArn"]),
        external_id: text(&given["externalId"]),
        disable_session_tags: given["disableSessionTags"].as_bool(),
        association_arn: text(&given["associationArn"]),
        policy: given.get("policy").map(|policy| document("session policy", policy, source.clone())),
        source,
    }
}

fn node(given: &Value, source: Source) -> Node {
    let labels = labels(&given["labels"]);
    let label = |key: &str| labels.iter().find(|(name, _)| &**name == key).map(|(_, value)| &**value);
    let compute = match label("eks.amazonaws.com/compute-type") {
        Some("fargate") => Some(ComputeType::Fargate),
        Some("auto") => Some(ComputeType::AutoMode),
        _ if label("eks.amazonaws.com/nodegroup").is_some() => Some(ComputeType::ManagedNodeGroup),
        _ => Some(ComputeType::SelfManaged),
    };
    let (name, provider_id) = (text(&given["name"]).unwrap(), text(&given["providerId"]));
    let (addresses, pod_cidrs) = (Vec::new(), Vec::new());
    Node { name, source, labels, provider_id, compute, addresses, pod_cidrs, instance_type: None }
}

fn pod(given: &Value, source: Source) -> Pod {
    Pod {
        reference: reference("v1", "Pod", given),
        source,
        uid: text(&given["uid"]),
        labels: labels(&given["labels"]),
        host_network: given["hostNetwork"].as_bool().unwrap_or_default(),
        node_name: text(&given["node"]),
        service_account: text(&given["serviceAccount"]).unwrap_or_else(|| "default".into()),
        references: PodReferences::default(),
        mirror: false,
        phase: text(&given["phase"]),
        network: NetworkParts::default(),
    }
}

fn reference(api: &str, kind: &str, given: &Value) -> ObjectRef {
    ObjectRef {
        api_version: api.into(),
        kind: kind.into(),
        namespace: text(&given["namespace"]),
        name: text(&given["name"]).unwrap(),
    }
}

/// A policy; one that is given as text stands for one that is no JSON.
fn document(name: &str, given: &Value, source: Source) -> PolicyDocument {
    let document = match given {
        Value::String(text) => Err(text.clone()),
        given => Ok(tree(given, source.line)),
    };
    PolicyDocument { name: name.into(), arn: None, document, source }
}

pub(crate) fn tree(given: &Value, line: u32) -> Tree {
    let value = match given {
        Value::Null => TreeValue::Null,
        Value::Bool(value) => TreeValue::Bool(*value),
        Value::Number(number) => TreeValue::Number(Box::new(Number {
            written: number.to_string().into(),
            integer: number.as_i64(),
            float: number.as_f64().unwrap(),
        })),
        Value::String(text) => TreeValue::String(text.as_str().into()),
        Value::Array(items) => TreeValue::Sequence(items.iter().map(|item| tree(item, line)).collect()),
        Value::Object(entries) => {
            let entries = entries.iter().map(|(key, value)| Entry {
                key: key.as_str().into(),
                line,
                value: tree(value, line),
            });
            TreeValue::Mapping(entries.collect())
        }
    };
    Tree::new(line, value)
}

pub(crate) fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> Option<Arc<str>> {
    value.as_str().map(Arc::from)
}

fn labels(value: &Value) -> Vec<(Arc<str>, Arc<str>)> {
    let entries = value.as_object().into_iter().flatten();
    entries.map(|(key, value)| (key.as_str().into(), value.as_str().unwrap().into())).collect()
}
