// %% [markdown]
// # A notebook
//
// Data, a table and a figure to begin with. Change a cell, save, and run it again: only what you changed is compiled.

// %% tags=["parameters"]
let data = "songs.csv";

// %% [markdown]
// ## The data
//
// A line for each artist: how often it was played, and for how many hours.

// %%
#[derive(Clone, Debug)]
struct Played {
    artist: String,
    plays: u32,
    hours: f64,
}

fn read(path: &str) -> Result<Vec<Played>, Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    let mut all = Vec::new();
    for (line, number) in text.lines().zip(1..).skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let &[artist, plays, hours] = fields.as_slice() else {
            return Err(format!("line {number} of {path} should have three fields: {line}").into());
        };
        all.push(Played { artist: artist.to_string(), plays: plays.parse()?, hours: hours.parse()? });
    }
    Ok(all)
}

let mut played: Vec<Played> = read(data)?;
played.sort_by_key(|of| std::cmp::Reverse(of.plays));
println!("{} artists", played.len());
