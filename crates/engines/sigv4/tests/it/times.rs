//! When a signature is valid.

use ringwall_sigv4::{ErrorKind, Lifetime, MAX_SKEW};

use crate::request::{Request, TIME};

fn unsigned() -> Request {
    let query = Some("Action=GetCallerIdentity&Version=2011-06-15");
    Request::new("GET", "/", query, &[("host", "sts.us-east-1.amazonaws.com")], "")
}

fn check(request: &Request, lifetime: Lifetime, expected: &[(i64, Option<ErrorKind>)]) {
    for (after, kind) in expected {
        let answer = request.verify(TIME + after, lifetime);
        assert_eq!(answer.map_err(|error| error.kind()).err(), *kind, "{after} s after, {lifetime:?}");
    }
}

const EXPIRED: Option<ErrorKind> = Some(ErrorKind::RequestExpired);
const EARLY: Option<ErrorKind> = Some(ErrorKind::NotYetCurrent);

#[test]
fn a_header_is_valid_for_a_quarter_of_an_hour_on_both_sides() {
    let request = unsigned().signed("sts", None).unwrap();
    for lifetime in [Lifetime::Stated, Lifetime::QuarterHour] {
        let expected =
            [(-MAX_SKEW - 1, EARLY), (-MAX_SKEW, None), (0, None), (MAX_SKEW, None), (MAX_SKEW + 1, EXPIRED)];
        check(&request, lifetime, &expected);
    }
}

#[test]
fn a_presigned_request_is_valid_for_as_long_as_it_says() {
    for expires in [0, 60, 604_800] {
        let (request, last) = (unsigned().presigned("sts", None, expires).unwrap(), i64::from(expires));
        let expected = [(-MAX_SKEW - 1, EARLY), (-MAX_SKEW, None), (last, None), (last + 1, EXPIRED)];
        check(&request, Lifetime::Stated, &expected);
        let expected = [(-MAX_SKEW - 1, EARLY), (-MAX_SKEW, None), (MAX_SKEW, None), (MAX_SKEW + 1, EXPIRED)];
        check(&request, Lifetime::QuarterHour, &expected);
    }
}

#[test]
fn no_time_of_day_makes_it_panic() {
    let request = unsigned().signed("sts", None).unwrap();
    for now in [i64::MIN, i64::MIN + 1, -1, 0, 253_402_300_799, 253_402_300_800, i64::MAX - 1, i64::MAX] {
        assert!(request.verify(now, Lifetime::Stated).is_err(), "{now}");
    }
}

#[test]
fn the_messages_are_those_of_aws() {
    let request = unsigned().signed("sts", None).unwrap();
    let says = |now| request.verify(now, Lifetime::Stated).unwrap_err().to_string();
    assert_eq!(
        says(TIME + 960),
        "Signature expired: 20150830T123600Z is now earlier than 20150830T123700Z (20150830T125200Z - 15 min.)."
    );
    assert_eq!(
        says(TIME - 960),
        "Signature not yet current: 20150830T123600Z is still later than 20150830T123500Z (20150830T122000Z + 15 min.)."
    );
    let brief = unsigned().presigned("sts", None, 61).unwrap();
    assert_eq!(
        brief.verify(TIME + 62, Lifetime::Stated).unwrap_err().to_string(),
        "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T123702Z - 61 sec.)."
    );
}
