//! Whom to ask, by what endpoints said and did: no network, and time is a number.

use plimsoll_keeper::chain::Head;
use plimsoll_keeper::chain::endpoints::{
    BREAKER_PAUSE_MAX_MS, BREAKER_PAUSE_MIN_MS, Change, Endpoints, Health, Kind, PROBE_INTERVAL_MS,
};
use plimsoll_keeper::config::redact::public;

const CLOCK: u64 = 1_800_000_000;

fn three() -> Endpoints {
    let named = ["http://a:1", "http://b:1", "http://c:1"].map(|name| (Kind::Grpc, name.to_owned()));
    Endpoints::new("chain-1", named.into_iter().chain([(Kind::Rpc, "ws://d:1/websocket".to_owned())]))
}

fn head(height: u64) -> Head {
    Head { chain_id: "chain-1".to_owned(), height, time: CLOCK - 1_000 + height }
}

fn down() -> Health {
    Health::Down { reason: "refused".to_owned() }
}

/// All at this height, heard at this moment.
fn all_at(endpoints: &mut Endpoints, height: u64, now: u64) {
    for at in 0..4 {
        endpoints.heard(at, &head(height), now, CLOCK);
    }
}

#[test]
fn the_first_is_preferred_and_the_next_asked_when_it_fails_twice() {
    let mut all = three();
    assert_eq!(all.order(Kind::Grpc, None, 0), [0, 1, 2]);
    assert_eq!(all.order(Kind::Rpc, None, 0), [3]);
    all_at(&mut all, 900, 0);
    assert_eq!(all.failed(0, "refused", 10), None);
    assert_eq!(all.order(Kind::Grpc, None, 11), [0, 1, 2]);
    let change = all.failed(0, "refused", 20).unwrap();
    assert_eq!((change.name.as_str(), &change.to), ("http://a:1", &down()));
    assert_eq!(all.order(Kind::Grpc, None, 21), [1, 2]);
    // Also when its pause is over, while there are others.
    assert_eq!(all.order(Kind::Grpc, None, 20 + BREAKER_PAUSE_MAX_MS), [1, 2]);
    let change = all.heard(0, &head(901), 1_000, CLOCK).unwrap();
    assert_eq!((change.from, change.to), (down(), Health::Good));
    assert_eq!(all.order(Kind::Grpc, None, 1_001), [0, 1, 2]);
}

#[test]
fn one_without_room_is_left_out_while_another_has_room() {
    let mut all = three().within(Some(8));
    for _ in 0..8 {
        all.spend(0, 0);
    }
    assert_eq!(all.affordable(vec![0, 1, 2], 0), Ok(vec![1, 2]));
    for at in [1, 2] {
        for _ in 0..8 {
            all.spend(at, 0);
        }
    }
    assert!(all.affordable(vec![0, 1, 2], 0).is_err_and(|wait| wait > 0));
}

#[test]
fn questions_beyond_the_budget_are_told_once_a_minute_with_how_many_there_were() {
    let mut all = three();
    let told: Vec<_> = [0, 1, 2, 59_999, 60_000, 60_001, 200_000].map(|now| all.overrun(now)).into();
    assert_eq!(told, [Some(1), None, None, None, Some(4), None, Some(2)]);
}

#[test]
fn a_pause_that_is_asked_for_is_no_shorter_than_a_failures_and_ends_no_other() {
    let mut all = Endpoints::new("chain-1", [(Kind::Grpc, "http://a:1".to_owned())]);
    let mut now = 0;
    let mut pauses = Vec::new();
    for _ in 0..6 {
        all.throttled(0, "slow down", now, 1);
        let opened = now;
        while all.order(Kind::Grpc, None, now).is_empty() {
            now += 1;
        }
        pauses.push(now - opened);
    }
    assert_eq!(pauses, [500, 1_000, 2_000, 4_000, 8_000, 10_000]);
    let mut all = three();
    all.refuted(0, "a block that nobody else has", 0);
    all.throttled(0, "slow down", 1, 1);
    for at in [1, 2] {
        all.failed(at, "refused", 1);
        all.failed(at, "refused", 1);
    }
    assert!(!all.order(Kind::Grpc, None, BREAKER_PAUSE_MAX_MS - 1).contains(&0), "it is held");
    assert!(!all.is_resting(Kind::Grpc));
}

#[test]
fn one_that_failed_and_then_asked_for_a_pause_is_asked_at_once_where_there_is_nobody_else() {
    let mut all = Endpoints::new("chain-1", [(Kind::Grpc, "http://a:1".to_owned())]);
    all.failed(0, "refused", 0);
    all.failed(0, "refused", 0);
    assert!(all.order_at_once(Kind::Grpc, None, 1).is_empty() && !all.is_resting(Kind::Grpc));
    all.throttled(0, "slow down", 2, 60_000);
    assert_eq!((all.order_at_once(Kind::Grpc, None, 1_000), all.is_resting(Kind::Grpc)), (vec![0], true));
    assert!(all.order(Kind::Grpc, None, 60_001).is_empty(), "what can wait does");
}

#[test]
fn one_that_was_refuted_and_then_asked_for_a_pause_is_not_asked_at_once_before_it_is_tried() {
    let mut all = Endpoints::new("chain-1", [(Kind::Grpc, "http://a:1".to_owned())]);
    all.refuted(0, "a block that nobody else has", 0);
    all.throttled(0, "slow down", 1, 60_000);
    all.throttled(0, "slow down", 2, 60_000);
    assert!(all.order_at_once(Kind::Grpc, None, 1_000).is_empty() && !all.is_resting(Kind::Grpc));
    // Its pause is over, and whoever tries it finds it throttled: that pause is its own.
    assert_eq!(all.order(Kind::Grpc, None, 60_002), [0]);
    all.throttled(0, "slow down", 60_003, 60_000);
    assert_eq!(all.order_at_once(Kind::Grpc, None, 60_004), [0]);
}

#[test]
fn an_open_circuit_is_probed_after_pauses_that_double_up_to_the_longest() {
    let mut all = Endpoints::new("chain-1", [(Kind::Grpc, "http://a:1".to_owned())]);
    let (mut now, mut pauses) = (0, Vec::new());
    all.failed(0, "refused", now);
    all.failed(0, "refused", now);
    for _ in 0..8 {
        let opened = now;
        // A millisecond before it is over nobody tries.
        while all.order(Kind::Grpc, None, now).is_empty() {
            assert!(all.to_probe(now).is_empty());
            now += 1;
        }
        pauses.push(now - opened);
        // One tries, and no other meanwhile.
        assert!(all.order(Kind::Grpc, None, now).is_empty() && all.to_probe(now).is_empty());
        all.failed(0, "refused", now);
    }
    let expected: Vec<u64> = (0..8).map(|n| (BREAKER_PAUSE_MIN_MS * 2u64.pow(n)).min(BREAKER_PAUSE_MAX_MS)).collect();
    assert_eq!(pauses, expected);
    all.answered(0, None);
    assert_eq!((all.health(0), all.order(Kind::Grpc, None, now)), (Health::Good, vec![0]));
}

#[test]
fn failures_of_questions_that_were_under_way_together_count_as_one() {
    let mut all = three();
    for _ in 0..50 {
        all.failed(1, "refused", 100);
    }
    assert_eq!(all.to_probe(100 + BREAKER_PAUSE_MIN_MS - 1).iter().filter(|at| **at == 1).count(), 0);
    assert_eq!(all.to_probe(100 + BREAKER_PAUSE_MIN_MS).iter().filter(|at| **at == 1).count(), 1);
}

#[test]
fn a_question_about_a_block_goes_only_to_those_that_have_it() {
    let mut all = three();
    all_at(&mut all, 900, 0);
    all.heard(2, &head(902), 10, CLOCK);
    assert_eq!(all.order(Kind::Grpc, Some(902), 11), [2]);
    assert_eq!(all.order(Kind::Grpc, Some(900), 11), [0, 1, 2]);
    // Nobody is known to have it, so all may by now.
    assert_eq!(all.order(Kind::Grpc, Some(903), 11), [0, 1, 2]);
    // One answered at that block.
    all.answered(1, Some(903));
    assert_eq!(all.order(Kind::Grpc, Some(903), 11), [1]);
    // The latest is best asked of the most advanced.
    assert_eq!(all.order(Kind::Grpc, None, 11), [1, 0, 2]);
    // What was pruned isn't asked for again.
    all.pruned(0, 850);
    assert_eq!(all.order(Kind::Grpc, Some(850), 11), [1, 2]);
    assert_eq!(all.order(Kind::Grpc, Some(851), 11), [0, 1, 2]);
    // Where nobody has it any more, they are asked, and say so.
    all.pruned(1, 850);
    all.pruned(2, 850);
    assert_eq!(all.order(Kind::Grpc, Some(850), 11), [0, 1, 2]);
}

#[test]
fn one_that_is_behind_is_refused_by_name_until_it_has_caught_up() {
    let mut all = three();
    all_at(&mut all, 900, 0);
    // A few blocks behind is how blocks travel.
    for at in 1..4 {
        all.heard(at, &head(905), 100, CLOCK);
    }
    assert_eq!(all.heard(0, &head(900), 110, CLOCK), None);
    for at in 1..4 {
        all.heard(at, &head(906), 120, CLOCK);
    }
    let Change { name, to, .. } = all.heard(0, &head(900), 130, CLOCK).unwrap();
    assert_eq!((name.as_str(), &to), ("http://a:1", &Health::Lagging { height: 900, tip: 906, seconds: 6 }));
    assert!(to.to_string().contains("900") && to.to_string().contains("906"));
    assert_eq!(all.order(Kind::Grpc, None, 131), [1, 2]);
    // Nor is it asked for what it has: what it says of it may be of a fork.
    assert_eq!(all.order(Kind::Grpc, Some(900), 131), [1, 2]);
    assert_eq!(all.heard(0, &head(906), 140, CLOCK).unwrap().to, Health::Good);
}

#[test]
fn a_late_answer_is_held_against_the_blocks_of_when_it_was_asked_for() {
    let mut all = three();
    all_at(&mut all, 900, 0);
    let asked = all.clone();
    // While the first thinks about it, the others go on.
    for at in 1..4 {
        all.heard(at, &head(920), 3_000, CLOCK);
    }
    let tip = asked.tip_if(0, &head(900), 0);
    assert_eq!(all.heard_since(0, &head(900), Some(&tip), 3_010, CLOCK), None);
    assert_eq!(all.health(0), Health::Good);
    // An announcement says nothing of who is behind, neither for nor against.
    assert!(all.announced(0, &head(901), 3_020, CLOCK).0);
    assert!(matches!(all.heard(0, &head(901), 3_030, CLOCK).unwrap().to, Health::Lagging { .. }));
    assert_eq!(all.announced(0, &head(902), 3_040, CLOCK), (false, None));
    // But another chain is another chain.
    let foreign = Head { chain_id: "chain-2".to_owned(), ..head(921) };
    assert!(matches!(
        all.announced(3, &foreign, 3_050, CLOCK),
        (false, Some(Change { to: Health::Foreign { .. }, .. }))
    ));
}

#[test]
fn announcing_a_block_too_early_or_long_past_holds_nobody_back() {
    let mut all = three();
    all_at(&mut all, 900, 0);
    for height in [1, 879, 921, 1_000_000_000] {
        assert_eq!(all.announced(3, &head(height), 1_000, CLOCK), (false, None), "{height}");
    }
    assert_eq!(all.tip(1_000).unwrap().height, 900);
    assert_eq!(all.heard(0, &head(900), 1_500, CLOCK), None);
    for height in [880, 920] {
        assert!(all.announced(3, &head(height), 1_600, CLOCK).0, "{height}");
    }
    // A probe says the same, and is believed as far as the others allow.
    assert!(matches!(all.heard(3, &head(879), 2_000, CLOCK).unwrap().to, Health::Lagging { .. }));
}

#[test]
fn one_whose_block_is_old_is_behind_whatever_its_height() {
    let mut all = three();
    all_at(&mut all, 900, 0);
    let old = Head { time: head(900).time - 31, ..head(900) };
    assert!(matches!(all.heard(0, &old, 10, CLOCK).unwrap().to, Health::Lagging { seconds: 31, .. }));
}

#[test]
fn what_a_silent_endpoint_said_long_ago_holds_nobody_back() {
    let mut all = three();
    all.heard(0, &head(950), 0, CLOCK);
    all.heard(1, &head(900), 30_000, CLOCK);
    assert!(matches!(all.health(1), Health::Lagging { .. }));
    all.heard(1, &head(900), 30_001, CLOCK);
    assert_eq!(all.health(1), Health::Good);
}

#[test]
fn one_of_another_chain_is_refused_by_name_and_all_of_another_are_told() {
    let mut all = three();
    let foreign = Head { chain_id: "chain-2".to_owned(), ..head(900) };
    let change = all.heard(0, &foreign, 0, CLOCK).unwrap();
    assert!(change.name == "http://a:1" && change.to.to_string().contains("'chain-2', not of 'chain-1'"));
    assert!(all.all_foreign().is_some());
    all.heard(1, &head(3), 1, CLOCK);
    assert_eq!((all.health(1), all.all_foreign().is_none()), (Health::Good, true));
    assert_eq!(all.order(Kind::Grpc, None, 2), [1, 2]);
    // It may be put right: it is asked now and then.
    all.to_probe(2);
    assert!(!all.to_probe(2 + PROBE_INTERVAL_MS).contains(&0) && all.to_probe(2 + BREAKER_PAUSE_MAX_MS).contains(&0));
}

#[test]
fn heights_and_times_that_cant_be_are_refused() {
    let mut all = three();
    let young = |height: u64| Head { time: CLOCK, ..head(height) };
    all.heard(0, &young(900), 0, CLOCK);
    assert!(matches!(all.heard(1, &young(1_000_000), 1, CLOCK).unwrap().to, Health::Impossible { .. }));
    // Nor does it make the others late.
    all.heard(0, &young(901), 2, CLOCK);
    assert_eq!((all.health(0), all.tip(2).unwrap().height), (Health::Good, 901));
    let ahead = Head { time: CLOCK + 601, ..head(901) };
    assert!(matches!(all.heard(2, &ahead, 3, CLOCK).unwrap().to, Health::Impossible { .. }));
    // When the other's block is old, it is the other that is late.
    let mut all = three();
    all.heard(0, &head(900), 0, CLOCK);
    // In the 100 s since then a chain makes so many blocks.
    all.heard(1, &young(2_900), 1, CLOCK);
    assert_eq!(all.health(1), Health::Good);
    all.heard(0, &head(901), 2, CLOCK);
    assert!(matches!(all.health(0), Health::Lagging { .. }));
}

#[test]
fn one_that_is_refuted_is_left_alone_for_the_longest_pause() {
    let mut all = three();
    all_at(&mut all, 900, 0);
    assert!(matches!(all.refuted(0, "sequence 9", 10).unwrap().to, Health::Down { reason } if reason == "sequence 9"));
    all.answered(0, Some(900));
    all.heard(0, &head(901), 20, CLOCK);
    assert_eq!(all.order(Kind::Grpc, None, 30), [1, 2]);
    assert!(!all.to_probe(BREAKER_PAUSE_MAX_MS).contains(&0) && all.to_probe(10 + BREAKER_PAUSE_MAX_MS).contains(&0));
    all.heard(0, &head(902), 11 + BREAKER_PAUSE_MAX_MS, CLOCK);
    assert_eq!(all.order(Kind::Grpc, None, 12 + BREAKER_PAUSE_MAX_MS), [0, 1, 2]);
}

/// Two nodes, each with both kinds: gRPC of the first and second, RPC of the first and second; all at 900 when last asked.
fn two_nodes() -> Endpoints {
    let named =
        [(Kind::Grpc, "http://a:1"), (Kind::Grpc, "http://b:1"), (Kind::Rpc, "ws://a:2"), (Kind::Rpc, "ws://b:2")];
    let mut all = Endpoints::new("chain-1", named.map(|(kind, name)| (kind, name.to_owned())));
    all_at(&mut all, 900, 0);
    all.to_probe(1_000);
    all
}

#[test]
fn one_far_ahead_of_the_others_is_left_out_and_not_they() {
    // Young and old by this machine's clock, by height and by time.
    let far = |height, time| Head { height, time, ..head(0) };
    for wrong in [far(1_000_000, CLOCK), far(1_000_000, CLOCK - 100), far(2_000, CLOCK - 99), far(901, CLOCK + 500)] {
        let mut all = three();
        let young = |height: u64| Head { time: CLOCK - 1, ..head(height) };
        for at in 0..4 {
            all.heard(at, &young(900), 0, CLOCK);
        }
        for round in 1..5 {
            let now = round * PROBE_INTERVAL_MS;
            all.to_probe(now);
            all.heard(3, &wrong, now, CLOCK);
            for at in 0..3 {
                all.heard(at, &young(900 + round), now, CLOCK);
                assert_eq!(all.health(at), Health::Good, "{wrong:?} in round {round}");
            }
            let odd = all.health(3);
            assert!(matches!(odd, Health::Impossible { .. } | Health::Lagging { .. }), "{wrong:?}: {odd:?}");
            assert_eq!(all.tip(now).unwrap().height, 900 + round);
        }
        all.heard(3, &young(905), 5 * PROBE_INTERVAL_MS, CLOCK);
        assert_eq!(all.health(3), Health::Good);
    }
}

#[test]
fn of_two_that_disagree_the_one_that_goes_on_is_believed() {
    for wrong in [1_000_000_000, 2_000, 3, 850] {
        let mut all = two_nodes();
        for round in 1..5 {
            let now = round * PROBE_INTERVAL_MS;
            // Whoever is heard first.
            for at in if round % 2 == 0 { [0, 2, 1, 3] } else { [1, 3, 0, 2] } {
                all.heard(at, &head(if at % 2 == 1 { wrong } else { 900 + round }), now, CLOCK - 100 + now / 1_000);
            }
            let good = (0..4).map(|at| all.health(at) == Health::Good).collect::<Vec<_>>();
            assert_eq!(good, [true, false, true, false], "{wrong} in round {round}");
            all.to_probe(now + 1);
        }
    }
}

#[test]
fn of_two_that_go_on_the_one_behind_is_late() {
    let mut all = two_nodes();
    for at in [1, 3] {
        all.heard(at, &head(910), 2_000, CLOCK);
    }
    all.heard(0, &head(900), 2_001, CLOCK);
    assert!(matches!(all.health(0), Health::Lagging { height: 900, tip: 910, .. }));
    assert_eq!((all.health(1), all.health(3)), (Health::Good, Health::Good));
}

#[test]
fn at_the_start_two_are_told_apart_by_order_and_three_by_number() {
    let named = ["http://a:1", "http://b:1", "http://c:1"].map(|name| (Kind::Grpc, name.to_owned()));
    let young = |height: u64| Head { time: CLOCK, ..head(height) };
    let mut two = Endpoints::new("chain-1", named[..2].to_vec());
    two.heard(1, &young(1_000_000), 0, CLOCK);
    two.heard(0, &young(900), 1, CLOCK);
    two.settle(2, CLOCK);
    assert!(two.health(0) == Health::Good && matches!(two.health(1), Health::Impossible { .. }));
    let mut three = Endpoints::new("chain-1", named);
    three.heard(0, &young(1_000_000), 0, CLOCK);
    three.heard(1, &young(900), 1, CLOCK);
    three.heard(2, &young(901), 2, CLOCK);
    three.settle(3, CLOCK);
    assert!(matches!(three.health(0), Health::Impossible { .. }));
    assert_eq!((three.health(1), three.health(2)), (Health::Good, Health::Good));
}

#[test]
fn a_chain_that_was_reset_is_seen_once_all_say_so() {
    let mut all = two_nodes();
    for round in 1..4 {
        all.to_probe(round * PROBE_INTERVAL_MS);
        for at in 0..4 {
            all.heard(at, &head(round), round * PROBE_INTERVAL_MS, CLOCK);
        }
    }
    assert_eq!((all.readiness().grpc, all.readiness().rpc, all.tip(6_000).unwrap().height), (2, 2, 3));
}

#[test]
fn a_block_is_confirmed_once_half_of_the_well_have_the_one_before() {
    let mut all = two_nodes();
    // Of four: three have 900, and one block more may be early.
    for (told, confirmed) in [(901, Some(901)), (902, None), (905, None)] {
        all.heard(2, &head(told), 10, CLOCK);
        assert_eq!(all.confirmed(2, &head(told), 10).map(|head| head.height), confirmed, "{told}");
    }
    // They come closer: the newest of those that waited is passed on, though the second machine is late with both of its endpoints.
    assert_eq!(all.confirmed_by_now(20), None);
    all.heard(0, &head(901), 20, CLOCK);
    assert_eq!(all.confirmed_by_now(20), Some(head(902)));
    all.heard(1, &head(901), 30, CLOCK);
    assert_eq!(all.confirmed_by_now(30), None);
    // One that doesn't answer has no voice: of three, two.
    all.failed(3, "refused", 40);
    all.heard(0, &head(904), 40, CLOCK);
    assert_eq!(all.confirmed_by_now(40), Some(head(905)));
    // Nor has what was told long ago.
    assert_eq!(all.confirmed(2, &head(906), 40), None);
    all.heard(2, &head(906), 31_000, CLOCK);
    assert_eq!(all.confirmed(2, &head(906), 31_000), Some(head(906)));
    // Whoever is left out tells nothing.
    all.heard(2, &Head { chain_id: "chain-2".to_owned(), ..head(907) }, 31_010, CLOCK);
    all.heard(0, &head(907), 31_010, CLOCK);
    assert_eq!(all.confirmed(2, &head(907), 31_010), None);
}

#[test]
fn those_that_lack_a_new_block_are_asked_at_once_but_not_repeatedly() {
    let mut all = two_nodes();
    all.heard(2, &head(901), 1_100, CLOCK);
    all.hurry(901, 1_100);
    assert!(all.to_probe(1_100).is_empty());
    all.hurry(901, 1_250);
    assert_eq!(all.to_probe(1_250), [0, 1, 3]);
    assert!(all.to_probe(1_600).is_empty());
}

#[test]
fn blind_is_when_one_kind_has_nobody() {
    let mut all = three();
    assert!(all.readiness().is_blind());
    all_at(&mut all, 900, 0);
    assert_eq!((all.readiness().grpc, all.readiness().rpc, all.readiness().is_blind()), (3, 1, false));
    for at in [0, 1, 2] {
        all.failed(at, "refused", 1);
        all.failed(at, "refused", 1);
    }
    assert!(all.readiness().is_blind());
    assert!(all.order(Kind::Grpc, None, 2).is_empty());
    all.answered(1, None);
    all.failed(3, "refused", 1);
    all.failed(3, "refused", 1);
    assert!(all.readiness().grpc == 1 && all.readiness().is_blind());
}

#[test]
fn a_small_step_back_is_another_node_behind_the_same_address() {
    let mut all = three();
    all.heard(0, &head(900), 0, CLOCK);
    all.heard(0, &head(897), 1, CLOCK);
    assert_eq!(all.all()[0].head.as_ref().unwrap().0.height, 900);
    all.heard(0, &head(20), 2, CLOCK);
    assert_eq!(all.all()[0].head.as_ref().unwrap().0.height, 20);
}

#[test]
fn what_may_be_secret_in_an_address_is_not_in_its_name() {
    for (address, name) in [
        ("http://127.0.0.1:9090", "http://127.0.0.1:9090"),
        ("ws://127.0.0.1:26657/websocket", "ws://127.0.0.1:26657"),
        ("https://user:hunter2@node.example:443", "https://node.example:443"),
        ("https://node.example/hunter2/rpc", "https://node.example/…"),
        ("wss://node.example?key=hunter2", "wss://node.example/…"),
        ("hunter2@host", "host"),
        ("https://user:hun/ter2@host", "…"),
        ("https://[::1]:443/hunter2", "https://[::1]:443/…"),
    ] {
        assert_eq!(public(address), name);
    }
}

#[test]
fn of_questions_that_wait_together_at_a_slow_one_one_counts() {
    let mut all = three();
    assert_eq!(
        [0, 100, 399, 400, 700, 800].map(|now| all.is_slow_anew(0, now)),
        [true, false, false, true, false, true]
    );
    // Each for itself; and whom there isn't is not slow.
    assert!(all.is_slow_anew(1, 100) && !all.is_slow_anew(9, 0));
}
