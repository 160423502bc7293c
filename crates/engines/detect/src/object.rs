//! Objects whose members are known by name.

/// Declares an object: a struct of [`Field`](crate::Field)s, and how it is read. Members of other names are left out.
macro_rules! object {
    ($(
        $(#[$about:meta])*
        $visible:vis struct $name:ident {
            $( $(#[$of_field:meta])* $member:literal => $field:ident: $type:ty, )*
        }
    )*) => { $(
        $(#[$about])*
        #[derive(Clone, Debug, Default)]
        $visible struct $name<'a> {
            $( $(#[$of_field])* pub $field: $type, )*
            /// Whether it borrows from its input or not, it has a lifetime.
            pub lifetime: std::marker::PhantomData<&'a ()>,
        }

        impl<'a> $crate::field::Read<'a> for $name<'a> {
            fn object<M: serde::de::MapAccess<'a>>(mut map: M) -> Result<Option<Self>, M::Error> {
                let mut object = Self::default();
                while let Some(name) = map.next_key::<$crate::field::Key<'a>>()? {
                    match &*name.0 {
                        $( $member => object.$field = map.next_value()?, )*
                        _ => {
                            map.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(Some(object))
            }
        }
    )* };
}

pub(crate) use object;
