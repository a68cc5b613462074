//%%
1
// %%	x
2
  // %%% Sub [markdown] k={"a": 1}
// text
// %%not a cell
// %%%
3
// <codecell>
4
// In[5]:
5
// In[ ]
6
