//! A notebook as one HTML file that needs nothing else: contents, cells with links, figures within.

use super::cells::{self, Page};
use super::outline::{Heading, Ids};
use super::site::{Site, Source};
use crate::page::{CONTENT_STYLE, FRAMES, JUMP, escape};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The page's script: heading to heading, the height of frames, and contents that fold.
const SCRIPT: &[&str] = &[JUMP, FRAMES, include_str!("page.js")];
const STYLE: &[&str] = &[CONTENT_STYLE, include_str!("page.css")];

/// The notebook as a page.
pub fn write(source: &Source, site: &Site, with_code: bool) -> String {
    let ids = Ids::default();
    let page = Page::of_html(source, site, &ids, with_code);
    let sections: String = cells::render(&page)
        .iter()
        .map(|cell| cell.section())
        .collect();
    let contents = contents(site.headings(source));
    let body = format!("{contents}<main>\n{sections}</main>\n");
    document(&site.title(source), "page", &body, STYLE, SCRIPT)
}

/// The headings as a list of links.
fn contents(headings: &[Heading]) -> String {
    let shown: Vec<&Heading> = headings
        .iter()
        .filter(|heading| heading.level <= 3)
        .collect();
    if shown.len() < 2 {
        return String::new();
    }
    let entries: String = shown
        .iter()
        .map(|heading| {
            let (level, id, text) = (heading.level, escape(&heading.id), escape(&heading.text));
            format!("<li class=\"level-{level}\"><a href=\"#{id}\">{text}</a></li>\n")
        })
        .collect();
    format!(
        "<nav aria-label=\"Contents\"><details open>\n<summary>Contents</summary>\n<ol>\n{entries}</ol>\n</details></nav>\n"
    )
}

/// A whole file. Nothing in it may load, run or send anything but what is written here: the policy names the style and
/// the script by their hashes, and pictures are within.
pub(crate) fn document(
    title: &str,
    class: &str,
    body: &str,
    styles: &[&str],
    scripts: &[&str],
) -> String {
    let (title, script) = (escape(title), scripts.concat());
    let policy = format!(
        "default-src 'none'; img-src data:; style-src '{}' '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
        hash(&styles.concat()),
        hash(CONTENT_STYLE),
        hash(&script)
    );
    let style = style(styles);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"generator\" content=\"radio {}\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>{title}</title>\n<link rel=\"icon\" href=\"data:,\">\n{style}\n</head>\n\
         <body class=\"{class}\">\n{body}<script>{script}</script>\n</body>\n</html>\n",
        env!("CARGO_PKG_VERSION")
    )
}

pub(crate) fn style(styles: &[&str]) -> String {
    format!("<style>{}</style>", styles.concat())
}

/// How a policy names a script or a style.
fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_names_a_text_by_its_hash() {
        // As in the specification of Content Security Policy, level 3.
        assert_eq!(
            hash("doSubmit()"),
            "sha256-jzgBGA4UWFFmpOBq0JpdsySukE1FrEN5bUpoK8Z29fY="
        );
    }

    #[test]
    fn nothing_in_our_own_parts_ends_their_element() {
        for part in SCRIPT.iter().chain(STYLE) {
            assert!(!part.contains("</"), "{part}");
        }
    }
}
