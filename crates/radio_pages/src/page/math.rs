//! Formulas of markdown cells: LaTeX to MathML, which browsers draw without a script.

use super::escape;
use pulldown_latex::config::{DisplayMode, RenderConfig};
use pulldown_latex::{Parser, Storage, push_mathml};

/// A formula longer than this, or nested deeper, is shown as its source.
const MAX_CHARACTERS: usize = 10_000;
const MAX_NESTED: usize = 60;

/// A formula as MathML, or as its LaTeX source where that is not understood.
pub fn formula(latex: &str, is_display: bool) -> String {
    mathml(latex, is_display).unwrap_or_else(|| {
        let class = if is_display { "latex display" } else { "latex" };
        format!("<code class=\"{class}\">{}</code>", escape(latex))
    })
}

fn mathml(latex: &str, is_display: bool) -> Option<String> {
    let nested = latex.matches(['{', '[', '(', '^', '_']).count() > MAX_NESTED * 10
        || depth(latex) > MAX_NESTED
        || latex.matches("\\left").count() > MAX_NESTED;
    if latex.len() > MAX_CHARACTERS || nested {
        return None;
    }
    let storage = Storage::new();
    let events: Result<Vec<_>, _> = Parser::new(latex, &storage).collect();
    let config = RenderConfig {
        display_mode: if is_display {
            DisplayMode::Block
        } else {
            DisplayMode::Inline
        },
        ..RenderConfig::default()
    };
    let mut drawn = String::new();
    let events = events
        .ok()?
        .into_iter()
        .map(Ok::<_, std::convert::Infallible>);
    push_mathml(&mut drawn, events, config).ok()?;
    only_mathml(&drawn)
}

fn depth(latex: &str) -> usize {
    let (mut now, mut most) = (0usize, 0usize);
    for character in latex.chars() {
        match character {
            '{' => now += 1,
            '}' => now = now.saturating_sub(1),
            _ => {}
        }
        most = most.max(now);
    }
    most
}

/// `markup` with its harmless attributes alone; `None` if it holds anything but balanced MathML. The converter escapes
/// the text of a formula; this does not rely on it.
fn only_mathml(markup: &str) -> Option<String> {
    const ATTRIBUTES: [&str; 26] = [
        "accent",
        "accentunder",
        "columnalign",
        "columnspan",
        "depth",
        "dir",
        "display",
        "displaystyle",
        "fence",
        "form",
        "height",
        "largeop",
        "linethickness",
        "lspace",
        "mathvariant",
        "maxsize",
        "minsize",
        "movablelimits",
        "rowspan",
        "rspace",
        "scriptlevel",
        "separator",
        "stretchy",
        "symmetric",
        "voffset",
        "width",
    ];
    let is_name = |name: &str| {
        let known = name.starts_with('m') || matches!(name, "semantics" | "annotation");
        known && name.bytes().all(|byte| byte.is_ascii_lowercase())
    };
    let mut clean = String::new();
    let mut open: Vec<&str> = Vec::new();
    let mut rest = markup;
    while let Some((text, after)) = rest.split_once('<') {
        clean.push_str(text);
        let (tag, after) = after.split_once('>')?;
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name) {
                return None;
            }
            clean.push_str(&format!("</{name}>"));
            continue;
        }
        let (tag, is_empty) = match tag.strip_suffix('/') {
            Some(tag) => (tag, true),
            None => (tag, false),
        };
        let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        if !is_name(name) {
            return None;
        }
        clean.push_str(&format!("<{name}"));
        loop {
            attributes = attributes.trim_start();
            if attributes.is_empty() {
                break;
            }
            let (key, after) = attributes.split_once("=\"")?;
            let (value, after) = after.split_once('"')?;
            attributes = after;
            if ATTRIBUTES.contains(&key) && !value.contains('<') {
                clean.push_str(&format!(" {key}=\"{value}\""));
            }
        }
        if is_empty {
            clean.push_str(&format!("></{name}>"));
        } else {
            clean.push('>');
            open.push(name);
        }
    }
    clean.push_str(rest);
    open.is_empty().then_some(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_drawn_and_what_is_not_understood_is_shown() {
        let drawn = formula(r"\cos(a, b) = \frac{\sum_u a_u b_u}{\sqrt{x}}", true);
        assert!(
            drawn.starts_with("<math display=\"block\">") && drawn.contains("<mfrac>"),
            "{drawn}"
        );
        assert!(!drawn.contains("style="), "{drawn}");
        let matrix = formula(r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}", false);
        assert!(matrix.contains("<mtable"), "{matrix}");
        assert_eq!(
            formula(r"\nosuchthing{<b>}", false),
            "<code class=\"latex\">\\nosuchthing{&lt;b&gt;}</code>"
        );
        assert!(formula(r"\text{<script>alert(1)</script>}", false).contains("&lt;script&gt;"));
        let deep = "{".repeat(5000);
        assert!(formula(&deep, false).starts_with("<code"));
    }

    #[test]
    fn only_mathml_passes() {
        assert_eq!(
            only_mathml(
                "<math><mi style=\"x\" form=\"prefix\">a</mi><mspace width=\"1em\"/></math>"
            )
            .as_deref(),
            Some("<math><mi form=\"prefix\">a</mi><mspace width=\"1em\"></mspace></math>")
        );
        for refused in [
            "<math><script>x</script></math>",
            "<math>",
            "</math>",
            "<math onclick=x>a</math>",
            "<img src=\"x\">",
        ] {
            assert_eq!(only_mathml(refused), None, "{refused}");
        }
    }
}
