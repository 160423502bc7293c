//! An event as the Sigma engine looks at it: a tree is built of a member when a rule asks for something in it, and of the whole
//! event only for a rule without a field.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use rsigma_eval::{Event, EventValue, JsonEvent};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::limits::{MAX_MEMBER, MAX_REMEMBERED};

/// Names that SigmaHQ's Kubernetes rules have for what is deep in the object that was sent: whatever has that name, wherever.
const ANYWHERE: [&str; 2] = ["capabilities", "hostPath"];
/// Where that is looked for.
const SENT: &str = "requestObject";
/// What SigmaHQ calls it by its last part alone.
const SHORT: [(&str, &str); 1] = [("apiGroup", "objectRef.apiGroup")];

/// An event, unread but for the names of its members.
pub(crate) struct LazyEvent<'a> {
    json: &'a str,
    members: Vec<Member<'a>>,
    whole: OnceCell<JsonEvent<'static>>,
    anywhere: [OnceCell<Option<String>>; ANYWHERE.len()],
}

struct Member<'a> {
    name: Cow<'a, str>,
    raw: &'a RawValue,
    /// An object with this member alone, so that paths begin where rules write them to begin.
    tree: OnceCell<JsonEvent<'static>>,
}

impl<'a> LazyEvent<'a> {
    /// `None` if it is no object.
    pub(crate) fn new(json: &'a str) -> Option<Self> {
        let Members(members) = serde_json::from_str(json).ok()?;
        Some(Self { json, members, whole: OnceCell::new(), anywhere: Default::default() })
    }

    /// Of a member that is there twice the last counts, as it does for the apiserver.
    fn member(&self, name: &str) -> Option<&Member<'a>> {
        self.members.iter().rev().find(|member| member.name == name)
    }

    fn whole(&self) -> &JsonEvent<'static> {
        self.whole.get_or_init(|| {
            let whole =
                if self.json.len() > MAX_MEMBER { None } else { serde_json::from_str(self.json).ok() };
            JsonEvent::owned(whole.unwrap_or_default())
        })
    }

    /// The first value of a name anywhere in what was sent, as a text: rules ask whether it is there.
    fn anywhere(&self, at: usize) -> Option<&str> {
        let (cell, name) = (self.anywhere.get(at)?, ANYWHERE.get(at)?);
        let found = cell.get_or_init(|| {
            let sent = self.member(SENT)?;
            // A tree is built only if the name is in the text at all.
            if sent.raw.get().len() > MAX_MEMBER || !sent.raw.get().contains(name) {
                return None;
            }
            let tree: Value = serde_json::from_str(sent.raw.get()).ok()?;
            find(&tree, name).map(Value::to_string)
        });
        found.as_deref()
    }
}

impl Member<'_> {
    fn tree(&self) -> &JsonEvent<'static> {
        self.tree.get_or_init(|| {
            let raw = self.raw.get();
            let value = if raw.len() > MAX_MEMBER { None } else { serde_json::from_str(raw).ok() };
            let object = value.map(|value| Map::from_iter([(self.name.to_string(), value)]));
            JsonEvent::owned(Value::Object(object.unwrap_or_default()))
        })
    }
}

impl fmt::Debug for LazyEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LazyEvent")
    }
}

impl Event for LazyEvent<'_> {
    fn get_field(&self, path: &str) -> Option<EventValue<'_>> {
        let end = path.find(['.', '[']).unwrap_or(path.len());
        let (name, rest) = path.split_at_checked(end)?;
        if let Some(member) = self.member(name) {
            // Rules look for words in what was sent and answered as a whole; an object is no text, but what is written there is.
            let raw = member.raw.get();
            if rest.is_empty() && raw.starts_with('{') {
                return Some(EventValue::Str(Cow::Borrowed(raw)));
            }
            return member.tree().get_field(path);
        }
        if let Some((_, long)) = SHORT.iter().find(|(short, _)| *short == path) {
            return self.get_field(long);
        }
        let at = ANYWHERE.iter().position(|name| *name == path)?;
        self.anywhere(at).map(|text| EventValue::Str(Cow::Borrowed(text)))
    }

    fn any_string_value(&self, pred: &dyn Fn(&str) -> bool) -> bool {
        self.whole().any_string_value(pred)
    }

    fn all_string_values(&self) -> Vec<Cow<'_, str>> {
        self.whole().all_string_values()
    }

    fn visit_string_values(&self, visit: &mut dyn FnMut(&str)) {
        self.whole().visit_string_values(visit);
    }

    /// What correlations keep of an event is its place, see [`Remembered`]; nothing else asks for all of it.
    fn to_json(&self) -> Value {
        Value::Null
    }

    fn visit_top_level_keys(&self, visit: &mut dyn FnMut(&str)) -> bool {
        self.members.iter().for_each(|member| visit(&member.name));
        ANYWHERE.iter().chain(SHORT.iter().map(|(short, _)| short)).for_each(|name| visit(name));
        true
    }
}

/// An event as correlations remember it: its texts cut, its place instead of itself.
pub(crate) struct Remembered<'e, 'a> {
    pub(crate) event: &'e LazyEvent<'a>,
    /// What names the event.
    pub(crate) id: String,
}

impl Event for Remembered<'_, '_> {
    fn get_field(&self, path: &str) -> Option<EventValue<'_>> {
        Some(match self.event.get_field(path)? {
            EventValue::Str(text) if text.len() > MAX_REMEMBERED => EventValue::Str(Cow::Owned(cut(&text))),
            // What groups are made of is a text: of a list, as `sourceIPs` and what is in `extra` are, all of its texts.
            EventValue::Array(items) => {
                let texts: Vec<_> = items.iter().filter_map(EventValue::as_str).collect();
                EventValue::Str(Cow::Owned(cut(&texts.join(","))))
            }
            value => value,
        })
    }

    fn any_string_value(&self, _: &dyn Fn(&str) -> bool) -> bool {
        false
    }

    fn all_string_values(&self) -> Vec<Cow<'_, str>> {
        Vec::new()
    }

    fn to_json(&self) -> Value {
        Value::Object(Map::from_iter([("id".to_owned(), Value::String(self.id.clone()))]))
    }
}

/// Of a long text the beginning and its hash, so that two with the same beginning are still two.
fn cut(text: &str) -> String {
    if text.len() <= MAX_REMEMBERED {
        return text.to_owned();
    }
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let begin = text.get(..text.floor_char_boundary(MAX_REMEMBERED)).unwrap_or_default();
    format!("{begin}…{:016x}", hasher.finish())
}

/// The first value of a name, the outermost first. JSON that was parsed is at most 128 deep.
fn find<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    match value {
        Value::Object(map) => map.get(name).or_else(|| map.values().find_map(|value| find(value, name))),
        Value::Array(items) => items.iter().find_map(|value| find(value, name)),
        _ => None,
    }
}

/// The members of an object, unread.
struct Members<'a>(Vec<Member<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut members = Vec::with_capacity(24);
                while let Some((Name(name), raw)) = map.next_entry()? {
                    members.push(Member { name, raw, tree: OnceCell::new() });
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
