//! How what is remembered is written and read again: every number of things has a bound, as what is read may be made up.

use std::fmt;
use std::io::{Result as IoResult, Write};
use std::marker::PhantomData;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Deepest that lists and maps are within each other: twice what they are.
const MAX_DEPTH: usize = 32;

/// Reads what was written.
pub(crate) fn read<'b, T: Deserialize<'b>>(bytes: &'b [u8]) -> Result<T, rmp_serde::decode::Error> {
    let mut reader = rmp_serde::Deserializer::from_read_ref(bytes);
    reader.set_max_depth(MAX_DEPTH);
    T::deserialize(&mut reader)
}

/// How many bytes a thing has as it is written, which is about what it takes in memory.
pub(crate) fn size(thing: &impl Serialize) -> usize {
    #[derive(Default)]
    struct Count(usize);

    impl Write for Count {
        fn write(&mut self, bytes: &[u8]) -> IoResult<usize> {
            self.0 = self.0.saturating_add(bytes.len());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> IoResult<()> {
            Ok(())
        }
    }

    let mut count = Count::default();
    // To count does not fail.
    _ = rmp_serde::encode::write(&mut count, thing);
    count.0
}

/// Reads a list of `MOST` at most.
pub(crate) fn at_most<'de, const MOST: usize, T, D>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    struct List<T, const MOST: usize>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for List<T, MOST> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "at most {MOST}")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
            let mut all = Vec::new();
            while let Some(one) = list.next_element()? {
                if all.len() >= MOST {
                    return Err(A::Error::invalid_length(all.len().saturating_add(1), &self));
                }
                all.push(one);
            }
            Ok(all)
        }
    }

    deserializer.deserialize_seq(List::<T, MOST>(PhantomData))
}

/// Bytes as one string of them.
pub(crate) mod bytes {
    use super::{Deserializer, Error, Serializer, Visitor, fmt};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        struct Bytes;

        impl Visitor<'_> for Bytes {
            type Value = Vec<u8>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
                Ok(bytes.to_owned())
            }
        }

        deserializer.deserialize_bytes(Bytes)
    }
}

/// Numbers as bytes, eight each.
pub(crate) mod numbers {
    use hashbrown::HashSet;

    use super::{Deserializer, Error, Serializer, bytes};

    pub(crate) fn serialize<S: Serializer>(numbers: &HashSet<u64>, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sorted: Vec<u64> = numbers.iter().copied().collect();
        sorted.sort_unstable();
        let written: Vec<u8> = sorted.into_iter().flat_map(u64::to_le_bytes).collect();
        serializer.serialize_bytes(&written)
    }

    /// Reads `MOST` at most.
    pub(crate) fn deserialize<'de, const MOST: usize, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<HashSet<u64>, D::Error> {
        let written = bytes::deserialize(deserializer)?;
        let (numbers, rest) = written.as_chunks::<8>();
        if !rest.is_empty() || numbers.len() > MOST {
            return Err(D::Error::invalid_length(written.len(), &"at most so many numbers"));
        }
        Ok(numbers.iter().map(|number| u64::from_le_bytes(*number)).collect())
    }
}
