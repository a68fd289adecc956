//! What one endpoint alone can do: to a node that asks several of them, and to a keeper that is told something by one.

mod keeper;
mod node;
