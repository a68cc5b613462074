//! What was learned, in files: whole or not at all, and refused where they cannot be read.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | the kind: `RADIOREC` for a recommender's model with its matrix, `RADIOMOD` without, `RADIONET` for a network |
//! | 4 | the version of the kind's format, a little-endian number |
//! | 8 | how many bytes follow the header |
//! | 4 | their CRC-32 |
//! | the rest | the model, as postcard writes it (<https://postcard.jamesmunns.com>) |
//!
//! A binary format, because a matrix of weights is three times as long in JSON, and slow to read.

use std::fs::File;
use std::io::Read;
use std::ops::Deref;
use std::path::Path;

use memmap2::Mmap;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::whole_file::write_whole;
use crate::{Error, Result};

const HEADER: usize = 24;

/// A kind of file.
pub(crate) struct Kind {
    /// What such a file begins with.
    pub magic: &'static [u8; 8],
    /// The version that is written, and the only one that is read.
    pub version: u32,
    /// What is in it, as messages call it.
    pub what: &'static str,
}

impl Kind {
    /// Writes a file, whole or not at all: it is written beside, then renamed.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the system refuses.
    pub(crate) fn save(&self, value: &impl Serialize, path: &Path) -> Result<()> {
        let body = postcard::to_allocvec(value).expect("a model in memory can be written");
        let length = (body.len() as u64).to_le_bytes();
        let checksum = crc32fast::hash(&body).to_le_bytes();
        let parts = [
            self.magic,
            &self.version.to_le_bytes()[..],
            &length,
            &checksum,
            &body,
        ];
        write_whole(path, &parts)
    }

    /// Reads a file that [`save`](Kind::save) wrote.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the file cannot be read, and [`Error::ModelFile`] for one that is not of this kind, was cut
    /// short or damaged, or was written by a newer version of this crate.
    pub(crate) fn load<T: DeserializeOwned>(&self, path: &Path) -> Result<T> {
        self.read(path, |body| postcard::from_bytes(body))
    }

    /// As [`load`](Kind::load), of a file that begins with this and goes on.
    ///
    /// # Errors
    ///
    /// As of `load`.
    pub(crate) fn load_first<T: DeserializeOwned>(&self, path: &Path) -> Result<T> {
        self.read(path, |body| Ok(postcard::take_from_bytes(body)?.0))
    }

    fn read<T>(&self, path: &Path, read: impl FnOnce(&[u8]) -> postcard::Result<T>) -> Result<T> {
        let what = self.what;
        let io = |source| Error::Io {
            path: path.into(),
            source,
        };
        let refused = |message: String| Error::ModelFile {
            path: path.into(),
            message,
        };
        let file = Contents::open(path).map_err(io)?;
        let cut_short = || {
            refused(format!(
                "the file of a {what} was cut short; save the {what} again"
            ))
        };
        let another = || refused(format!("this is not the file of a {what}"));
        let Some((header, body)) = file.split_at_checked(HEADER) else {
            let begins_so = file.first().is_some_and(|first| *first == self.magic[0]);
            return Err(if begins_so { cut_short() } else { another() });
        };
        let (magic, rest) = header.split_at(8);
        if magic != self.magic {
            return Err(another());
        }
        let version = u32::from_le_bytes(rest[..4].try_into().expect("4 bytes"));
        if version != self.version {
            return Err(refused(format!(
                "the file has version {version} of the format, and this program reads version {}; \
                 use the version of radio_rec that wrote it, or learn again",
                self.version
            )));
        }
        let length = u64::from_le_bytes(rest[4..12].try_into().expect("8 bytes"));
        let sum = u32::from_le_bytes(rest[12..].try_into().expect("4 bytes"));
        if (body.len() as u64) < length {
            return Err(cut_short());
        }
        if body.len() as u64 > length || crc32fast::hash(body) != sum {
            return Err(refused(format!(
                "the file of a {what} was damaged; save the {what} again"
            )));
        }
        read(body).map_err(|error| {
            refused(match error {
                postcard::Error::SerdeDeCustom => format!(
                    "the parts of the {what} in the file do not fit together; save the {what} again"
                ),
                error => format!("the {what} in the file cannot be read: {error}"),
            })
        })
    }
}

/// What is in a file: mapped into memory where the system can do that, so that there is no copy of it beside the model.
enum Contents {
    Mapped(Mmap),
    Read(Vec<u8>),
}

impl Contents {
    fn open(path: &Path) -> std::io::Result<Self> {
        let mut file = File::open(path)?;
        // SAFETY: the map is read before this call returns to the caller of `load`. Model files are replaced, never
        // written in place; if another program does it all the same while this one reads, the checksum or the reader
        // refuse what they see.
        if let Ok(map) = unsafe { Mmap::map(&file) } {
            return Ok(Self::Mapped(map));
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(Self::Read(bytes))
    }
}

impl Deref for Contents {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(map) => map,
            Self::Read(bytes) => bytes,
        }
    }
}
