#![doc = include_str!("../README.md")]

pub mod book;
mod cells;
pub mod highlight;
pub mod html;
pub mod markdown;
mod outline;
pub mod page;
pub mod pdf;
pub mod pictures;
pub mod site;
pub mod slides;
