//! Reading what has no schema that it keeps to: any member may be missing, of another type, or there twice.
//!
//! Events are hostile input: who is watched writes half of them. A patch is recorded as its author sent it, so that a member
//! stands there twice, in the wrong type, or under a name that nobody knows; none of that may hide the rest. So reading fails for
//! what is no JSON alone. Of a member that is there twice the last counts, as it does for the apiserver.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A member of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Field<T> {
    /// It is not there, or `null`.
    #[default]
    Absent,
    /// It is there and of another type.
    Wrong,
    /// It is there.
    Is(T),
}

impl<T> Field<T> {
    /// The value, if there is one.
    pub fn get(&self) -> Option<&T> {
        match self {
            Self::Is(value) => Some(value),
            Self::Absent | Self::Wrong => None,
        }
    }

    /// Whether it is there and of another type.
    pub fn is_wrong(&self) -> bool {
        matches!(self, Self::Wrong)
    }
}

impl<T> Field<Vec<T>> {
    /// The elements; none if there is no list.
    pub fn items(&self) -> &[T] {
        self.get().map_or(&[], Vec::as_slice)
    }
}

impl Field<Text<'_>> {
    /// The text, empty if there is none.
    pub fn text(&self) -> &str {
        self.get().map_or("", |text| text)
    }
}

impl Field<bool> {
    /// Whether it says `true`.
    pub fn is_true(&self) -> bool {
        matches!(self, Self::Is(true))
    }
}

/// A text, borrowed from the input unless something in it is escaped.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text<'a>(Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

/// What a type is read from, so that all others can be told apart from it.
///
/// `None` from one of these is "of another type", and what was offered is read to its end.
pub trait Read<'de>: Sized {
    /// From a text.
    fn text(_: Cow<'de, str>) -> Option<Self> {
        None
    }
    /// From `true` and `false`.
    fn truth(_: bool) -> Option<Self> {
        None
    }
    /// From a whole number.
    fn number(_: i64) -> Option<Self> {
        None
    }
    /// From an object.
    fn object<M: MapAccess<'de>>(map: M) -> Result<Option<Self>, M::Error> {
        IgnoredAny.visit_map(map).map(|_| None)
    }
    /// From a list.
    fn list<S: SeqAccess<'de>>(list: S) -> Result<Option<Self>, S::Error> {
        IgnoredAny.visit_seq(list).map(|_| None)
    }
}

impl<'de> Read<'de> for Text<'de> {
    fn text(text: Cow<'de, str>) -> Option<Self> {
        Some(Self(text))
    }
}

impl<'de> Read<'de> for bool {
    fn truth(value: bool) -> Option<Self> {
        Some(value)
    }
}

impl<'de> Read<'de> for i64 {
    fn number(value: i64) -> Option<Self> {
        Some(value)
    }
}

/// A list, of which elements of another type are left out.
impl<'de, T: Read<'de>> Read<'de> for Vec<T> {
    fn list<S: SeqAccess<'de>>(mut list: S) -> Result<Option<Self>, S::Error> {
        let mut items = Self::new();
        while let Some(item) = list.next_element::<Field<T>>()? {
            if let Field::Is(item) = item {
                items.push(item);
            }
        }
        Ok(Some(items))
    }
}

/// An object of which the members' names are data: labels, annotations. In the order of the input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members<'a, T>(Vec<(Text<'a>, T)>);

impl<T> Members<'_, T> {
    /// The value of a name; of several the last.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.0.iter().rev().find(|(known, _)| &**known == name).map(|(_, value)| value)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }
}

impl<'de, T: Read<'de>> Read<'de> for Members<'de, T> {
    fn object<M: MapAccess<'de>>(mut map: M) -> Result<Option<Self>, M::Error> {
        let mut members = Vec::new();
        while let Some(name) = map.next_key::<Key<'de>>()? {
            if let Field::Is(value) = map.next_value::<Field<T>>()? {
                members.push((Text(name.0), value));
            }
        }
        Ok(Some(Self(members)))
    }
}

/// The name of a member.
pub(crate) struct Key<'de>(pub(crate) Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl<'de> Visitor<'de> for Name {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }
            fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(name)))
            }
            fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_str(Name)
    }
}

impl<'de, T: Read<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any(PhantomData))
    }
}

struct Any<T>(PhantomData<T>);

fn known<T>(value: Option<T>) -> Field<T> {
    value.map_or(Field::Wrong, Field::Is)
}

impl<'de, T: Read<'de>> Visitor<'de> for Any<T> {
    type Value = Field<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: Error>(self) -> Result<Field<T>, E> {
        Ok(Field::Absent)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Field<T>, E> {
        Ok(known(T::truth(value)))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Field<T>, E> {
        Ok(known(T::number(value)))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Field<T>, E> {
        Ok(known(i64::try_from(value).ok().and_then(T::number)))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Field<T>, E> {
        Ok(Field::Wrong)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Field<T>, E> {
        Ok(known(T::text(Cow::Borrowed(text))))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Field<T>, E> {
        Ok(known(T::text(Cow::Owned(text.to_owned()))))
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Field<T>, M::Error> {
        T::object(map).map(known)
    }

    fn visit_seq<S: SeqAccess<'de>>(self, list: S) -> Result<Field<T>, S::Error> {
        T::list(list).map(known)
    }
}
