// about
use std::fmt;

// %%
1
