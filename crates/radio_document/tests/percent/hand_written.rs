//%%
1
// %%	x
2
  // %%% Sub [markdown] k={"a": 1}
// text
// %%not a cell
// %%%
3
