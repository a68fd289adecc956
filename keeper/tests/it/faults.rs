//! What the keeper does when something goes wrong: 25 cases, each with its outcome, on the in-process chain with faults by a script; and
//! random faults, with the keeper killed at random, over a falling market. A case's tests are called by its number; those of endpoints are
//! in `failover`, against nodes that speak gRPC, those of the book's file in `book_file` and `follow` as well, a live price's in `live_price`.
//!
//! | case | outcome | where |
//! |---|---|---|
//! | 1 one endpoint down | the next is asked, the first again later | `failover` |
//! | 2 all down | the book is kept, nothing is sent, asked more and more seldom | [`visibility`], `failover`, `monitor` |
//! | 3 a node that lags or is of another chain | refused | [`visibility`], `failover` |
//! | 4 the subscription drops blocks | the gap is found by heights and filled | [`visibility`], `failover` |
//! | 5 the snapshot's block is forgotten | it starts again at a newer one | [`restart`], `snapshot` |
//! | 6 the price moves between scan and block | `min_receive` holds, planned anew at once | [`rivals`] |
//! | 7 a rival was first | no failure, the row is refreshed | [`rivals`] |
//! | 8 another sequence | signed once more, then a refusal | [`sending`] |
//! | 9 the answer to a broadcast is lost | resolved by hash | [`sending`] |
//! | 10 never included | waited for past the timeout, signed anew | [`sending`] |
//! | 11 included, but failed | decoded, its gas counted, left alone longer each time | [`inclusion`] |
//! | 12 out of gas | half as many, half as much more gas | [`inclusion`] |
//! | 13 one bad item | found by halving; the others go through | [`inclusion`] |
//! | 14 killed | the journal is resumed, at every call before and after | [`restart`] |
//! | 15 damaged file | set aside, read anew | [`restart`], `book_file` |
//! | 16 another code | read anew before anything is sent | [`restart`], `book_file` |
//! | 17 the book isn't the chain | repaired and counted | [`restart`], `follow` |
//! | 18 too little inventory | the largest part that pays | [`profitability`] |
//! | 19 no money for gas | ends, and says what to send where | [`profitability`] |
//! | 20 dust | skipped and counted | [`profitability`] |
//! | 21 a huge account | part by part, each sized by what is left | [`profitability`] |
//! | 22 a stale or wild price | refused, or published with the liquidation | [`shutdown_and_prices`], `live_price` |
//! | 23 underwater | closed, the rest written off | [`shutdown_and_prices`] |
//! | 24 no route | held and told; a part where the pair is thin | [`shutdown_and_prices`], [`profitability`] |
//! | 25 a second keeper; SIGTERM | locked out or noticed; what is on its way lands, then it ends well | [`shutdown_and_prices`] |

mod chance;
mod fees;
mod gas;
mod inclusion;
mod keys;
mod profitability;
mod refusals;
mod restart;
mod rivals;
mod script;
mod sending;
mod shutdown_and_prices;
mod visibility;
