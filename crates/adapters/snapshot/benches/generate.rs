//! Pods as `kubectl get pods -A` prints them: the same ones for the same number.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde::Serialize as _;
use serde_json::ser::{PrettyFormatter, Serializer};
use serde_json::{Value, json};

const TEAMS: [&str; 12] = [
    "payments",
    "search",
    "catalogue",
    "checkout",
    "shipping",
    "identity",
    "reports",
    "inventory",
    "billing",
    "messages",
    "pricing",
    "recommendations",
];

/// Writes a v1 List of pods as `-o yaml` does.
pub(crate) fn yaml(pods: usize, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"apiVersion: v1\nitems:\n")?;
    let mut text = String::new();
    for index in 0..pods {
        text.clear();
        yaml_value(&mut text, &Value::Array(vec![pod(index)]), 0);
        out.write_all(text.as_bytes())?;
    }
    out.write_all(b"kind: List\nmetadata:\n  resourceVersion: \"\"\n")
}

/// Writes the same list as `-o json` does.
pub(crate) fn json(pods: usize, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"{\n    \"apiVersion\": \"v1\",\n    \"items\": [")?;
    for index in 0..pods {
        out.write_all(if index == 0 { b"\n" } else { b",\n" })?;
        let mut text = Vec::new();
        pod(index)
            .serialize(&mut Serializer::with_formatter(&mut text, PrettyFormatter::with_indent(b"    ")))?;
        for (number, line) in text.split(|byte| *byte == b'\n').enumerate() {
            out.write_all(if number == 0 { b"        " } else { b"\n        " })?;
            out.write_all(line)?;
        }
    }
    out.write_all(
        b"\n    ],\n    \"kind\": \"List\",\n    \"metadata\": {\n        \"resourceVersion\": \"\"\n    }\n}\n",
    )
}

/// Sixteen hexadecimal digits that differ from index to index and from salt to salt (SplitMix64).
fn hex(index: usize, salt: u64) -> String {
    let mut bits = (index as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add((salt << 32) | salt);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    format!("{:016x}", bits ^ (bits >> 31))
}

fn uid(index: usize, salt: u64) -> String {
    let (one, two) = (hex(index, salt), hex(index, salt + 1));
    format!("{}-{}-4{}-a{}-{}", &one[..8], &one[8..12], &one[13..16], &two[..3], &two[4..])
}

fn digest(index: usize) -> String {
    (70..74).map(|salt| hex(index, salt)).collect()
}

fn time(index: usize, seconds: usize) -> String {
    let (hour, minute) = (index / 60 % 24, index % 60);
    format!("2025-11-{:02}T{hour:02}:{minute:02}:{seconds:02}Z", index / 1_440 % 28 + 1)
}

fn pod(index: usize) -> Value {
    let workload = index / 5;
    let team = TEAMS[workload % TEAMS.len()];
    let namespace = format!("{team}-{}", workload / TEAMS.len() % 20);
    let app = format!("{team}-worker-{}", workload % 97);
    let set = format!("{app}-{}", &hex(workload, 1)[..10]);
    let name = format!("{set}-{}", &hex(index, 2)[..5]);
    let address = format!("10.{}.{}.{}", (index >> 16) & 0xFF, (index >> 8) & 0xFF, index & 0xFF);
    let host = format!("10.200.{}.{}", ((index / 100) >> 8) & 0xFF, (index / 100) & 0xFF);
    let image = format!("111122223333.dkr.ecr.eu-central-1.amazonaws.com/{team}/worker");
    let tag = format!("{image}:1.{}.{}", workload % 40, workload % 7);
    let volume = format!("kube-api-access-{}", &hex(index, 3)[..5]);
    let node =
        format!("ip-10-200-{}-{}.eu-central-1.compute.internal", (index / 100) >> 8, (index / 100) & 0xFF);
    let condition = |kind: &str, seconds| json!({"lastProbeTime": null, "lastTransitionTime": time(index, seconds), "status": "True", "type": kind});
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "annotations": {
                "prometheus.io/port": "8080",
                "prometheus.io/scrape": "true",
            },
            "creationTimestamp": time(index, 1),
            "generateName": format!("{set}-"),
            "labels": {
                "app.kubernetes.io/instance": app,
                "app.kubernetes.io/name": "worker",
                "app.kubernetes.io/part-of": team,
                "pod-template-hash": &hex(workload, 1)[..10],
            },
            "name": name,
            "namespace": namespace,
            "ownerReferences": [{"apiVersion": "apps/v1", "blockOwnerDeletion": true, "controller": true,
                "kind": "ReplicaSet", "name": set, "uid": uid(workload, 10)}],
            "resourceVersion": (40_000_000 + index * 37).to_string(),
            "uid": uid(index, 20),
        },
        "spec": {
            "containers": [{
                "args": ["--listen=:8080", "--log-format=json", format!("--queue={namespace}")],
                "env": [
                    {"name": "POD_NAME", "valueFrom": {"fieldRef": {"apiVersion": "v1",
                        "fieldPath": "metadata.name"}}},
                    {"name": "DATABASE_PASSWORD", "valueFrom": {"secretKeyRef": {"key": "password",
                        "name": format!("{app}-database")}}},
                    {"name": "LOG_LEVEL", "value": "info"},
                ],
                "image": tag,
                "imagePullPolicy": "IfNotPresent",
                "livenessProbe": {"failureThreshold": 3, "httpGet": {"path": "/healthz", "port": "http",
                    "scheme": "HTTP"}, "periodSeconds": 10, "successThreshold": 1, "timeoutSeconds": 1},
                "name": "worker",
                "ports": [{"containerPort": 8080, "name": "http", "protocol": "TCP"}],
                "resources": {"limits": {"memory": "512Mi"}, "requests": {"cpu": "100m", "memory": "256Mi"}},
                "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]},
                    "readOnlyRootFilesystem": true},
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
                "volumeMounts": [
                    {"mountPath": "/tmp", "name": "scratch"},
                    {"mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "name": volume,
                        "readOnly": true},
                ],
            }],
            "dnsPolicy": "ClusterFirst",
            "enableServiceLinks": true,
            "nodeName": node,
            "preemptionPolicy": "PreemptLowerPriority",
            "priority": 0,
            "restartPolicy": "Always",
            "schedulerName": "default-scheduler",
            "securityContext": {"runAsNonRoot": true, "runAsUser": 10_001,
                "seccompProfile": {"type": "RuntimeDefault"}},
            "serviceAccount": app,
            "serviceAccountName": app,
            "terminationGracePeriodSeconds": 30,
            "tolerations": [{"effect": "NoExecute", "key": "node.kubernetes.io/not-ready",
                "operator": "Exists", "tolerationSeconds": 300}],
            "volumes": [
                {"emptyDir": {}, "name": "scratch"},
                {"name": volume, "projected": {"defaultMode": 420, "sources": [
                    {"serviceAccountToken": {"expirationSeconds": 3_607, "path": "token"}},
                    {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}],
                        "name": "kube-root-ca.crt"}},
                    {"downwardAPI": {"items": [{"fieldRef": {"apiVersion": "v1",
                        "fieldPath": "metadata.namespace"}, "path": "namespace"}]}},
                ]}},
            ],
        },
        "status": {
            "conditions": [condition("PodReadyToStartContainers", 4), condition("Initialized", 2),
                condition("Ready", 9), condition("ContainersReady", 9), condition("PodScheduled", 2)],
            "containerStatuses": [{
                "containerID": format!("containerd://{}", digest(index)),
                "image": tag,
                "imageID": format!("{image}@sha256:{}", digest(workload % 280)),
                "lastState": {},
                "name": "worker",
                "ready": true,
                "restartCount": index % 3,
                "started": true,
                "state": {"running": {"startedAt": time(index, 4)}},
            }],
            "hostIP": host,
            "hostIPs": [{"ip": host}],
            "phase": "Running",
            "podIP": address,
            "podIPs": [{"ip": address}],
            "qosClass": "Burstable",
            "startTime": time(index, 2),
        },
    })
}

/// Writes a value in the style of kubectl's YAML: lists are not indented below their key.
fn yaml_value(text: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(entries) => {
            for (number, (key, value)) in entries.iter().enumerate() {
                if number > 0 {
                    text.extend(std::iter::repeat_n(' ', indent));
                }
                let _ = write!(text, "{key}:");
                match value {
                    Value::Object(entries) if !entries.is_empty() => {
                        text.push('\n');
                        text.extend(std::iter::repeat_n(' ', indent + 2));
                        yaml_value(text, value, indent + 2);
                    }
                    Value::Array(_) => {
                        text.push('\n');
                        yaml_value(text, value, indent);
                    }
                    _ => {
                        text.push(' ');
                        yaml_value(text, value, indent);
                    }
                }
            }
            if entries.is_empty() {
                text.push_str("{}\n");
            }
        }
        Value::Array(items) => {
            for item in items {
                text.extend(std::iter::repeat_n(' ', indent));
                text.push_str("- ");
                yaml_value(text, item, indent + 2);
            }
        }
        Value::String(string) if needs_quotes(string) => {
            let _ = writeln!(text, "\"{string}\"");
        }
        Value::String(string) => {
            let _ = writeln!(text, "{string}");
        }
        other => {
            let _ = writeln!(text, "{other}");
        }
    }
}

/// Whether a string would be something else without quotes; none of the generated ones needs escapes.
fn needs_quotes(string: &str) -> bool {
    string.is_empty()
        || matches!(string, "true" | "false" | "True" | "False" | "null")
        || string.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e'))
        || (string.starts_with("20") && string.ends_with('Z'))
}
