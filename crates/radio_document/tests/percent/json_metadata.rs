// ---
// jupyter:
//   jupytext:
//     cell_metadata_json: true
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

// %% {"n": null, "tags": ["a"]}
1

// %% T [markdown] {"k": 1}
// m

// %%
2
