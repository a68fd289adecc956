//! What keeps the keeper from its work: told when it begins, then now and then, and when it is over. Pure.

use crate::error::Error;

/// Of trouble that goes on one time in so many is told.
const TOLD_EVERY: u64 = 20;

/// Trouble in a row.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    what: Option<&'static str>,
    /// How often it was this.
    times: u64,
    /// How often it was anything.
    all: u64,
}

impl Trouble {
    /// Whether to tell of it; another kind is told at once.
    pub fn met(&mut self, error: &Error) -> bool {
        if self.what != Some(error.name()) {
            self.what = Some(error.name());
            self.times = 0;
        }
        self.times = self.times.saturating_add(1);
        self.all = self.all.saturating_add(1);
        self.times % TOLD_EVERY == 1
    }

    /// How often there was any, now that it is over.
    pub fn over(&mut self) -> u64 {
        std::mem::take(self).all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_told_once_and_every_twentieth_time_and_another_at_once() {
        let down = Error::Pruned { height: 1, times: 1 };
        let bad = Error::garbage("a node", "x");
        let mut trouble = Trouble::default();
        let told: Vec<u32> = (1..=45).filter(|_| trouble.met(&down)).collect();
        assert_eq!(told, [1, 21, 41]);
        assert_eq!([trouble.met(&bad), trouble.met(&bad), trouble.met(&down)], [true, false, true]);
        assert_eq!((trouble.over(), trouble.over()), (48, 0));
        assert!(trouble.met(&down));
    }
}
