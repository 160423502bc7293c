//! Makes tar files byte by byte, so that broken ones can be made as well.

/// A tar file that grows.
#[derive(Default)]
pub(crate) struct Tarball(pub(crate) Vec<u8>);

impl Tarball {
    pub(crate) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        self.entry(b'0', name, "", content.as_ref())
    }

    pub(crate) fn folder(self, name: &str) -> Self {
        self.entry(b'5', name, "", b"")
    }

    pub(crate) fn link(self, name: &str, target: &str) -> Self {
        self.entry(b'2', name, target, b"")
    }

    pub(crate) fn hard_link(self, name: &str, target: &str) -> Self {
        self.entry(b'1', name, target, b"")
    }

    /// An entry of any kind, with a long name in the way of GNU if it needs one.
    pub(crate) fn entry(mut self, kind: u8, name: &str, link: &str, content: &[u8]) -> Self {
        for (flag, text) in [(b'L', name), (b'K', link)] {
            if text.len() > 100 {
                self = self.raw(flag, b"././@LongLink", b"", format!("{text}\0").as_bytes());
            }
        }
        self.raw(kind, &cut(name), &cut(link), content)
    }

    /// An entry as it is given.
    pub(crate) fn raw(mut self, kind: u8, name: &[u8], link: &[u8], content: &[u8]) -> Self {
        self.0.extend(header(kind, name, link, content.len() as u64));
        self.data(content)
    }

    /// An extended header of POSIX.
    pub(crate) fn pax(self, records: &[(&str, &str)]) -> Self {
        let mut text = String::new();
        for (key, value) in records {
            let rest = format!(" {key}={value}\n");
            let mut length = rest.len() + 1;
            while length != rest.len() + length.to_string().len() {
                length += 1;
            }
            text.push_str(&format!("{length}{rest}"));
        }
        self.raw(b'x', b"pax", b"", text.as_bytes())
    }

    pub(crate) fn data(mut self, content: &[u8]) -> Self {
        self.0.extend(content);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    /// The archive with its end.
    pub(crate) fn end(mut self) -> Vec<u8> {
        self.0.extend([0; 1024]);
        self.0
    }
}

fn cut(text: &str) -> Vec<u8> {
    text.bytes().take(100).collect()
}

/// A header of GNU's kind.
pub(crate) fn header(kind: u8, name: &[u8], link: &[u8], size: u64) -> [u8; 512] {
    let mut block = [0; 512];
    block[..name.len()].copy_from_slice(name);
    block[100..108].copy_from_slice(b"0000644\0");
    block[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    block[156] = kind;
    block[157..157 + link.len()].copy_from_slice(link);
    block[257..265].copy_from_slice(b"ustar  \0");
    seal(&mut block);
    block
}

/// Sets the checksum.
pub(crate) fn seal(block: &mut [u8; 512]) {
    block[148..156].copy_from_slice(b"        ");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}
