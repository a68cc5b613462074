use std::collections::BTreeSet;
fn from_prelude() -> u8 { 8 }
