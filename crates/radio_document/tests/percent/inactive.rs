// ---
// jupyter:
//   jupytext:
//     text_representation:
//       extension: .rs
//       format_name: percent
//       format_version: '1.3'
//       jupytext_version: 1.19.6
//   kernelspec:
//     display_name: Rust
//     language: rust
//     name: rust
// ---

// %% tags=["active-ipynb"]
// only_in_notebooks()
//
// :dep x

// %% run_control={"frozen": true}
// frozen()

// %% active="rs"
only_in_scripts();

// %% active="py"
// for another language

// %% tags=["active-rs"]
tagged();

// %% [raw]
// nowhere

// %% active="ipynb,rs"
both()
