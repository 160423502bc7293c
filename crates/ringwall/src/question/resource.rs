use std::fmt;

use ringwall_model::{ApiResource, Cluster, resources_of};
use ringwall_rbac::Target;

use super::{did_you_mean, verb};
use crate::cli::Place;
use crate::error::Failure;

/// A verb on a target, as typed and as it was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) verb: String,
    pub(crate) what: What,
    /// Something in the question that had no effect or may not mean what it seems to.
    pub(crate) remark: Option<String>,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Resource {
        group: String,
        resource: String,
        subresource: String,
        name: String,
        /// Empty for all namespaces, and for what has none.
        namespace: String,
        namespaced: bool,
    },
    Path(String),
}

impl Asked {
    /// The question as engines take it.
    pub(crate) fn target(&self) -> Target<'_> {
        match &self.what {
            What::Resource { group, resource, subresource, name, namespace, .. } => {
                Target::Resource { group, resource, subresource, name, namespace }
            }
            What::Path(path) => Target::NonResource { path },
        }
    }

    /// The same question about one namespace.
    pub(crate) fn in_namespace(&self, to: &str) -> Self {
        let mut asked = self.clone();
        if let What::Resource { namespace, .. } = &mut asked.what {
            to.clone_into(namespace);
        }
        asked
    }

    /// The question without where, for an answer that tells it line by line.
    pub(crate) fn without_place(&self) -> String {
        self.to_string().trim_end_matches(" in all namespaces").to_owned()
    }

    /// The question as the command line takes it.
    pub(crate) fn as_arguments(&self) -> String {
        match &self.what {
            What::Path(path) => format!("{} {path}", self.verb),
            What::Resource { group, resource, subresource, name, namespace, .. } => {
                let dot = if group.is_empty() || group == "*" { "" } else { "." };
                let group = if group == "*" { "" } else { group };
                let parts = [name, subresource].into_iter().filter(|part| !part.is_empty());
                let rest: String = parts.map(|part| format!("/{part}")).collect();
                let place = if namespace.is_empty() { String::new() } else { format!(" -n {namespace}") };
                format!("{} {resource}{dot}{group}{rest}{place}", self.verb)
            }
        }
    }

    /// Whether the question is about a namespaced resource without telling the namespace.
    pub(crate) fn is_about_all_namespaces(&self) -> bool {
        matches!(&self.what, What::Resource { namespaced: true, namespace, .. } if namespace.is_empty())
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.verb)?;
        let What::Resource { group, resource, subresource, name, namespace, namespaced } = &self.what else {
            let What::Path(path) = &self.what else { return Ok(()) };
            return f.write_str(path);
        };
        f.write_str(resource)?;
        if !group.is_empty() {
            write!(f, ".{group}")?;
        }
        if !subresource.is_empty() {
            write!(f, "/{subresource}")?;
        }
        if !name.is_empty() {
            write!(f, " named {name}")?;
        }
        match (namespaced, namespace.is_empty()) {
            (true, true) => f.write_str(" in all namespaces"),
            (true, false) => write!(f, " in namespace {namespace}"),
            (false, _) => Ok(()),
        }
    }
}

/// Reads VERB, RESOURCE and the options that say where.
pub(crate) fn ask(verb: &str, resource: &str, place: &Place, cluster: &Cluster) -> Result<Asked, Failure> {
    verb::check(verb, cluster)?;
    if let Some(namespace) = &place.namespace {
        check_namespace(namespace, cluster)?;
    }
    if resource.starts_with('/') {
        if place.subresource.is_some() || place.field_selector.is_some() {
            return Err(Failure::misuse("a path has neither a subresource nor fields"));
        }
        let remark =
            place.namespace.is_some().then(|| "a path is in no namespace: `-n` has no effect".to_owned());
        return Ok(Asked { verb: verb.to_owned(), what: What::Path(resource.to_owned()), remark });
    }
    let mut asked = ask_resource(verb, resource, place, cluster)?;
    if let Some(selector) = &place.field_selector {
        narrow(&mut asked, selector)?;
    }
    Ok(asked)
}

fn ask_resource(verb: &str, text: &str, place: &Place, cluster: &Cluster) -> Result<Asked, Failure> {
    let mut parts = text.split('/');
    let kind = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    let found = find(kind, cluster)?;
    let is_subresource =
        |part: &str| found.subresources.iter().any(|known| **known == *part || &**known == "*");
    let (name, subresource) = match (rest.as_slice(), place.subresource.as_deref()) {
        ([], given) => ("", given.unwrap_or_default()),
        ([name], Some(given)) => (*name, given),
        ([only], None) if is_subresource(only) => ("", *only),
        ([only], None) => (*only, ""),
        ([name, subresource], None) => (*name, *subresource),
        _ => {
            return Err(Failure::misuse_hint(
                format!("`{text}` has too many parts"),
                "write TYPE/NAME/SUBRESOURCE",
            ));
        }
    };
    if rest.iter().any(|part| part.is_empty()) {
        return Err(Failure::misuse(format!("`{text}` has an empty part")));
    }
    let subresources = || found.subresources.iter().map(|known| &**known);
    if !subresource.is_empty() && !is_subresource(subresource) && !in_rules(&found, subresource, cluster) {
        let hint = did_you_mean(subresource, subresources()).unwrap_or_else(|| listed(&found));
        return Err(Failure::misuse_hint(
            format!("`{}` has no subresource `{subresource}`", found.plural),
            hint,
        ));
    }
    let mut remark = (rest.len() == 1 && !name.is_empty() && place.subresource.is_none())
        .then(|| did_you_mean(name, subresources()))
        .flatten()
        .map(|hint| format!("`{name}` is taken as a name, not as a subresource; {hint}"));
    let mut namespace = place.namespace.clone().unwrap_or_default();
    if !found.namespaced && !namespace.is_empty() && &*found.plural != "*" {
        remark = Some(format!("`{}` are in no namespace: `-n {namespace}` has no effect", found.plural));
        namespace.clear();
    }
    let what = What::Resource {
        group: found.group.to_string(),
        resource: found.plural.to_string(),
        subresource: subresource.to_owned(),
        name: name.to_owned(),
        namespace,
        namespaced: found.namespaced,
    };
    Ok(Asked { verb: verb.to_owned(), what, remark })
}

fn listed(resource: &ApiResource) -> String {
    if resource.subresources.is_empty() {
        return format!("`{}` has none", resource.plural);
    }
    let names: Vec<&str> = resource.subresources.iter().map(|name| &**name).collect();
    format!("it has {}", names.join(", "))
}

/// Finds the resource that a text such as `pods`, `po`, `deployments.apps` or `deployments.v1.apps` names.
fn find(text: &str, cluster: &Cluster) -> Result<ApiResource, Failure> {
    let resources = resources_of(cluster);
    let (name, group) = match text.split_once('.') {
        Some((name, group)) => (name, Some(group)),
        None => (text, None),
    };
    let in_group = |resource: &ApiResource| match group {
        None => true,
        Some(group) => {
            *resource.group == *group
                || group.split_once('.').is_some_and(|(_, rest)| *resource.group == *rest)
        }
    };
    let is_it = |resource: &&ApiResource| in_group(resource) && resource.is_called(name);
    if let Some(found) = resources.iter().find(is_it) {
        return Ok(found.clone());
    }
    if let Some(found) = from_rules(name, group.unwrap_or_default(), cluster) {
        return Ok(found);
    }
    let known =
        resources.iter().map(|resource| &*resource.plural).chain(resources.iter().map(|r| &*r.singular));
    let hint = did_you_mean(name, known).unwrap_or_else(|| {
        "a custom resource is known by its CustomResourceDefinition: add it to the snapshot's kubernetes/"
            .into()
    });
    Err(Failure::misuse_hint(format!("unknown resource `{text}`"), hint))
}

/// A resource of which nothing is known but that some rule names it, and `*`.
fn from_rules(name: &str, group: &str, cluster: &Cluster) -> Option<ApiResource> {
    let rules = || cluster.roles.iter().flat_map(|role| &role.rules);
    let named = |rule: &&ringwall_model::PolicyRule| {
        rule.resources.iter().any(|resource| resource.split('/').next() == Some(name))
            && rule.api_groups.iter().any(|known| **known == *group)
    };
    if name != "*" && !rules().any(|rule| named(&rule)) {
        return None;
    }
    Some(ApiResource {
        group: if name == "*" { "*".into() } else { group.into() },
        plural: name.into(),
        singular: name.into(),
        kind: "".into(),
        short_names: Vec::new(),
        namespaced: true,
        subresources: Vec::new(),
    })
}

/// Whether some rule of the snapshot names this subresource.
fn in_rules(resource: &ApiResource, subresource: &str, cluster: &Cluster) -> bool {
    let written = format!("{}/{subresource}", resource.plural);
    let rules = cluster.roles.iter().flat_map(|role| &role.rules);
    rules.flat_map(|rule| &rule.resources).any(|known| **known == *written)
}

/// Refuses a namespace that the snapshot does not know.
pub(super) fn check_namespace(namespace: &str, cluster: &Cluster) -> Result<(), Failure> {
    let known = || cluster.namespaces.iter().map(|known| &*known.name);
    if known().any(|known| known == namespace) {
        return Ok(());
    }
    let message = format!("the snapshot has no namespace `{namespace}`");
    let hint = did_you_mean(namespace, known()).unwrap_or_else(|| {
        let mut names: Vec<&str> = known().take(12).collect();
        if known().count() > names.len() {
            names.push("…");
        }
        if names.is_empty() { "it has none at all".into() } else { format!("it has {}", names.join(", ")) }
    });
    Err(Failure::misuse_hint(message, hint))
}

/// Applies a field selector the way the apiserver does: `metadata.name` of list and watch requests is a name.
///
/// Source: `apiserver/pkg/endpoints/request/requestinfo.go`, release 1.34: only get requests without a name,
/// which then are lists or watches, take their name from the selector.
fn narrow(asked: &mut Asked, selector: &str) -> Result<(), Failure> {
    if !matches!(asked.verb.as_str(), "list" | "watch") {
        let message = format!("a field selector does not narrow `{}`", asked.verb);
        return Err(Failure::misuse_hint(message, "only list and watch take their name from one"));
    }
    let value = selector.strip_prefix("metadata.name").and_then(|rest| {
        rest.strip_prefix("==")
            .or_else(|| rest.strip_prefix('='))
            .filter(|name| !name.is_empty() && !name.contains([',', '=']))
    });
    let (Some(value), What::Resource { name, .. }) = (value, &mut asked.what) else {
        let message = format!("field selector `{selector}` has no meaning for RBAC");
        return Err(Failure::misuse_hint(message, "write metadata.name=NAME"));
    };
    *name = value.to_owned();
    Ok(())
}
