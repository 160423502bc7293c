//! The images that a cluster runs, each with what is known of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use ringwall_model::{Cluster, Object, ObjectRef, ScannedImage, Source, Tree};

/// An image that pods or what makes pods name.
#[derive(Clone, Debug)]
pub struct RunningImage<'c> {
    /// As it is written.
    pub name: Arc<str>,
    /// The digest that a node has it under, or that its name has; none if neither tells.
    pub digest: Option<Arc<str>>,
    /// Who names it, in the order of files.
    pub users: Vec<(&'c ObjectRef, &'c Source)>,
    /// What a scan told of it: the newest of those with its digest; without a digest, of those with its name.
    pub scan: Option<&'c ScannedImage>,
    /// Whether that scan was of the same name, but nobody tells whether of the same content.
    pub by_name: bool,
}

/// Kinds with a pod's specification, and the way to it. A pod that one of these made runs the same images, and tells their digests.
const KINDS: [(&str, &[&str]); 8] = [
    ("Pod", &["spec"]),
    ("Deployment", &["spec", "template", "spec"]),
    ("StatefulSet", &["spec", "template", "spec"]),
    ("DaemonSet", &["spec", "template", "spec"]),
    ("ReplicaSet", &["spec", "template", "spec"]),
    ("ReplicationController", &["spec", "template", "spec"]),
    ("Job", &["spec", "template", "spec"]),
    ("CronJob", &["spec", "jobTemplate", "spec", "template", "spec"]),
];

/// Containers of a pod's specification, and where its status tells of them.
const CONTAINERS: [(&str, &str); 3] = [
    ("initContainers", "initContainerStatuses"),
    ("containers", "containerStatuses"),
    ("ephemeralContainers", "ephemeralContainerStatuses"),
];

/// All images of a cluster, by name and digest.
pub fn images(cluster: &Cluster) -> Vec<RunningImage<'_>> {
    let mut found: BTreeMap<(Arc<str>, Option<Arc<str>>), Vec<(&ObjectRef, &Source)>> = BTreeMap::new();
    for object in &cluster.objects {
        for image in of_object(object) {
            let users = found.entry(image).or_default();
            if users.last().is_none_or(|(_, source)| **source != object.source) {
                users.push((&object.reference, &object.source));
            }
        }
    }
    let images = found.into_iter().map(|((name, digest), users)| {
        let (scan, by_name) = known(cluster, &name, digest.as_deref());
        RunningImage { name, digest, users, scan, by_name }
    });
    images.collect()
}

fn of_object(object: &Object) -> Vec<(Arc<str>, Option<Arc<str>>)> {
    let way = KINDS.iter().find(|(kind, _)| *kind == &*object.reference.kind);
    let Some(spec) = way.and_then(|(_, way)| object.tree.at(way)) else { return Vec::new() };
    let status = object.tree.get("status");
    let mut images = Vec::new();
    for (containers, statuses) in CONTAINERS {
        let statuses = status.map(|status| status.list(statuses)).unwrap_or_default();
        for container in spec.list(containers) {
            let Some(image) = container.shared("image") else { continue };
            let status = statuses.iter().find(|status| status.str("name") == container.str("name"));
            let digest = status.and_then(|status| status.str("imageID")).and_then(digest_in);
            let digest = digest.or_else(|| digest_in(&image)).map(Arc::from);
            images.push((image, digest));
        }
    }
    images
}

/// What follows the `@`: `docker-pullable://registry.example/web@sha256:…`. An id without a repository is one of a configuration.
fn digest_in(text: &str) -> Option<&str> {
    let (_, digest) = text.rsplit_once('@')?;
    digest.starts_with("sha").then_some(digest)
}

fn known<'c>(cluster: &'c Cluster, name: &str, digest: Option<&str>) -> (Option<&'c ScannedImage>, bool) {
    // The same format everywhere, so that text sorts as time does.
    let newest = |wanted: &dyn Fn(&&ScannedImage) -> bool| {
        cluster.scans.iter().filter(wanted).max_by_key(|scan| scan.created.clone())
    };
    if let Some(digest) = digest {
        let same =
            newest(&|scan| scan.digest.as_deref() == Some(digest) || digest_in(&scan.name) == Some(digest));
        // Another content of that name is another image.
        return (same, false);
    }
    let same = newest(&|scan| plain(&scan.name) == plain(name));
    (same, same.is_some())
}

/// A name without what it means anyway, as Docker reads it.
fn plain(name: &str) -> String {
    let name = name.split('@').next().unwrap_or(name);
    let name = name.strip_prefix("docker.io/").unwrap_or(name);
    let name = name.strip_prefix("library/").unwrap_or(name);
    let has_tag = name.rsplit('/').next().is_some_and(|last| last.contains(':'));
    if has_tag { name.to_owned() } else { format!("{name}:latest") }
}

#[cfg(test)]
mod tests;
