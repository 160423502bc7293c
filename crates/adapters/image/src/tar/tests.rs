use std::io::Read as _;

use proptest::prelude::*;

use super::*;
use crate::tarball::{Tarball, header, seal};

/// Kind, name, link and content of each entry.
type Listed = Vec<(Kind, String, String, Vec<u8>)>;

fn list(bytes: &[u8]) -> Result<Listed, TarError> {
    let mut tar = Tar::new(bytes);
    let mut listed = Vec::new();
    while let Some(entry) = tar.next()? {
        let mut content = Vec::new();
        if entry.size < 1 << 20 {
            tar.content().read_to_end(&mut content)?;
            assert_eq!(content.len() as u64, entry.size);
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        listed.push((entry.kind, text(&entry.name), text(&entry.link), content));
    }
    Ok(listed)
}

fn file(name: &str, content: &[u8]) -> (Kind, String, String, Vec<u8>) {
    (Kind::File, name.to_owned(), String::new(), content.to_owned())
}

#[test]
fn entries_of_each_kind_are_read() {
    let long = "d/".repeat(80) + "file";
    let bytes = Tarball::default()
        .folder("etc/")
        .file("etc/a", b"content")
        .file(&long, b"x")
        .link("etc/b", &long)
        .hard_link("etc/c", "etc/a")
        .entry(b'3', "dev/null", "", b"")
        .entry(0, "old", "", b"v7")
        .entry(0, "old/", "", b"")
        .entry(b'7', "contiguous", "", b"c")
        .pax(&[("path", "from/pax"), ("mtime", "1.5"), ("size", "")])
        .file("short", b"p")
        .raw(b'g', b"global", b"", b"18 path=everywhere\n")
        .file("last", b"")
        .end();
    let listed = list(&bytes).unwrap();
    let expect = [
        (Kind::Folder, "etc/".to_owned(), String::new(), Vec::new()),
        file("etc/a", b"content"),
        file(&long, b"x"),
        (Kind::SymbolicLink, "etc/b".to_owned(), long.clone(), Vec::new()),
        (Kind::HardLink, "etc/c".to_owned(), "etc/a".to_owned(), Vec::new()),
        (Kind::Other, "dev/null".to_owned(), String::new(), Vec::new()),
        file("old", b"v7"),
        (Kind::Folder, "old/".to_owned(), String::new(), Vec::new()),
        file("contiguous", b"c"),
        file("from/pax", b"p"),
        (Kind::Global, "global".to_owned(), String::new(), Vec::new()),
        file("last", b""),
    ];
    assert_eq!(listed, expect);
    // Passing over is the same as reading.
    let mut tar = Tar::new(bytes.as_slice());
    let mut count = 0;
    while tar.next().unwrap().is_some() {
        count += 1;
    }
    assert_eq!(count, expect.len());
}

#[test]
fn prefixes_and_large_numbers_are_read() {
    let mut block = header(b'0', b"name", b"", 3);
    block[257..265].copy_from_slice(b"ustar\x0000");
    block[345..351].copy_from_slice(b"prefix");
    // Base 256.
    block[124..136].copy_from_slice(&[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3]);
    seal(&mut block);
    let bytes = Tarball(block.to_vec()).data(b"abc").end();
    assert_eq!(list(&bytes).unwrap(), [file("prefix/name", b"abc")]);
    // In GNU's kind times stand there.
    let mut block = header(b'0', b"name", b"", 0);
    block[345..357].copy_from_slice(b"14444444444\0");
    block[357..369].copy_from_slice(b"14444444444\0");
    seal(&mut block);
    assert_eq!(list(&Tarball(block.to_vec()).end()).unwrap(), [file("name", b"")]);
    for (field, value) in [(header::number(b"12 \0"), Some(10)), (header::number(b"\0\0"), Some(0))] {
        assert_eq!(field, value);
    }
    assert_eq!(header::number(b"18"), None);
    assert_eq!(header::number(&[0xff; 12]), None, "negative");
    assert_eq!(header::number(&[0x80, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), None, "too large");
}

#[test]
fn sparse_files_of_each_kind_have_their_holes() {
    let whole = b"\0\0\0\0abc\0\0\0\0\0de\0\0\0";
    let expect = [file("sparse", whole), file("next", b"n")];
    // GNU's old kind: pieces in the header.
    let mut block = header(b'S', b"sparse", b"", 5);
    for (at, number) in [4, 3, 12, 2].into_iter().enumerate() {
        let start = 386 + at * 12;
        block[start..start + 12].copy_from_slice(format!("{number:011o}\0").as_bytes());
    }
    block[483..495].copy_from_slice(format!("{:011o}\0", whole.len()).as_bytes());
    seal(&mut block);
    let old = Tarball(block.to_vec()).data(b"abcde").file("next", b"n").end();
    assert_eq!(list(&old).unwrap(), expect);
    // POSIX, 0.0, 0.1 and 1.0.
    let length = whole.len().to_string();
    let offset = ("GNU.sparse.offset", "4");
    let zero = [
        ("GNU.sparse.size", length.as_str()),
        offset,
        ("GNU.sparse.numbytes", "3"),
        ("GNU.sparse.offset", "12"),
        ("GNU.sparse.numbytes", "2"),
    ];
    let bytes = Tarball::default().pax(&zero).file("sparse", b"abcde").file("next", b"n").end();
    assert_eq!(list(&bytes).unwrap(), expect);
    let one =
        [("GNU.sparse.size", length.as_str()), ("GNU.sparse.map", "4,3,12,2"), ("GNU.sparse.name", "sparse")];
    let bytes = Tarball::default().pax(&one).file("GNUSparseFile.0/x", b"abcde").file("next", b"n").end();
    assert_eq!(list(&bytes).unwrap(), expect);
    let newest = [
        ("GNU.sparse.major", "1"),
        ("GNU.sparse.minor", "0"),
        ("GNU.sparse.name", "sparse"),
        ("GNU.sparse.realsize", length.as_str()),
    ];
    let mut stored = b"2\n4\n3\n12\n2\n".to_vec();
    stored.resize(512, 0);
    stored.extend(b"abcde");
    let bytes = Tarball::default().pax(&newest).file("GNUSparseFile.0/x", &stored).file("next", b"n").end();
    assert_eq!(list(&bytes).unwrap(), expect);
}

#[test]
fn what_is_broken_is_refused() {
    let cut = Tarball::default().file("a", [1; 2000]).0[..1500].to_vec();
    assert!(matches!(list(&cut), Err(TarError::Io(_))), "cut off");
    let mut wrong = Tarball::default().file("a", b"").end();
    wrong[0] = b'b';
    assert!(matches!(list(&wrong), Err(TarError::Checksum)));
    let mut one_zero = vec![0; 512];
    one_zero.extend(Tarball::default().file("hidden", b"").end());
    assert!(matches!(list(&one_zero), Err(TarError::Checksum)), "hidden behind an empty block");
    let mut two_zeros = vec![0; 1024];
    two_zeros.extend(Tarball::default().file("after the end", b"").end());
    assert_eq!(list(&two_zeros).unwrap(), []);
    let huge = Tarball(header(b'L', b"x", b"", 1 << 32).to_vec()).end();
    assert!(matches!(list(&huge), Err(TarError::TooLong)));
    for record in ["5 a\n", "99 a=b\n", "x a=b\n", "6 a=b", "7 =ab\n"] {
        let bytes = Tarball::default().raw(b'x', b"pax", b"", record.as_bytes()).file("a", b"").end();
        assert!(matches!(list(&bytes), Err(TarError::Extension)), "{record:?}");
    }
    let map = |map: &str| {
        let records = [("GNU.sparse.size", "20"), ("GNU.sparse.map", map)];
        list(&Tarball::default().pax(&records).file("a", b"abcde").end())
    };
    for pieces in ["4,3,2,2", "18,3", "0,9", "18446744073709551615,2"] {
        assert!(matches!(map(pieces), Err(TarError::Sparse)), "{pieces}");
    }
    assert!(matches!(map("1"), Err(TarError::Extension)));
    let many = "0,0,".repeat(MAX_PIECES + 1) + "0,0";
    assert!(matches!(map(&many), Err(TarError::Pieces)));
}

proptest! {
    #[test]
    fn any_bytes_end(bytes in proptest::collection::vec(any::<u8>(), 0..4096)) {
        let _ = list(&bytes);
    }

    #[test]
    fn any_change_of_a_tar_file_ends(at in 0_usize..6000, byte in any::<u8>(), seal_it in any::<bool>()) {
        let mut bytes = Tarball::default()
            .pax(&[("GNU.sparse.size", "20"), ("GNU.sparse.map", "4,3,12,2")])
            .file("sparse", b"abcde")
            .file(&"long/".repeat(40), b"content")
            .link("a", "b")
            .end();
        let at = at % bytes.len();
        bytes[at] = byte;
        if seal_it {
            let start = at / 512 * 512;
            if let Ok(block) = <&mut [u8; 512]>::try_from(&mut bytes[start..start + 512]) {
                seal(block);
            }
        }
        let _ = list(&bytes);
    }
}
