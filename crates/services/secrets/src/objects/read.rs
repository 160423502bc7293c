use std::sync::Arc;

use ringwall_document::Reader;
use ringwall_model::{Level, Tree, Value};

use super::file::Taken;
use super::name::kind_of;
use super::{
    FilePath, GrammarError, Kind, MAX_EXPRESSION, MAX_FILES, MAX_TEXT, Object, Part, Reference, Translation,
};
use crate::extract;

/// What `objects` is read with: the other parameters of its class.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'r> {
    /// The region that is asked.
    pub region: &'r str,
    /// The region that is asked too, if any.
    pub failover_region: Option<&'r str>,
    /// `pathTranslation`.
    pub translation: Translation,
    /// The mode of files that say none; at most 0o777.
    pub mode: u32,
}

/// Reads `objects`. Nothing but its text decides, and all of it is checked before anything is fetched.
pub fn read(text: &str, rules: &Rules<'_>) -> Result<Vec<Object>, GrammarError> {
    let tree = parse(text)?;
    if !matches!(tree.value, Value::Sequence(_)) {
        return Err(GrammarError::new(tree.line, format!("a list is expected, and this is {}", tree.kind()))
            .hint("begin each object with `- objectName:`"));
    }
    if tree.items().is_empty() {
        return Err(nothing());
    }
    let mut taken = Taken::default();
    let mut objects = Vec::with_capacity(tree.items().len().min(MAX_FILES));
    for item in tree.items() {
        let object = object(item, rules)?;
        take(&mut taken, &object.file, object.line)?;
        for part in &object.parts {
            take(&mut taken, &part.file, part.line)?;
        }
        objects.push(object);
    }
    Ok(objects)
}

fn nothing() -> GrammarError {
    GrammarError::new(1, "it names no object").hint("list at least one `- objectName:`")
}

fn parse(text: &str) -> Result<Tree, GrammarError> {
    if text.len() > MAX_TEXT {
        return Err(GrammarError::new(1, format!("it has more than {} KiB", MAX_TEXT / 1024))
            .hint("spread the objects over several SecretProviderClasses"));
    }
    let mut first = None;
    let mut more = None;
    let problems = Reader::default().read(&Arc::from("objects"), text.as_bytes(), &mut |document| {
        if first.is_none() {
            first = Some(document.tree);
        } else if more.is_none() {
            more = Some(document.tree.line);
        }
    });
    if let Some(problem) = problems.into_iter().find(|problem| problem.level == Level::Error) {
        let error = GrammarError::new(problem.source.line, problem.message);
        return Err(match problem.hint {
            Some(hint) => error.hint(hint),
            None => error,
        });
    }
    if let Some(line) = more {
        return Err(GrammarError::new(line, "a second document begins").hint("write one list, without `---`"));
    }
    first.ok_or_else(nothing)
}

fn object(item: &Tree, rules: &Rules<'_>) -> Result<Object, GrammarError> {
    let fields = Fields::of(item, "an object", OBJECT_KEYS)?;
    let line = item.line;
    let name = fields.text("objectName")?.ok_or_else(|| {
        GrammarError::new(line, "the object has no objectName").hint("write `objectName: …`")
    })?;
    let object_type = fields.text("objectType")?;
    let kind = kind_of(&name, object_type.as_deref(), rules.region, fields.line("objectName"))?;
    let primary =
        Reference { name, version: fields.text("objectVersion")?, label: fields.text("objectVersionLabel")? };
    check_selector(kind, &primary, line)?;
    let alias = fields.text("objectAlias")?;
    let file = file(
        if alias.is_some() { "objectAlias" } else { "objectName" },
        alias.as_deref().unwrap_or(&primary.name),
        rules.translation,
        fields.line(if alias.is_some() { "objectAlias" } else { "objectName" }),
    )?;
    let mode = fields.mode("filePermission")?.unwrap_or(rules.mode);
    let parts = match fields.get("jmesPath") {
        None => Vec::new(),
        Some(list) => parts(list, mode, rules.translation)?,
    };
    let failover = match fields.get("failoverObject") {
        Some(entry) => failover(entry, kind, object_type.as_deref(), &primary, alias.is_some(), rules)?,
        None => {
            if let (true, Some(region)) = (primary.name.starts_with("arn:"), rules.failover_region) {
                return Err(GrammarError::new(
                    line,
                    format!("the ARN `{}` names nothing in the failover region `{region}`", primary.name),
                )
                .hint("give the object a failoverObject with the ARN of that region, or a name instead of an ARN"));
            }
            primary.clone()
        }
    };
    let all_keys = match fields.text("jsonKeys")?.as_deref() {
        None => false,
        Some("all") => true,
        Some(other) => {
            return Err(GrammarError::new(
                fields.line("jsonKeys"),
                format!("jsonKeys `{other}` is not known"),
            )
            .hint("write `jsonKeys: all`, or list single keys under jmesPath"));
        }
    };
    Ok(Object { line, kind, primary, failover, file, mode, parts, all_keys })
}

/// Source: AWS, *Systems Manager API Reference*, GetParameters: a name takes one selector.
fn check_selector(kind: Kind, reference: &Reference, line: u32) -> Result<(), GrammarError> {
    if kind == Kind::Parameter && reference.version.is_some() && reference.label.is_some() {
        return Err(GrammarError::new(
            line,
            format!("the parameter `{}` has both objectVersion and objectVersionLabel", reference.name),
        )
        .hint("keep one of the two"));
    }
    Ok(())
}

fn failover(
    entry: &Tree,
    kind: Kind,
    object_type: Option<&str>,
    primary: &Reference,
    has_alias: bool,
    rules: &Rules<'_>,
) -> Result<Reference, GrammarError> {
    let line = entry.line;
    let fields = Fields::of(entry, "a failoverObject", FAILOVER_KEYS)?;
    let Some(name) = fields.text("objectName")? else {
        return Err(GrammarError::new(line, "the failoverObject has no objectName").hint(
            "name the object of the failover region, or leave failoverObject out if the name is the same",
        ));
    };
    if !has_alias {
        return Err(GrammarError::new(
            line,
            format!("`{}` has a failoverObject and no objectAlias", primary.name),
        )
        .hint("write `objectAlias: …`: the file has one name whichever region it comes from"));
    }
    let Some(region) = rules.failover_region else {
        return Err(GrammarError::new(line, "there is a failoverObject and no failover region")
            .hint("set the parameter `failoverRegion`"));
    };
    if kind_of(&name, object_type, region, fields.line("objectName"))? != kind {
        return Err(GrammarError::new(
            line,
            format!("`{name}` is of another service than `{}`", primary.name),
        )
        .hint("an object and its failoverObject are of one service"));
    }
    let version = fields.text("objectVersion")?;
    let label = fields.text("objectVersionLabel")?;
    check_selector(
        kind,
        &Reference { name: name.clone(), version: version.clone(), label: label.clone() },
        line,
    )?;
    if version != primary.version {
        return Err(GrammarError::new(
            line,
            format!("`{}` and its failoverObject differ in objectVersion", primary.name),
        )
        .hint("write the same objectVersion in both"));
    }
    let failover = Reference { name, version, label: label.or_else(|| primary.label.clone()) };
    check_selector(kind, &failover, line)?;
    Ok(failover)
}

fn parts(list: &Tree, mode: u32, translation: Translation) -> Result<Vec<Part>, GrammarError> {
    if !matches!(list.value, Value::Sequence(_)) {
        return Err(GrammarError::new(
            list.line,
            format!("jmesPath takes a list, and this is {}", list.kind()),
        )
        .hint("begin each entry with `- path:`"));
    }
    list.items()
        .iter()
        .map(|item| {
            let fields = Fields::of(item, "an entry of jmesPath", PART_KEYS)?;
            let missing = |what| GrammarError::new(item.line, format!("an entry of jmesPath has no {what}"));
            let path = fields.text("path")?.ok_or_else(|| missing("path").hint("write `path: …`"))?;
            let alias = fields
                .text("objectAlias")?
                .ok_or_else(|| missing("objectAlias").hint("write `objectAlias: …`, the name of its file"))?;
            check_expression(&path, fields.line("path"))?;
            let file = file("objectAlias", &alias, translation, fields.line("objectAlias"))?;
            let mode = fields.mode("filePermission")?.unwrap_or(mode);
            Ok(Part { line: item.line, path, file, mode })
        })
        .collect()
}

fn check_expression(path: &str, line: u32) -> Result<(), GrammarError> {
    if path.len() > MAX_EXPRESSION {
        return Err(GrammarError::new(line, format!("the path has more than {MAX_EXPRESSION} bytes")));
    }
    extract::check(path).map_err(|why| {
        GrammarError::new(line, format!("the path `{path}` is no JMESPath that is served: {why}"))
            .hint("a key with a hyphen is written in double quotes within single ones: '\"my-key\"'")
    })
}

fn file(key: &str, name: &str, translation: Translation, line: u32) -> Result<FilePath, GrammarError> {
    FilePath::new(name, translation).map_err(|why| {
        let shown = name.escape_debug();
        GrammarError::new(line, format!("the file of the {key} `{shown}` {why}"))
            .hint("give it another objectAlias, or leave pathTranslation as it is")
    })
}

const OBJECT_KEYS: &[&str] = &[
    "objectName",
    "objectAlias",
    "objectVersion",
    "objectVersionLabel",
    "objectType",
    "filePermission",
    "jmesPath",
    "failoverObject",
    "jsonKeys",
];
const PART_KEYS: &[&str] = &["path", "objectAlias", "filePermission"];
const FAILOVER_KEYS: &[&str] = &["objectName", "objectVersion", "objectVersionLabel"];

/// A mapping's entries by the keys that mean something.
struct Fields<'t> {
    tree: &'t Tree,
}

impl<'t> Fields<'t> {
    fn of(tree: &'t Tree, what: &str, known: &[&str]) -> Result<Self, GrammarError> {
        if !matches!(tree.value, Value::Mapping(_)) {
            return Err(GrammarError::new(
                tree.line,
                format!("{what} is a mapping, and this is {}", tree.kind()),
            ));
        }
        for (index, entry) in tree.entries().iter().enumerate() {
            if !known.iter().any(|key| key.eq_ignore_ascii_case(&entry.key)) {
                // As the existing provider, which reads into a struct; a misspelt key should be noticed all the same.
                tracing::warn!(
                    target: "ringwall::secrets",
                    line = entry.line,
                    key = %entry.key.escape_debug(),
                    "a key of `objects` that means nothing"
                );
            }
            let twice = |other: &&ringwall_model::Entry| other.key.eq_ignore_ascii_case(&entry.key);
            if tree.entries().iter().take(index).any(|other| twice(&other)) {
                return Err(GrammarError::new(entry.line, format!("the key `{}` is there twice", entry.key))
                    .hint("keys are the same whatever their case"));
            }
        }
        Ok(Self { tree })
    }

    fn entry(&self, key: &str) -> Option<&'t ringwall_model::Entry> {
        self.tree.entries().iter().find(|entry| entry.key.eq_ignore_ascii_case(key))
    }

    fn get(&self, key: &str) -> Option<&'t Tree> {
        self.entry(key).map(|entry| &entry.value).filter(|value| !value.is_null())
    }

    fn line(&self, key: &str) -> u32 {
        self.entry(key).map_or(self.tree.line, |entry| entry.line)
    }

    /// A string. Other scalars become one as `sigs.k8s.io/yaml` makes them for a field that is a string; an empty one is
    /// as good as none.
    fn text(&self, key: &str) -> Result<Option<String>, GrammarError> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let text = match &value.value {
            Value::String(text) => text.to_string(),
            Value::Bool(value) => value.to_string(),
            Value::Number(number) => match number.integer {
                Some(integer) => integer.to_string(),
                None => {
                    return Err(GrammarError::new(
                        value.line,
                        format!(
                            "{key} is the number {}, which may be meant as it is written",
                            number.written
                        ),
                    )
                    .hint("put it in quotes"));
                }
            },
            _ => {
                return Err(GrammarError::new(
                    value.line,
                    format!("{key} takes a string, and this is {}", value.kind()),
                ));
            }
        };
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// Four octal digits. The protocol knows no more than the nine bits of reading, writing and executing.
    fn mode(&self, key: &str) -> Result<Option<u32>, GrammarError> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        let wrong = |why: &str| {
            GrammarError::new(self.line(key), format!("{key} `{}` {why}", text.escape_debug()))
                .hint("write four octal digits in quotes, from \"0000\" to \"0777\"; without quotes YAML makes it a number")
        };
        if text.len() != 4 || !text.bytes().all(|byte| matches!(byte, b'0'..=b'7')) {
            return Err(wrong("is no mode"));
        }
        match u32::from_str_radix(&text, 8) {
            Ok(mode) if mode <= 0o777 => Ok(Some(mode)),
            _ => Err(wrong("has bits that the driver can't set")),
        }
    }
}

/// No two objects may share a file.
///
/// The four rules on names that stand twice (the same alias or none, the same label or none) follow from it, since each
/// of them leads to one file for two objects; so does that aliases are unique.
fn take(taken: &mut Taken, file: &FilePath, line: u32) -> Result<(), GrammarError> {
    if taken.len() >= MAX_FILES {
        return Err(GrammarError::new(line, format!("the volume has more than {MAX_FILES} files"))
            .hint("spread the objects over several SecretProviderClasses"));
    }
    taken.take(file, line).map_err(|(other, first)| {
        let message = if other == file.as_str() {
            format!("the file `{file}` is that of line {first} already")
        } else {
            format!("`{file}` and `{other}` of line {first} can't both be: one would be the other's folder")
        };
        GrammarError::new(line, message).hint("give one of the two an objectAlias of its own")
    })
}
