//! What the objects of a service account name: the buckets, secrets, tables and queues that its pods work with.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;
use ringwall_model::{Arn, Cluster, Object, ObjectRef, Proof, Reason, Ring, Tree, Value};

/// A resource that an object names.
#[derive(Clone, Debug)]
pub(super) struct Named {
    /// Prefix of its service, as in ARNs.
    pub(super) service: &'static str,
    pub(super) name: String,
    /// Where it is named.
    pub(super) reason: Reason,
}

/// Kinds beside ConfigMaps that name secrets for a namespace's pods: those of the Secrets Store CSI driver and of the
/// External Secrets Operator.
const NAMING: [&str; 3] = ["ConfigMap", "SecretProviderClass", "ExternalSecret"];

/// Services whose resources workloads name.
const SERVICES: [&str; 8] = ["s3", "secretsmanager", "ssm", "kms", "dynamodb", "sqs", "sns", "rds-db"];

/// What names of variables say of their values.
const HINTS: [(&str, &str); 8] = [
    ("BUCKET", "s3"),
    ("TABLE", "dynamodb"),
    ("QUEUE", "sqs"),
    ("TOPIC_ARN", "sns"),
    ("SECRET_ID", "secretsmanager"),
    ("SECRET_NAME", "secretsmanager"),
    ("PARAMETER", "ssm"),
    ("KMS_KEY", "kms"),
];

/// Whether the resources of a service are looked for, so that finding none says something.
pub(super) fn is_looked_for(service: &str) -> bool {
    SERVICES.contains(&service)
}

/// Objects that tell what workloads work with, by namespace and service account.
pub(super) struct Evidence<'c> {
    naming: BTreeMap<&'c str, Vec<&'c Object>>,
    workloads: BTreeMap<(&'c str, &'c str), Vec<&'c Object>>,
}

impl<'c> Evidence<'c> {
    pub(super) fn of(cluster: &'c Cluster) -> Self {
        let mut naming: BTreeMap<&str, Vec<&Object>> = BTreeMap::new();
        let mut objects: HashMap<&ObjectRef, &Object> = HashMap::new();
        for object in &cluster.objects {
            let Some(namespace) = object.reference.namespace.as_deref() else { continue };
            if NAMING.contains(&&*object.reference.kind) {
                naming.entry(namespace).or_default().push(object);
            }
            objects.insert(&object.reference, object);
        }
        let mut workloads: BTreeMap<(&str, &str), Vec<&Object>> = BTreeMap::new();
        let templates = cluster.workloads.iter().filter(|workload| !workload.owned);
        let made = templates.map(|workload| (&workload.reference, &workload.service_account));
        let pods = cluster.pods.iter().map(|pod| (&pod.reference, &pod.service_account));
        for (reference, account) in made.chain(pods) {
            let object = objects.get(reference).copied();
            if let (Some(namespace), Some(object)) = (reference.namespace.as_deref(), object) {
                workloads.entry((namespace, account)).or_default().push(object);
            }
        }
        Self { naming, workloads }
    }

    /// The resources that the objects of some service accounts and of their namespaces name, each once.
    pub(super) fn named<'a>(&self, accounts: impl Iterator<Item = &'a (Arc<str>, Arc<str>)>) -> Vec<Named> {
        let mut found = Vec::new();
        for (namespace, name) in accounts {
            let own = self.workloads.get(&(&**namespace, &**name)).into_iter().flatten();
            for object in own.chain(self.naming.get(&**namespace).into_iter().flatten()) {
                Reader { object, found: &mut found }.walk("", &object.tree);
            }
        }
        found
    }
}

struct Reader<'r> {
    object: &'r Object,
    found: &'r mut Vec<Named>,
}

impl Reader<'_> {
    /// Walks a value; `hint` is the name of the variable or key that has it.
    fn walk(&mut self, hint: &str, tree: &Tree) {
        match &tree.value {
            Value::String(text) => self.text(hint, text, tree.line),
            Value::Sequence(items) => items.iter().for_each(|item| self.walk(hint, item)),
            Value::Mapping(entries) => {
                let variable = tree.str("name").filter(|_| tree.get("value").is_some());
                for entry in entries {
                    match variable.filter(|_| &*entry.key == "value") {
                        Some(name) => self.walk(name, &entry.value),
                        None => self.walk(&entry.key, &entry.value),
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn text(&mut self, hint: &str, text: &str, line: u32) {
        if hint == "objects" && &*self.object.reference.kind == "SecretProviderClass" {
            return self.secret_objects(text, line);
        }
        let is_end = |letter: char| letter.is_whitespace() || matches!(letter, '"' | '\'' | ',' | ';' | '=');
        let mut told = false;
        for token in text.split(is_end) {
            if let Some((service, name)) = resource(token) {
                self.add(service, name, line);
                told = true;
            }
        }
        let upper = hint.to_ascii_uppercase();
        let hinted = HINTS.iter().find(|(word, _)| upper.contains(word));
        if let Some((_, service)) = hinted.filter(|_| !told && is_name(text)) {
            self.add(service, text.to_owned(), line);
        }
    }

    /// The objects of a SecretProviderClass, a YAML list in a string: each a name and, after it, its type.
    ///
    /// Source: AWS Secrets Manager User Guide, *SecretProviderClass*; its default type is `secretsmanager`.
    fn secret_objects(&mut self, text: &str, line: u32) {
        let mut name: Option<String> = None;
        let mut kind = "secretsmanager";
        let mut add = |name: Option<String>, kind: &'static str| {
            if let Some(name) = name {
                let (service, name) = resource(&name).unwrap_or((kind, name));
                self.add(service, name, line);
            }
        };
        for entry in text.lines() {
            let entry = entry.trim().trim_start_matches("- ");
            let Some((key, value)) = entry.split_once(':') else { continue };
            let value = value.trim().trim_matches(['"', '\'']);
            match key.trim() {
                "objectName" => {
                    add(name.take(), kind);
                    name = Some(value.to_owned());
                    kind = "secretsmanager";
                }
                "objectType" if value == "ssmparameter" => kind = "ssm",
                _ => {}
            }
        }
        add(name, kind);
    }

    fn add(&mut self, service: &'static str, name: String, line: u32) {
        if self.found.iter().any(|named| named.service == service && named.name == name) {
            return;
        }
        let reason = Reason {
            ring: Ring::Identity,
            proof: Proof::Object(self.object.reference.clone()),
            rule: None,
            statement: None,
            source: self.object.source.at(line),
            text: format!("names `{name}`").into(),
        };
        self.found.push(Named { service, name, reason });
    }
}

/// The resource that a word names by itself: an ARN, an `s3://` address or the address of a queue.
fn resource(token: &str) -> Option<(&'static str, String)> {
    if let Some(rest) = token.strip_prefix("s3://") {
        return Some(("s3", rest.split('/').next()?.to_owned()));
    }
    if let Some(rest) = token.strip_prefix("https://sqs.") {
        return rest.split('/').nth(2).map(|queue| ("sqs", queue.to_owned()));
    }
    let arn: Arn = token.parse().ok()?;
    let service = SERVICES.into_iter().find(|service| *service == arn.service)?;
    let name = match service {
        "s3" => arn.resource.split('/').next()?.to_owned(),
        _ => arn.resource.split_once([':', '/']).map_or(arn.resource.clone(), |(_, name)| name.to_owned()),
    };
    Some((service, name))
}

/// Whether a text may be a resource's name.
fn is_name(text: &str) -> bool {
    let fits =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/' | b':' | b'+');
    (3..=512).contains(&text.len()) && text.bytes().all(fits)
}
