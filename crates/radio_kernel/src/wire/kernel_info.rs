//! What the kernel is.

use serde::Serialize;

/// What the kernel is.
#[derive(Clone, Debug, Serialize)]
pub struct KernelInfoReply {
    /// `ok`.
    pub status: &'static str,
    /// The version of the protocol.
    pub protocol_version: &'static str,
    /// The kernel's name.
    pub implementation: String,
    /// The kernel's version.
    pub implementation_version: String,
    /// What the front end has to know of the language.
    pub language_info: LanguageInfo,
    /// What a console says first.
    pub banner: String,
    /// Whether there is a debugger.
    pub debugger: bool,
    /// Entries of the Help menu.
    pub help_links: Vec<HelpLink>,
    /// What else can be asked of the kernel.
    pub supported_features: Vec<&'static str>,
}

/// What a front end has to know of the language.
#[derive(Clone, Debug, Serialize)]
pub struct LanguageInfo {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The MIME type of its source.
    pub mimetype: String,
    /// The end of its files' names, with the dot.
    pub file_extension: String,
    /// The name of its highlighting in Pygments.
    pub pygments_lexer: String,
    /// The name of its highlighting in CodeMirror.
    pub codemirror_mode: String,
}

/// An entry of the Help menu.
#[derive(Clone, Debug, Serialize)]
pub struct HelpLink {
    /// What it says.
    pub text: String,
    /// Where it leads.
    pub url: String,
}
