//! Prices that fall silent, or are heard again: told once each time. Pure.

use std::collections::BTreeMap;

/// What changed since the block before.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    /// The denoms whose prices fail now, each with what is wrong with it.
    pub failing: Vec<(String, String)>,
    /// The denoms whose prices pass again.
    pub passing: Vec<String>,
}

/// The denoms whose prices fail.
#[derive(Debug, Default)]
pub(super) struct Failing(BTreeMap<String, String>);

impl Failing {
    /// Goes on to the next block, at which these fail.
    pub fn see(&mut self, now: BTreeMap<String, String>) -> Change {
        let new = now.iter().filter(|(denom, _)| !self.0.contains_key(*denom));
        let failing = new.map(|(denom, fault)| (denom.clone(), fault.clone())).collect();
        let passing = self.0.keys().filter(|denom| !now.contains_key(*denom)).cloned().collect();
        self.0 = now;
        Change { failing, passing }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_told_when_it_begins_to_fail_and_when_it_passes_again_and_not_while_it_goes_on() {
        let at = |faults: &[(&str, &str)]| {
            faults.iter().map(|(denom, fault)| ((*denom).to_owned(), (*fault).to_owned())).collect::<BTreeMap<_, _>>()
        };
        let mut failing = Failing::default();
        assert_eq!(failing.see(at(&[])), Change::default());
        let change = failing.see(at(&[("uatom", "3601 s old")]));
        assert_eq!(
            change,
            Change { failing: vec![("uatom".to_owned(), "3601 s old".to_owned())], passing: Vec::new() }
        );
        // Its age is another at each block.
        assert_eq!(failing.see(at(&[("uatom", "3602 s old")])), Change::default());
        let change = failing.see(at(&[("uusd", "below its floor")]));
        assert_eq!((change.failing[0].0.as_str(), change.passing), ("uusd", vec!["uatom".to_owned()]));
        assert_eq!(failing.see(at(&[])).passing, ["uusd"]);
    }
}
