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

// %% tags=["parameters"]
1

// %% flag=true key=1 name="x" nested={"a": [1, 2.5, null], "\u00e9": "\u00fc\ud83d\ude00"} tags=["a", "b"]
2

// %%
3

// %% [markdown] slideshow={"slide_type": "slide"} tags=["t"]
// text

// %% [raw] format="text/html"
// raw

// %% a-b/c@d.e="quote \" and \\"
4

// %% A title k="a=b"
5

// %% A title [markdown]
// titled

// %%% Sub
6

// %% [md]
// short
