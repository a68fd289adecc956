//! Setting a margin contract up, and what it says of itself.

use plimsoll_margin::error::ContractError;
use plimsoll_risk::units::Ratio;
use plimsoll_schema::margin::{ConfigResponse, Fee, InstantiateMsg, MigrateMsg, QueryMsg};
use plimsoll_testing::{BOB, OWNER, World, margin_code, ratio};

#[test]
fn instantiate_takes_a_pool_and_a_small_fee_or_none() {
    let mut world = World::new();
    let pool = world.pool().to_string();
    let recipient = world.addr(BOB).into_string();
    for fee in [None, Some(Fee { share: ratio("0.01"), recipient: recipient.clone() })] {
        let msg = InstantiateMsg { pool: pool.clone(), fee: fee.clone() };
        let margin = world.deploy(margin_code(), OWNER, &msg, &[], "margin").unwrap();
        let answer: ConfigResponse = world.query_contract(&margin, &QueryMsg::Config {}).unwrap();
        assert_eq!(answer, ConfigResponse { pool: pool.clone(), fee });
        world.migrate(&margin, margin_code(), &MigrateMsg {}).unwrap();
    }
    for share in [Ratio::ZERO, ratio("0.010000000000000001"), Ratio::ONE] {
        let fee = Some(Fee { share, recipient: recipient.clone() });
        let msg = InstantiateMsg { pool: pool.clone(), fee };
        let error = world.deploy(margin_code(), OWNER, &msg, &[], "margin").unwrap_err();
        assert!(error.is(&ContractError::FeeOutOfRange { fee: share, max: ratio("0.01") }), "{error}");
    }
    for (pool, recipient) in [("nobody", recipient.as_str()), (pool.as_str(), "nobody")] {
        let fee = Some(Fee { share: ratio("0.001"), recipient: recipient.to_owned() });
        let msg = InstantiateMsg { pool: pool.to_owned(), fee };
        let error = world.deploy(margin_code(), OWNER, &msg, &[], "margin").unwrap_err();
        assert_eq!(error.to_string(), "'nobody' is not an address of this chain");
    }
}
