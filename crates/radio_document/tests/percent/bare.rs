// %%
1

// %% [markdown]
// x
