//! What stands around a cell: the pictures, links and headings of the page that it becomes part of.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::path::{Path, PathBuf};

/// A picture's MIME type and content.
pub type Picture = (String, Vec<u8>);

/// The page that a cell becomes part of.
pub trait Around {
    /// A picture that a text names by its path.
    fn picture(&self, name: &str) -> Option<Picture>;

    /// The address by which a picture is loaded; `None` where its type is none that is inert as an image.
    fn address(&self, mime: &str, base64: &str) -> Option<String> {
        data_address(mime, base64)
    }

    /// Where a link leads that is no address of the web; `None` where it is none on this page.
    fn link(&self, _address: &str) -> Option<String> {
        None
    }

    /// The id of a heading of this level, or of a footnote, whose level is 0; `None` on a page without such ids.
    fn id(&self, _level: usize, _text: &str) -> Option<String> {
        None
    }

    /// What is in the head of a frame: its style.
    fn frame_head(&self) -> String;
}

/// The picture at a path that begins in `folder`.
pub fn picture_beside(folder: &Path, name: &str) -> Option<Picture> {
    const MAX_BYTES: u64 = 8 << 20;
    let path: PathBuf = folder.join(name);
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    let mime = match extension.as_str() {
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        _ => return None,
    };
    let metadata = std::fs::metadata(&path).ok()?;
    (metadata.is_file() && metadata.len() <= MAX_BYTES).then_some(())?;
    Some((mime.to_owned(), std::fs::read(&path).ok()?))
}

/// The bytes of a picture, if it is of one of the types that are inert in `<img>` and its content is base64.
pub(crate) fn picture_bytes(mime: &str, base64: &str) -> Option<Vec<u8>> {
    ending(mime)?;
    let content: String = base64.split_ascii_whitespace().collect();
    STANDARD
        .decode(content)
        .ok()
        .filter(|bytes| !bytes.is_empty())
}

/// How the name of a file with a picture of this type ends, if the type is one of those that are inert in `<img>`.
pub fn ending(mime: &str) -> Option<&'static str> {
    match mime {
        "image/svg+xml" => Some("svg"),
        "image/png" => Some("png"),
        "image/jpeg" => Some("jpg"),
        "image/gif" => Some("gif"),
        "image/webp" => Some("webp"),
        _ => None,
    }
}

/// A picture's `data:` address.
fn data_address(mime: &str, base64: &str) -> Option<String> {
    let bytes = picture_bytes(mime, base64)?;
    Some(format!("data:{mime};base64,{}", STANDARD.encode(bytes)))
}
