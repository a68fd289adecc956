//! What one liquidation uses alone, as it was last simulated or included.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::config::GasFigures;
use crate::plan::Action;

/// A figure that changes by less than one part in so many of itself is not written down anew.
const MIN_CHANGE_PART: u64 = 20;

/// The latest figures; 0 is unknown.
#[derive(Debug, Default)]
pub(super) struct GasMeter {
    own: AtomicU64,
    sold: AtomicU64,
}

impl GasMeter {
    /// These actions used so much; more than one at once says nothing of one alone.
    pub fn see(&self, actions: &[Action], gas: u64) {
        if let [Action::Liquidate(deal)] = actions {
            self.see_one(deal.sale.is_some(), gas);
        }
    }

    /// One liquidation, through the liquidator or with own coins, used so much.
    pub fn see_one(&self, sold: bool, gas: u64) {
        let figure = if sold { &self.sold } else { &self.own };
        let before = figure.load(Ordering::Relaxed);
        if before.abs_diff(gas) > before / MIN_CHANGE_PART {
            figure.store(gas, Ordering::Relaxed);
        }
    }

    /// What is known now.
    pub fn figures(&self) -> GasFigures {
        let known = |figure: &AtomicU64| Some(figure.load(Ordering::Relaxed)).filter(|gas| *gas > 0);
        GasFigures { own: known(&self.own), sold: known(&self.sold) }
    }
}
