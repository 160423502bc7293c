use crate::read::{Kind, packages};

const INSTALLED: &str = "\
C:Q1abc=
P:libcrypto3
V:3.1.4-r6
A:x86_64
L:Apache-2.0
o:openssl
m:Ariadne <a@example.org>
F:lib
R:libcrypto.so.3
a:0:0:755
F:etc
F:etc/ssl1.1
M:0:0:755

P:musl
V:1.2.4-r2
A:x86_64

V:1
";

#[test]
fn paragraphs_are_packages() {
    let found = packages(Kind::ApkInstalled, "lib/apk/db/installed", INSTALLED.as_bytes());
    let [first, second] = found.packages.as_slice() else { panic!("{found:?}") };
    assert_eq!((&*first.name, &*first.version), ("libcrypto3", "3.1.4-r6"));
    assert_eq!(first.source.as_ref().unwrap().name, "openssl");
    assert_eq!(first.licenses, ["Apache-2.0"]);
    assert_eq!(second.source.as_ref().unwrap().name, "musl");
    assert_eq!(found.owned[0].paths, ["lib/libcrypto.so.3"]);
    assert_eq!(found.problems[0].to_string(), "lib/apk/db/installed:19: a paragraph without `P` or `V`");
}
