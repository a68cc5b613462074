// %% [markdown]
// # Title
//text
not commented

// %% tags=["parameters"]
let n = 3;
// %%
// :dep rand = "0.10"


// %% A title
n



// %% [md]
// m
// %% [raw] format='x'
// r