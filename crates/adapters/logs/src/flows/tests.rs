use std::io::Cursor;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::*;

fn read(text: impl Into<Vec<u8>>) -> Flows {
    let mut flows = Flows::default();
    flows.read_from(&Arc::from("flows"), Cursor::new(text.into()));
    flows
}

fn told(flows: &Flows) -> Vec<String> {
    let who = |who: &Who| match who {
        Who::Pod { namespace, name } => format!("{namespace}/{name}"),
        Who::Address(address) => address.to_string(),
        other => format!("{other:?}"),
    };
    let line = |(FlowKey(flow), count): (&FlowKey, &u64)| {
        let Flow { from, to, protocol, port, allowed } = flow;
        let port = port.map(|port| port.to_string()).unwrap_or_default();
        format!("{} {} {}{port} {allowed} {count}", who(from), who(to), protocol.name())
    };
    flows.seen.iter().map(line).collect()
}

#[test]
fn the_agents_lines() {
    let flows = read(
        r#"{"time":"2026-11-27T22:48:43Z","from":{"pod":"shop/web"},"to":{"pod":"shop/api"},"protocol":"TCP","port":8080,"verdict":"allowed","count":12}
{"from":{"ip":"203.0.113.9"},"to":{"pod":"shop/web"},"protocol":"TCP","port":22,"verdict":"denied","count":1,"direction":"ingress","because":"x"}
{"from":{"pod":"shop/web"},"to":{"pod":"shop/api"},"protocol":"tcp","port":8080,"verdict":"allowed"}
{"from":{"pod":"shop/web"},"to":{"ip":"2001:db8::1"},"protocol":"ICMP","verdict":"allowed"}
{"from":{"pod":"shop/web"},"to":{"ip":"10.0.0.1"},"protocol":"47","verdict":"allowed"}

"#,
    );
    assert_eq!(
        told(&flows),
        [
            "shop/web shop/api TCP8080 true 13",
            "shop/web 2001:db8::1 ICMP true 1",
            "203.0.113.9 shop/web TCP22 false 1"
        ]
    );
    assert_eq!((flows.other, flows.unreadable), (1, 0));
}

const V2: &str = "2 123456789010 eni-1 10.0.1.5 10.0.2.9 49152 5432 6 10 840 1620140761 1620140821 ACCEPT OK";

#[test]
fn records_of_both_ways_are_one_flow() {
    let back = "2 123456789010 eni-1 10.0.2.9 10.0.1.5 5432 49152 6 8 640 1620140761 1620140821 ACCEPT OK";
    let refused = "2 123456789010 eni-1 203.0.113.1 10.0.2.9 22 40000 6 1 40 1 2 REJECT OK";
    let none = "2 123456789010 eni-1 - - - - - - - 1431280876 1431280934 - NODATA";
    let skipped = "2 123456789010 eni-1 - - - - - - - 1431280876 1431280934 - SKIPDATA";
    let exported = format!("2026-11-27T22:48:43.000Z {V2}");
    let tailed = format!("2026-11-27T22:48:43+00:00 eni-1-all {V2}");
    let flows = read([V2, back, refused, none, skipped, exported.as_str(), tailed.as_str()].join("\n"));
    assert_eq!(told(&flows), ["10.0.1.5 10.0.2.9 TCP5432 true 4", "203.0.113.1 10.0.2.9 TCP40000 false 1"]);
    assert_eq!((flows.other, flows.skipped, flows.by_ports, flows.unreadable), (1, 1, 4, 0));
}

#[test]
fn a_header_tells_the_fields() {
    let text = "account-id action srcaddr dstaddr pkt-srcaddr pkt-dstaddr srcport dstport protocol tcp-flags log-status\n\
        1 ACCEPT 10.0.0.1 10.0.0.2 10.1.0.1 10.2.0.2 8080 6379 6 18 OK\n\
        1 ACCEPT 10.0.0.1 10.0.0.2 10.1.0.1 - 50000 60000 6 2 OK\n\
        1 ACCEPT 10.0.0.1 10.0.0.2 - - 0 0 1 0 OK\n";
    let flows = read(text);
    // A SYN with an ACK is an answer, whatever the ports; the packet's own addresses count.
    assert_eq!(
        told(&flows),
        [
            "10.0.0.1 10.0.0.2 ICMP true 1",
            "10.1.0.1 10.0.0.2 TCP60000 true 1",
            "10.2.0.2 10.1.0.1 TCP8080 true 1"
        ]
    );
    assert_eq!(flows.by_ports, 0);
    let settings = read(
        "${dstaddr} ${srcaddr} ${dstport} ${srcport} ${protocol} ${action}\n10.0.0.2 10.0.0.1 53 40000 17 ACCEPT\n".to_owned(),
    );
    assert_eq!(told(&settings), ["10.0.0.1 10.0.0.2 UDP53 true 1"]);
}

#[test]
fn what_the_cli_prints_of_cloudwatch() {
    let flows = read(format!(
        r#"{{"events":[{{"message":"{V2}","timestamp":1}},{{"message":"{V2}"}}],"searchedLogStreams":[]}}"#
    ));
    assert_eq!(told(&flows), ["10.0.1.5 10.0.2.9 TCP5432 true 2"]);
}

#[test]
fn compressed_or_not() {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    std::io::Write::write_all(&mut packed, format!("{V2}\n{V2}").as_bytes()).unwrap();
    assert_eq!(told(&read(packed.finish().unwrap())), ["10.0.1.5 10.0.2.9 TCP5432 true 2"]);
}

#[test]
fn what_is_broken_costs_itself_alone() {
    let lines = [
        "nonsense",
        "{\"from\":1}",
        V2,
        "{}",
        &V2.replace("ACCEPT", "MAYBE"),
        &V2.replace("5432", "99999"),
        "PAR1xx",
    ];
    let flows = read(lines.join("\n"));
    assert_eq!(told(&flows), ["10.0.1.5 10.0.2.9 TCP5432 true 1"]);
    assert_eq!(flows.unreadable, 6);
    let spots: Vec<u64> = flows.problems.iter().map(|problem| problem.line).collect();
    assert_eq!(spots, [1, 2, 4, 5, 6, 7]);
    assert!(flows.problems[0].why.contains("header line"), "{:?}", flows.problems);
    let long = read("x".repeat(MAX_FLOW_LINE + 1));
    assert!(long.problems[0].why.contains("the limit is"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_read_to_their_end(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let flows = read(bytes);
        prop_assert!(flows.seen.len() as u64 + flows.other + flows.skipped + flows.unreadable <= 402);
    }

    #[test]
    fn lines_do_not_depend_on_pieces(at in 0usize..200) {
        // A reader that hands out one byte and then the rest sees the same.
        let text = format!("{V2}\n{V2}\n");
        let (a, b) = text.as_bytes().split_at(at.min(text.len()));
        let mut flows = Flows::default();
        flows.read_from(&Arc::from("flows"), Cursor::new(a.to_vec()).chain(Cursor::new(b.to_vec())));
        prop_assert_eq!(told(&flows), ["10.0.1.5 10.0.2.9 TCP5432 true 2"]);
    }
}
