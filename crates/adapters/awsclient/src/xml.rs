//! The XML of answers, as a small tree.

use std::fmt;

use quick_xml::XmlVersion;
use quick_xml::events::Event;
use quick_xml::reader::Reader;

/// Elements within each other. Source: AWS's deepest answers, of EC2, have about 12.
const MAX_DEPTH: usize = 32;
/// Elements of an answer: a page of a thousand instances, with some hundred elements each, is refused; pages are asked for
/// in smaller sizes.
const MAX_ELEMENTS: usize = 100_000;

/// An element: its name without namespace, its own text, the elements in it. Attributes are left out, since no answer says
/// anything by them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Element {
    /// Its name.
    pub name: String,
    /// The text that stands in it, with what it refers to resolved. Blanks alone count as none if there are elements.
    pub text: String,
    /// The elements in it, in order.
    pub children: Vec<Element>,
}

/// Why a text is not read as XML.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum XmlError {
    /// It is no UTF-8.
    #[error("the answer is not of UTF-8")]
    Encoding,
    /// It is no XML, or not well-formed.
    #[error("the answer is no XML: {0}")]
    Malformed(String),
    /// It has a document type, which can name files and grow without bound.
    #[error("the answer has a document type")]
    DocType,
    /// It refers to an entity that XML itself doesn't have.
    #[error("the answer has an entity that isn't known")]
    Entity,
    /// It has more elements, or deeper ones, than any answer.
    #[error("the answer has too many elements or too deep ones")]
    TooLarge,
}

impl Element {
    /// Reads a document to its one outermost element.
    ///
    /// # Errors
    ///
    /// It is no XML, or beyond what answers are.
    pub fn parse(bytes: &[u8]) -> Result<Self, XmlError> {
        let text = std::str::from_utf8(bytes).map_err(|_| XmlError::Encoding)?;
        let malformed = |error: quick_xml::Error| XmlError::Malformed(cut(&error.to_string()));
        let mut reader = Reader::from_str(text);
        // The outermost of `open` holds the document.
        let mut open = vec![Self::default()];
        let mut elements = 0_usize;
        loop {
            let event = reader.read_event().map_err(malformed)?;
            if matches!(event, Event::Start(_) | Event::Empty(_)) {
                elements += 1;
                if elements > MAX_ELEMENTS || open.len() > MAX_DEPTH {
                    return Err(XmlError::TooLarge);
                }
            }
            let place = open.last_mut().ok_or_else(unbalanced)?;
            match event {
                Event::Start(start) => {
                    open.push(Self { name: start.local_name().as_ref().to_owned(), ..Self::default() });
                }
                Event::Empty(start) => {
                    let name = start.local_name().as_ref().to_owned();
                    place.children.push(Self { name, ..Self::default() });
                }
                Event::End(_) => {
                    let mut done = open.pop().ok_or_else(unbalanced)?;
                    if !done.children.is_empty() && done.text.trim().is_empty() {
                        done.text.clear();
                    }
                    open.last_mut().ok_or_else(unbalanced)?.children.push(done);
                }
                Event::Text(text) => place.text.push_str(&text.xml_content(XmlVersion::Implicit1_0)),
                Event::CData(text) => place.text.push_str(&text.xml_content(XmlVersion::Implicit1_0)),
                Event::GeneralRef(entity) => place.text.push(resolve(&entity)?),
                Event::DocType(_) => return Err(XmlError::DocType),
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
                Event::Eof => break,
            }
        }
        let (Some(mut document), None) = (open.pop(), open.pop()) else { return Err(unbalanced()) };
        match (document.children.pop(), document.children.is_empty()) {
            (Some(root), true) if document.text.trim().is_empty() => Ok(root),
            _ => Err(XmlError::Malformed("it is not one element".to_owned())),
        }
    }

    /// The element that a path of names leads to, the first of each name.
    pub fn find(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |place, name| place.children.iter().find(|child| child.name == *name))
    }

    /// The text of the element that a path leads to.
    pub fn text_at(&self, path: &[&str]) -> Option<&str> {
        self.find(path).map(|element| element.text.as_str())
    }

    /// The elements in the one that a path leads to: the members of a list.
    pub fn members(&self, path: &[&str]) -> &[Self] {
        self.find(path).map_or(&[], |element| &element.children)
    }
}

fn unbalanced() -> XmlError {
    XmlError::Malformed("an element is not closed".to_owned())
}

fn resolve(entity: &quick_xml::events::BytesRef<'_>) -> Result<char, XmlError> {
    if entity.is_char_ref() {
        return entity.resolve_char_ref().ok().flatten().ok_or(XmlError::Entity);
    }
    match &**entity {
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "amp" => Ok('&'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        _ => Err(XmlError::Entity),
    }
}

fn cut(text: &str) -> String {
    text.chars().take(200).collect()
}

impl fmt::Debug for Element {
    /// Names alone: texts hold the secrets of sessions.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_tuple(&self.name);
        for child in &self.children {
            shown.field(child);
        }
        shown.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_becomes_a_tree() {
        let answer = "<?xml version=\"1.0\"?>\n<r:Answer xmlns:r=\"x\">\n  <List a=\"1\"><member>a &amp; b</member>\
                      <member><![CDATA[<c>]]>&#x64;</member><Empty/></List>\n  <Id> 7 </Id></r:Answer>\n";
        let answer = Element::parse(answer.as_bytes()).unwrap();
        assert_eq!(answer.name, "Answer");
        assert_eq!(answer.text, "");
        assert_eq!(answer.text_at(&["List", "member"]), Some("a & b"));
        assert_eq!(answer.text_at(&["Id"]), Some(" 7 "));
        let members: Vec<&str> =
            answer.members(&["List"]).iter().map(|member| member.text.as_str()).collect();
        assert_eq!(members, ["a & b", "<c>d", ""]);
        assert_eq!(answer.find(&["List", "nothing"]), None);
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        let refused = |text: &str| Element::parse(text.as_bytes()).unwrap_err();
        for text in ["", "a", "<a>", "<a></b>", "<a/><b/>", "</a>", "<a/>x", "<a", "<a>&#0;</a>"] {
            refused(text);
        }
        assert_eq!(Element::parse(b"<a>\xff</a>"), Err(XmlError::Encoding));
        assert_eq!(refused("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>"), XmlError::DocType);
        assert_eq!(refused("<a>&b;</a>"), XmlError::Entity);
        assert_eq!(refused(&"<a>".repeat(MAX_DEPTH + 1)), XmlError::TooLarge);
        assert_eq!(refused(&format!("<a>{}</a>", "<b/>".repeat(MAX_ELEMENTS))), XmlError::TooLarge);
        let deepest = format!("{}{}", "<a>".repeat(MAX_DEPTH), "</a>".repeat(MAX_DEPTH));
        assert!(Element::parse(deepest.as_bytes()).is_ok());
    }

    #[test]
    fn texts_are_in_no_message() {
        let answer = Element::parse(b"<a><SecretAccessKey>planted</SecretAccessKey></a>").unwrap();
        assert_eq!(format!("{answer:?}"), "a(SecretAccessKey)");
    }
}
