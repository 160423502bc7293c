//! Indicators in STIX 1 as XML, which is the form of STIX that GuardDuty takes.
//!
//! Sources: AWS GuardDuty User Guide, *Customizing threat detection with entity lists and IP address lists*, "List formats"; OASIS,
//! *STIX Version 1.2.1* and *CybOX Version 2.1.1*, "Address Object". GuardDuty's own example has many addresses in one element, parted by
//! `##comma##`, as CybOX writes lists.

use quick_xml::events::Event;
use quick_xml::{Reader, XmlVersion};

use super::read::{NotTaken, Taken};

/// What parts the values of one element. Source: *CybOX Version 2.1.1*, "delimiter".
const COMMA: &str = "##comma##";
/// Deepest nesting that is followed; documents of STIX have some twenty.
const MAX_DEPTH: usize = 256;

/// Takes the addresses of all objects whose category is one of addresses of the Internet, or that have none.
pub(super) fn read(text: &str, taken: &mut Taken) {
    let mut reader = Reader::from_str(text);
    // Of each open element, whether it is an address's value, and of those around whether it is another kind of address.
    let mut open: Vec<Kind> = Vec::new();
    let mut title = String::new();
    loop {
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => return taken.refuse(NotTaken::NoStix(error.to_string())),
        };
        match event {
            Event::Start(start) => {
                if open.len() >= MAX_DEPTH {
                    return taken.refuse(NotTaken::NoStix(format!("elements are nested {MAX_DEPTH} deep")));
                }
                let category = start
                    .attributes()
                    .flatten()
                    .find(|attribute| attribute.key.local_name().as_ref() == "category");
                let is_other = category.is_some_and(|category| {
                    !matches!(
                        category.value.as_ref(),
                        "ipv4-addr" | "ipv6-addr" | "ipv4-net" | "ipv6-net" | "cidr"
                    )
                });
                if start.local_name().as_ref() == "Title" {
                    title.clear();
                }
                open.push(match start.local_name().as_ref() {
                    "Address_Value" => Kind::Value,
                    "Title" => Kind::Title,
                    _ if is_other => Kind::Other,
                    _ => Kind::Element,
                });
            }
            Event::End(_) => _ = open.pop(),
            Event::Text(text) => {
                let said = text.xml_content(XmlVersion::Implicit1_0);
                match open.last() {
                    Some(Kind::Title) => title.push_str(&said),
                    Some(Kind::Value) if !open.contains(&Kind::Other) => {
                        for address in said.split(COMMA).map(str::trim).filter(|address| !address.is_empty())
                        {
                            taken.add(address, &title, 0);
                        }
                    }
                    _ => {}
                }
            }
            Event::Eof if open.is_empty() => return,
            Event::Eof => return taken.refuse(NotTaken::NoStix("its end is missing".to_owned())),
            _ => {}
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Value,
    Title,
    /// An object that is no address of the Internet: an e-mail address, a MAC.
    Other,
    Element,
}
