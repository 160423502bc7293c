use std::fmt::{self, Write as _};
use std::io;

use ringwall_network::Traffic;

use crate::graph::{Graph, Party};
use crate::text::printable;

/// Columns of the table, in their order.
pub const HEADER: &str =
    "from_namespace,from_kind,from_name,to_namespace,to_kind,to_name,verdict,protocol,first_port,last_port";

/// Writes every linked pair of a graph as CSV (RFC 4180), a line for each range of ports.
///
/// Classes are written out pair by pair, a line at a time, so that a large cluster needs no memory for it.
///
/// # Errors
/// What `out` says.
pub fn csv(graph: &Graph, out: &mut dyn io::Write) -> io::Result<()> {
    write!(out, "{HEADER}\r\n")?;
    for (from, to, link) in graph.pairs() {
        let (Some(from), Some(to)) = (graph.parties.get(from), graph.parties.get(to)) else { continue };
        for (verdict, traffic) in [("allowed", &link.allowed), ("possible", &link.possible)] {
            rows(out, from, to, verdict, traffic)?;
        }
    }
    Ok(())
}

fn rows(
    out: &mut dyn io::Write,
    from: &Party,
    to: &Party,
    verdict: &str,
    traffic: &Traffic,
) -> io::Result<()> {
    let ends = format!(
        "{},{},{},{},{},{}",
        Field(&from.namespace),
        Field(&from.kind),
        Field(&from.name),
        Field(&to.namespace),
        Field(&to.kind),
        Field(&to.name)
    );
    if traffic.is_all() {
        return write!(out, "{ends},{verdict},all,,\r\n");
    }
    for span in traffic.spans() {
        let protocol = span.protocol.map_or("other", |protocol| protocol.name());
        if (span.first, span.last) == (0, u16::MAX) {
            write!(out, "{ends},{verdict},{protocol},,\r\n")?;
        } else {
            write!(out, "{ends},{verdict},{protocol},{},{}\r\n", span.first, span.last)?;
        }
    }
    Ok(())
}

/// A text as a field. What a spreadsheet would take for a formula gets an apostrophe before it (OWASP, *CSV Injection*).
struct Field<'t>(&'t str);

impl fmt::Display for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = printable(self.0);
        let formula = text.starts_with(['=', '+', '-', '@']);
        if !formula && !text.contains([',', '"', '\'', ';']) {
            return f.write_str(&text);
        }
        f.write_char('"')?;
        if formula {
            f.write_char('\'')?;
        }
        f.write_str(&text.replace('"', "\"\""))?;
        f.write_char('"')
    }
}
