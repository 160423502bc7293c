//! The shape of a policy's JSON, with the messages of the JSON Schema validator that ECR's answers show
//! (`com.github.fge:json-schema-validator`, its `validation.properties`).

use serde_json::{Map, Value};

/// Messages that are given at most: what is wrong 50 times is wrong in the same way.
const MAX_MESSAGES: usize = 20;

/// What is wrong with the shape of a policy; nothing, if it may be read.
#[derive(Default)]
pub(super) struct Report {
    messages: Vec<String>,
}

impl Report {
    /// Looks at a policy.
    pub(super) fn of(policy: &Map<String, Value>) -> Self {
        let mut report = Self::default();
        report.properties(policy, &["rules"], &["rules"]);
        if let Some(rules) = policy.get("rules").and_then(|rules| report.array(rules)) {
            if rules.is_empty() {
                report.say("array is too short: must have at least 1 elements but instance has 0 elements");
            }
            rules.iter().for_each(|rule| report.rule(rule));
        }
        report
    }

    /// The messages as ECR writes them, a line each.
    pub(super) fn text(&self) -> Option<String> {
        (!self.messages.is_empty())
            .then(|| self.messages.iter().map(|message| format!("{message}\n")).collect())
    }

    fn say(&mut self, message: impl Into<String>) {
        if self.messages.len() < MAX_MESSAGES {
            self.messages.push(message.into());
        }
    }

    fn rule(&mut self, rule: &Value) {
        let Some(rule) = self.object(rule) else { return };
        let required = ["action", "rulePriority", "selection"];
        self.properties(rule, &required, &["action", "description", "rulePriority", "selection"]);
        self.positive(rule.get("rulePriority"));
        self.string(rule.get("description"));
        if let Some(selection) = rule.get("selection") {
            self.selection(selection);
        }
        if let Some(action) = rule.get("action") {
            self.action(action);
        }
    }

    fn selection(&mut self, selection: &Value) {
        let Some(selection) = self.object(selection) else { return };
        let all = [
            "countNumber",
            "countType",
            "countUnit",
            "storageClass",
            "tagPatternList",
            "tagPrefixList",
            "tagStatus",
        ];
        self.properties(selection, &["countNumber", "countType", "tagStatus"], &all);
        self.positive(selection.get("countNumber"));
        self.one_of(selection.get("tagStatus"), &["any", "tagged", "untagged"]);
        for list in ["tagPatternList", "tagPrefixList"] {
            let items = selection.get(list).and_then(|list| self.array(list));
            items.into_iter().flatten().for_each(|item| self.string(Some(item)));
        }
        let (Some(kind), unit, class) =
            (selection.get("countType"), selection.get("countUnit"), selection.get("storageClass"))
        else {
            return;
        };
        let in_days = unit.is_some_and(|unit| unit == "days");
        let is_standard = class.is_none_or(|class| class == "standard");
        let matched = match kind.as_str() {
            Some("imageCountMoreThan") => unit.is_none() && is_standard,
            Some("sinceImagePushed" | "sinceImagePulled") => in_days && is_standard,
            Some("sinceImageTransitioned") => in_days && class.is_some_and(|class| class == "archive"),
            _ => false,
        };
        if !matched {
            self.say("instance failed to match exactly one schema (matched 0 out of 4)");
        }
    }

    fn action(&mut self, action: &Value) {
        let Some(action) = self.object(action) else { return };
        self.properties(action, &["type"], &["targetStorageClass", "type"]);
        let Some(kind) = action.get("type") else { return };
        if !self.one_of(Some(kind), &["expire", "transition"]) {
            return;
        }
        let target = action.get("targetStorageClass");
        let matched = match kind.as_str() {
            Some("expire") => target.is_none(),
            _ => target.is_some_and(|target| target == "archive"),
        };
        if !matched {
            self.say("instance failed to match exactly one schema (matched 0 out of 2)");
        }
    }

    /// The properties that an object must have, and those that it may have, each list in order of the alphabet.
    fn properties(&mut self, object: &Map<String, Value>, required: &[&str], allowed: &[&str]) {
        let missing: Vec<_> = required.iter().filter(|name| !object.contains_key(**name)).collect();
        if !missing.is_empty() {
            self.say(format!("object has missing required properties ({})", json(&missing)));
        }
        let mut others: Vec<_> = object.keys().filter(|name| !allowed.contains(&name.as_str())).collect();
        others.sort();
        if !others.is_empty() {
            let others = json(&others);
            self.say(format!(
                "object instance has properties which are not allowed by the schema: ({others})"
            ));
        }
    }

    fn object<'v>(&mut self, value: &'v Value) -> Option<&'v Map<String, Value>> {
        value.as_object().or_else(|| self.wrong_type(value, "object"))
    }

    fn array<'v>(&mut self, value: &'v Value) -> Option<&'v Vec<Value>> {
        value.as_array().or_else(|| self.wrong_type(value, "array"))
    }

    fn string(&mut self, value: Option<&Value>) {
        if let Some(value) = value.filter(|value| !value.is_string()) {
            self.wrong_type::<()>(value, "string");
        }
    }

    fn positive(&mut self, value: Option<&Value>) {
        let Some(value) = value else { return };
        if !(value.is_i64() || value.is_u64()) {
            self.wrong_type::<()>(value, "integer");
        } else if value.as_u64().is_none_or(|number| number < 1) {
            self.say(format!(
                "numeric instance is lower than the required minimum (minimum: 1, found: {value})"
            ));
        }
    }

    fn one_of(&mut self, value: Option<&Value>, allowed: &[&str]) -> bool {
        let Some(value) = value else { return true };
        let is = value.as_str().is_some_and(|text| allowed.contains(&text));
        if !is {
            let allowed = json(allowed);
            self.say(format!("instance value ({value}) not found in enum (possible values: {allowed})"));
        }
        is
    }

    fn wrong_type<T>(&mut self, value: &Value, allowed: &str) -> Option<T> {
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        self.say(format!(
            "instance type ({kind}) does not match any allowed primitive type (allowed: [\"{allowed}\"])"
        ));
        None
    }
}

/// Names as a JSON list. They are the user's own, so they are quoted as JSON quotes.
fn json<T: AsRef<str>>(names: &[T]) -> String {
    let names: Vec<_> = names.iter().map(|name| Value::from(name.as_ref()).to_string()).collect();
    format!("[{}]", names.join(","))
}
