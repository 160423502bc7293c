use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::schema::Report;
use super::{
    ActionKind, Count, MAX_RULES, MAX_TEXT, MAX_WILDCARDS, MIN_ARCHIVED_DAYS, Policy, Rule, StorageClass,
    TagSelection,
};
use crate::pattern::Pattern;
use crate::{Invalid, MAX_TAG};

impl Policy {
    /// Reads a policy's text, or says why ECR would not have it. What ECR's clients have seen of its answers is repeated word
    /// by word; where no answer is published, the words are ours.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        Invalid::length("LifecyclePolicyText", text.len(), 0, MAX_TEXT)?;
        let Ok(policy) = serde_json::from_str::<Map<String, Value>>(text) else {
            return Err(failure("Could not map policyString into LifecyclePolicy."));
        };
        if let Some(messages) = Report::of(&policy).text() {
            return Err(failure(&messages));
        }
        let rules = policy.get("rules").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        if rules.len() > MAX_RULES {
            return Err(failure(&format!("A policy can have at most {MAX_RULES} rules.")));
        }
        let mut rules = rules.iter().map(rule).collect::<Result<Vec<_>, _>>()?;
        rules.sort_by_key(|rule| rule.priority);
        together(&rules)?;
        Ok(Self { rules })
    }
}

fn failure(what: &str) -> Invalid {
    Invalid::new("LifecyclePolicyText", format!("Lifecycle policy validation failure: {what}"))
}

/// One rule, whose shape has been checked.
fn rule(rule: &Value) -> Result<Rule, Invalid> {
    let selection = rule.get("selection").unwrap_or(&Value::Null);
    let number = |value: Option<&Value>| value.and_then(Value::as_u64);
    let word = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let (Some(priority), Some(count)) =
        (number(rule.get("rulePriority")), number(selection.get("countNumber")))
    else {
        return Err(failure("Could not map policyString into LifecyclePolicy."));
    };
    let count = match selection.get("countType").and_then(Value::as_str) {
        Some("imageCountMoreThan") => Count::MoreThan(count),
        Some("sinceImagePushed") => Count::SincePushed(count),
        Some("sinceImagePulled") => Count::SincePulled(count),
        _ => Count::SinceTransitioned(count),
    };
    let class = match selection.get("storageClass").and_then(Value::as_str) {
        Some("archive") => StorageClass::Archive,
        _ => StorageClass::Standard,
    };
    let action = match rule.pointer("/action/type").and_then(Value::as_str) {
        Some("transition") => ActionKind::Archive,
        _ => ActionKind::Expire,
    };
    match (count, action) {
        // ECR's answer is known to be a refusal (aws/containers-roadmap, issue 921), not its words.
        (Count::SincePulled(_), ActionKind::Expire) => {
            return Err(failure("countType=sinceImagePulled can only be used with action type=transition."));
        }
        (Count::SinceTransitioned(_), ActionKind::Archive) => {
            return Err(failure("Images in storageClass=archive can't transition to storage class archive."));
        }
        (Count::SinceTransitioned(days), _) if days < MIN_ARCHIVED_DAYS => {
            let what = format!(
                "countNumber must be at least {MIN_ARCHIVED_DAYS} when countType=sinceImageTransitioned."
            );
            return Err(failure(&what));
        }
        _ => {}
    }
    let tags = tags(selection)?;
    Ok(Rule { priority, description: word(rule.get("description")), tags, class, count, action })
}

fn tags(selection: &Value) -> Result<TagSelection, Invalid> {
    let list = |name| {
        let texts = |texts: &Vec<Value>| texts.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        selection.get(name).and_then(Value::as_array).map(texts)
    };
    let (patterns, prefixes): (Option<Vec<String>>, Option<Vec<String>>) =
        (list("tagPatternList"), list("tagPrefixList"));
    let status = selection.get("tagStatus").and_then(Value::as_str);
    if status != Some("tagged") {
        if patterns.is_some() || prefixes.is_some() {
            return Err(failure(
                "tagPrefixList and tagPatternList can only be specified when tagStatus=TAGGED.",
            ));
        }
        return Ok(if status == Some("untagged") { TagSelection::Untagged } else { TagSelection::Any });
    }
    let texts = match (&patterns, &prefixes) {
        (Some(_), Some(_)) => {
            return Err(failure("Can't specify both tagPrefixList and tagPatternList in a rule."));
        }
        (Some(texts), None) | (None, Some(texts)) => texts,
        (None, None) => &Vec::new(),
    };
    if texts.is_empty() {
        return Err(failure("Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED."));
    }
    if texts.iter().any(|text| text.is_empty() || text.len() > MAX_TAG) {
        return Err(failure(&format!("A tag prefix or pattern must have 1 to {MAX_TAG} characters.")));
    }
    Ok(match (patterns, prefixes) {
        (Some(patterns), _) => {
            let patterns: Vec<_> = patterns.into_iter().map(Pattern::new).collect();
            if let Some(pattern) = patterns.iter().find(|pattern| pattern.wildcards() > MAX_WILDCARDS) {
                let what = format!(
                    "Tag pattern '{}' has more than {MAX_WILDCARDS} wildcards (*).",
                    pattern.as_str()
                );
                return Err(failure(&what));
            }
            TagSelection::Patterns(patterns)
        }
        (None, prefixes) => TagSelection::Prefixes(prefixes.unwrap_or_default()),
    })
}

/// What holds between the rules, in the order of their priorities.
fn together(rules: &[Rule]) -> Result<(), Invalid> {
    let mut priorities = BTreeSet::new();
    let mut lists = BTreeSet::new();
    let (mut untagged, mut any) = (BTreeSet::new(), BTreeSet::new());
    for rule in rules {
        if !priorities.insert(rule.priority) {
            return Err(failure("Rule priorities must be unique."));
        }
        if any.contains(&rule.class) {
            return Err(failure("Rule for tagStatus=ANY must have the lowest priority per storage class."));
        }
        let fresh = match &rule.tags {
            TagSelection::Any => any.insert(rule.class),
            TagSelection::Untagged => {
                if !untagged.insert(rule.class) {
                    return Err(failure("Only one rule can select Untagged images per storage class."));
                }
                true
            }
            TagSelection::Patterns(patterns) => {
                let list: BTreeSet<_> = patterns.iter().map(Pattern::as_str).collect();
                lists.insert((rule.class, "pattern", list))
            }
            TagSelection::Prefixes(prefixes) => {
                let list: BTreeSet<_> = prefixes.iter().map(String::as_str).collect();
                lists.insert((rule.class, "prefix", list))
            }
        };
        if !fresh {
            return Err(failure("Rules must have a unique set of tag prefixes or patterns."));
        }
    }
    Ok(())
}
