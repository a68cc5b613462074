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

// %% [markdown]
// // :dep x

// %%
// // + x
// + y

// %% [markdown]
// ```
// unclosed

// %%
a
b

// %% [markdown]
// closed
// ```

// %%
r#"""#

// %% [markdown]
// end
