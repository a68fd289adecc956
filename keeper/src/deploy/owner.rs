//! The owner of pool and oracle: a timelock, an address of the network file, or the deployer.
//!
//! The deployer owns both while they are set up, since a timelock would wait its delay for each asset. The timelock is
//! there first, so that nothing is set up for an owner that can't be.

use plimsoll_schema::ownership::{OwnedMsg, OwnerUpdate};
use plimsoll_schema::{oracle, pool, timelock};

use crate::chain::{Execute, query};
use crate::config::deployment::Deployment;
use crate::deploy::Job;
use crate::deploy::contract::What;
use crate::error::Result;

impl<F: Fn(&str)> Job<'_, F> {
    /// The timelock that the network file asks for, instantiated unless the chain has it.
    pub(super) async fn timelock(&self, record: &mut Deployment) -> Result<()> {
        let Some(settings) = &self.network.timelock else { return Ok(()) };
        let msg = timelock::InstantiateMsg {
            admin: settings.admin.clone(),
            guardian: self.network.timelock_guardian(),
            delay: settings.delay,
        };
        self.contract(What::named("timelock"), record, |record| record.timelock.get_or_insert_default(), &msg).await
    }

    /// Proposes the new owner to pool and oracle. A timelock accepts in the same transaction, so nobody else can have
    /// it accept before all is set up; an address has to accept by itself.
    pub(super) async fn hand_over(&self, record: &Deployment) -> Result<()> {
        let timelock = self.network.timelock.as_ref().and(record.timelock.as_ref()).map(|contract| &contract.address);
        let named = self.network.roles.owner.as_ref().filter(|owner| **owner != self.deployer);
        let Some(owner) = timelock.or(named) else { return Ok(()) };
        let at_pool: pool::ConfigResponse =
            query(self.node, &record.pool.address, &pool::QueryMsg::Config {}, None).await?;
        let at_oracle: oracle::ConfigResponse =
            query(self.node, &record.oracle.address, &oracle::QueryMsg::Config {}, None).await?;
        let propose = OwnedMsg::UpdateOwner(OwnerUpdate::Propose { owner: owner.clone() });
        let mut messages = Vec::new();
        for (contract, ownership) in
            [(&record.pool.address, at_pool.ownership), (&record.oracle.address, at_oracle.ownership)]
        {
            let is_proposed = timelock.is_none() && ownership.proposed.as_ref() == Some(owner);
            if ownership.owner == *owner || is_proposed {
                continue;
            }
            if ownership.owner != self.deployer {
                (self.say)(&format!("{contract}: belongs to {}, who has to propose {owner}", ownership.owner));
                continue;
            }
            messages.push(Execute::new(contract, &propose, Vec::new())?);
            if let Some(timelock) = timelock {
                let accept = timelock::ExecuteMsg::AcceptOwnership { contract: contract.clone() };
                messages.push(Execute::new(timelock, &accept, Vec::new())?);
                (self.say)(&format!("{contract}: the timelock {timelock} becomes its owner"));
            } else {
                (self.say)(&format!("{contract}: proposes {owner} as owner, who has to accept"));
            }
        }
        self.send(&messages).await
    }
}
