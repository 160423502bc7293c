use std::sync::Arc;

use ringwall_model::network::{Backend, Ingress, IngressBackend};
use ringwall_model::{Object, Tree, Value};

use super::ports::{self, NumberOrName};
use super::service::annotations;
use crate::fields::text;
use crate::refused::{Refused, items, mapping, string};

/// Annotation by which Ingresses named their class before they had a field for it.
const CLASS: &str = "kubernetes.io/ingress.class";

/// An Ingress, of `networking.k8s.io/v1` or in the older form with `serviceName` and `servicePort`.
pub(super) fn ingress(object: &Object, refused: &mut Refused<'_>) -> Ingress {
    let empty = Tree::new(object.source.line, Value::Null);
    let spec = mapping(&object.tree, "spec", refused).unwrap_or(&empty);
    let mut backends = Vec::new();
    for key in ["defaultBackend", "backend"] {
        if let Some(tree) = mapping(spec, key, refused) {
            backends.extend(backend(object, tree, (None, None), refused));
        }
    }
    for rule in items(spec, "rules", refused) {
        let host = string(rule, "host", refused);
        let Some(http) = mapping(rule, "http", refused) else { continue };
        for path in items(http, "paths", refused) {
            let way = (host.clone(), string(path, "path", refused));
            if let Some(tree) = mapping(path, "backend", refused) {
                backends.extend(backend(object, tree, way, refused));
            }
        }
    }
    let annotations = annotations(object);
    let older_class =
        || annotations.iter().find(|(key, _)| &**key == CLASS).map(|(_, class)| Arc::clone(class));
    Ingress {
        reference: object.reference.clone(),
        source: object.source.clone(),
        class: string(spec, "ingressClassName", refused).or_else(older_class),
        backends,
        annotations,
    }
}

/// The service behind a way; `None` if there is something else behind it, or nothing that can be read.
fn backend(
    object: &Object,
    tree: &Tree,
    (host, path): (Option<Arc<str>>, Option<Arc<str>>),
    refused: &mut Refused<'_>,
) -> Option<IngressBackend> {
    let source = object.source.at(tree.line);
    let (service, port) = if let Some(service) = mapping(tree, "service", refused) {
        let name = text(service, "name")?;
        let port = mapping(service, "port", refused)?;
        let port = match string(port, "name", refused) {
            Some(name) => Backend::Name(name),
            None => Backend::Number(ports::port(port, "number", refused)?),
        };
        (name, port)
    } else {
        let name = text(tree, "serviceName")?;
        let port = match ports::number_or_name(tree, "servicePort", refused)? {
            NumberOrName::Number(number) => Backend::Number(number),
            NumberOrName::Name(name) => Backend::Name(name),
        };
        (name, port)
    };
    Some(IngressBackend { host, path, service, port, source })
}
