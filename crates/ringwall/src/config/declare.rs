//! What a declaration of a setting holds, and the macro that turns declarations into a type.

use super::layers::Origin;
use super::standard::Standard;

/// A setting as it is declared.
#[derive(Debug)]
pub(crate) struct Declared {
    /// The heading that it stands under.
    pub(crate) section: &'static str,
    /// Its name in the file, dots between tables.
    pub(crate) key: &'static str,
    /// What its values are, in one word.
    pub(crate) kind: &'static str,
    /// Lines of documentation; the first is a summary.
    doc: &'static [&'static str],
    pub(crate) fallback: Fallback,
    pub(crate) change: Change,
}

/// What a setting is when nobody sets it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fallback {
    /// This.
    Is(&'static str),
    /// Nothing.
    Unset,
    /// The user's data folder for this program.
    DataFolder,
    /// A file in the user's configuration folder for this program, behind a prefix.
    InConfigFolder(&'static str, &'static str),
    /// A file in the setting `data-folder`, behind a prefix.
    InDataFolder(&'static str, &'static str),
}

/// When a changed setting takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// When the file is read again: on SIGHUP, or when it changes.
    Live,
    /// At the next start.
    Restart,
}

/// A setting's value, and who set it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) origin: Origin,
}

/// A setting in words.
#[derive(Debug)]
pub(crate) struct Shown<'a> {
    pub(crate) declared: &'static Declared,
    /// As the file has it, secrets redacted; nothing if it is not set.
    pub(crate) text: Option<String>,
    pub(crate) origin: &'a Origin,
}

impl Declared {
    /// Its flag, without the dashes before it.
    pub(crate) fn flag(&self) -> String {
        self.key.replace('.', "-")
    }

    /// Its environment variable.
    pub(crate) fn variable(&self) -> String {
        format!("RINGWALL_{}", self.flag().replace('-', "_").to_uppercase())
    }

    /// What it is, in one line.
    pub(crate) fn summary(&self) -> &'static str {
        self.doc.first().map_or("", |line| line.trim())
    }

    /// What else there is to say.
    pub(crate) fn details(&self) -> String {
        self.doc.iter().skip(1).map(|line| line.trim()).collect::<Vec<_>>().join(" ")
    }

    /// For the macro alone.
    pub(super) const fn new(
        section: &'static str,
        key: &'static str,
        kind: &'static str,
        doc: &'static [&'static str],
        fallback: Fallback,
        change: Change,
    ) -> Self {
        Self { section, key, kind, doc, fallback, change }
    }
}

impl Fallback {
    /// The value, as a flag would have it; `Err` if it needs a home folder and there is none.
    pub(super) fn text(self, standard: &Standard, data: Option<String>) -> Result<Option<String>, String> {
        let homeless = || String::from("neither HOME nor the XDG folders are set");
        match self {
            Self::Is(text) => Ok(Some(text.to_owned())),
            Self::Unset => Ok(None),
            Self::DataFolder => standard.data.clone().map(Some).ok_or_else(homeless),
            Self::InConfigFolder(prefix, name) => match &standard.config {
                Some(folder) => Ok(Some(format!("{prefix}{folder}/{name}"))),
                None => Err(homeless()),
            },
            Self::InDataFolder(prefix, name) => match data.or_else(|| standard.data.clone()) {
                Some(folder) => Ok(Some(format!("{prefix}{folder}/{name}"))),
                None => Err(homeless()),
            },
        }
    }

    /// The value in words, for documentation.
    pub(crate) fn described(self) -> String {
        match self {
            Self::Is(text) => format!("`{text}`"),
            Self::Unset => String::from("not set"),
            Self::DataFolder => String::from("`~/.local/share/ringwall`"),
            Self::InConfigFolder(prefix, name) => format!("`{prefix}~/.config/ringwall/{name}`"),
            Self::InDataFolder(prefix, name) => format!("`{prefix}DATA-FOLDER/{name}`"),
        }
    }
}

/// Declares settings: under a heading, each with its documentation, name, type, key, fallback, and when a change of it
/// takes effect.
macro_rules! settings {
    ($( $section:literal { $(
        $(#[doc = $doc:literal])+
        $field:ident: $type:ty = $key:literal, $fallback:expr, $change:ident;
    )+ } )+) => {
        /// Every setting, with who set it.
        #[derive(Clone, Debug, PartialEq)]
        pub(crate) struct Settings {
            $( $( $(#[doc = $doc])+ pub(crate) $field: Setting<$type>, )+ )+
        }

        /// The settings, in the order in which they are shown.
        pub(crate) static DECLARED: &[Declared] = &[
            $( $( Declared::new(
                $section, $key, <$type as Value>::KIND, &[$($doc),+], $fallback, Change::$change,
            ), )+ )+
        ];

        impl Settings {
            /// Reads every setting; what is wrong is added to the errors.
            pub(super) fn read(layers: &Layers<'_>, errors: &mut Vec<ConfigError>) -> Option<Self> {
                let mut declared = DECLARED.iter();
                $( $( let $field = layers.read::<$type>(declared.next()?, errors); )+ )+
                Some(Self { $( $( $field: $field?, )+ )+ })
            }

            /// The settings whose values differ, whoever set them.
            pub(super) fn changed(&self, new: &Self) -> Vec<&'static Declared> {
                let changed = [ $( $( self.$field.value != new.$field.value, )+ )+ ];
                let declared = DECLARED.iter().zip(changed).filter(|(_, changed)| *changed);
                declared.map(|(declared, _)| declared).collect()
            }

            /// Every setting in words, in the order of the declaration.
            pub(crate) fn shown(&self) -> Vec<Shown<'_>> {
                let texts = [ $( $( (self.$field.value.toml(), &self.$field.origin), )+ )+ ];
                DECLARED
                    .iter()
                    .zip(texts)
                    .map(|(declared, (text, origin))| Shown { declared, text, origin })
                    .collect()
            }
        }
    };
}

pub(super) use settings;
