// ---
// jupyter:
//   authors:
//   - name: A
//   jupytext:
//     cell_metadata_filter: tags,-all
//     formats: ipynb,rs:percent
//     notebook_metadata_filter: authors,title,-jupytext.text_representation.jupytext_version
//     text_representation:
//       extension: .rs
//       format_name: percent
//       format_version: '1.3'
//   kernelspec:
//     display_name: "Rust: \xE9"
//     language: rust
//     name: 'yes'
//   title: it's
// ---

// %% tags=["t"]
1
