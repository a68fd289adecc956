//! What several subjects need.

pub mod bent;
pub mod books;
pub mod client;
pub mod fake_node;
pub mod files;
pub mod judged;
pub mod mnemonic;
pub mod stage;
