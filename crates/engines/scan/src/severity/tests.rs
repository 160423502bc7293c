use super::{Cvss, CvssVersion, Rated, Severity, rate};
use crate::advisory::{Advisory, Affected, Score};

#[track_caller]
fn check(vector: &str, version: CvssVersion, score: f64) {
    let read: Cvss = vector.parse().expect(vector);
    assert_eq!((read.version, read.score), (version, score), "{vector}");
}

/// The examples of FIRST's guides, and of NVD.
#[test]
fn published_vectors_have_their_published_scores() {
    // CVSS v2 Complete Guide, 3.3: CVE-2002-0392, CVE-2003-0818, CVE-2003-0062.
    check("AV:N/AC:L/Au:N/C:N/I:N/A:C", CvssVersion::V2, 7.8);
    check("AV:N/AC:L/Au:N/C:C/I:C/A:C", CvssVersion::V2, 10.0);
    check("(AV:L/AC:H/Au:N/C:C/I:C/A:C)", CvssVersion::V2, 6.2);
    check("AV:N/AC:L/Au:N/C:N/I:N/A:N", CvssVersion::V2, 0.0);
    // CVSS v3.1 Examples: CVE-2013-1937, CVE-2013-0375, CVE-2014-3566, CVE-2012-1516, CVE-2009-0658, CVE-2014-0160, CVE-2015-1098.
    check("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", CvssVersion::V31, 6.1);
    check("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", CvssVersion::V31, 6.4);
    check("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", CvssVersion::V31, 3.1);
    check("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H", CvssVersion::V31, 9.9);
    check("CVSS:3.1/AV:L/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H", CvssVersion::V31, 7.8);
    check("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", CvssVersion::V30, 7.5);
    check("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:P/RL:O", CvssVersion::V31, 9.8);
    check("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", CvssVersion::V31, 0.0);
    // CVSS v4.0 Examples: CVE-2022-41741, CVE-2020-3549; what is not of the base score has no say.
    check("CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", CvssVersion::V40, 7.3);
    check("CVSS:4.0/AV:N/AC:L/AT:P/PR:N/UI:P/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:U", CvssVersion::V40, 7.7);
}

#[test]
fn what_is_no_vector_is_refused() {
    for vector in [
        "",
        "high",
        "CVSS:5.0/AV:N",
        "CVSS:3.1/AV:N",
        "CVSS:3.1/AV:N/AV:N",
        "AV:X/AC:L/Au:N/C:N/I:N/A:C",
        &"A:B/".repeat(200),
    ] {
        assert!(vector.parse::<Cvss>().is_err(), "{vector}");
    }
}

fn score(kind: &str, score: &str) -> Score {
    Score { kind: kind.to_owned(), score: score.to_owned() }
}

#[test]
fn the_word_of_the_distribution_goes_before_the_score() {
    let critical = score("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H");
    let advisory =
        Advisory { severity: vec![critical.clone()], rating: Some("HIGH".into()), ..Advisory::default() };
    let affected = |ecosystem: &str, rating: Option<&str>| Affected {
        ecosystem: ecosystem.to_owned(),
        rating: rating.map(str::to_owned),
        ..Affected::default()
    };
    let severity = |affected: &Affected| rate(&advisory, affected, &[]).severity;
    assert_eq!(severity(&affected("Debian:12", Some("unimportant"))), Severity::Informational);
    assert_eq!(severity(&affected("Debian:12", Some("low**"))), Severity::Low);
    assert_eq!(severity(&affected("AlmaLinux:9", None)), Severity::High);
    // GitHub's word does not go before the score of a language's package.
    assert_eq!(severity(&affected("npm", None)), Severity::Critical);
    let undecided = Advisory { severity: vec![critical], ..Advisory::default() };
    let rated = rate(&undecided, &affected("Debian:12", Some("not yet assigned")), &[]);
    assert_eq!((rated.severity, rated.word), (Severity::Critical, None));
    let ubuntu = Advisory { severity: vec![score("Ubuntu", "medium")], ..undecided.clone() };
    assert_eq!(rate(&ubuntu, &affected("Ubuntu:22.04:LTS", None), &[]).severity, Severity::Medium);
    // What a record does not have, those of the same vulnerability may.
    let rated = rate(&Advisory::default(), &affected("Debian:12", None), &[undecided]);
    assert_eq!(rated.cvss.map(|cvss| cvss.score), Some(9.8));
    assert_eq!(rate(&Advisory::default(), &affected("npm", None), &[]), Rated::default());
}

#[test]
fn newer_versions_of_the_score_go_first() {
    let both = Advisory {
        severity: vec![
            score("CVSS_V3", "CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N"),
            score("CVSS_V2", "AV:N/AC:L/Au:N/C:C/I:C/A:C"),
            score("CVSS_V4", "CVSS:9/nonsense"),
        ],
        ..Advisory::default()
    };
    let rated = rate(&both, &Affected { ecosystem: "npm".into(), ..Affected::default() }, &[]);
    assert_eq!((rated.severity, rated.cvss.map(|cvss| cvss.score)), (Severity::Low, Some(3.1)));
}

/// What another implementation makes of made-up vectors of each version.
#[test]
fn scores_are_those_of_another_implementation() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../cases/scan/cvss/scores.tsv");
    let bytes = std::fs::read(path).unwrap();
    let lines = std::str::from_utf8(&bytes).unwrap().lines();
    let mut read = 0;
    for line in lines {
        let (vector, score) = line.split_once('\t').unwrap();
        let ours: Cvss = vector.parse().expect(vector);
        assert_eq!(ours.score, score.parse::<f64>().unwrap(), "{vector}");
        read += 1;
    }
    assert_eq!(read, 800);
}
