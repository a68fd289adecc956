//! A keeper on a real node, as its operator has it: users come and go, prices rise and fall, the way to the node is bad, the keeper is killed. What
//! must hold is read from the chain, block by block and at the end; nothing that the keeper says of itself counts.
//!
//! [`soak::soak`] plays for some minutes with faults; [`drops::drops`] lets prices fall so many times without, and takes the time.

pub mod books;
pub mod drops;
pub mod keeper;
pub mod market;
pub mod party;
pub mod proxy;
pub mod sent;
pub mod soak;
pub mod stage;
pub mod users;
pub mod watch;
