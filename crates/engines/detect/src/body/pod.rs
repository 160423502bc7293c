//! Pods, and what has a template of some.

use crate::field::{Field, Text};
use crate::object::object;

use super::{Metadata, read};

object! {
    /// A pod's specification, or a part of one.
    pub(crate) struct PodSpec {
        "containers" => containers: Field<Vec<Container<'a>>>,
        "initContainers" => init_containers: Field<Vec<Container<'a>>>,
        "ephemeralContainers" => ephemeral_containers: Field<Vec<Container<'a>>>,
        "volumes" => volumes: Field<Vec<Volume<'a>>>,
        "securityContext" => security: Field<PodSecurity<'a>>,
        "hostNetwork" => host_network: Field<bool>,
        "hostPID" => host_pid: Field<bool>,
        "hostIPC" => host_ipc: Field<bool>,
        "serviceAccountName" => service_account_name: Field<Text<'a>>,
        // Deprecated, and taken all the same.
        "serviceAccount" => service_account: Field<Text<'a>>,
    }

    /// A container of any of the three kinds.
    pub(crate) struct Container {
        "name" => name: Field<Text<'a>>,
        "image" => image: Field<Text<'a>>,
        "command" => command: Field<Vec<Text<'a>>>,
        "args" => args: Field<Vec<Text<'a>>>,
        "securityContext" => security: Field<Security<'a>>,
        "volumeMounts" => mounts: Field<Vec<Mount<'a>>>,
        // In a strategic merge patch: what becomes of the container.
        "$patch" => directive: Field<Text<'a>>,
    }

    /// What a container may do beyond others.
    pub(crate) struct Security {
        "privileged" => privileged: Field<bool>,
        "windowsOptions" => windows: Field<Windows<'a>>,
        "allowPrivilegeEscalation" => allow_privilege_escalation: Field<bool>,
        "capabilities" => capabilities: Field<Capabilities<'a>>,
    }

    /// What Windows has in place of that.
    pub(crate) struct Windows {
        "hostProcess" => host_process: Field<bool>,
    }

    /// What all containers of a pod may do.
    pub(crate) struct PodSecurity {
        "windowsOptions" => windows: Field<Windows<'a>>,
    }

    /// Parts of root's power.
    pub(crate) struct Capabilities {
        "add" => add: Field<Vec<Text<'a>>>,
    }

    /// A volume that a container sees.
    pub(crate) struct Mount {
        "name" => name: Field<Text<'a>>,
        "mountPath" => path: Field<Text<'a>>,
        "subPath" => sub_path: Field<Text<'a>>,
        "readOnly" => read_only: Field<bool>,
    }

    /// A volume.
    pub(crate) struct Volume {
        "name" => name: Field<Text<'a>>,
        "hostPath" => host_path: Field<HostPath<'a>>,
        "secret" => secret: Field<SecretSource<'a>>,
        "projected" => projected: Field<Projected<'a>>,
        "$patch" => directive: Field<Text<'a>>,
    }

    /// A file or folder of the node.
    pub(crate) struct HostPath {
        "path" => path: Field<Text<'a>>,
    }

    /// A Secret as files.
    pub(crate) struct SecretSource {
        "secretName" => name: Field<Text<'a>>,
    }

    /// Several sources in one volume.
    pub(crate) struct Projected {
        "sources" => sources: Field<Vec<Source<'a>>>,
    }

    /// One of them.
    pub(crate) struct Source {
        "secret" => secret: Field<Named<'a>>,
    }

    /// What is named.
    pub(crate) struct Named {
        "name" => name: Field<Text<'a>>,
    }

    struct Pod {
        "metadata" => metadata: Field<Metadata<'a>>,
        "spec" => spec: Field<PodSpec<'a>>,
    }

    struct Template {
        "spec" => spec: Field<PodSpec<'a>>,
    }

    struct Templated {
        "metadata" => metadata: Field<Metadata<'a>>,
        "spec" => spec: Field<TemplatedSpec<'a>>,
        "status" => status: Field<Status<'a>>,
        // Of a PodTemplate.
        "template" => template: Field<Template<'a>>,
    }

    struct TemplatedSpec {
        "template" => template: Field<Template<'a>>,
        "jobTemplate" => job_template: Field<JobTemplate<'a>>,
    }

    struct JobTemplate {
        "spec" => spec: Field<TemplateHolder<'a>>,
    }

    struct TemplateHolder {
        "template" => template: Field<Template<'a>>,
    }

    struct Status {
        "observedGeneration" => observed_generation: Field<i64>,
    }
}

/// Whatever pods are made of, or a part of it.
#[derive(Debug, Default)]
pub(crate) struct Workload<'a> {
    /// Its own metadata, not its pods'.
    pub(crate) metadata: Metadata<'a>,
    /// What its pods are to be.
    pub(crate) spec: PodSpec<'a>,
    /// The generation that its controller has seen.
    observed_generation: Option<i64>,
}

impl<'a> Workload<'a> {
    /// Resources that are pods or have a template of some, by API group. Source: Kubernetes v1.37, API reference, *Workload
    /// Resources*; `extensions` had them up to 1.16, and logs may be old.
    pub(crate) fn is(group: &str, resource: &str) -> bool {
        match resource {
            "pods" | "replicationcontrollers" | "podtemplates" => group.is_empty(),
            "deployments" | "replicasets" | "daemonsets" | "statefulsets" => {
                matches!(group, "apps" | "extensions" | "")
            }
            "jobs" | "cronjobs" => matches!(group, "batch" | ""),
            _ => false,
        }
    }

    /// From a JSON text.
    pub(crate) fn read(resource: &str, json: &'a str) -> Option<Self> {
        if resource == "pods" {
            let pod: Pod<'a> = read(json)?;
            return Some(Self {
                metadata: value(pod.metadata),
                spec: value(pod.spec),
                observed_generation: None,
            });
        }
        let read: Templated<'a> = read(json)?;
        let spec = value(read.spec);
        let template = match resource {
            "podtemplates" => read.template,
            "cronjobs" => value(value(spec.job_template).spec).template,
            _ => spec.template,
        };
        Some(Self {
            metadata: value(read.metadata),
            spec: value(value(template).spec),
            observed_generation: value(read.status).observed_generation.get().copied(),
        })
    }

    /// Takes in another part of the same object.
    pub(crate) fn absorb(&mut self, other: Self) {
        let Self { metadata, spec, observed_generation } = other;
        if self.metadata.name.get().is_none() {
            self.metadata = metadata;
        }
        self.observed_generation = observed_generation.or(self.observed_generation);
        let mine = &mut self.spec;
        extend(&mut mine.containers, spec.containers);
        extend(&mut mine.init_containers, spec.init_containers);
        extend(&mut mine.ephemeral_containers, spec.ephemeral_containers);
        extend(&mut mine.volumes, spec.volumes);
        latest(&mut mine.security, spec.security);
        latest(&mut mine.host_network, spec.host_network);
        latest(&mut mine.host_pid, spec.host_pid);
        latest(&mut mine.host_ipc, spec.host_ipc);
        latest(&mut mine.service_account_name, spec.service_account_name);
        latest(&mut mine.service_account, spec.service_account);
    }

    /// Whether its controller had already seen all of its specification when this was answered: the request that got the answer
    /// did not change it. The apiserver raises the generation with each change of the specification, and the controller follows.
    ///
    /// Source: Kubernetes, *API conventions*, "Metadata", `generation`.
    pub(crate) fn is_settled(&self) -> bool {
        let generation = self.metadata.generation.get().copied();
        generation.is_some() && generation == self.observed_generation
    }
}

impl<'a> PodSpec<'a> {
    /// All containers, of all kinds.
    pub(crate) fn all_containers(&self) -> impl Iterator<Item = &Container<'a>> {
        let kinds = [&self.containers, &self.init_containers, &self.ephemeral_containers];
        kinds.into_iter().flat_map(|list| list.items()).filter(|one| one.directive.text() != "delete")
    }

    /// Whether all of its containers are processes of a Windows node's own.
    pub(crate) fn is_host_process(&self) -> bool {
        self.security
            .get()
            .and_then(|security| security.windows.get())
            .is_some_and(|windows| windows.host_process.is_true())
    }

    /// A volume by its name.
    pub(crate) fn volume(&self, name: &str) -> Option<&Volume<'a>> {
        self.volumes
            .items()
            .iter()
            .filter(|volume| volume.directive.text() != "delete")
            .find(|volume| volume.name.text() == name)
    }

    /// The service account, or nothing.
    pub(crate) fn account(&self) -> &str {
        match self.service_account_name.text() {
            "" => self.service_account.text(),
            name => name,
        }
    }
}

impl Volume<'_> {
    /// The Secrets that it holds.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        let projected = self.projected.get().map_or(&[][..], |projected| projected.sources.items());
        let named =
            projected.iter().filter_map(|source| source.secret.get()).map(|secret| secret.name.text());
        self.secret.get().map(|secret| secret.name.text()).into_iter().chain(named)
    }
}

impl Container<'_> {
    /// Whether it is privileged, or of Windows a process of the node's own, which is the same there.
    /// Source: Kubernetes, *Create a Windows HostProcess Pod*.
    pub(crate) fn is_privileged(&self) -> bool {
        self.security.get().is_some_and(|security| {
            security.privileged.is_true()
                || security.windows.get().is_some_and(|windows| windows.host_process.is_true())
        })
    }

    /// The capabilities that are added, as they are written.
    pub(crate) fn capabilities(&self) -> impl Iterator<Item = &str> {
        let added = self.security.get().and_then(|security| security.capabilities.get());
        added.map_or(&[][..], |capabilities| capabilities.add.items()).iter().map(|name| &**name)
    }
}

fn value<T: Default>(field: Field<T>) -> T {
    match field {
        Field::Is(value) => value,
        Field::Absent | Field::Wrong => T::default(),
    }
}

fn extend<T>(mine: &mut Field<Vec<T>>, other: Field<Vec<T>>) {
    match (mine, other) {
        (Field::Is(mine), Field::Is(other)) => mine.extend(other),
        (mine, other @ Field::Is(_)) => *mine = other,
        _ => {}
    }
}

fn latest<T>(mine: &mut Field<T>, other: Field<T>) {
    if let other @ Field::Is(_) = other {
        *mine = other;
    }
}
