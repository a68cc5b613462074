// ---
// jupyter:
//   x: 1

// %%
1
