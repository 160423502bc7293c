//! Parts of JSON secrets: what JMESPath expressions select, and every key of an object.

use jmespath::ast::Ast;
use ringwall_model::Secret;

use crate::objects::{FilePath, InvalidPath, Translation};

/// How many times its input an expression may grow to, by what it puts together: lists and hashes of several parts,
/// functions, and texts of its own for each element of a list. An expression of a hundred bytes could otherwise double a
/// value a dozen times. Of a value of 64 KiB this makes 16 MiB, which is beyond what a volume may have.
const MAX_GROWTH: u64 = 256;

/// Most operators and brackets of an expression: each may be a level of the parser's and the evaluator's recursion, and 512
/// of them are more than a thread's stack holds.
const MAX_OPERATORS: usize = 64;

/// Why a part of a secret can't be had. Says nothing of the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExtractError {
    /// The value is no JSON.
    #[error("its value is no JSON")]
    NotJson,
    /// JSON, and no object.
    #[error("its value is JSON, but no object with keys")]
    NotObject,
    /// There is nothing at the path.
    #[error("its value has nothing at that path")]
    Nothing,
    /// There is something else than a string.
    #[error("what its value has at that path is no string")]
    NotString,
    /// The expression can't be evaluated.
    #[error("the path can't be evaluated on its value")]
    Failed,
    /// A key makes no file.
    #[error("a file of one of its keys {0}")]
    Key(InvalidPath),
}

/// Whether an expression is one that can be served, else why not.
pub(crate) fn check(expression: &str) -> Result<(), String> {
    let operators = expression.bytes().filter(|byte| b"([{!&|.<>=".contains(byte)).count();
    if operators > MAX_OPERATORS {
        return Err(format!("it has more than {MAX_OPERATORS} operators and brackets"));
    }
    let ast = jmespath::parse(expression).map_err(|error| error.reason.to_string())?;
    if growth(&ast) > MAX_GROWTH {
        return Err(String::from("it puts together too many parts"));
    }
    Ok(())
}

/// An upper bound of how many times its input what an expression makes can have, on the way to its result too.
fn growth(ast: &Ast) -> u64 {
    let sum = |parts: &mut dyn Iterator<Item = u64>| parts.fold(0_u64, u64::saturating_add).max(1);
    match ast {
        // Each element of the left side is the right side's input.
        Ast::Projection { lhs, rhs, .. } | Ast::Subexpr { lhs, rhs, .. } => {
            growth(lhs).saturating_mul(growth(rhs))
        }
        // One of the two is the result, or neither.
        Ast::Comparison { lhs, rhs, .. } | Ast::And { lhs, rhs, .. } | Ast::Or { lhs, rhs, .. } => {
            growth(lhs).max(growth(rhs))
        }
        Ast::Condition { predicate, then, .. } => growth(predicate).max(growth(then)),
        Ast::Expref { ast, .. } => growth(ast),
        Ast::Flatten { node, .. } | Ast::Not { node, .. } | Ast::ObjectValues { node, .. } => growth(node),
        // One argument may be put between, or run on, all elements of another. `to_string` of a list escapes its strings,
        // which doubles them at most.
        Ast::Function { args, .. } => {
            args.iter().fold(u64::try_from(args.len()).unwrap_or(u64::MAX).max(2), |product, argument| {
                product.saturating_mul(growth(argument))
            })
        }
        Ast::MultiList { elements, .. } => sum(&mut elements.iter().map(growth)),
        Ast::MultiHash { elements, .. } => {
            sum(&mut elements.iter().map(|pair| growth(&pair.value).saturating_add(length(pair.key.len()))))
        }
        // It is itself for each element, be that a single byte.
        Ast::Literal { value, .. } => {
            length(value.as_string().map_or_else(|| value.to_string().len(), String::len)).max(1)
        }
        Ast::Identity { .. } | Ast::Field { .. } | Ast::Index { .. } | Ast::Slice { .. } => 1,
    }
}

fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

/// The JSON of a value, to select from.
pub(crate) struct Json(serde_json::Value);

impl Json {
    pub(crate) fn parse(value: &Secret) -> Result<Self, ExtractError> {
        serde_json::from_slice(value.expose()).map(Self).map_err(|_| ExtractError::NotJson)
    }

    /// The string that an expression selects.
    ///
    /// Source: AWS provider, `provider/secret_value.go`: nothing and anything but a string is an error.
    pub(crate) fn select(&self, expression: &str) -> Result<Secret, ExtractError> {
        let expression = jmespath::compile(expression).map_err(|_| ExtractError::Failed)?;
        let result = expression.search(&self.0).map_err(|_| ExtractError::Failed)?;
        match result.as_string() {
            Some(text) => Ok(Secret::from(text.clone())),
            None if result.is_null() => Err(ExtractError::Nothing),
            None => Err(ExtractError::NotString),
        }
    }

    /// A file for each key of an object: a string as it is, anything else as its JSON.
    pub(crate) fn keys(&self, translation: Translation) -> Result<Vec<(FilePath, Secret)>, ExtractError> {
        let object = self.0.as_object().ok_or(ExtractError::NotObject)?;
        object
            .iter()
            .map(|(key, value)| {
                let file = FilePath::new(key, translation).map_err(ExtractError::Key)?;
                let text = match value.as_str() {
                    Some(text) => text.to_owned(),
                    None => value.to_string(),
                };
                Ok((file, Secret::from(text)))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn select(value: &str, expression: &str) -> Result<String, ExtractError> {
        let json = Json::parse(&Secret::from(value.to_owned()))?;
        json.select(expression).map(|found| found.expose_text().unwrap().to_owned())
    }

    #[test]
    fn expressions_select_strings_alone() {
        let value = r#"{"user":"ann","port":5432,"hosts":[{"n":"a"},{"n":"b"}],"my-key":"x","none":null}"#;
        let cases = [
            ("user", Ok("ann")),
            ("hosts[1].n", Ok("b")),
            ("\"my-key\"", Ok("x")),
            ("hosts[?n=='b'] | [0].n", Ok("b")),
            ("join(',', hosts[].n)", Ok("a,b")),
            ("to_string(port)", Ok("5432")),
            ("port", Err(ExtractError::NotString)),
            ("hosts", Err(ExtractError::NotString)),
            ("none", Err(ExtractError::Nothing)),
            ("gone", Err(ExtractError::Nothing)),
            ("length(port)", Err(ExtractError::Failed)),
            ("no_such_function(user)", Err(ExtractError::Failed)),
        ];
        for (expression, expected) in cases {
            assert_eq!(select(value, expression), expected.map(str::to_owned), "{expression}");
        }
        assert_eq!(select("{", "a"), Err(ExtractError::NotJson));
        assert_eq!(select(&"[".repeat(10_000), "a"), Err(ExtractError::NotJson));
    }

    #[test]
    fn hostile_expressions_are_refused_before_they_run() {
        for expression in ["a[", "", "[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|[@,@]|[@,@]"] {
            assert!(check(expression).is_err(), "{expression}");
        }
        let nested = format!("{}@{}", "to_string([".repeat(9), "])".repeat(9));
        assert!(check(&nested).is_err());
        let text = "x".repeat(100);
        assert!(check(&format!("join('', [*].['{text}', '{text}', '{text}'])")).is_err());
        for fine in [
            "{user: user, password: password} | join(':', [user, password])",
            "join('', ['postgres://', user, ':', password, '@', host, ':', to_string(port), '/', name])",
            "hosts[?contains(name, 'db.internal.example.com') && port == `5432`].password | [0]",
        ] {
            check(fine).unwrap();
        }
        // As deep as an expression may be: the recursion fits a thread's stack.
        let json = Json::parse(&Secret::from(String::from(r#"{"a":[{"a":"b"}]}"#))).unwrap();
        for (open, close) in [
            ("(", ")"),
            ("[", "]"),
            ("!", ""),
            ("a[?", "]"),
            ("f(", ")"),
            ("{a:", "}"),
            ("a.", ""),
            ("a||", ""),
            ("&", ""),
            ("a[0].", ""),
        ] {
            for count in [MAX_OPERATORS / 2, MAX_OPERATORS, 10 * MAX_OPERATORS] {
                let deep = format!("{}a{}", open.repeat(count), close.repeat(count));
                if check(&deep).is_ok() {
                    let _ = json.select(&deep);
                }
            }
        }
    }

    #[test]
    fn every_key_is_a_file() {
        let json =
            Json::parse(&Secret::from(String::from(r#"{"b/c":"x","port":5432,"deep":{"k":[1]},"e":""}"#)));
        let json = json.unwrap();
        let shown = |translation| {
            json.keys(translation).map(|keys| {
                keys.iter()
                    .map(|(file, value)| format!("{file}={}", value.expose_text().unwrap()))
                    .collect::<Vec<_>>()
            })
        };
        assert_eq!(shown(Translation::To('_')).unwrap(), ["b_c=x", "port=5432", r#"deep={"k":[1]}"#, "e="]);
        assert_eq!(shown(Translation::Off).unwrap()[0], "b/c=x");
        let keys = |text: &str| Json::parse(&Secret::from(text.to_owned())).unwrap().keys(Translation::Off);
        assert_eq!(keys(r#"{"../x":""}"#).unwrap_err(), ExtractError::Key(InvalidPath::Leaves));
        assert_eq!(keys(r#"{"":""}"#).unwrap_err(), ExtractError::Key(InvalidPath::Empty));
        assert_eq!(keys("[1]").unwrap_err(), ExtractError::NotObject);
    }
}
