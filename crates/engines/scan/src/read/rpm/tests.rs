use crate::read::{Kind, packages};

#[test]
fn what_is_no_database_is_told() {
    for kind in [Kind::RpmSqlite, Kind::RpmNdb, Kind::RpmBdb] {
        let found = packages(kind, "p", b"nothing");
        assert_eq!(found.problems.len(), 1, "{kind:?}");
    }
}
