use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use crate::read::{Found, Kind, packages};

fn names(found: &Found) -> Vec<String> {
    found.packages.iter().map(|package| format!("{}@{}", package.name, package.version)).collect()
}

/// An ELF file of 64 bits with one section, and one segment that has the whole file at address 0x1000.
fn elf(name: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0_u8; 64];
    bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
    let data_at = 128_u64;
    let names_at = data_at + data.len() as u64;
    let sections_at = names_at + name.len() as u64 + 2;
    let put =
        |bytes: &mut Vec<u8>, at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    put(&mut bytes, 32, &64_u64.to_le_bytes());
    put(&mut bytes, 40, &sections_at.to_le_bytes());
    put(&mut bytes, 54, &56_u16.to_le_bytes());
    put(&mut bytes, 56, &1_u16.to_le_bytes());
    put(&mut bytes, 58, &64_u16.to_le_bytes());
    put(&mut bytes, 60, &2_u16.to_le_bytes());
    put(&mut bytes, 62, &1_u16.to_le_bytes());
    let mut segment = vec![0_u8; 64];
    segment[0] = 1;
    put(&mut segment, 16, &0x1000_u64.to_le_bytes());
    put(&mut segment, 32, &(sections_at + 128).to_le_bytes());
    bytes.extend(segment);
    bytes.extend(data);
    bytes.push(0);
    bytes.extend(name.as_bytes());
    bytes.push(0);
    for (name_at, offset, length) in
        [(1_u32, data_at, data.len() as u64), (0, names_at, name.len() as u64 + 2)]
    {
        let mut section = vec![0_u8; 64];
        put(&mut section, 0, &name_at.to_le_bytes());
        section[4] = 1;
        put(&mut section, 24, &offset.to_le_bytes());
        put(&mut section, 32, &length.to_le_bytes());
        bytes.extend(section);
    }
    bytes
}

fn zlib(text: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn crates_of_an_auditable_program() {
    let list = br#"{"packages": [{"name": "app", "version": "0.1.0", "root": true}, {"name": "serde", "version": "1.0.1", "source": "crates.io"},
        {"name": "cc", "version": "1.0.0", "kind": "build"}]}"#;
    let found = packages(Kind::Binary, "usr/bin/app", &elf(".dep-v0", &zlib(list)));
    assert_eq!(names(&found), ["app@0.1.0", "serde@1.0.1"]);
    assert_eq!(found.problems, []);
}

#[test]
fn a_list_of_crates_that_is_a_bomb_is_told() {
    let found = packages(Kind::Binary, "b", &elf(".dep-v0", &zlib(&vec![b' '; (8 << 20) + 1])));
    assert!(found.problems[0].message.contains("longer than"), "{found:?}");
}

const MODULES: &str = "path\texample.org/app\nmod\texample.org/app\t(devel)\t\ndep\tgolang.org/x/net\tv0.17.0\th1:x=\ndep\told.example/y\tv1.0.0\n=>\tnew.example/y\tv1.0.1\th1:y=\ndep\tlocal.example/z\tv1.0.0\n=>\t./z\t\nbuild\tvcs.revision=0123456789abcdef\nbuild\tvcs.time=2024-01-02T03:04:05Z\n";
const EXPECTED: [&str; 4] = [
    "example.org/app@0.0.0-20240102030405-0123456789ab",
    "golang.org/x/net@0.17.0",
    "new.example/y@1.0.1",
    "stdlib@1.22.1",
];

fn marked() -> Vec<u8> {
    [&[b'0'; 16][..], MODULES.as_bytes(), &[b'1'; 16]].concat()
}

/// `(low bits first)` length, as Go's `binary.PutUvarint`.
fn counted(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut left = text.len();
    while left >= 0x80 {
        bytes.push((left & 0x7f) as u8 | 0x80);
        left >>= 7;
    }
    bytes.push(left as u8);
    bytes.extend(text);
    bytes
}

fn inline() -> Vec<u8> {
    let mut info = b"\xff Go buildinf:\x08\x02".to_vec();
    info.resize(32, 0);
    info.extend(counted(b"go1.22.1 X:boringcrypto"));
    info.extend(counted(&marked()));
    info
}

#[test]
fn modules_of_a_go_program() {
    assert_eq!(names(&packages(Kind::Binary, "b", &elf(".go.buildinfo", &inline()))), EXPECTED);
    // Without the section it is looked for; the data begins at 128, a multiple of 16.
    assert_eq!(names(&packages(Kind::Binary, "b", &elf(".data", &inline()))), EXPECTED);
}

#[test]
fn modules_of_an_old_go_program_stand_behind_pointers() {
    let mut info = b"\xff Go buildinf:\x08\x00".to_vec();
    let data_address = 0x1000 + 128_u64;
    let modules = marked();
    let version = b"go1.22.1";
    // Two pointers, two headers of strings, then the strings.
    let (headers, texts) = (data_address + 32, data_address + 64);
    info.extend(headers.to_le_bytes());
    info.extend((headers + 16).to_le_bytes());
    info.extend(texts.to_le_bytes());
    info.extend((version.len() as u64).to_le_bytes());
    info.extend((texts + version.len() as u64).to_le_bytes());
    info.extend((modules.len() as u64).to_le_bytes());
    info.extend(version);
    info.extend(modules);
    assert_eq!(names(&packages(Kind::Binary, "b", &elf(".go.buildinfo", &info))), EXPECTED);
}

#[test]
fn programs_that_say_nothing_and_pieces_of_programs_are_no_problem() {
    let whole = elf(".go.buildinfo", &inline());
    assert_eq!(packages(Kind::Binary, "b", &elf(".text", b"x")), Found::default());
    for length in 0..whole.len() {
        _ = packages(Kind::Binary, "b", &whole[..length]);
    }
}
