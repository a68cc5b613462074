// %%
:dep rand = "0.10"
// :dep not = "1"

// %%
1
