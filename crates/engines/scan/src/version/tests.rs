use std::cmp::Ordering::{self, Equal, Greater, Less};

use proptest::prelude::*;

use super::{Ecosystem, MAX_VERSION, compare};

/// Versions from the oldest to the newest; those that stand in one string are the same.
#[track_caller]
fn ordered(ecosystem: Ecosystem, versions: &[&str]) {
    for (place, group) in versions.iter().enumerate() {
        for (other_place, other) in versions.iter().enumerate() {
            for a in group.split(' ') {
                for b in other.split(' ') {
                    let expected = place.cmp(&other_place);
                    assert_eq!(compare(ecosystem, a, b), Ok(expected), "{a} {b}");
                }
            }
        }
    }
}

#[track_caller]
fn refused(ecosystem: Ecosystem, versions: &[&str]) {
    for version in versions {
        let error = compare(ecosystem, version, "1.0.0").expect_err(version);
        assert!(error.to_string().contains("can't be read as a version of"), "{error}");
        assert_eq!(compare(ecosystem, "1.0.0", version), Err(error));
    }
}

/// What the ecosystems' own programs said, as `testbed/versions/peers.py` wrote it down.
#[test]
fn the_programs_of_the_ecosystems_say_the_same() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../cases/scan/versions");
    let mut files = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let Some(ecosystem) = path.file_stem().and_then(|name| name.to_str()?.parse::<Ecosystem>().ok())
        else {
            continue;
        };
        files += 1;
        let bytes = std::fs::read(&path).unwrap();
        for line in std::str::from_utf8(&bytes).unwrap().lines() {
            let [a, said, b] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
            let ours = match compare(ecosystem, a, b) {
                Ok(Less) => "<",
                Ok(Equal) => "=",
                Ok(Greater) => ">",
                Err(_) => "error",
            };
            assert_eq!(ours, said, "{ecosystem}: {a} {b}");
        }
    }
    assert!(files >= 7, "{files} files");
}

#[test]
fn debian_has_epochs_tildes_and_revisions() {
    ordered(
        Ecosystem::Debian,
        &[
            "1.0~~ 0:1.0~~",
            "1.0~~a",
            "1.0~",
            "1.0 1.0-0 0:1.0 01.00",
            "1.0-1~bpo1",
            "1.0-1",
            "1.0a",
            "1.0+b1",
            "1.2",
            "1.10",
            "1:0.1",
        ],
    );
    refused(Ecosystem::Debian, &["", " ", "1 2", "a:1", ":1", "2147483648:1", "1:", "1-"]);
}

#[test]
fn alpine_has_suffixes_hashes_and_revisions() {
    ordered(
        Ecosystem::Alpine,
        &[
            "1.0_alpha",
            "1.0_alpha1",
            "1.0_beta",
            "1.0_pre2",
            "1.0_rc1_p1",
            "1.0",
            "1.0-r1",
            "1.0~ab",
            "1.0_cvs",
            "1.0_git20240102",
            "1.0_p",
            "1.0_p1",
            "1.0a",
            "1.0b",
            "1.01",
            "1.1",
            "1.1.0",
            "1.10",
        ],
    );
    refused(Ecosystem::Alpine, &["", "a", "1.0.0_foo", "1.0.0-1", "1.0.0-r", "1.0.0~x", "1.0.0.", "1.0.0_"]);
    // What stands before the part that can't be read decides, as apk has it.
    assert_eq!(compare(Ecosystem::Alpine, "1.0", "1.0bc"), Ok(Less));
    assert_eq!(compare(Ecosystem::Alpine, "23_foo", "4_beta"), Ok(Greater));
    let error = compare(Ecosystem::Alpine, "1.0", "1.0_foo").unwrap_err();
    assert!(error.to_string().starts_with("`1.0_foo`"), "{error}");
}

#[test]
fn redhat_has_tildes_carets_and_epochs() {
    ordered(
        Ecosystem::RedHat,
        &[
            "1.0~rc1",
            "1.0 0:1.0",
            "1.0-1.el9 1.0-1_el9",
            "1.0-2",
            "1.0^git1-1",
            "1.0.1-1",
            "1.5-1 1.05-1",
            "1.10-1",
            "1.10a-1",
            "1.10.1-1",
            "1:0.1-1",
        ],
    );
    refused(Ecosystem::RedHat, &["1 2"]);
}

#[test]
fn semver_is_read_as_people_write_it() {
    ordered(
        Ecosystem::SemVer,
        &[
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0 v1 1.0 01.0.0 1.0.0+build.5",
            "1.0.1",
            "1.9.0",
            "1.10.0",
            "99999999999999999999.0.0",
        ],
    );
    refused(Ecosystem::SemVer, &["", "a", "1.a", "1.2.3.4", "1.2.3-", "1.2.3-a..b", "1.2.3-ä", "1.2.3+"]);
}

#[test]
fn npm_and_cargo_take_whole_versions_alone() {
    ordered(Ecosystem::Npm, &["1.0.0-a", "1.0.0 v1.0.0", "9007199254740991.0.0"]);
    refused(
        Ecosystem::Npm,
        &["1.0", "1", "01.0.0", "1.0.0-01", "9007199254740992.0.0", &"1.0.0-".repeat(60)],
    );
    ordered(
        Ecosystem::Cargo,
        &["1.0.0-0", "1.0.0-a", "1.0.0-a.1", "1.0.0 1.0.0+x", "18446744073709551615.0.0"],
    );
    refused(Ecosystem::Cargo, &["1.0", "v1.0.0", "01.0.0", "18446744073709551616.0.0", "1.0.0+"]);
}

#[test]
fn go_has_modules_and_its_own_releases() {
    ordered(
        Ecosystem::Go,
        &[
            "v0.0.0-20240102030405-abcdef012345",
            "v1.0.0-pre",
            "v1 v1.0 1.0.0 v1.0.0+incompatible",
            "go1.17beta1 1.17.0-beta.1",
            "go1.17 1.17.0",
            "go1.21rc2 1.21.0-rc.2",
            "go1.21.3 1.21.3",
        ],
    );
    refused(Ecosystem::Go, &["", "v", "v1-pre", "v01.0.0", "go", "go1.x", "go1.2rc", "devel"]);
}

#[test]
fn python_has_all_stages() {
    ordered(
        Ecosystem::PyPi,
        &[
            "1.0.dev1",
            "1.0a1.dev2",
            "1.0a1 1.0.ALPHA-1 1.0_a_1",
            "1.0a1.post1",
            "1.0b0 1.0beta",
            "1.0rc1 1.0c1 1.0pre1 1.0-preview_1",
            "1.0 1 v1.0.0 0!1.0",
            "1.0+a",
            "1.0+A.1 1.0+a-1",
            "1.0+1",
            "1.0.post0.dev1",
            "1.0.post0 1.0-0 1.0.r",
            "1.0.post1 1.0-1 1.0rev1",
            "1.0.1",
            "1!0.1",
        ],
    );
    refused(Ecosystem::PyPi, &["", "a", "1.0x", "1..0", "1.0+", "1.0+a..b", "1.0-", "2004d", "1.0 .0"]);
}

#[test]
fn maven_reads_anything() {
    ordered(
        Ecosystem::Maven,
        &[
            "1-alpha-1 1-a1 1.0.0-ALPHA-1 1.alpha1",
            "1-beta",
            "1-milestone-2 1m2",
            "1-rc 1-cr",
            "1-SNAPSHOT",
            "1 1.0 1-ga 1.final 1.0.0-release",
            "1-sp",
            "1-foo",
            "1-1 1.0-1",
            "1.0.1",
            "1.1",
            "1.10",
        ],
    );
    let deep = "1-".repeat(MAX_VERSION / 2);
    assert_eq!(compare(Ecosystem::Maven, &deep, &deep), Ok(Equal));
    assert_eq!(compare(Ecosystem::Maven, "?", "??"), Ok(Less));
}

#[test]
fn nuget_has_four_numbers_and_labels_in_any_case() {
    ordered(
        Ecosystem::NuGet,
        &[
            "1.0.0-1",
            "1.0.0-2",
            "1.0.0-10",
            "1.0.0-alpha 1.0-ALPHA",
            "1.0.0-alpha.1",
            "1.0.0-beta",
            "1 1.0 1.0.0.0 01.0 1.0.0+x",
            "1.0.0.1",
            "1.0.1",
            "1.10",
        ],
    );
    // A label that does not fit into 32 bits is a text, and later than any number.
    assert_eq!(compare(Ecosystem::NuGet, "1.0.0-2147483648", "1.0.0-9"), Ok(Greater));
    refused(
        Ecosystem::NuGet,
        &["", "a", "v1.0", "1.0.0.0.0", "2147483648", "1.0-", "1.0-01", "1.0-a..b", "1.0+", "1.-1"],
    );
}

#[test]
fn gems_have_letters_before_numbers() {
    ordered(
        Ecosystem::RubyGems,
        &["1.0.a", "1.0.b2 1.b2", "1.0-1", "1.0.rc1", "1 1.0 1.0.0", "1.0.1", "1.1.a", "1.1", "1.10"],
    );
    refused(Ecosystem::RubyGems, &["a", "1.", "1..0", "1.0_1", "1.0-", "-1"]);
}

#[test]
fn packagist_normalizes_as_composer_does() {
    ordered(
        Ecosystem::Packagist,
        &[
            "dev-master master",
            "1.0-dev",
            "1.0alpha1 v1.0.0.0-a1",
            "1.0-beta.2 1.0b2",
            "1.0-RC1",
            "1.0 1 1.0.0+x 1.0-stable",
            "1.0-patch1 1.0p1 1.0.pl1",
            "1.0.1",
            "1.x-dev",
            "2024.01.02",
        ],
    );
    refused(Ecosystem::Packagist, &["", "a", "1.0foo", "1..0", "1.0-alpha1x"]);
    let error = compare(Ecosystem::Packagist, "dev-a", "dev-b").unwrap_err();
    assert!(error.to_string().ends_with("branches have no order"), "{error}");
}

#[test]
fn a_message_shows_no_more_than_is_needed() {
    let error = compare(Ecosystem::Debian, &"1".repeat(MAX_VERSION + 1), "1").unwrap_err().to_string();
    assert!(error.len() < 300 && error.contains("longer than 4096 bytes"), "{error}");
    let error = compare(Ecosystem::SemVer, "\u{1b}[31m", "1").unwrap_err().to_string();
    assert!(error.contains(r"\u{1b}"), "{error}");
}

/// dpkg's order, a character at a time, as Debian Policy has it in words.
fn debian_naively(a: &str, b: &str) -> Ordering {
    let key = |text: &str| {
        let mut key: Vec<(i32, u128)> = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
            for c in rest[..end].chars() {
                let weight = match c {
                    '~' => -1,
                    c if c.is_ascii_alphabetic() => c as i32,
                    c => c as i32 + 256,
                };
                key.push((weight, 0));
            }
            rest = &rest[end..];
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            // The end of a text is between `~` and letters.
            key.push((0, rest[..end].parse().unwrap_or(0)));
            rest = &rest[end..];
        }
        key.push((0, 0));
        key
    };
    let (mut a, mut b) = (key(a), key(b));
    let length = a.len().max(b.len());
    a.resize(length, (0, 0));
    b.resize(length, (0, 0));
    a.cmp(&b)
}

/// Semantic Versioning as keys that sort by themselves.
fn semver_naively(version: &str) -> (Vec<u64>, bool, Vec<(bool, u64, String)>) {
    let version = version.split('+').next().unwrap();
    let (core, pre) = version.split_once('-').map_or((version, None), |(core, pre)| (core, Some(pre)));
    let numbers = core.split('.').map(|number| number.parse().unwrap()).collect();
    let identifiers =
        pre.into_iter().flat_map(|pre| pre.split('.')).map(|identifier| match identifier.parse() {
            Ok(number) => (false, number, String::new()),
            Err(_) => (true, 0, identifier.to_owned()),
        });
    (numbers, pre.is_none(), identifiers.collect())
}

fn any_version() -> impl Strategy<Value = String> {
    "[0-9a-c.~^_+:v-]{0,12}|[0-9]{1,2}(\\.[0-9]{1,2}){0,3}([-._~]?(alpha|rc|dev|post|p|sp|pre)[0-9]{0,2}){0,2}(-r?[0-9])?"
}

proptest! {
    #[test]
    fn an_order_is_one(a in any_version(), b in any_version(), c in any_version()) {
        for ecosystem in Ecosystem::ALL {
            let ordering = compare(ecosystem, &a, &b);
            prop_assert_eq!(ordering.clone().map(Ordering::reverse).ok(), compare(ecosystem, &b, &a).ok());
            // Maven's order and PHP's have circles by design.
            if matches!(ecosystem, Ecosystem::Maven | Ecosystem::Packagist | Ecosystem::Alpine | Ecosystem::RedHat) {
                continue;
            }
            if let (Ok(ab), Ok(bc), Ok(ac)) = (ordering, compare(ecosystem, &b, &c), compare(ecosystem, &a, &c)) {
                prop_assert!(ab != bc || ab == ac, "{}: {} {} {}", ecosystem, a, b, c);
                prop_assert!(ab != Equal || bc == ac, "{}: {} {} {}", ecosystem, a, b, c);
            }
        }
    }

    #[test]
    fn nothing_panics(a in "\\PC{0,40}", b in "\\PC{0,40}") {
        for ecosystem in Ecosystem::ALL {
            _ = compare(ecosystem, &a, &b);
        }
    }

    #[test]
    fn debian_is_as_read_naively(a in "[0-9a-c.+~]{1,10}", b in "[0-9a-c.+~]{1,10}") {
        prop_assert_eq!(compare(Ecosystem::Debian, &a, &b), Ok(debian_naively(&a, &b)));
    }

    #[test]
    fn semver_is_as_read_naively(
        a in "[0-9]{1,2}\\.[0-9]{1,2}\\.[0-9]{1,2}(-[0-9a-b]{1,2}(\\.[0-9a-b]{1,2}){0,2})?",
        b in "[0-9]{1,2}\\.[0-9]{1,2}\\.[0-9]{1,2}(-[0-9a-b]{1,2}(\\.[0-9a-b]{1,2}){0,2})?",
    ) {
        prop_assert_eq!(compare(Ecosystem::SemVer, &a, &b), Ok(semver_naively(&a).cmp(&semver_naively(&b))));
    }
}
