use std::sync::Arc;

use hashbrown::HashMap;
use ringwall_document::{Document, Literals, Reader};
use ringwall_model::{AwsAuthConfigMap, Object, ObjectRef, Problem, Source, Tree, Value, built_in_resources};

use crate::aws_auth;
use crate::fields::{same, text, text_at};
use crate::network::CUSTOM_KINDS;

/// The Kubernetes objects of one file, in the order in which they are written.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    /// The objects; namespaces are as written, since only the whole snapshot tells the scope of custom kinds.
    pub objects: Vec<Object>,
    /// What could not be read.
    pub problems: Vec<Problem>,
    /// The ConfigMaps `kube-system/aws-auth` among them.
    pub(crate) aws_auth: Vec<AwsAuthConfigMap>,
}

/// Reads the Kubernetes objects in a file's bytes: manifests, several documents, lists in lists.
pub fn objects_of(reader: &mut Reader, file: &Arc<str>, bytes: &[u8]) -> Objects {
    let mut found = Objects::default();
    let mut aws_auth = Vec::new();
    let problems = reader.read(file, bytes, &mut |Document { tree, literals }| {
        let mut collector =
            Collector { file, literals: &literals, found: &mut found, aws_auth: &mut aws_auth };
        collector.collect(tree, None);
    });
    found.problems.extend(problems);
    for pending in aws_auth {
        let config_map = aws_auth::parse(reader, pending);
        found.aws_auth.push(config_map);
    }
    found
}

/// `apiVersion` and `kind` that a typed list gives to items without their own.
type Inherited = (Arc<str>, Arc<str>);

struct Collector<'c> {
    file: &'c Arc<str>,
    literals: &'c Literals,
    found: &'c mut Objects,
    aws_auth: &'c mut Vec<aws_auth::Pending>,
}

impl Collector<'_> {
    fn source(&self, line: u32) -> Source {
        Source::new(Arc::clone(self.file), line)
    }

    fn warn(&mut self, line: u32, message: impl Into<String>, hint: &str) {
        let source = self.source(line);
        self.found.problems.push(Problem::warning(source, message).hint(hint));
    }

    fn collect(&mut self, tree: Tree, inherited: Option<&Inherited>) {
        if !matches!(tree.value, Value::Mapping(_)) {
            let message = format!("not a Kubernetes object but {}", tree.kind());
            return self.warn(
                tree.line,
                message,
                "an object is a mapping with apiVersion, kind and metadata",
            );
        }
        let own = |key| text(&tree, key);
        let kind = own("kind").or_else(|| inherited.map(|(_, kind)| Arc::clone(kind)));
        let api_version =
            own("apiVersion").or_else(|| inherited.map(|(api_version, _)| Arc::clone(api_version)));
        let (Some(api_version), Some(kind)) = (api_version, kind) else {
            let missing = if own("kind").is_some() { "apiVersion" } else { "kind" };
            let message = format!("not a Kubernetes object: it has no `{missing}`");
            return self.warn(tree.line, message, "keep Helm values and other files out of kubernetes/");
        };
        if let Some(item_kind) = kind.strip_suffix("List")
            && matches!(tree.get("items").map(|items| &items.value), Some(Value::Sequence(_) | Value::Null))
        {
            let inherited = (!item_kind.is_empty()).then(|| (api_version, Arc::from(item_kind)));
            for item in take_items(tree) {
                self.collect(item, inherited.as_ref());
            }
            return;
        }
        self.object(tree, api_version, kind);
    }

    fn object(&mut self, tree: Tree, api_version: Arc<str>, kind: Arc<str>) {
        let source = self.source(tree.line);
        let metadata_line = tree.entry("metadata").map_or(tree.line, |entry| entry.line);
        let Some(name) = text_at(&tree, &["metadata", "name"]) else {
            return self.unnamed(&tree, &kind, metadata_line);
        };
        let namespace = match tree.at(&["metadata", "namespace"]) {
            Some(Tree { value: Value::String(namespace), .. }) if !namespace.is_empty() => {
                Some(Arc::clone(namespace))
            }
            None | Some(Tree { value: Value::Null | Value::String(_), .. }) => None,
            Some(other) => {
                let message =
                    format!("{kind} `{name}`: metadata.namespace is {}, not a string", other.kind());
                let source = self.source(other.line);
                self.found.problems.push(Problem::error(source, message).hint("quote it"));
                return;
            }
        };
        let reference = ObjectRef { api_version, kind, namespace, name };
        if aws_auth::is_aws_auth(&reference) {
            self.aws_auth.push(aws_auth::Pending::new(source.clone(), &tree, self.literals));
        }
        self.found.objects.push(Object { reference, source, tree });
    }

    fn unnamed(&mut self, tree: &Tree, kind: &str, line: u32) {
        let source = self.source(line);
        let problem = match tree.at(&["metadata", "name"]) {
            Some(name) if !name.is_null() && name.as_str().is_none() => Problem::error(
                self.source(name.line),
                format!("{kind}: metadata.name is {}, not a string", name.kind()),
            )
            .hint("quote it"),
            _ if text_at(tree, &["metadata", "generateName"]).is_some() => Problem::warning(
                source,
                format!("{kind} with metadata.generateName is a template and was not read"),
            )
            .hint("export the objects that were made from it"),
            _ => Problem::error(source, format!("{kind} has no metadata.name"))
                .hint("every object needs a name"),
        };
        self.found.problems.push(problem);
    }
}

fn take_items(tree: Tree) -> Vec<Tree> {
    let Value::Mapping(entries) = tree.value else { return Vec::new() };
    match entries.into_iter().find(|entry| &*entry.key == "items").map(|entry| entry.value.value) {
        Some(Value::Sequence(items)) => items.into_vec(),
        _ => Vec::new(),
    }
}

/// Whether a kind's objects live in a namespace; `None` for kinds that nothing tells of.
struct Scopes {
    custom: HashMap<(Arc<str>, Arc<str>), bool>,
}

impl Scopes {
    fn of(objects: &[Object]) -> Self {
        let custom = objects
            .iter()
            .filter(|object| object.reference.is("apiextensions.k8s.io", "CustomResourceDefinition"))
            .filter_map(|object| {
                let spec = object.tree.get("spec")?;
                let kind = spec.at(&["names", "kind"])?.as_shared()?;
                Some(((spec.shared("group")?, Arc::clone(kind)), spec.str("scope")? == "Namespaced"))
            });
        let known = CUSTOM_KINDS.map(|(group, kind, namespaced)| ((group.into(), kind.into()), namespaced));
        let custom = known.into_iter().chain(custom).collect();
        Self { custom }
    }

    fn is_namespaced(&self, reference: &ObjectRef) -> Option<bool> {
        let built_in = built_in_resources();
        let group = reference.group();
        built_in
            .iter()
            .find(|resource| resource.kind == reference.kind && *resource.group == *group)
            .map(|resource| resource.namespaced)
            .or_else(|| self.custom.get(&(Arc::from(group), Arc::clone(&reference.kind))).copied())
    }
}

/// Gives every object the namespace that the apiserver would: `default` where a namespaced kind says nothing,
/// none for kinds that have none.
pub(crate) fn settle_namespaces(objects: &mut [Object], problems: &mut Vec<Problem>) {
    let scopes = Scopes::of(objects);
    let mut known: HashMap<(Arc<str>, Arc<str>), Option<bool>> = HashMap::new();
    let default: Arc<str> = "default".into();
    for object in objects {
        let key = (Arc::clone(&object.reference.api_version), Arc::clone(&object.reference.kind));
        let namespaced = *known.entry(key).or_insert_with(|| scopes.is_namespaced(&object.reference));
        match (namespaced, &object.reference.namespace) {
            (Some(true), None) => object.reference.namespace = Some(Arc::clone(&default)),
            (Some(false), Some(namespace)) => {
                let message = format!(
                    "{} `{}` has no namespace; `{namespace}` is ignored",
                    object.reference.kind, object.reference.name
                );
                let line =
                    object.tree.at(&["metadata", "namespace"]).map_or(object.source.line, |tree| tree.line);
                problems.push(
                    Problem::warning(object.source.at(line), message).hint("remove metadata.namespace"),
                );
                object.reference.namespace = None;
            }
            _ => {}
        }
    }
}

/// Keeps the first of several objects with the same group, kind, namespace and name.
pub(crate) fn drop_duplicates(objects: Vec<Object>, problems: &mut Vec<Problem>) -> Vec<Object> {
    type Identity = (Arc<str>, Arc<str>, Option<Arc<str>>, Arc<str>);
    let mut first: HashMap<Identity, usize> = HashMap::with_capacity(objects.len());
    let mut groups: HashMap<Arc<str>, Arc<str>> = HashMap::new();
    let mut kept: Vec<Object> = Vec::with_capacity(objects.len());
    for object in objects {
        let reference = &object.reference;
        let group =
            groups.entry(Arc::clone(&reference.api_version)).or_insert_with(|| reference.group().into());
        let identity = (
            Arc::clone(group),
            Arc::clone(&reference.kind),
            reference.namespace.clone(),
            Arc::clone(&reference.name),
        );
        let index = kept.len();
        match first.get(&identity).and_then(|at| kept.get(*at)) {
            None => {
                first.insert(identity, index);
                kept.push(object);
            }
            Some(counts) => {
                if !same(&counts.tree, &object.tree, &|key| key == "status") {
                    let message = format!(
                        "{reference} is written twice with different content; {} counts",
                        counts.source
                    );
                    problems.push(
                        Problem::warning(object.source.clone(), message)
                            .hint("remove the one that is out of date"),
                    );
                }
            }
        }
    }
    kept
}
