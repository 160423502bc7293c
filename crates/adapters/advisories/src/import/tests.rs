use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use rawzip::{CompressionMethod, ZipArchiveWriter};
use ringwall_scan::matching::Lookup as _;

use super::{Imported, import};
use crate::error::{DatabaseError, ImportError};
use crate::{Database, Progress};

fn record(id: &str, name: &str) -> String {
    format!(
        r#"{{"id":"{id}","modified":"2026-01-0{}T00:00:00Z","affected":[{{"package":{{"ecosystem":"npm","name":"{name}"}},"ranges":[{{"type":"SEMVER","events":[{{"introduced":"0"}}]}}]}}]}}"#,
        id.len() % 9 + 1
    )
}

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("advisories.db")
    }

    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    fn import(&self, inputs: &[PathBuf]) -> Result<Imported, ImportError> {
        import(inputs, &self.path(), &mut |_| {})
    }

    fn ids(&self, name: &str) -> Vec<String> {
        let found = Database::open(&self.path()).unwrap().of_package("npm", name).unwrap();
        let mut ids: Vec<_> = found.into_iter().map(|record| record.id).collect();
        ids.sort();
        ids
    }
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut archive = ZipArchiveWriter::new(&mut bytes);
    for (name, body) in files {
        let (mut entry, config) =
            archive.new_file(name).compression_method(CompressionMethod::DEFLATE).start().unwrap();
        let mut writer = config.wrap(DeflateEncoder::new(&mut entry, Compression::default()));
        writer.write_all(body).unwrap();
        let (encoder, descriptor) = writer.finish().unwrap();
        encoder.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap();
    bytes
}

fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, body) in files {
        let mut header = [0_u8; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[124..135].copy_from_slice(format!("{:011o}", body.len()).as_bytes());
        header[156] = b'0';
        header[257..262].copy_from_slice(b"ustar");
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..154].copy_from_slice(format!("{sum:06o}").as_bytes());
        header[154] = 0;
        bytes.extend_from_slice(&header);
        bytes.extend_from_slice(body);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn exports_of_every_form_are_read() {
    let place = Place::new();
    let one = record("ONE", "a");
    let inputs = [
        place.file("one.json", &one),
        place.file("lines.ndjson", format!("{}\n{}\n", record("TWO", "a"), record("THREE", "a"))),
        place.file("list.json", format!("[{},\n {}]", record("FOUR", "a"), record("FIVE", "a"))),
        place.file("all.zip", zip(&[("SIX.json", record("SIX", "a").as_bytes()), ("readme.txt", b"no")])),
        place.file("all.tar.gz", gzip(&tar(&[("db/SEVEN.json", record("SEVEN", "a").as_bytes()), ("README.md", b"no")]))),
        place.file("eight.json.gz", gzip(record("EIGHT", "a").as_bytes())),
        place.file("folder/inner/NINE.json", record("NINE", "a")).parent().unwrap().parent().unwrap().to_owned(),
    ];
    place.file("folder/notes.txt", "no export");
    let imported = place.import(&inputs).unwrap();
    assert_eq!((imported.records, imported.not_taken, imported.ecosystems), (9, 0, 1));
    assert_eq!(place.ids("a"), ["EIGHT", "FIVE", "FOUR", "NINE", "ONE", "SEVEN", "SIX", "THREE", "TWO"]);
    let database = Database::open(&place.path()).unwrap();
    assert_eq!(database.by_id("SIX").unwrap().unwrap().affected[0].name, "a");
    assert_eq!(database.by_id("TEN").unwrap(), None);
    assert!(database.has("npm") && !database.has("PyPI"));
    assert_eq!((database.records(), database.as_of()), (9, imported.as_of.as_str()));
}

#[test]
fn the_same_records_make_the_same_bytes() {
    let place = Place::new();
    let files: Vec<PathBuf> = (0..400)
        .map(|number| place.file(&format!("in/{number}.json"), record(&format!("ID-{number}"), &format!("p{}", number % 200))))
        .collect();
    place.import(&files).unwrap();
    let first = std::fs::read(place.path()).unwrap();
    let mut reversed = files.clone();
    reversed.reverse();
    place.import(&reversed).unwrap();
    assert!(first == std::fs::read(place.path()).unwrap());
    place.import(&[place.folder.path().join("in")]).unwrap();
    assert!(first == std::fs::read(place.path()).unwrap());
    // More than a page of each index: all are found.
    for number in 0..200 {
        let expected = [format!("ID-{number}"), format!("ID-{}", number + 200)];
        let mut expected = expected.to_vec();
        expected.sort();
        assert_eq!(place.ids(&format!("p{number}")), expected);
    }
    assert!(place.ids("p200").is_empty());
}

#[test]
fn the_youngest_of_an_id_stays_and_what_was_taken_back_goes() {
    let place = Place::new();
    let dated = |id: &str, modified: &str, name: &str, more: &str| {
        format!(r#"{{"id":"{id}","modified":"{modified}","affected":[{{"package":{{"ecosystem":"npm","name":"{name}"}}}}]{more}}}"#)
    };
    let old = place.file("old.json", dated("A", "2026-01-01T00:00:00Z", "old", ""));
    let new = place.file("new.json", dated("A", "2026-01-02T00:00:00Z", "new", ""));
    let gone = place.file("gone.json", dated("B", "2026-01-02T00:00:00Z", "b", r#","withdrawn":"2026-01-02T00:00:00Z""#));
    for inputs in [[old.clone(), new.clone(), gone.clone()], [gone, new, old]] {
        assert_eq!(place.import(&inputs).unwrap().records, 1);
        assert_eq!((place.ids("old").len(), place.ids("new").len(), place.ids("b").len()), (0, 1, 0));
    }
}

#[test]
fn the_catalogue_is_kept() {
    let place = Place::new();
    let kev = r#"{"dateReleased":"2026-01-01T00:00:00Z","vulnerabilities":[{"cveID":"CVE-2024-1"}]}"#;
    let inputs = [place.file("kev.json", kev), place.file("one.json", record("ONE", "a"))];
    assert_eq!(place.import(&inputs).unwrap().not_taken, 0);
    let database = Database::open(&place.path()).unwrap();
    assert!(database.exploited().unwrap().get("CVE-2024-1").is_some());
}

#[test]
fn what_cannot_be_read_loses_nothing_else() {
    let place = Place::new();
    let broken = format!("{}\n{{\"id\": }}\n{}\n{{\"id\":\"cut", record("ONE", "a"), record("TWO", "a"));
    let mut archive = zip(&[("a.json", record("THREE", "a").as_bytes()), ("b.json", record("FOUR", "a").as_bytes())]);
    let inputs = [
        place.file("broken.ndjson", broken),
        place.file("all.zip", &archive),
        place.file("text.json", "no objects at all"),
        place.folder.path().join("missing.json"),
    ];
    let imported = place.import(&inputs).unwrap();
    assert_eq!((imported.records, imported.not_taken), (4, 4), "{:?}", imported.problems);
    let told: Vec<_> = imported.problems.iter().map(|problem| format!("{}: {}", problem.name, problem.why)).collect();
    assert!(told.iter().any(|told| told.contains("broken.ndjson: object 2")), "{told:?}");
    assert!(told.iter().any(|told| told.contains("cut off")), "{told:?}");
    // A byte of a compressed record is another: its checksum is told, the other record is there.
    let at = archive.windows(6).position(|bytes| bytes == b"a.json").unwrap() + 30;
    archive[at] ^= 0x55;
    let damaged = place.import(&[place.file("damaged.zip", &archive)]).unwrap();
    assert_eq!((damaged.records, damaged.not_taken), (1, 1), "{:?}", damaged.problems);
}

#[test]
fn an_import_without_records_changes_nothing() {
    let place = Place::new();
    place.import(&[place.file("one.json", record("ONE", "a"))]).unwrap();
    let before = std::fs::read(place.path()).unwrap();
    assert!(matches!(place.import(&[place.file("none.json", "{}")]), Err(ImportError::Nothing)));
    assert!(matches!(place.import(&[]), Err(ImportError::Nothing)));
    assert!(before == std::fs::read(place.path()).unwrap());
    let files = std::fs::read_dir(place.folder.path()).unwrap().count();
    assert_eq!(files, 3, "nothing is left behind");
    let nowhere = place.folder.path().join("no/such/folder/advisories.db");
    assert!(matches!(import(&[], &nowhere, &mut |_| {}), Err(ImportError::Write { .. })));
}

/// Each byte of the file, changed: an answer is right or is refused.
#[test]
fn damage_is_found_and_named() {
    let place = Place::new();
    let inputs = [place.file("in.ndjson", format!("{}\n{}", record("ONE", "a"), record("TWO", "b")))];
    place.import(&inputs).unwrap();
    let whole = std::fs::read(place.path()).unwrap();
    let ask = |path: &Path| -> Result<Vec<String>, DatabaseError> {
        let database = Database::open(path)?;
        let mut ids = Vec::new();
        for name in ["a", "b"] {
            ids.extend(database.of_package("npm", name)?.into_iter().map(|record| record.id));
        }
        ids.extend(database.by_id("ONE")?.map(|record| record.id));
        Ok(ids)
    };
    let expected = ask(&place.path()).unwrap();
    assert_eq!(expected, ["ONE", "TWO", "ONE"]);
    let copy = place.folder.path().join("copy.db");
    let mut refused = 0;
    for at in (0..whole.len()).step_by(7) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        std::fs::write(&copy, &bytes).unwrap();
        match ask(&copy) {
            Ok(ids) => assert_eq!(ids, expected, "byte {at}"),
            Err(DatabaseError::Damaged { .. } | DatabaseError::Format { .. }) => refused += 1,
            Err(error) => panic!("byte {at}: {error}"),
        }
    }
    assert!(refused > 100, "{refused}");
    for length in [0, 100, 4096, 5000, whole.len() - 1] {
        std::fs::write(&copy, &whole[..length]).unwrap();
        assert!(ask(&copy).is_err(), "{length}");
    }
    assert!(matches!(Database::open(&place.folder.path().join("none")), Err(DatabaseError::Missing { .. })));
}

#[test]
fn hostile_exports_end() {
    let place = Place::new();
    // What is packed again and again.
    let mut nested = record("ONE", "a").into_bytes();
    for _ in 0..8 {
        nested = gzip(&nested);
    }
    // A tar file that says it is larger than it is, and one whose header is wrong.
    let mut cut = tar(&[("a.json", record("TWO", "a").as_bytes())]);
    cut.truncate(600);
    let mut wrong = tar(&[("a.json", record("THREE", "a").as_bytes())]);
    wrong[0] ^= 1;
    let inputs = [
        place.file("nested.json.gz", nested),
        place.file("cut.tar", cut),
        place.file("wrong.tar", wrong),
        place.file("deep.json", "{\"a\":".repeat(100_000)),
        place.file("brackets.json", "[".repeat(100_000)),
        place.file("zip.zip", b"PK\x03\x04 and nothing"),
        place.file("one.json", record("FINE", "a")),
    ];
    let imported = place.import(&inputs).unwrap();
    assert_eq!((imported.records, imported.not_taken), (1, 6), "{:?}", imported.problems);
}

#[test]
fn progress_is_told_in_bytes_of_the_files() {
    let place = Place::new();
    let inputs = [place.file("a.json", record("ONE", "a")), place.file("b.zip", zip(&[("b.json", record("TWO", "b").as_bytes())]))];
    let total: u64 = inputs.iter().map(|path| path.metadata().unwrap().len()).sum();
    let mut seen: Vec<Progress> = Vec::new();
    import(&inputs, &place.path(), &mut |progress| seen.push(progress)).unwrap();
    assert!(seen.iter().all(|progress| progress.total == total && progress.done <= total));
    assert!(seen.windows(2).all(|two| two[0].done <= two[1].done));
}
