// %% [markdown]
// ## A table

// %%
let mut table = Table::new(["artist", "plays", "minutes a play"]);
for of in &played {
    table.push((of.artist.as_str(), of.plays, 60.0 * of.hours / f64::from(of.plays)));
}
table

// %% [markdown]
// ## A figure

// %%
//| label: plays
Figure::bars(
    played.iter().map(|of| of.artist.as_str()),
    played.iter().map(|of| f64::from(of.plays)),
)?
.title("Who is played most")
.x_label("plays")
