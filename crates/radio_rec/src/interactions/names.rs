//! Users and items: their numbers in a matrix, and what they are called.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use crate::display::Cell;

/// An index type and a name type for one side of the matrix.
macro_rules! index_and_name {
    ($(#[$index_doc:meta])* $Index:ident, $(#[$name_doc:meta])* $Name:ident) => {
        $(#[$index_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $Index(pub(crate) u32);

        impl $Index {
            /// The position in the catalogue, from 0.
            pub fn index(self) -> usize {
                self.0 as usize
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
    /// A user of one [`Interactions`](crate::interactions::Interactions): the number of a row. It means nothing to another matrix.
    User,
    /// What a user is called.
    UserName
}

index_and_name! {
    /// An item of one [`Interactions`](crate::interactions::Interactions): the number of a column. It means nothing to another matrix.
    Item,
    /// What an item (an artist, a song) is called.
    ItemName
}
