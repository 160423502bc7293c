//! SPDX licence expressions, and whether a set of allowed licences satisfies one.
//!
//! The grammar is Annex D of the SPDX specification 2.3 with `AND` binding tighter than `OR`, and cargo's older
//! `MIT/Apache-2.0`, where the slash means `OR`.

/// Whether the licences allowed are enough; an error for what is no expression.
pub(super) fn satisfied(expression: &str, allowed: &[String]) -> Result<bool, String> {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut tokens: Vec<&str> = spaced.split_whitespace().rev().collect();
    let result = any(&mut tokens, allowed);
    match (result, tokens.pop()) {
        (Ok(answer), None) => Ok(answer),
        (Ok(_), Some(token)) => Err(format!("`{token}` is not expected in the licence `{expression}`")),
        (Err(token), _) => Err(format!("{token} is not expected in the licence `{expression}`")),
    }
}

/// `a OR b`. The tokens are read from the back of the list; an error is the token that does not fit.
fn any(tokens: &mut Vec<&str>, allowed: &[String]) -> Result<bool, String> {
    let mut answer = all(tokens, allowed)?;
    while tokens.pop_if(|token| *token == "OR").is_some() {
        answer |= all(tokens, allowed)?;
    }
    Ok(answer)
}

/// `a AND b`
fn all(tokens: &mut Vec<&str>, allowed: &[String]) -> Result<bool, String> {
    let mut answer = one(tokens, allowed)?;
    while tokens.pop_if(|token| *token == "AND").is_some() {
        answer &= one(tokens, allowed)?;
    }
    Ok(answer)
}

/// A licence, a licence `WITH` an exception, or an expression in parentheses.
fn one(tokens: &mut Vec<&str>, allowed: &[String]) -> Result<bool, String> {
    let name = match tokens.pop() {
        Some("(") => {
            let answer = any(tokens, allowed)?;
            return match tokens.pop() {
                Some(")") => Ok(answer),
                other => Err(shown(other)),
            };
        }
        Some(name) if is_name(name) => name,
        other => return Err(shown(other)),
    };
    if tokens.pop_if(|token| *token == "WITH").is_none() {
        return Ok(allowed.iter().any(|allowed| allowed == name));
    }
    match tokens.pop() {
        // An exception is part of what was allowed: the licence alone does not allow it, nor the other way round.
        Some(exception) if is_name(exception) => Ok(allowed.contains(&format!("{name} WITH {exception}"))),
        other => Err(shown(other)),
    }
}

fn is_name(token: &str) -> bool {
    !matches!(token, "(" | ")" | "AND" | "OR" | "WITH")
}

fn shown(token: Option<&str>) -> String {
    token.map_or_else(|| "the end".to_owned(), |token| format!("`{token}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expression: &str) -> Option<bool> {
        let allowed =
            ["MIT", "Apache-2.0", "Unicode-3.0", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned);
        satisfied(expression, &allowed).ok()
    }

    #[test]
    fn one_allowed_alternative_is_enough() {
        assert_eq!(check("MIT"), Some(true));
        assert_eq!(check("MIT OR GPL-3.0-only"), Some(true));
        assert_eq!(check("GPL-3.0-only/MIT"), Some(true));
        assert_eq!(check("GPL-3.0-only"), Some(false));
        assert_eq!(check("GPL-2.0-only OR AGPL-3.0-only"), Some(false));
    }

    #[test]
    fn each_part_of_a_conjunction_is_needed() {
        assert_eq!(check("(MIT OR Apache-2.0) AND Unicode-3.0"), Some(true));
        assert_eq!(check("MIT AND GPL-3.0-only"), Some(false));
        assert_eq!(check("GPL-3.0-only OR MIT AND OpenSSL"), Some(false));
        assert_eq!(check("(GPL-3.0-only OR MIT) AND Apache-2.0"), Some(true));
    }

    #[test]
    fn an_exception_is_allowed_by_name() {
        assert_eq!(check("Apache-2.0 WITH LLVM-exception"), Some(true));
        assert_eq!(check("MIT WITH LLVM-exception"), Some(false));
        assert_eq!(check("GPL-2.0-only WITH Classpath-exception-2.0"), Some(false));
    }

    #[test]
    fn what_is_no_expression_is_not_allowed() {
        for expression in
            ["", "MIT OR", "OR MIT", "(MIT", "MIT)", "MIT MIT", "MIT WITH", "()", "MIT WITH AND"]
        {
            assert_eq!(check(expression), None, "{expression}");
        }
    }
}
