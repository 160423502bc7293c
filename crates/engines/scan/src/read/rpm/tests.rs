use super::super::Problems;
use crate::package::SourcePackage;
use crate::read::{Found, Kind, packages};

/// Two packages that `rpmbuild` 4.18 made and `rpm` put into its database, of which the rows were copied into one of small pages,
/// so that the larger header needs 44 of them.
const SQLITE: &[u8] = include_bytes!("data/rpmdb.sqlite");

/// The same headers, put into a hash file by `db5.3_load`.
const BDB: &[u8] = include_bytes!("data/Packages");

/// The same headers as rpm's own database has them: a page of slots, then the blobs.
fn ndb() -> Vec<u8> {
    let mut blobs: Vec<Vec<u8>> = Vec::new();
    super::sqlite::blobs(SQLITE, &mut Problems::new("p"), &mut |_, blob, _| blobs.push(blob.to_vec()));
    let mut bytes = vec![0_u8; 4096];
    bytes[..4].copy_from_slice(b"RpmP");
    bytes[12..16].copy_from_slice(&1_u32.to_le_bytes());
    for (index, blob) in blobs.iter().enumerate() {
        let number = u32::try_from(index + 1).unwrap();
        let block = u32::try_from(bytes.len() / 16).unwrap();
        let slot: Vec<u8> =
            [&b"Slot"[..], &number.to_le_bytes(), &block.to_le_bytes(), &1_u32.to_le_bytes()].concat();
        bytes[32 + index * 16..48 + index * 16].copy_from_slice(&slot);
        let length = u32::try_from(blob.len()).unwrap();
        bytes.extend(
            [&b"BlbS"[..], &number.to_le_bytes(), &1_u32.to_le_bytes(), &length.to_le_bytes()].concat(),
        );
        bytes.extend(blob);
        bytes.resize(bytes.len().next_multiple_of(16), 0);
    }
    bytes
}

fn check(found: &Found) {
    let mut packages = found.packages.clone();
    packages.sort();
    let names: Vec<_> = packages.iter().map(|package| (&*package.name, &*package.version)).collect();
    assert_eq!(names, [("shop-libs", "2:1.2.3~rc1-4.el9"), ("tiny", "7-4.el9")]);
    let source = SourcePackage { name: "shop-libs".to_owned(), version: "2:1.2.3~rc1-4.el9".to_owned() };
    assert_eq!(packages[0].source, Some(source));
    assert_eq!(packages[0].licenses, ["MIT"]);
    let mut owned = found.owned.clone();
    owned.sort();
    assert_eq!(owned[0].paths.len(), 302);
    assert!(owned[0].paths.contains(&"usr/share/shop/deep/a-file-with-a-long-name-300".to_owned()));
    assert_eq!(found.problems, []);
}

#[test]
fn the_same_packages_come_of_each_database() {
    check(&packages(Kind::RpmSqlite, "rpmdb.sqlite", SQLITE));
    check(&packages(Kind::RpmBdb, "Packages", BDB));
    check(&packages(Kind::RpmNdb, "Packages.db", &ndb()));
}

#[test]
fn databases_that_break_off_or_are_damaged_keep_what_is_whole() {
    let ndb = ndb();
    for (kind, bytes) in [(Kind::RpmSqlite, SQLITE), (Kind::RpmBdb, BDB), (Kind::RpmNdb, &ndb)] {
        for length in (0..bytes.len()).step_by(997) {
            let found = packages(kind, "p", &bytes[..length]);
            assert!(!found.problems.is_empty() || found.packages.len() == 2, "{kind:?} {length}");
        }
        for at in (0..bytes.len()).step_by(389) {
            let mut damaged = bytes.to_vec();
            damaged[at] ^= 0xff;
            _ = packages(kind, "p", &damaged);
        }
    }
}

#[test]
fn what_is_no_database_is_told() {
    for kind in [Kind::RpmSqlite, Kind::RpmNdb, Kind::RpmBdb] {
        let found = packages(kind, "p", b"nothing");
        assert_eq!(found.problems.len(), 1, "{kind:?}");
    }
}
