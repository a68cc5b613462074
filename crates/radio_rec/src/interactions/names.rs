//! Users and items: their numbers in a matrix, and what they are called.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::display::Cell;

/// Which names there are, in which order: a checksum of them. Two matrices with the same names in the same order have
/// the same one, wherever they come from; two others do by chance, one pair in four thousand million.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub(crate) struct CatalogueId(u32);

impl CatalogueId {
    /// Of these names.
    pub(crate) fn of<N: AsRef<str>>(names: &[N]) -> Self {
        let mut checksum = crc32fast::Hasher::new();
        for name in names.iter().map(AsRef::as_ref) {
            // The length, so that names which run together otherwise are others.
            checksum.update(&(name.len() as u64).to_le_bytes());
            checksum.update(name.as_bytes());
        }
        Self(checksum.finalize())
    }
}

/// An index type and a name type for one side of the matrix.
macro_rules! index_and_name {
    ($(#[$index_doc:meta])* $Index:ident, $(#[$name_doc:meta])* $Name:ident) => {
        $(#[$index_doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $Index {
            index: u32,
            catalogue: CatalogueId,
        }

        impl $Index {
            /// The name at a position of a catalogue.
            pub(crate) fn new(index: u32, catalogue: CatalogueId) -> Self {
                Self { index, catalogue }
            }

            /// The position in the catalogue, from 0.
            pub fn index(self) -> usize {
                self.index as usize
            }

            /// The position in the catalogue, as it is stored.
            pub(crate) fn number(self) -> u32 {
                self.index
            }

            /// Of which names it is one.
            pub(crate) fn catalogue(self) -> CatalogueId {
                self.catalogue
            }
        }

        impl fmt::Debug for $Index {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($Index), "({})"), self.index)
            }
        }

        $(#[$name_doc])*
        ///
        /// Copies share the text. `Debug` is the quoted text, as of a string.
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $Name(Arc<str>);

        impl $Name {
            /// The name as a string slice.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<Arc<str>> for $Name {
            fn from(name: Arc<str>) -> Self {
                Self(name)
            }
        }

        impl From<&str> for $Name {
            fn from(name: &str) -> Self {
                Self(name.into())
            }
        }

        impl AsRef<str> for $Name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $Name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $Name {
            fn eq(&self, other: &str) -> bool {
                *self.0 == *other
            }
        }

        impl PartialEq<&str> for $Name {
            fn eq(&self, other: &&str) -> bool {
                *self.0 == **other
            }
        }

        impl fmt::Display for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&*self.0, f)
            }
        }

        impl fmt::Debug for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl From<&$Name> for Cell {
            fn from(name: &$Name) -> Self {
                Cell::Text(name.to_string())
            }
        }
    };
}

index_and_name! {
    /// A user of an [`Interactions`](crate::interactions::Interactions): the number of a row.
    ///
    /// It holds for all matrices that have the same users in the same order, such as the two parts of a split. Others
    /// refuse it.
    User,
    /// What a user is called.
    UserName
}

index_and_name! {
    /// An item of an [`Interactions`](crate::interactions::Interactions): the number of a column.
    ///
    /// It holds for all matrices that have the same items in the same order, such as the two parts of a split. Others
    /// refuse it.
    Item,
    /// What an item (an artist, a song) is called.
    ItemName
}
