use crate::read::{Kind, packages};

#[test]
fn each_package_of_a_lock_is_one() {
    let lock = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"0.1.0\"\ndependencies = [\n \"b 1.0.0\",\n]\n\n\
        [[package]]\nname = \"b\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n\n\
        [[package]]\nname = \"c\"\n";
    let found = packages(Kind::CargoLock, "Cargo.lock", lock.as_bytes());
    let names: Vec<_> = found.packages.iter().map(|package| (&*package.name, &*package.version)).collect();
    assert_eq!(names, [("a", "0.1.0"), ("b", "1.0.0")]);
    assert_eq!(found.problems[0].message, "a package without name or version: `c`");
}
