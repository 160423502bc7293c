use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// A snapshot in a folder of its own, and the binary to ask about it.
pub(crate) struct Asked {
    folder: tempfile::TempDir,
}

/// What the binary said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Said {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A namespace with a role for a service account and for a group that aws-auth maps a role to, and a cluster
/// role that the group `devs` is bound to.
pub(crate) const SHOP: &str = r#"
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Namespace
metadata: {name: payments}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: checkout, namespace: shop}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: shop}
rules:
- apiGroups: [""]
  resources: [secrets]
  resourceNames: [db]
  verbs: [get]
- apiGroups: [""]
  resources: [pods, pods/exec]
  verbs: [get, list, create]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects:
- {kind: ServiceAccount, name: checkout}
- {kind: Group, name: devs, apiGroup: rbac.authorization.k8s.io}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: cluster-admin}
rules:
- {apiGroups: ["*"], resources: ["*"], verbs: ["*"]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: metrics}
rules:
- {nonResourceURLs: [/metrics], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: metrics}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: metrics}
subjects:
- {kind: User, name: scraper, apiGroup: rbac.authorization.k8s.io}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: aws-auth, namespace: kube-system}
data:
  mapRoles: |
    - rolearn: arn:aws:iam::111122223333:role/Dev
      username: dev:{{SessionName}}
      groups: [devs]
"#;

impl Asked {
    pub(crate) fn about(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self { folder }
    }

    /// The shop, in CONFIG_MAP mode.
    pub(crate) fn about_shop() -> Self {
        let cluster = "name: shop\naccount: '111122223333'\nauthenticationMode: CONFIG_MAP\n";
        Self::about(&[("cluster.yaml", cluster), ("kubernetes/shop.yaml", SHOP)])
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// `ringwall COMMAND SNAPSHOT REST…`, the rest split at blanks.
    pub(crate) fn run(&self, command: &str, rest: &str) -> Said {
        self.run_with_input(command, rest, "")
    }

    pub(crate) fn run_with_input(&self, command: &str, rest: &str, input: &str) -> Said {
        let mut arguments = vec![command.to_owned(), self.path().to_str().unwrap().to_owned()];
        arguments.extend(rest.split_whitespace().map(str::to_owned));
        run(&arguments, input)
    }
}

/// Runs the binary in the repository's root, so that `examples/…` is the same text on every machine.
pub(crate) fn run(arguments: &[String], input: &str) -> Said {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ringwall"))
        .args(arguments)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // Who misused the command line is told so before any input is read.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    Said {
        status: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}
