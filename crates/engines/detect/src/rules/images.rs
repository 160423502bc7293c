//! Images of tools for breaking in.

/// Repositories, and whoever publishes them, that are made for penetration tests. A name proves nothing, and who hides chooses
/// another: but who takes one of these rarely means well, and if so knows of it.
const NAMES: [&str; 33] = [
    "kali",
    "kali-rolling",
    "kali-bleeding-edge",
    "kali-last-release",
    "kali-linux",
    "kali-linux-docker",
    "kalilinux",
    "parrotsec",
    "parrot-core",
    "blackarch",
    "blackarchlinux",
    "pentoo",
    "metasploit",
    "metasploit-framework",
    "metasploitframework",
    "kube-hunter",
    "kubehound",
    "peirates",
    "kubesploit",
    "kdigger",
    "botb",
    "cdk-team",
    "deepce",
    "nmap",
    "masscan",
    "sqlmap",
    "thc-hydra",
    "sliver",
    "mythic",
    "empire",
    "xmrig",
    "red-kube",
    "badpods",
];

/// Whether an image's repository is named like one.
pub(super) fn is_for_breaking_in(image: &str) -> bool {
    let image = image.split('@').next().unwrap_or_default();
    let mut parts = image.split('/').peekable();
    while let Some(part) = parts.next() {
        // The last part may have a tag; of the first a colon begins the port.
        let name = if parts.peek().is_none() { part.split(':').next().unwrap_or_default() } else { part };
        if NAMES.iter().any(|known| name.eq_ignore_ascii_case(known)) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_whole_parts() {
        for image in [
            "kalilinux/kali-rolling:latest",
            "docker.io/kalilinux/kali-last-release",
            "registry.example:5000/aquasec/kube-hunter@sha256:00",
            "KALI",
        ] {
            assert!(is_for_breaking_in(image), "{image}");
        }
        for image in
            ["nginx:1.27", "example.com/nmap-exporter:1", "example.com/app:kali", "", "localhost:5000/web"]
        {
            assert!(!is_for_breaking_in(image), "{image}");
        }
    }
}
