// %% [markdown]
// ## A table
//
// A type that has a method `evcxr_display` shows itself: what stands between the two lines is content of the type that the first one
// names. No crate is needed for that.

// %%
struct Table {
    rows: Vec<Vec<String>>,
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

impl Table {
    fn evcxr_display(&self) {
        let row = |row: &Vec<String>| {
            let cells: String = row.iter().map(|cell| format!("<td>{}</td>", escape(cell))).collect();
            format!("<tr>{cells}</tr>")
        };
        let html: String = self.rows.iter().map(row).collect();
        println!("EVCXR_BEGIN_CONTENT text/html\n<table>{html}</table>\nEVCXR_END_CONTENT");
        let text: Vec<String> = self.rows.iter().map(|row| row.join("  ")).collect();
        println!("EVCXR_BEGIN_CONTENT text/plain\n{}\nEVCXR_END_CONTENT", text.join("\n"));
    }
}

let mut table = Table { rows: Vec::new() };
table.rows.push(["artist", "plays", "minutes a play"].map(String::from).to_vec());
for of in &played {
    let minutes = 60.0 * of.hours / f64::from(of.plays);
    table.rows.push(vec![of.artist.clone(), of.plays.to_string(), format!("{minutes:.1}")]);
}
table

// %% [markdown]
// ## A figure
//
// The same, with a drawing.

// %%
struct Bars {
    bars: Vec<(String, f64)>,
}

impl Bars {
    fn evcxr_display(&self) {
        let longest = self.bars.iter().map(|(_, value)| *value).fold(1.0, f64::max);
        let bar = |(at, (name, value)): (usize, &(String, f64))| {
            let (top, width) = (30 * at, 400.0 * value / longest);
            format!(
                "<text x=\"150\" y=\"{}\" text-anchor=\"end\">{}</text>\
                 <rect x=\"160\" y=\"{}\" width=\"{width:.1}\" height=\"22\" fill=\"#3b7dd8\"/>\
                 <text x=\"{:.1}\" y=\"{}\">{value}</text>",
                top + 20, escape(name), top + 4, width + 168.0, top + 20
            )
        };
        let bars: String = self.bars.iter().enumerate().map(bar).collect();
        let height = 30 * self.bars.len() + 10;
        println!(
            "EVCXR_BEGIN_CONTENT image/svg+xml\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"640\" height=\"{height}\" \
             font-family=\"sans-serif\" font-size=\"15\"><rect width=\"100%\" height=\"100%\" fill=\"white\"/>{bars}</svg>\nEVCXR_END_CONTENT"
        );
    }
}

// %%
//| label: plays
Bars { bars: played.iter().map(|of| (of.artist.clone(), f64::from(of.plays))).collect() }
