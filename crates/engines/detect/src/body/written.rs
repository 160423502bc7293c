//! What a request writes, whatever form it comes in.

use std::borrow::Cow;

use crate::act::{Act, Verb};
use crate::field::{Field, Text};
use crate::object::object;

use super::read;

/// Most operations of a JSON Patch that are looked at: the apiserver takes no more.
/// Source: Kubernetes v1.37, `staging/src/k8s.io/apiserver/pkg/endpoints/handlers/patch.go`, `maxJSONPatchOperations`.
const MAX_OPERATIONS: usize = 10_000;

/// Deepest path of an operation. Pods are about ten deep, and JSON is read no deeper than 128.
const MAX_DEPTH: usize = 64;

object! {
    /// An operation of a JSON Patch (RFC 6902).
    struct Operation {
        "op" => op: Field<Text<'a>>,
        "path" => path: Field<Text<'a>>,
        "value" => value: crate::audit::Body<'a>,
    }
}

/// What a request writes: JSON texts, each an object or a part of one.
///
/// A created or replaced object, a strategic merge patch (`kubectl apply`, `kubectl edit`), a JSON merge patch and what is applied at
/// the server's side all have the shape of the object, so that they are read as one. Of a JSON Patch each operation is made into a
/// piece of that shape: `add /spec/containers/0/securityContext/privileged` with `true` becomes
/// `{"spec":{"containers":[{"securityContext":{"privileged":true}}]}}`. One shape for all means one rule for all.
///
/// What an operation copies or moves stands elsewhere in the object: it counts as `true`, the one value that is dangerous by
/// itself. What an operation tests or removes writes nothing.
#[derive(Debug, Default)]
pub(crate) struct Written<'e> {
    pieces: Vec<Cow<'e, str>>,
    copies: bool,
}

impl<'e> Written<'e> {
    /// What an act writes; nothing at the level `Metadata`.
    pub(crate) fn of(act: &Act<'e>) -> Self {
        let Some(json) = act.event.request_object.json() else { return Self::default() };
        if act.verb != Verb::Patch || !json.trim_start().starts_with('[') {
            return Self { pieces: vec![Cow::Borrowed(json)], copies: false };
        }
        let operations: Vec<Operation<'_>> = read(json).unwrap_or_default();
        let operations = || operations.iter().take(MAX_OPERATIONS);
        Self {
            pieces: operations().filter_map(piece).map(Cow::Owned).collect(),
            copies: operations().any(|one| matches!(one.op.text(), "copy" | "move")),
        }
    }

    /// Whether it copies or moves what stands elsewhere in the object, so that only the result tells what it writes.
    pub(crate) fn copies(&self) -> bool {
        self.copies
    }

    /// The pieces.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().map(|piece| &**piece)
    }
}

/// An operation in the shape of what it changes.
fn piece(operation: &Operation<'_>) -> Option<String> {
    let value = match operation.op.text() {
        "add" | "replace" => operation.value.json()?,
        "copy" | "move" => "true",
        _ => return None,
    };
    let path = operation.path.text();
    if path.is_empty() {
        return Some(value.to_owned());
    }
    let mut piece = String::with_capacity(path.len().saturating_add(value.len()).saturating_mul(2));
    let mut open = Vec::new();
    for segment in path.split('/').skip(1) {
        if open.len() >= MAX_DEPTH {
            return None;
        }
        if segment == "-" || (!segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit())) {
            piece.push('[');
            open.push(']');
        } else {
            let name = segment.replace("~1", "/").replace("~0", "~");
            piece.push('{');
            piece.push_str(&serde_json::to_string(&name).ok()?);
            piece.push(':');
            open.push('}');
        }
    }
    piece.push_str(value);
    piece.extend(open.iter().rev());
    Some(piece)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(patch: &str) -> Vec<String> {
        let line = format!(
            r#"{{"auditID":"1","verb":"patch","user":{{"username":"ann"}},"objectRef":{{"resource":"pods"}},"requestObject":{patch}}}"#
        );
        let mut seen = Vec::new();
        crate::audit::read(&line, &mut |event| {
            seen = Written::of(&Act::of(event)).pieces().map(str::to_owned).collect();
        })
        .unwrap();
        seen
    }

    #[test]
    fn an_operation_has_the_shape_of_the_object() {
        for (operation, piece) in [
            (
                r#"{"op":"add","path":"/spec/containers/0/securityContext/privileged","value":true}"#,
                r#"{"spec":{"containers":[{"securityContext":{"privileged":true}}]}}"#,
            ),
            (
                r#"{"op":"add","path":"/subjects/-","value":{"kind":"User"}}"#,
                r#"{"subjects":[{"kind":"User"}]}"#,
            ),
            (
                r#"{"op":"replace","path":"/metadata/labels/a~1b~0c","value":"d"}"#,
                r#"{"metadata":{"labels":{"a/b~c":"d"}}}"#,
            ),
            (
                r#"{"op":"copy","from":"/spec/hostPID","path":"/spec/hostIPC"}"#,
                r#"{"spec":{"hostIPC":true}}"#,
            ),
            (r#"{"op":"replace","path":"","value":{"a":1}}"#, r#"{"a":1}"#),
            (r#"{"value":1,"path":"/a\"b","op":"\u0061dd"}"#, r#"{"a\"b":1}"#),
        ] {
            assert_eq!(pieces(&format!("[{operation}]")), [piece]);
        }
    }

    #[test]
    fn what_writes_nothing_is_left_out() {
        let patch = r#"[{"op":"remove","path":"/spec"},{"op":"test","path":"/spec","value":1},{"op":"add","path":"/a"},7]"#;
        assert_eq!(pieces(patch), [""; 0]);
        let deep = format!(r#"[{{"op":"add","path":"{}","value":1}}]"#, "/0".repeat(MAX_DEPTH + 1));
        assert_eq!(pieces(&deep), [""; 0]);
    }

    #[test]
    fn other_patches_have_that_shape_already() {
        assert_eq!(pieces(r#"{"spec":{"hostPID":true}}"#), [r#"{"spec":{"hostPID":true}}"#]);
    }
}
