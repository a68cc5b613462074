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

// %%

// %% [markdown]
//

// %%

let a = 1;


let b = 2;

// %% [markdown]
//
//   indented  
//
//
// trailing spaces  
//

// %%
a



// %% [raw]
//

// %%



  // %%
  indented()
.call()

// %%
b
// %%
c


// %%
d
