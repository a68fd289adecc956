//! The keeper's tests in one binary, a module a subject: every build links it once. What several subjects need is in
//! [`support`]. A test that needs a process of its own starts one (`book_file::kill`, `pipe`, `containers`).
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at a surprise"
)]

mod account_memory;
mod batch;
mod book_file;
mod config;
mod configuration;
mod conformance;
mod containers;
mod demo;
mod doctor;
mod doctor_node;
mod endpoint_headers;
mod endpoints;
mod exit_codes;
mod failover;
mod faults;
mod fee_granter;
mod filter;
mod follow;
mod gas_price;
mod inventory;
mod journal;
mod keys;
mod limits;
mod liquidator;
mod live_price;
mod missed_events;
mod modules;
mod monitor;
mod networks;
mod offer;
mod ordinary;
mod pipe;
mod priority;
mod rehearse;
mod rpc;
mod runbook;
mod scan_and_plan;
mod secrets;
mod sending;
mod snapshot;
mod support;
mod tls;
mod trial;
mod unanswered;
mod unprofitable;
mod untrusted_endpoint;
mod verdict;
