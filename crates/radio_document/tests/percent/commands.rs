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
// :dep rand = "0.10"
// :opt 2

// a comment
use rand::Rng;

// %%
// // :dep commented = "1"
// //:dep close
// // // :dep twice
  :dep indented
::core::mem::drop(1);
!ls
%time

// %%
let x = 1;
// :vars
