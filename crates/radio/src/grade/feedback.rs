//! What a student gets back: a page with the points, what each test said, and the hand-in as it ran. It has no script,
//! loads nothing, and does not show what was not handed out.

use super::table::Row;
use crate::assign::score::{Mark, failure};
use crate::assign::source::Source;
use radio_notebook::document::{Cell, CellKind, joined};
use radio_notebook::nbgrader::regions::without_hidden_tests;
use radio_pages::page::{self, Around, CONTENT_STYLE, CellView, State, escape};
use serde_json::{Value, json};

/// A page that shows nothing from beside it.
struct Alone;

impl Around for Alone {
    fn picture(&self, _name: &str) -> Option<page::Picture> {
        None
    }

    fn frame_head(&self) -> String {
        format!("<style>{CONTENT_STYLE}</style>")
    }
}

/// The page; `None` if the hand-in was not graded.
pub fn feedback(source: &Source, row: &Row<'_>) -> Option<String> {
    let sheet = row.graded.ok()?;
    let (has, most) = row.points()?;
    let mut body = format!(
        "<h1>{}</h1>\n<p class=\"points\">{}: {has} of {most} points</p>\n",
        escape(source.name()),
        escape(row.student)
    );
    let by_person = sheet.marks.iter().any(|mark| mark.points.is_none());
    if by_person {
        body.push_str("<p>The rest is given by a person.</p>\n");
    }
    // Who is like whom is for the teacher alone.
    if !sheet.remarks.is_empty() {
        let remarks = sheet
            .remarks
            .iter()
            .map(|remark| format!("<li>{}</li>", escape(remark)));
        body.push_str(&format!("<ul>{}</ul>\n", remarks.collect::<String>()));
    }
    body.push_str(
        "<table><thead><tr><th>test</th><th>points</th><th>what it says</th></tr></thead><tbody>\n",
    );
    for mark in &sheet.marks {
        body.push_str(&test_row(mark));
    }
    body.push_str("</tbody></table>\n");
    let mut number = 0;
    for (index, (ran, shown)) in sheet.ran.iter().zip(&sheet.shown).enumerate() {
        let mark = sheet.marks.iter().find(|mark| mark.index == index);
        number += usize::from(ran.is_numbered());
        let view = CellView {
            number: ran.is_numbered().then_some(number),
            state: match failure(ran) {
                Some(_) => State::Failed,
                None => State::Settled,
            },
            input: page::input(shown, &Alone),
            outputs: page::outputs(&outputs(ran, mark), &Alone),
        };
        let id = mark.map(|mark| format!(" id=\"{}\"", anchor(&mark.id)));
        body.push_str(&format!(
            "<div{}>{}</div>\n",
            id.unwrap_or_default(),
            page::section(&view)
        ));
    }
    Some(document(
        &format!("{}: {}", source.name(), row.student),
        &body,
    ))
}

fn test_row(mark: &Mark) -> String {
    let points = match mark.points {
        Some(points) => format!("{points} of {}", mark.most),
        None => format!("of {}", mark.most),
    };
    let why = match (&mark.why, mark.points) {
        (Some(why), _) => escape(why),
        (None, Some(_)) => "passed".to_owned(),
        (None, None) => "given by a person".to_owned(),
    };
    format!(
        "<tr><td><a href=\"#{}\">{}</a></td><td>{points}</td><td>{why}</td></tr>\n",
        anchor(&mark.id),
        escape(&mark.id)
    )
}

/// The name of a test's place on the page.
fn anchor(id: &str) -> String {
    format!("test-{:08x}", crc32fast::hash(id.as_bytes()))
}

/// Whether an output's HTML is a table, which the page writes anew.
fn is_table(bundle: &serde_json::Map<String, Value>) -> bool {
    let html = bundle.get("text/html").and_then(joined);
    html.is_some_and(|html| page::harmless(&html).is_some())
}

/// What is shown of a cell's outputs: text instead of HTML that is no table, so that the page needs no frames; and of a
/// test that has hidden parts what it says, but not where.
fn outputs(ran: &Cell, mark: Option<&Mark>) -> Vec<Value> {
    let has_hidden = matches!(without_hidden_tests(&ran.source), Ok(Some(_)));
    let outputs = ran.outputs().iter().map(|output| {
        let mut output = output.clone();
        if let Some(bundle) = output.get_mut("data").and_then(Value::as_object_mut)
            && bundle.contains_key("text/plain")
            && !is_table(bundle)
        {
            bundle.remove("text/html");
        }
        if let (true, Some(why)) = (has_hidden, mark.and_then(|mark| mark.why.as_ref()))
            && output.get("traceback").is_some()
            && let Some(fields) = output.as_object_mut()
        {
            fields.insert("traceback".into(), json!([why]));
        }
        output
    });
    match ran.kind {
        CellKind::Code => outputs.collect(),
        _ => Vec::new(),
    }
}

fn document(title: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <style>{CONTENT_STYLE}\n\
         main {{ max-width: 64rem; margin: 0 auto; padding: .6rem 1.2rem 4rem; }}\n\
         .points {{ font-size: 1.3rem; font-weight: 600; }}\n\
         pre.code, pre.text, pre.error {{ white-space: pre-wrap; overflow-wrap: anywhere; }}</style>\n\
         </head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )
}
