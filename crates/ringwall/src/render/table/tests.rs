use super::{Cell, Table};
use crate::render::style::{FAINT, PLAIN};

fn check(width: usize, expected: &str) {
    let mut table = Table::new(["who", "may"]);
    table.row([
        Cell::new("role/ci"),
        Cell::styled(PLAIN, "write pods and read secrets").then(PLAIN, "a.yaml:3"),
    ]);
    table.row([Cell::new("a-longer-name"), Cell::new("nothing")]);
    let mut out = Vec::new();
    table.print(&mut out, 2, width).unwrap();
    let text = anstream::adapter::strip_str(std::str::from_utf8(&out).unwrap()).to_string();
    assert_eq!(text, expected);
}

#[test]
fn columns_align() {
    check(
        80,
        "  WHO            MAY\n  role/ci        write pods and read secrets\n                 a.yaml:3\n  a-longer-name  nothing\n",
    );
}

#[test]
fn long_cells_wrap_in_their_column() {
    check(
        42,
        "  WHO            MAY\n  role/ci        write pods and read\n                 secrets\n                 a.yaml:3\n  a-longer-name  nothing\n",
    );
}

#[test]
fn narrow_terminals_get_a_block_a_row() {
    check(
        24,
        "  role/ci\n    may: write pods and\n      read secrets\n      a.yaml:3\n  a-longer-name\n    may: nothing\n",
    );
}

#[test]
fn colour_is_only_around_text() {
    let mut table = Table::new(["x"]);
    table.row([Cell::styled(FAINT, "a")]);
    let mut out = Vec::new();
    table.print_bare(&mut out, 0, 40).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), "\u{1b}[2ma\u{1b}[0m\n");
}
