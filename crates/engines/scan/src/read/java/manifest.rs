//! `META-INF/MANIFEST.MF`: what its main section says of name and version.

/// The attributes of the main section.
#[derive(Default)]
pub(super) struct Manifest(Vec<(String, String)>);

impl Manifest {
    /// Lines of `Key: value`; one that begins with a space goes on with the value before it. The first empty line ends the section.
    pub(super) fn read(text: &str) -> Self {
        let mut attributes: Vec<(String, String)> = Vec::new();
        for line in text.lines() {
            if line.is_empty() {
                break;
            }
            match (line.strip_prefix(' '), attributes.last_mut(), line.split_once(':')) {
                (Some(more), Some((_, value)), _) => value.push_str(more),
                (None, _, Some((key, value))) => {
                    attributes.push((key.to_ascii_lowercase(), value.trim_start().to_owned()));
                }
                _ => {}
            }
        }
        Self(attributes)
    }

    /// A value; nothing if it is empty or was left as a placeholder.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        let mut found = self.0.iter().filter(|(name, _)| name.eq_ignore_ascii_case(key));
        let value = found.next()?.1.trim();
        (!value.is_empty() && !value.contains("${")).then_some(value)
    }

    /// The first of several that has a value.
    pub(super) fn first(&self, keys: &[&str]) -> Option<&str> {
        keys.iter().find_map(|key| self.get(key))
    }
}
