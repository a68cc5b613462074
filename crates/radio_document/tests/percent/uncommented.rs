// ---
// jupyter:
//   jupytext:
//     comment_magics: false
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

// %%
:dep x
// :dep y
