//! How many requests an endpoint is asked in a second, so that its provider's limit isn't reached: a token bucket. Pure.
//!
//! Written out rather than taken from a crate: what can wait leaves a part of the bucket to what can't, which takes more
//! than there is where it has to. `governor` and tower's rate limit know one kind of request.

use crate::chain::endpoints::Endpoints;

/// What one request takes of a bucket, which gains a thousandth of a second's requests each millisecond.
const REQUEST: i64 = 1_000;
/// The part of a second's requests that is left to what can't wait.
const RESERVE_PART: i64 = 4;
/// How often it is told, in milliseconds, that questions are asked beyond the budget.
const OVERRUNS_TOLD_EVERY_MS: u64 = 60_000;

/// What an endpoint may be asked now.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    per_second: i64,
    /// In thousandths of a request; below 0 where more was asked than there was.
    left: i64,
    /// When that was so, in milliseconds.
    at: u64,
}

impl Budget {
    pub fn new(per_second: u32) -> Self {
        let per_second = i64::from(per_second);
        Self { per_second, left: per_second.saturating_mul(REQUEST), at: 0 }
    }

    fn left(&self, now: u64) -> i64 {
        let gained = i64::try_from(now.saturating_sub(self.at)).unwrap_or(i64::MAX).saturating_mul(self.per_second);
        self.left.saturating_add(gained).min(self.per_second.saturating_mul(REQUEST))
    }

    fn spend(&mut self, now: u64) {
        let most = self.per_second.saturating_mul(REQUEST);
        self.left = self.left(now).saturating_sub(REQUEST).max(most.saturating_neg());
        self.at = now;
    }

    /// For how many milliseconds what can wait has to.
    fn wait(&self, now: u64) -> u64 {
        let reserve = (self.per_second / RESERVE_PART).saturating_mul(REQUEST);
        let lacks = REQUEST.saturating_add(reserve).saturating_sub(self.left(now)).max(0);
        u64::try_from(lacks).unwrap_or_default().div_ceil(u64::try_from(self.per_second).unwrap_or(1).max(1))
    }
}

/// Questions that were asked beyond the budget, since that was last told.
#[derive(Clone, Debug, Default)]
pub(super) struct Overruns {
    questions: u64,
    told: Option<u64>,
}

impl Endpoints {
    /// The same, each asked so often a second at most; as often as there are questions where it is `None`.
    pub fn within(mut self, requests_per_second: Option<u32>) -> Self {
        for endpoint in &mut self.all {
            endpoint.budget = requests_per_second.map(Budget::new);
        }
        self
    }

    /// It is asked something now.
    pub fn spend(&mut self, at: usize, now: u64) {
        if let Some(budget) = self.all.get_mut(at).and_then(|endpoint| endpoint.budget.as_mut()) {
            budget.spend(now);
        }
    }

    /// A question is asked beyond the budget: how many there were since that was last told, where it is time to tell it.
    pub fn overrun(&mut self, now: u64) -> Option<u64> {
        let Overruns { questions, told } = &mut self.overruns;
        *questions = questions.saturating_add(1);
        if told.is_some_and(|told| now.saturating_sub(told) < OVERRUNS_TOLD_EVERY_MS) {
            return None;
        }
        *told = Some(now);
        Some(std::mem::take(questions))
    }

    /// Those of these that have room now for what can wait; where none has, for how many milliseconds that waits.
    pub fn affordable(&self, order: Vec<usize>, now: u64) -> Result<Vec<usize>, u64> {
        let wait = |at: &usize| match self.all.get(*at) {
            // Whoever is tried after a pause is asked once.
            Some(endpoint) if endpoint.opens.is_none() => endpoint.budget.as_ref().map_or(0, |budget| budget.wait(now)),
            _ => 0,
        };
        match order.iter().map(wait).min() {
            Some(shortest) if shortest > 0 => Err(shortest),
            _ => Ok(order.into_iter().filter(|at| wait(at) == 0).collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Budget;

    /// How many requests that can wait are taken in this many milliseconds, each as soon as it may.
    fn taken(budget: &mut Budget, from: u64, until: u64) -> u64 {
        let mut taken = 0;
        for now in from..until {
            if budget.wait(now) == 0 {
                budget.spend(now);
                taken += 1;
            }
        }
        taken
    }

    #[test]
    fn what_can_wait_takes_what_was_saved_but_the_reserve_and_then_its_rate() {
        let mut budget = Budget::new(20);
        assert_eq!(taken(&mut budget, 0, 20), 15, "a quarter is left");
        assert_eq!(taken(&mut budget, 20, 2_020), 40);
    }

    #[test]
    fn what_cannot_wait_goes_ahead_and_is_saved_afterwards() {
        let mut budget = Budget::new(4);
        for _ in 0..6 {
            budget.spend(0);
        }
        assert_eq!(budget.wait(0), 1_000, "two too many, and one for the reserve, and one to take");
        assert_eq!(taken(&mut budget, 0, 1_000), 0);
        assert_eq!(taken(&mut budget, 1_000, 3_001), 9);
    }

    #[test]
    fn a_budget_of_one_a_second_is_spent() {
        let mut budget = Budget::new(1);
        assert_eq!(taken(&mut budget, 0, 5_001), 6);
    }
}
