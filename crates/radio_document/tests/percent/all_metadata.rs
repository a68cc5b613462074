// ---
// jupyter:
//   jupytext:
//     cell_metadata_filter: all
//     notebook_metadata_filter: all
//     text_representation:
//       extension: .rs
//       format_name: percent
//       format_version: '1.3'
//       jupytext_version: 1.19.6
//   kernelspec:
//     display_name: Rust
//     language: rust
//     name: rust
//   language_info:
//     file_extension: .rs
//     mimetype: text/rust
//     name: rust
// ---

// %% collapsed=true
1
