use serde_json::{Map, Value, json};

use super::PROGRAM;

/// Why a list of plugins can't be changed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConflistError {
    /// It is no JSON.
    #[error("it is no JSON: {0}")]
    Syntax(String),
    /// It is no list of plugins.
    #[error("it has no list `plugins`")]
    NoPlugins,
    /// There is nothing to stand behind.
    #[error("its list `plugins` is empty: some plugin has to make the pods' interfaces")]
    Empty,
}

/// Settings of the plugin's entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    /// Where the agent listens.
    pub(crate) socket: &'a str,
    /// Whether pods start without an answer.
    pub(crate) fail_open: bool,
}

impl Entry<'_> {
    fn value(&self) -> Value {
        let mut entry = json!({"type": PROGRAM, "socket": self.socket});
        if self.fail_open
            && let Some(entry) = entry.as_object_mut()
        {
            entry.insert("failOpen".to_owned(), true.into());
        }
        entry
    }
}

/// A list of plugins with this one last, all else as it was; `None` if it is so already.
///
/// # Errors
///
/// It is no list of plugins, or an empty one.
pub fn with_plugin(text: &[u8], socket: &str, fail_open: bool) -> Result<Option<Vec<u8>>, ConflistError> {
    let (mut list, mut plugins) = read(text)?;
    let entry = Entry { socket, fail_open }.value();
    let ours = plugins.iter().filter(|plugin| is_ours(plugin)).count();
    if ours == 1 && plugins.last() == Some(&entry) {
        return Ok(None);
    }
    plugins.retain(|plugin| !is_ours(plugin));
    if plugins.is_empty() {
        return Err(ConflistError::Empty);
    }
    plugins.push(entry);
    write(&mut list, plugins).map(Some)
}

/// A list of plugins without this one, all else as it was; `None` if it has it not.
///
/// # Errors
///
/// It is no list of plugins.
pub fn without_plugin(text: &[u8]) -> Result<Option<Vec<u8>>, ConflistError> {
    let (mut list, mut plugins) = read(text)?;
    let before = plugins.len();
    plugins.retain(|plugin| !is_ours(plugin));
    if plugins.len() == before {
        return Ok(None);
    }
    write(&mut list, plugins).map(Some)
}

fn is_ours(plugin: &Value) -> bool {
    plugin.get("type").and_then(Value::as_str) == Some(PROGRAM)
}

fn read(text: &[u8]) -> Result<(Map<String, Value>, Vec<Value>), ConflistError> {
    let list: Map<String, Value> =
        serde_json::from_slice(text).map_err(|error| ConflistError::Syntax(error.to_string()))?;
    let plugins = list.get("plugins").and_then(Value::as_array).ok_or(ConflistError::NoPlugins)?.clone();
    Ok((list, plugins))
}

fn write(list: &mut Map<String, Value>, plugins: Vec<Value>) -> Result<Vec<u8>, ConflistError> {
    // In the place where it was.
    list.insert("plugins".to_owned(), plugins.into());
    let mut text =
        serde_json::to_vec_pretty(list).map_err(|error| ConflistError::Syntax(error.to_string()))?;
    text.push(b'\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const VPC: &[u8] = br#"{
  "cniVersion": "0.4.0", "name": "aws-cni", "disableCheck": true,
  "plugins": [
    {"name": "aws-cni", "type": "aws-cni", "vethPrefix": "eni", "mtu": "9001", "podSGEnforcingMode": "strict"},
    {"type": "portmap", "capabilities": {"portMappings": true}, "snat": true}
  ]
}"#;

    fn types(text: &[u8]) -> Vec<String> {
        let (_, plugins) = read(text).unwrap();
        plugins.iter().map(|plugin| plugin["type"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn the_plugin_comes_last_and_all_else_stays() {
        let with = with_plugin(VPC, "/run/a.sock", false).unwrap().unwrap();
        assert_eq!(types(&with), ["aws-cni", "portmap", PROGRAM]);
        assert_eq!(with_plugin(&with, "/run/a.sock", false).unwrap(), None, "it is there already");
        let without = without_plugin(&with).unwrap().unwrap();
        let (before, after): (Value, Value) =
            (serde_json::from_slice(VPC).unwrap(), serde_json::from_slice(&without).unwrap());
        assert_eq!(before, after);
        assert_eq!(without_plugin(VPC).unwrap(), None);
    }

    #[test]
    fn other_settings_replace_the_entry() {
        let with = with_plugin(VPC, "/run/a.sock", false).unwrap().unwrap();
        let open = with_plugin(&with, "/run/b.sock", true).unwrap().unwrap();
        assert_eq!(types(&open), ["aws-cni", "portmap", PROGRAM]);
        let (_, plugins) = read(&open).unwrap();
        assert_eq!(plugins[2], json!({"type": PROGRAM, "socket": "/run/b.sock", "failOpen": true}));
    }

    #[test]
    fn what_is_no_list_of_plugins_is_left_alone() {
        assert!(matches!(with_plugin(b"{", "/s", false), Err(ConflistError::Syntax(_))));
        let single = br#"{"cniVersion": "0.4.0", "name": "x", "type": "bridge"}"#;
        assert_eq!(with_plugin(single, "/s", false), Err(ConflistError::NoPlugins));
        assert_eq!(with_plugin(br#"{"plugins": []}"#, "/s", false), Err(ConflistError::Empty));
        let alone = format!(r#"{{"plugins": [{{"type": "{PROGRAM}"}}]}}"#);
        assert_eq!(with_plugin(alone.as_bytes(), "/s", false), Err(ConflistError::Empty));
    }
}
