use proptest::prelude::*;

use super::*;

fn rules() -> Rules<'static> {
    Rules {
        region: "eu-west-1",
        failover_region: Some("eu-west-2"),
        translation: Translation::To('_'),
        mode: 0o644,
    }
}

fn files(text: &str, translation: Translation) -> Vec<String> {
    let objects = read(text, &Rules { translation, ..rules() }).unwrap();
    objects
        .iter()
        .flat_map(|object| {
            std::iter::once((&object.file, object.mode))
                .chain(object.parts.iter().map(|part| (&part.file, part.mode)))
        })
        .map(|(file, mode)| format!("{file} {mode:03o}"))
        .collect()
}

fn refused(text: &str) -> GrammarError {
    match read(text, &rules()) {
        Ok(objects) => panic!("taken: {text}: {objects:?}"),
        Err(error) => error,
    }
}

#[test]
fn an_object_with_everything() {
    let text = r#"
- objectName: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf"
  objectAlias: db.json
  objectVersionLabel: AWSPREVIOUS
  filePermission: "0400"
  jmesPath:
    - {path: username, objectAlias: user}
    - path: '"pass-word"'
      objectAlias: pass
      filePermission: "0440"
  failoverObject:
    objectName: "arn:aws:secretsmanager:eu-west-2:123456789012:secret:db-GhIjKl"
- objectName: /shop/db/host
  objectType: ssmparameter
  objectVersion: 3
- objectname: plain
  OBJECTTYPE: secretsmanager
  jsonKeys: all
"#;
    let objects = read(text, &rules()).unwrap();
    assert_eq!(objects.iter().map(|object| object.line).collect::<Vec<_>>(), [2, 13, 16]);
    let first = &objects[0];
    assert_eq!(first.kind, Kind::Secret);
    assert_eq!(first.failover.label.as_deref(), Some("AWSPREVIOUS"), "a label counts in both regions");
    assert!(first.failover.name.ends_with("GhIjKl"));
    assert_eq!(objects[1].primary.parameter(), "/shop/db/host:3");
    assert_eq!(objects[1].primary, objects[1].failover);
    assert!(objects[2].all_keys && !first.all_keys);
    assert_eq!(
        files(text, Translation::To('_')),
        ["db.json 400", "user 400", "pass 440", "_shop_db_host 644", "plain 644"]
    );
    assert_eq!(files(text, Translation::Off)[3], "shop/db/host 644");
}

#[test]
fn what_is_refused_and_where() {
    let secret = "- objectName: a\n  objectType: secretsmanager\n";
    let cases: &[(&str, u32, &str)] = &[
        ("", 1, "names no object"),
        ("[]", 1, "names no object"),
        ("- ", 1, "an object is a mapping, and this is null"),
        ("objectName: a", 1, "a list is expected, and this is a mapping"),
        ("- a", 1, "an object is a mapping"),
        ("- objectType: secretsmanager", 1, "no objectName"),
        ("- objectName: ''\n  objectType: ssmparameter", 1, "no objectName"),
        ("- objectName: a", 1, "needs an objectType"),
        ("- objectName: a\n  objectType: ssm", 1, "objectType `ssm` is not known"),
        ("- objectName: a\n  objectType: SecretsManager", 1, "is not known"),
        ("- objectName: arn:aws:secretsmanager:eu-west-1", 1, "is not an ARN"),
        ("- objectName: arn:aws:secretsmanager:us-east-1:1:secret:a", 1, "is of the region `us-east-1`"),
        ("- objectName: arn:aws:s3:eu-west-1:1:bucket", 1, "of the service `s3`"),
        (
            "- objectType: ssmparameter\n  objectName: arn:aws:secretsmanager:eu-west-1:1:secret:a",
            2,
            "disagrees with the ARN",
        ),
        (
            "- objectName: arn:aws:secretsmanager:eu-west-1:1:secret:a",
            1,
            "names nothing in the failover region `eu-west-2`",
        ),
        (
            "- objectName: a\n  objectType: ssmparameter\n  objectVersion: 1\n  objectVersionLabel: b",
            1,
            "both objectVersion and objectVersionLabel",
        ),
        ("- objectName: a\n  objectType: ssmparameter\n  filePermission: 0644", 3, "filePermission `420`"),
        ("- objectName: a\n  objectType: ssmparameter\n  filePermission: '0888'", 3, "is no mode"),
        ("- objectName: a\n  objectType: ssmparameter\n  filePermission: '644'", 3, "is no mode"),
        ("- objectName: a\n  objectType: ssmparameter\n  filePermission: '4755'", 3, "can't set"),
        ("- objectName: a\n  objectType: ssmparameter\n  objectVersion: 1.10", 3, "1.10"),
        ("- objectName: a\n  objectType: ssmparameter\n  objectAlias: [b]", 3, "takes a string"),
        ("- objectName: a\n  objectname: b\n", 2, "there twice"),
        ("- objectName: a\n  objectType: ssmparameter\n  jsonKeys: some", 3, "jsonKeys `some`"),
        ("- objectName: a\n  objectType: ssmparameter\n  jmesPath: b", 3, "jmesPath takes a list"),
        ("- objectName: a\n  objectType: ssmparameter\n  jmesPath:\n  - path: b", 4, "no objectAlias"),
        ("- objectName: a\n  objectType: ssmparameter\n  jmesPath:\n  - objectAlias: b", 4, "no path"),
        (
            "- objectName: a\n  objectType: ssmparameter\n  jmesPath:\n  - objectAlias: b\n    path: '[['",
            5,
            "no JMESPath that is served",
        ),
        (
            "- objectName: a\n  objectType: ssmparameter\n  failoverObject: {objectName: b}",
            3,
            "no objectAlias",
        ),
        (
            "- objectName: a\n  objectType: ssmparameter\n  objectAlias: f\n  failoverObject: {objectVersion: b}",
            4,
            "no objectName",
        ),
        (
            "- objectName: a\n  objectType: secretsmanager\n  objectAlias: f\n  failoverObject: {objectName: b, objectVersion: c}",
            4,
            "differ in objectVersion",
        ),
        (
            "- objectName: a\n  objectType: ssmparameter\n  objectAlias: f\n  failoverObject:\n    objectName: arn:aws:secretsmanager:eu-west-2:1:secret:b",
            5,
            "disagrees with the ARN",
        ),
        (&format!("{secret}---\n{secret}"), 4, "a second document"),
        ("- objectName: [", 1, "unclosed bracket"),
        ("- objectName: a\n\tobjectType: b", 1, "found a tab"),
    ];
    for (text, line, message) in cases {
        let error = refused(text);
        assert!(error.message.contains(message), "{text}\n{error}");
        assert_eq!(error.line, *line, "{text}\n{error}");
    }
    let no_failover = Rules { failover_region: None, ..rules() };
    let text =
        "- objectName: a\n  objectType: ssmparameter\n  objectAlias: f\n  failoverObject: {objectName: b}";
    assert!(read(text, &no_failover).unwrap_err().message.contains("no failover region"));
    read("- objectName: arn:aws:secretsmanager:eu-west-1:1:secret:a", &no_failover).unwrap();
}

/// The four cases in which a name may not stand twice, and those in which it may.
#[test]
fn names_may_stand_twice_if_their_files_differ() {
    let pair = |first: &str, second: &str| {
        let object = |rest: &str| format!("- {{objectName: a, objectType: secretsmanager{rest}}}\n");
        format!("{}{}", object(first), object(second))
    };
    for (first, second) in [
        (", objectAlias: x", ", objectAlias: x"),
        (", objectVersionLabel: l", ", objectVersionLabel: l"),
        (", objectAlias: x, objectVersionLabel: l", ", objectAlias: x, objectVersionLabel: l"),
        ("", ""),
        // These the existing provider takes, and one file overwrites the other.
        ("", ", objectVersionLabel: l"),
        (", objectVersionLabel: k", ", objectVersionLabel: l"),
        (", objectAlias: a", ""),
    ] {
        let error = refused(&pair(first, second));
        assert!(error.message.contains("is that of line 1 already"), "{error}");
        assert_eq!(error.line, 2);
    }
    for (first, second) in [
        (", objectAlias: x", ", objectAlias: y"),
        ("", ", objectAlias: y"),
        (", objectVersionLabel: l", ", objectVersionLabel: l, objectAlias: y"),
    ] {
        read(&pair(first, second), &rules()).unwrap();
    }
}

#[test]
fn aliases_are_one_set_with_those_of_parts() {
    let object = |name: &str, alias: &str| {
        format!(
            "- objectName: {name}\n  objectType: ssmparameter\n  jmesPath: [{{path: b, objectAlias: {alias}}}]\n"
        )
    };
    read(&(object("a", "x") + &object("b", "y")), &rules()).unwrap();
    for text in [object("a", "x") + &object("b", "x"), object("a", "x") + &object("x", "y"), object("a", "a")]
    {
        assert!(refused(&text).message.contains("already"), "{text}");
    }
    let below = Rules { translation: Translation::Off, ..rules() };
    let error = read(&(object("a", "x") + &object("a/b", "y")), &below).unwrap_err();
    assert!(error.message.contains("folder"), "{error}");
    let error = read(&(object("a/b/c", "x") + &object("a/b", "y")), &below).unwrap_err();
    assert!(error.message.contains("folder"), "{error}");
}

#[test]
fn no_name_leaves_the_volume() {
    let cases = [
        ("..", InvalidPath::Leaves),
        ("../a", InvalidPath::Leaves),
        ("a/../b", InvalidPath::Leaves),
        ("a/..", InvalidPath::Leaves),
        ("/../a", InvalidPath::Leaves),
        ("..data", InvalidPath::Reserved),
        ("..a/b", InvalidPath::Reserved),
        ("/", InvalidPath::Empty),
        ("a//b", InvalidPath::Unclean),
        ("a/", InvalidPath::Unclean),
        ("./a", InvalidPath::Unclean),
        (".", InvalidPath::Unclean),
        ("a\0b", InvalidPath::Control),
        ("a\nb", InvalidPath::Control),
    ];
    for (name, expected) in cases {
        assert_eq!(FilePath::new(name, Translation::Off).unwrap_err(), expected, "{name:?}");
    }
    let long = "a".repeat(256);
    assert_eq!(FilePath::new(&long, Translation::Off).unwrap_err(), InvalidPath::TooLong);
    assert_eq!(FilePath::new(&"ab/".repeat(1400), Translation::Off).unwrap_err(), InvalidPath::Unclean);
    assert_eq!(
        FilePath::new(&("ab/".repeat(1400) + "c"), Translation::Off).unwrap_err(),
        InvalidPath::TooLong
    );
    assert_eq!(FilePath::new("//a/b", Translation::Off).unwrap().as_str(), "a/b");
    assert_eq!(FilePath::new("/a/../b", Translation::To('_')).unwrap().as_str(), "_a_.._b");
    // The alias of a part is checked as that of an object.
    let text = "- objectName: a\n  objectType: ssmparameter\n  jmesPath: [{path: b, objectAlias: ../../c}]\n";
    let error = read(text, &Rules { translation: Translation::Off, ..rules() }).unwrap_err();
    assert!(error.message.contains("outside the volume"), "{error}");
}

#[test]
fn translation_is_false_or_one_character() {
    for (text, expected) in [
        ("", Some(Translation::To('_'))),
        ("False", Some(Translation::Off)),
        ("FALSE", Some(Translation::Off)),
        ("-", Some(Translation::To('-'))),
        ("/", Some(Translation::To('/'))),
        ("--", None),
        ("é", None),
        ("no", None),
    ] {
        assert_eq!(Translation::parse(text), expected, "{text}");
    }
}

/// What a path may be, said another way: it is walked, folder by folder.
fn naive(path: &str) -> bool {
    let mut depth = 0_i64;
    for part in path.split('/') {
        match part {
            "" | "." => return false,
            ".." => depth -= 1,
            _ => depth += 1,
        }
        if depth <= 0 || part.len() > 255 || part == ".." {
            return false;
        }
    }
    !path.starts_with("..") && path.len() <= 4096 && !path.chars().any(char::is_control)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_path_is_within_the_volume_or_none(name in "[./a\u{1}-]{0,12}", off in any::<bool>()) {
        let translation = if off { Translation::Off } else { Translation::To('_') };
        let expected = if off { name.trim_start_matches('/').to_owned() } else { name.replace('/', "_") };
        match FilePath::new(&name, translation) {
            Ok(path) => {
                prop_assert_eq!(path.as_str(), &expected);
                prop_assert!(naive(&expected), "{}", expected);
                let joined = std::path::Path::new("/volume").join(path.as_str());
                prop_assert!(joined.starts_with("/volume"));
                prop_assert!(!joined.components().any(|part| part == std::path::Component::ParentDir));
            }
            Err(_) => prop_assert!(!naive(&expected), "{}", expected),
        }
    }

    #[test]
    fn files_never_meet(names in proptest::collection::vec("[ab]{1,2}(/[ab]){0,2}", 0..6)) {
        let mut taken = Taken::default();
        let mut held: Vec<String> = Vec::new();
        for name in names {
            let file = FilePath::new(&name, Translation::Off).unwrap();
            let meets = held.iter().any(|other| {
                *other == name || name.starts_with(&format!("{other}/")) || other.starts_with(&format!("{name}/"))
            });
            prop_assert_eq!(taken.take(&file, 1).is_err(), meets);
            if !meets {
                held.push(name);
            }
        }
        prop_assert_eq!(taken.len(), held.len());
    }

    #[test]
    fn any_text_is_answered(text in "(- |  |objectName: |objectType: |ssmparameter|\n|a|jmesPath:|path: |\\[|\\{){0,20}") {
        let _ = read(&text, &rules());
    }
}
