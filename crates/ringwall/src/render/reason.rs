use std::io::{self, Write};

use ringwall_model::{Decision, Proof, Reason};

use super::style;

/// API group of roles and bindings.
const RBAC: &str = "rbac.authorization.k8s.io";

/// Prints what a decision rests on and what could not be judged, one spot a line.
pub(crate) fn print(out: &mut dyn Write, decision: &Decision, indent: usize, width: usize) -> io::Result<()> {
    print_reasons(out, &decision.reasons, indent, width)?;
    for text in &decision.not_evaluated {
        print_not_evaluated(out, text, indent, width)?;
    }
    Ok(())
}

/// Prints what could have mattered and was not judged.
pub(crate) fn print_not_evaluated(
    out: &mut dyn Write,
    text: &str,
    indent: usize,
    width: usize,
) -> io::Result<()> {
    style::print_wrapped(
        out,
        &style::printable(&format!("not evaluated: {text}")),
        indent,
        width,
        "  ",
        style::WARNING,
    )
}

/// Prints reasons: what each says, and where.
pub(crate) fn print_reasons(
    out: &mut dyn Write,
    reasons: &[Reason],
    indent: usize,
    width: usize,
) -> io::Result<()> {
    let margin = " ".repeat(indent);
    for reason in reasons {
        for line in style::wrap(&style::printable(&sentence(reason)), width.saturating_sub(indent), "  ") {
            writeln!(out, "{margin}{line}")?;
        }
        if !reason.source.is_built_in() {
            writeln!(
                out,
                "{margin}  {}",
                style::paint(style::FAINT, &style::printable(&reason.source.to_string()))
            )?;
        }
    }
    Ok(())
}

/// What says it, and what it says: `Role shop/reader rules[0] allows get on secrets`.
pub(crate) fn sentence(reason: &Reason) -> String {
    let Proof::Object(object) = &reason.proof else { return reason.text.to_string() };
    match reason.rule.filter(|_| object.group() == RBAC) {
        Some(rule) => format!("{object} rules[{rule}] {}", reason.text),
        None => format!("{object} {}", reason.text),
    }
}
