//! A line of `reach --batch`.

use std::borrow::Cow;
use std::net::IpAddr;

use ringwall_model::network::Protocol;
use ringwall_network::{Port, Who};
use serde::Deserialize;

/// Longest line that is read: the longest names that Kubernetes has, twice over and escaped, are below 8 KiB.
pub(super) const MAX_LINE: usize = 64 * 1024;

/// Type and code of an echo request (RFC 792).
const ECHO: u16 = 8 << 8;

/// A question as it is written. Unknown fields are refused: whoever writes `form` for `from` is to be told.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<'a> {
    #[serde(borrow)]
    from: End<'a>,
    #[serde(borrow)]
    to: End<'a>,
    #[serde(borrow, default)]
    port: Option<WrittenPort<'a>>,
    #[serde(borrow, default)]
    protocol: Option<Cow<'a, str>>,
}

/// One end: one of these.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum End<'a> {
    #[serde(borrow)]
    Pod(Cow<'a, str>),
    #[serde(borrow)]
    Workload(Cow<'a, str>),
    #[serde(borrow)]
    Service(Cow<'a, str>),
    #[serde(borrow)]
    Node(Cow<'a, str>),
    #[serde(borrow)]
    Ip(Cow<'a, str>),
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum WrittenPort<'a> {
    Number(u64),
    #[serde(borrow)]
    Name(Cow<'a, str>),
}

/// A question that can be asked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) from: Who,
    pub(super) to: Who,
    /// Of ICMP an echo request.
    pub(super) port: Port,
    pub(super) protocol: Protocol,
}

/// Reads a line.
pub(super) fn parse(line: &[u8]) -> Result<Question, String> {
    let written: Written<'_> =
        serde_json::from_slice(line).map_err(|error| format!("not a question: {error}"))?;
    let protocol = match &written.protocol {
        None => Protocol::Tcp,
        Some(text) => Protocol::parse(text)
            .ok_or_else(|| format!("unknown protocol `{text}`: it is TCP, UDP, SCTP or ICMP"))?,
    };
    let port = match (&written.port, protocol) {
        (None, Protocol::Icmp) => Port::Number(ECHO),
        (Some(_), Protocol::Icmp) => return Err("ICMP has no `port`".to_owned()),
        (None, _) => return Err("a question has a `port`".to_owned()),
        (Some(WrittenPort::Number(number)), _) => {
            let number = u16::try_from(*number).ok().filter(|number| *number > 0);
            Port::Number(number.ok_or("a `port` is 1 to 65535, or a name")?)
        }
        (Some(WrittenPort::Name(name)), _) if name.is_empty() => {
            return Err("a `port` is 1 to 65535, or a name".to_owned());
        }
        (Some(WrittenPort::Name(name)), _) => Port::Name(name.as_ref().into()),
    };
    Ok(Question { from: who(&written.from)?, to: who(&written.to)?, port, protocol })
}

fn who(end: &End<'_>) -> Result<Who, String> {
    let two = |text: &str| {
        let parts = text.split_once('/').filter(|(a, b)| !a.is_empty() && !b.is_empty() && !b.contains('/'));
        parts.map(|(a, b)| (a.into(), b.into())).ok_or_else(|| format!("`{text}` is not NAMESPACE/NAME"))
    };
    Ok(match end {
        End::Pod(text) => {
            let (namespace, name) = two(text)?;
            Who::Pod { namespace, name }
        }
        End::Service(text) => {
            let (namespace, name) = two(text)?;
            Who::Service { namespace, name }
        }
        End::Workload(text) => {
            let mut parts = text.split('/').filter(|part| !part.is_empty());
            let (Some(namespace), Some(kind), Some(name), None) =
                (parts.next(), parts.next(), parts.next(), parts.next())
            else {
                return Err(format!("`{text}` is not NAMESPACE/KIND/NAME"));
            };
            Who::Workload { namespace: namespace.into(), kind: kind.into(), name: name.into() }
        }
        End::Node(name) => Who::Node { name: name.as_ref().into() },
        End::Ip(text) => {
            Who::Address(text.parse::<IpAddr>().map_err(|_| format!("`{text}` is not an address"))?)
        }
    })
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn refusal(line: &str) -> String {
        parse(line.as_bytes()).unwrap_err()
    }

    #[test]
    fn questions_are_read_as_they_are_documented() {
        let line = br#"{"from": {"pod": "shop/web-1"}, "to": {"workload": "shop/Deployment/api"}, "port": 80, "protocol": "TCP"}"#;
        let question = Question {
            from: Who::Pod { namespace: "shop".into(), name: "web-1".into() },
            to: Who::Workload { namespace: "shop".into(), kind: "Deployment".into(), name: "api".into() },
            port: Port::Number(80),
            protocol: Protocol::Tcp,
        };
        assert_eq!(parse(line), Ok(question));
        let line = br#"{"from":{"ip":"2001:db8::1"},"to":{"ip":"10.0.0.1"},"port":"dns","protocol":"udp"}"#;
        let question = Question {
            from: Who::Address("2001:db8::1".parse().unwrap()),
            to: Who::Address(IpAddr::from([10, 0, 0, 1])),
            port: Port::Name("dns".into()),
            protocol: Protocol::Udp,
        };
        assert_eq!(parse(line), Ok(question));
        let line = br#"{"from":{"node":"n1"},"to":{"service":"a/b"},"protocol":"ICMP","port":null}"#;
        assert_eq!(parse(line).map(|question| question.port), Ok(Port::Number(ECHO)));
    }

    #[test]
    fn what_is_no_question_says_why() {
        let pods = r#""from":{"pod":"a/b"},"to":{"pod":"a/c"}"#;
        assert!(refusal("").starts_with("not a question"));
        assert!(refusal(&format!("{{{pods}}}")).contains("has a `port`"));
        for (rest, why) in [
            (r#""port":0"#, "1 to 65535"),
            (r#""port":65536"#, "1 to 65535"),
            (r#""port":-1"#, "not a question"),
            (r#""port":"""#, "1 to 65535"),
            (r#""port":1.5"#, "not a question"),
            (r#""port":80,"protocol":"HTTP""#, "unknown protocol `HTTP`"),
            (r#""port":80,"protocol":"ICMP""#, "ICMP has no `port`"),
            (r#""port":80,"extra":1"#, "unknown field"),
        ] {
            let said = refusal(&format!("{{{pods},{rest}}}"));
            assert!(said.contains(why), "{rest}: {said}");
        }
        for end in [
            r#"{"pod":"b"}"#,
            r#"{"pod":"a/b/c"}"#,
            r#"{"workload":"a/b"}"#,
            r#"{"ip":"10.0.0"}"#,
            "{}",
            r#"{"pod":"a/b","ip":"::1"}"#,
            "1",
        ] {
            assert!(
                parse(format!(r#"{{"from":{end},"to":{{"pod":"a/c"}},"port":80}}"#).as_bytes()).is_err(),
                "{end}"
            );
        }
    }
}
