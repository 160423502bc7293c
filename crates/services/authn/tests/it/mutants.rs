//! Tokens changed in every way at every place. There is no chance in it: the same token has the same mutants in the same order.

use data_encoding::BASE64URL_NOPAD;

const PREFIX: &str = "k8s-aws-v1.";

pub(crate) type Add<'a> = &'a mut dyn FnMut(String, String);

/// The token of a URL.
fn token_of(url: impl AsRef<[u8]>) -> String {
    format!("{PREFIX}{}", BASE64URL_NOPAD.encode(url.as_ref()))
}

/// Every mutant of a presigned URL for a host and a cluster, as a token, with the kind of change.
pub(crate) fn mutants(url: &str, host: &str, cluster: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut add = |kind: String, url: String| all.push((kind, token_of(url)));
    text(url, &mut add);
    parameters(url, &mut add);
    swaps(url, &mut add);
    hosts(url, host, cluster, &mut add);
    for at in 0..url.len() {
        for bit in 0..8 {
            let mut bytes = url.as_bytes().to_vec();
            bytes[at] ^= 1 << bit;
            all.push(("bit of the URL flipped".to_owned(), token_of(bytes)));
        }
    }
    encoded(&token_of(url), &mut |kind, token| all.push((kind, token)));
    all
}

/// Every change of the URL at every place.
fn text(url: &str, add: Add<'_>) {
    const INSERTED: [&str; 20] = [
        "/", "./", "%", "%00", "%2F", "%2f", "%20", "+", " ", "\n", "&", "=", ";", "#", "?", "@", ":", "é",
        "0", "x",
    ];
    for at in 0..=url.len() {
        for insert in INSERTED {
            add(format!("{insert:?} inserted"), format!("{}{insert}{}", &url[..at], &url[at..]));
        }
        add("truncated".to_owned(), url[..at].to_owned());
        add("its beginning lost".to_owned(), url[at..].to_owned());
        let Some(char) = url[at..].chars().next() else { continue };
        let with = |other: &str| format!("{}{other}{}", &url[..at], &url[at + 1..]);
        add("a character deleted".to_owned(), with(""));
        add("a character doubled".to_owned(), with(&format!("{char}{char}")));
        add("percent-encoded".to_owned(), with(&format!("%{:02X}", u32::from(char))));
        add("percent-encoded in lower case".to_owned(), with(&format!("%{:02x}", u32::from(char))));
        add("percent-encoded twice".to_owned(), with(&format!("%25{:02X}", u32::from(char))));
        let case =
            if char.is_ascii_lowercase() { char.to_ascii_uppercase() } else { char.to_ascii_lowercase() };
        add("case of a letter".to_owned(), with(&case.to_string()));
        if let Some(next) = url[at + 1..].chars().next() {
            add("two swapped".to_owned(), format!("{}{next}{char}{}", &url[..at], &url[at + 2..]));
        }
        if let Some(escape) = url.get(at..at + 3).filter(|escape| escape.starts_with('%')) {
            let byte = char::from(u8::from_str_radix(&escape[1..], 16).unwrap());
            for (kind, other) in [
                ("decoded", byte.to_string()),
                ("in lower case", escape.to_lowercase()),
                ("twice", escape.replace('%', "%25")),
                ("dropped", String::new()),
                ("as +", "+".to_owned()),
            ] {
                add(format!("an escape {kind}"), format!("{}{other}{}", &url[..at], &url[at + 3..]));
            }
        }
    }
}

/// All that can be done with the parameters as such.
fn parameters(url: &str, add: Add<'_>) {
    let (head, query) = url.split_once('?').unwrap();
    let all: Vec<&str> = query.split('&').collect();
    let mut put = |kind: String, pairs: Vec<String>| add(kind, format!("{head}?{}", pairs.join("&")));
    let owned = || -> Vec<String> { all.iter().map(|pair| (*pair).to_owned()).collect() };
    let mut reversed = owned();
    reversed.reverse();
    put("reversed".to_owned(), reversed);
    let mut sorted = owned();
    sorted.sort();
    put("sorted".to_owned(), sorted);
    for at in 0..all.len() {
        for other in at + 1..all.len() {
            let mut swapped = owned();
            swapped.swap(at, other);
            put("two parameters swapped".to_owned(), swapped);
            let mut names = owned();
            let (one, two) = (all[at].split_once('=').unwrap(), all[other].split_once('=').unwrap());
            names[at] = format!("{}={}", one.0, two.1);
            names[other] = format!("{}={}", two.0, one.1);
            put("two values exchanged".to_owned(), names);
        }
        let (name, value) = all[at].split_once('=').unwrap();
        let mut without = owned();
        without.remove(at);
        put(format!("{name} dropped"), without);
        let mut bare = owned();
        bare[at] = name.to_owned();
        put(format!("{name} without a value"), bare);
        let spellings = [
            ("same", name.to_owned()),
            ("lower", name.to_lowercase()),
            ("upper", name.to_uppercase()),
            ("escaped", name.bytes().map(|byte| format!("%{byte:02X}")).collect()),
            (
                "mixed",
                name.chars()
                    .enumerate()
                    .map(|(at, c)| if at % 2 == 0 { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() })
                    .collect(),
            ),
            ("with a blank", format!("{name}+")),
            ("with an escaped blank", format!("{name}%20")),
            ("with a bracket", format!("{name}[]")),
            ("with a zero", format!("{name}%00")),
        ];
        for (kind, spelt) in spellings {
            let mut other = owned();
            other[at] = format!("{spelt}={value}");
            put(format!("{name} spelt: {kind}"), other);
            for value in [value, "", "x", "GetCallerIdentity", "AKIAIOSFODNN7EXAMPLE"] {
                for place in 0..=all.len() {
                    let mut doubled = owned();
                    doubled.insert(place, format!("{spelt}={value}"));
                    put(format!("{name} doubled: {kind}"), doubled);
                }
            }
        }
    }
}

/// Parts that mean something, exchanged.
fn swaps(url: &str, add: Add<'_>) {
    let mut swap = |kind: &str, from: &str, to: &str| {
        if url.contains(from) {
            add(kind.to_owned(), url.replace(from, to));
            add(format!("{kind}, once"), url.replacen(from, to, 1));
        }
    };
    swap("other action", "GetCallerIdentity", "GetSessionToken");
    swap("other action", "GetCallerIdentity", "AssumeRole");
    swap("other version", "2011-06-15", "2010-05-08");
    swap("other key", "EXAMPLE", "EXAMPLF");
    swap("user's key for the session's", "ASIA", "AKIA");
    swap("session's key for the user's", "AKIA", "ASIA");
    swap("day before", "20231114", "20231113");
    swap("day of the scope before", "%2F20231114", "%2F20231113");
    for time in ["T221319Z", "T221321Z", "T220000Z", "T222820Z", "T222821Z"] {
        swap("other time", "T221320Z", time);
    }
    for region in ["us-east-1", "us-east-2", "eu-west-1", "eu-central-1", "US-EAST-1", "", "cn-north-1"] {
        for own in ["us-east-1", "eu-west-1", "eu-central-1"] {
            swap("other region", &format!("%2F{own}%2F"), &format!("%2F{region}%2F"));
        }
    }
    swap("other service", "%2Fsts%2F", "%2Fiam%2F");
    swap("no terminator", "%2Faws4_request", "");
    swap("other algorithm", "AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256");
    for expires in ["0", "61", "900", "901", "-60", "060", "604800", "", "60.0"] {
        swap("other expiry", "X-Amz-Expires=60", &format!("X-Amz-Expires={expires}"));
    }
    let names = [
        "x-k8s-aws-id",
        "host",
        "host%3Bx-k8s-aws-id%3B",
        "%3Bhost%3Bx-k8s-aws-id",
        "x-k8s-aws-id%3Bhost",
        "host%3Bhost%3Bx-k8s-aws-id",
        "host%3Buser-agent%3Bx-k8s-aws-id",
        "Host%3BX-K8s-Aws-Id",
        "host,x-k8s-aws-id",
        "accept%3Bhost%3Bx-k8s-aws-id",
        "host%3Bx-amz-date%3Bx-k8s-aws-id",
        "host%3B%3Bx-k8s-aws-id",
        "host%0Ax-k8s-aws-id",
        "host%3Bx-k8s-aws-id%3Bx-k8s-aws-id",
    ];
    for other in names {
        swap("other signed headers", "host%3Bx-k8s-aws-id", other);
        swap("other signed headers", "SignedHeaders=host%3Bx-k8s-aws-id", &format!("SignedHeaders={other}"));
    }
    swap("escapes in lower case", "%3B", "%3b");
    swap("escapes in lower case", "%2F", "%2f");
    swap("slashes decoded", "%2F", "/");
    swap("escapes twice", "%2F", "%252F");
    let token: String = "IQoJb3JpZ2luX2VjEXAMPLE".bytes().map(|byte| format!("%{byte:02X}")).collect();
    swap("other session token", "IQoJb3JpZ2lu", "IQoJb3JpZ2lv");
    swap("pluses decoded", "%2B", "+");
    add("a session token for a key without".to_owned(), format!("{url}&X-Amz-Security-Token={token}"));
    let (before, signature) = url.split_at(url.len() - 64);
    for (kind, other) in [
        ("in capitals", signature.to_uppercase()),
        ("reversed", signature.chars().rev().collect()),
        ("half", signature[..32].to_owned()),
        ("twice", signature.repeat(2)),
        ("zeros", "0".repeat(64)),
        ("empty", String::new()),
    ] {
        add(format!("signature {kind}"), format!("{before}{other}"));
    }
    for at in 0..64 {
        for digit in "0123456789abcdefABCDEFg".chars() {
            add(
                "a digit of the signature".to_owned(),
                format!("{before}{}{digit}{}", &signature[..at], &signature[at + 1..]),
            );
        }
    }
}

/// The same request for other hosts.
fn hosts(url: &str, host: &str, cluster: &str, add: Add<'_>) {
    for other in [
        "sts.amazonaws.com",
        "sts.us-east-1.amazonaws.com",
        "sts.us-west-2.amazonaws.com",
        "sts.eu-central-1.amazonaws.com",
        "sts.eu-west-1.amazonaws.com",
        "sts-fips.us-east-1.amazonaws.com",
        "sts.eu-west-1.api.aws",
        "sts.made-up.amazonaws.com",
        "sts.cn-north-1.amazonaws.com.cn",
        "evil.example",
        "127.0.0.1",
        "[::1]",
        "localhost:1",
        "169.254.169.254",
        "",
    ] {
        add("other host".to_owned(), url.replacen(host, other, 1));
    }
    for (kind, other) in [
        ("port", format!("{host}:443")),
        ("other port", format!("{host}:8443")),
        ("empty port", format!("{host}:")),
        ("dot", format!("{host}.")),
        ("upper case", host.to_uppercase()),
        ("user", format!("user@{host}")),
        ("password", format!("user:word@{host}")),
        ("as a user", format!("{host}@evil.example")),
        ("as a user with a port", format!("{host}:443@evil.example")),
        ("fragment", format!("evil.example#{host}")),
        ("path", format!("evil.example/{host}")),
        ("query", format!("evil.example?{host}")),
        ("backslash", format!("{host}\\evil.example")),
        ("subdomain", format!("evil.{host}")),
        ("suffix", format!("{host}.evil.example")),
        ("escaped dot", host.replace('.', "%2E")),
        ("wide dot", host.replace('.', "\u{3002}")),
        ("soft hyphen", host.replace("sts", "s\u{ad}ts")),
        ("wide letter", host.replace("sts", "ｓts")),
        ("blank", format!(" {host}")),
        ("tab", format!("{host}\t")),
    ] {
        add(format!("host: {kind}"), url.replacen(host, &other, 1));
    }
    for (from, to) in [
        ("https://", "http://"),
        ("https://", "HTTPS://"),
        ("https://", "//"),
        ("https://", ""),
        ("/?", "?"),
        ("/?", "//?"),
        ("/?", "/./?"),
        ("/?", "/%2F?"),
        ("/?", "/?&"),
        ("/?", "/??"),
        ("/?", "/x/../?"),
    ] {
        add(format!("{from:?} as {to:?}"), url.replacen(from, to, 1));
    }
    add("in another URL".to_owned(), format!("https://evil.example/?{url}"));
    add("behind another URL".to_owned(), format!("https://evil.example/ {url}"));
    add("twice".to_owned(), format!("{url}{url}"));
    add("two lines".to_owned(), format!("{url}\r\nx-k8s-aws-id: {cluster}"));
}

/// Changes of the token's own text.
fn encoded(token: &str, add: Add<'_>) {
    let body = &token[PREFIX.len()..];
    for at in 0..token.len() {
        let with = |other: &str| format!("{}{other}{}", &token[..at], &token[at + 1..]);
        for other in ["A", "_", "-", "+", "/", "=", "\n", " ", ".", ""] {
            add(format!("token: {other:?} for a character"), with(other));
        }
        add("token: truncated".to_owned(), token[..at].to_owned());
        let char = char::from(token.as_bytes()[at]);
        let case =
            if char.is_ascii_lowercase() { char.to_ascii_uppercase() } else { char.to_ascii_lowercase() };
        add("token: case".to_owned(), with(&case.to_string()));
    }
    for (kind, other) in [
        ("padding", format!("{token}=")),
        ("padding", format!("{token}==")),
        ("line end", format!("{token}\n")),
        ("NUL", format!("{token}\0")),
        ("twice", format!("{token}{token}")),
        ("twice encoded", token_of(token)),
        ("twice encoded without prefix", token_of(body)),
        ("standard alphabet", token.replace('-', "+").replace('_', "/") + "+"),
        ("other prefix", format!("k8s-aws-v2.{body}")),
        ("prefix in capitals", format!("K8S-AWS-V1.{body}")),
        ("prefix twice", format!("{PREFIX}{token}")),
        ("no prefix", body.to_owned()),
        ("bearer", format!("Bearer {token}")),
    ] {
        add(format!("token: {kind}"), other);
    }
}
