//! The reference, written down again from its description (`pkg/token/token.go` of aws-iam-authenticator), step by step and with Go's
//! readers of URLs and query strings: what the crate is compared with. And the canonical request, from AWS's documentation.

use std::collections::BTreeMap;

/// The partitions: name, the beginnings of regions' names, domain, domain of dual-stack hosts, whether a token may be for those.
const PARTITIONS: [(&str, &[&str], &str, &str, bool); 8] = [
    (
        "aws",
        &["us-", "eu-", "ap-", "sa-", "ca-", "me-", "af-", "il-", "mx-"],
        "amazonaws.com",
        "api.aws",
        true,
    ),
    ("aws-cn", &["cn-"], "amazonaws.com.cn", "api.amazonwebservices.com.cn", true),
    ("aws-us-gov", &["us-gov-"], "amazonaws.com", "api.aws", true),
    ("aws-iso", &["us-iso-"], "c2s.ic.gov", "api.aws.ic.gov", false),
    ("aws-iso-b", &["us-isob-"], "sc2s.sgov.gov", "api.aws.scloud", false),
    ("aws-iso-e", &["eu-isoe-"], "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk", false),
    ("aws-iso-f", &["us-isof-"], "csp.hci.ic.gov", "api.aws.hci.ic.gov", false),
    ("aws-eusc", &["eusc-de-"], "amazonaws.eu", "api.amazonwebservices.eu", true),
];

fn is_region(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    !chars.is_empty()
        && chars.iter().all(|c| c.is_ascii_alphanumeric() || *c == '-')
        && chars[0] != '-'
        && chars[chars.len() - 1] != '-'
}

/// The row of a region: `aws.partition` of the rules engine.
fn row(region: &str) -> usize {
    let is = |prefix: &str| {
        let Some(rest) = region.strip_prefix(prefix) else { return false };
        let parts: Vec<&str> = rest.split('-').collect();
        parts.len() == 2
            && !parts[0].is_empty()
            && !parts[1].is_empty()
            && parts[1].chars().all(|c| c.is_ascii_digit())
    };
    PARTITIONS.iter().position(|(_, prefixes, ..)| prefixes.iter().any(|prefix| is(prefix))).unwrap_or(0)
}

/// `verifySTSHostnameFormat`.
pub(crate) fn host(host: &str, partition: &str, own_region: &str) -> bool {
    let parts: Vec<&str> = host.split('.').collect();
    if parts.len() < 3 {
        return false;
    }
    if host == "sts.amazonaws.com" {
        return partition == "aws";
    }
    let region = parts[1];
    if !is_region(region) {
        return false;
    }
    let (name, _, domain, dual, _) = PARTITIONS[row(region)];
    let resolved = [
        format!("sts-fips.{region}.{dual}"),
        if name == "aws-us-gov" {
            format!("sts.{region}.amazonaws.com")
        } else {
            format!("sts-fips.{region}.{domain}")
        },
        format!("sts.{region}.{dual}"),
        if region == "aws-global" {
            "sts.amazonaws.com".to_owned()
        } else {
            format!("sts.{region}.{domain}")
        },
    ];
    let (_, _, domain, dual, has_dual) = PARTITIONS.iter().find(|row| row.0 == partition).unwrap();
    if !resolved.iter().any(|known| known == host) {
        return is_region(own_region)
            && (host == format!("sts.{own_region}.{domain}")
                || (*has_dual && host == format!("sts.{own_region}.{dual}")));
    }
    let actual = parts[2..].join(".");
    parts.len() >= 4 && (actual == *domain || (*has_dual && actual == *dual))
}

/// `Verify` up to the question to STS, for a URL in which there is nothing that Go's `url.Parse` treats specially but `@`, `#`, `?`
/// and percent-encoding. Gives the access key's id.
pub(crate) fn verify(url: &str, partition: &str, now: i64) -> Result<String, &'static str> {
    let url = url.split('#').next().unwrap();
    let (scheme, rest) = url.split_once("://").ok_or("parse")?;
    if !scheme.eq_ignore_ascii_case("https") {
        return Err("scheme");
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let authority = &rest[..end];
    let (path, query) = rest[end..].split_once('?').unwrap_or((&rest[end..], ""));
    if !host(authority.rsplit('@').next().unwrap(), partition, "") {
        return Err("host");
    }
    if unescape(path, false).ok_or("parse")? != "/" {
        return Err("path");
    }
    let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        if pair.contains(';') {
            return Err("query");
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = unescape(name, true).ok_or("query")?;
        values.entry(name).or_default().push(unescape(value, true).ok_or("query")?);
    }
    let lowered: Vec<String> = values.keys().map(|name| name.to_lowercase()).collect();
    for name in &lowered {
        if lowered.iter().filter(|other| *other == name).count() > 1 {
            return Err("duplicate");
        }
    }
    const WHITELIST: [&str; 9] = [
        "action",
        "version",
        "x-amz-algorithm",
        "x-amz-credential",
        "x-amz-date",
        "x-amz-expires",
        "x-amz-security-token",
        "x-amz-signature",
        "x-amz-signedheaders",
    ];
    if lowered.iter().any(|name| !WHITELIST.contains(&name.as_str())) {
        return Err("whitelist");
    }
    if values.values().any(|all| all.len() != 1) {
        return Err("multiple");
    }
    let get = |wanted: &str| {
        values.iter().find(|(name, _)| name.to_lowercase() == wanted).map_or("", |(_, all)| all[0].as_str())
    };
    if get("action") != "GetCallerIdentity" {
        return Err("action");
    }
    if !get("x-amz-signedheaders").split(';').any(|name| name.eq_ignore_ascii_case("x-k8s-aws-id")) {
        return Err("unsigned");
    }
    match get("x-amz-expires").parse::<i64>() {
        Ok(0..=900) => {}
        _ => return Err("expires"),
    }
    let signed = date(get("x-amz-date")).ok_or("date")?;
    if now > signed + 900 {
        return Err("expired");
    }
    Ok(get("x-amz-credential").split('/').next().unwrap().to_owned())
}

/// Go's `QueryUnescape` and `PathUnescape`; text that is not UTF-8 is not compared.
fn unescape(text: &str, plus: bool) -> Option<String> {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        match bytes[at] {
            b'%' => {
                let digits = text.get(at + 1..at + 3)?;
                if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                    return None;
                }
                out.push(u8::from_str_radix(digits, 16).unwrap());
                at += 2;
            }
            b'+' if plus => out.push(b' '),
            byte => out.push(byte),
        }
        at += 1;
    }
    Some(String::from_utf8_lossy(&out).into_owned())
}

/// `20060102T150405Z`, with the fraction that Go allows for.
fn date(text: &str) -> Option<i64> {
    let text = text.strip_suffix('Z')?;
    let (whole, fraction) = match text.split_once(['.', ',']) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    if whole.len() != 15
        || !whole.is_ascii()
        || fraction
            .is_some_and(|digits| digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()))
    {
        return None;
    }
    let iso = format!(
        "{}-{}-{}T{}:{}:{}Z",
        &whole[..4],
        &whole[4..6],
        &whole[6..8],
        &whole[9..11],
        &whole[11..13],
        &whole[13..15]
    );
    if &whole[8..9] != "T" || whole[13..15].parse::<u8>().ok()? > 59 {
        return None;
    }
    ringwall_model::time::milliseconds(&iso).map(|time| time / 1000)
}

/// The canonical request of a GET of `/`, as its sender would have signed it: AWS, *IAM User Guide*, "Create a signed AWS API
/// request", step 1.
pub(crate) fn canonical_request(query: &str, host: &str, cluster: &str) -> Option<String> {
    let mut names = None;
    let mut pairs = Vec::new();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (unescape(name, true)?, unescape(value, true)?);
        if name == "X-Amz-SignedHeaders" {
            names = Some(value.clone());
        }
        if name != "X-Amz-Signature" {
            pairs.push((encode(&name), encode(&value)));
        }
    }
    pairs.sort();
    let names = names?;
    let query: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut headers = String::new();
    for name in names.split(';') {
        let value = match name {
            "host" => host,
            "x-k8s-aws-id" => cluster,
            "accept" => "application/json",
            _ => return None,
        };
        headers.push_str(&format!("{name}:{value}\n"));
    }
    Some(format!("GET\n/\n{}\n{headers}\n{names}\n{EMPTY}", query.join("&")))
}

/// SHA-256 of nothing. Source: AWS, *Signature Version 4*, "Create a canonical request", the hash of an empty payload.
const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
