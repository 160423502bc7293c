use super::*;

fn check(bytes: &[u8]) -> Result<BackupSummary, StoreError> {
    check_backup(bytes, Path::new("a.backup"))
}

fn why(bytes: &[u8]) -> (u64, String) {
    match check(bytes).unwrap_err() {
        StoreError::BadBackup { line, why, .. } => (line, why),
        error => panic!("{error}"),
    }
}

fn record(name: &str, body: &[u8]) -> Record {
    Record { place: Place::new("123456789012", "", "iam/role", name), body: body.to_vec(), revision: 3 }
}

fn backup(records: &[Record]) -> Vec<u8> {
    let mut writer = BackupWriter::new(Vec::new(), 7).unwrap();
    for record in records {
        writer.record(record.clone()).unwrap();
    }
    writer.end().unwrap().0
}

/// The backup with one text in place of another, and the checksum put right.
fn altered(from: &str, to: &str) -> Vec<u8> {
    let whole = String::from_utf8(backup(&[record("a", b"1"), record("b", b"2")])).unwrap();
    assert!(whole.contains(from), "{whole}");
    let changed = whole.replacen(from, to, 1);
    let (body, end) = changed.trim_end().rsplit_once('\n').unwrap();
    let body = format!("{body}\n");
    let sha256 = HEXLOWER.encode(aws_lc_rs::digest::digest(&SHA256, body.as_bytes()).as_ref());
    let (head, _) = end.split_once("\"sha256\"").unwrap();
    format!("{body}{head}\"sha256\":\"{sha256}\"}}}}\n").into_bytes()
}

#[test]
fn what_is_written_is_read() {
    let records = [record("a", b""), record("b", &[0, 255, 10]), record("\u{e9}\"\\", &vec![7; MAX_BODY])];
    let bytes = backup(&records);
    let summary = BackupSummary { schema: SCHEMA, generation: 7, records: 3 };
    assert_eq!(check(&bytes).unwrap(), summary);
    let mut reader = BackupReader::new(&*bytes, Path::new("a")).unwrap();
    for record in records {
        assert_eq!(reader.record().unwrap(), Some(record));
    }
    assert_eq!(reader.record().unwrap(), None);
    assert_eq!(check(&backup(&[])).unwrap().records, 0);
    assert_eq!(check(&altered("\"a\"", "\"aa\"")).unwrap().records, 2);
}

#[test]
fn a_backup_that_lost_or_changed_a_byte_is_none() {
    let whole = backup(&[record("a", b"1"), record("b", b"2")]);
    for at in 0..whole.len() {
        assert!(check(&whole[..at]).is_err(), "cut off at {at}");
        for flip in [1, 0x20, 0x80] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            assert!(check(&bytes).is_err(), "byte {at} changed by {flip}");
        }
    }
    assert_eq!(why(&[&*whole, b"\n"].concat()), (5, "something comes after its end".to_owned()));
    assert_eq!(why(&[&*whole, &*whole].concat()).0, 5);
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    let cases = [
        ("\"version\":1", "\"version\":2", 1, "its format is 2, and this version reads format 1"),
        ("\"schema\":2", "\"schema\":99", 1, "its schema is 99, and this version knows schemas up to 2"),
        ("\"generation\":7", "\"generation\":-1", 1, "its generation is none"),
        ("\"generation\":7", "\"generation\":2", 2, "a record is of no generation of this backup"),
        ("\"revision\":3", "\"revision\":0", 2, "a record is of no generation of this backup"),
        ("\"name\":\"a\"", "\"name\":\"b\"", 3, "a record stands out of order"),
        ("\"name\":\"a\"", "\"name\":\"\"", 2, "a name is 1 to 2,048 bytes without control characters"),
        ("\"body\":\"MQ==\"", "\"body\":\"M\"", 2, "a body is not base64"),
        ("\"records\":2", "\"records\":3", 4, "it has not the number of records that it says"),
        ("\"name\":\"a\"", "\"name\":\"a\",\"more\":1", 2, "this line can't be read"),
        ("{\"record\"", "{\"Record\"", 2, "this line can't be read"),
    ];
    for (from, to, line, expected) in cases {
        assert_eq!(why(&altered(from, to)), (line, expected.to_owned()), "{to}");
    }
}

#[test]
fn what_is_too_large_is_refused() {
    let large = backup(&[record("a", &vec![0; MAX_BODY + 1])]);
    assert_eq!(why(&large), (2, "a body is larger than one may be".to_owned()));
    let endless = vec![b'x'; usize::try_from(MAX_LINE).unwrap() * 2];
    assert_eq!(why(&endless), (1, "this line is cut off, or too long".to_owned()));
}
