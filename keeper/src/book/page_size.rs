//! How many accounts to ask for at once: what a node answers depends on its gas limit for queries, which it doesn't
//! tell. Pure.

use plimsoll_schema::pool::ACCOUNTS_LIMIT;

/// A page that fails with so few accounts isn't too large.
const PAGE_MIN: u32 = 10;
/// After so many full pages a larger one is tried.
const GROW_AFTER: u32 = 4;
/// After so many full pages what failed once is no longer held to fail: accounts differ in size.
const FORGET_AFTER: u32 = 64;

/// The size of the next page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSize {
    size: u32,
    /// The largest that was answered.
    worked: u32,
    /// The smallest that failed.
    failed: u32,
    full: u32,
}

impl Default for PageSize {
    fn default() -> Self {
        Self { size: ACCOUNTS_LIMIT, worked: 0, failed: ACCOUNTS_LIMIT.saturating_add(1), full: 0 }
    }
}

impl PageSize {
    /// How many accounts the next page should have.
    pub const fn get(&self) -> u32 {
        self.size
    }

    /// A page of this size failed: the next is one that worked before, or has half as many. Answers with false when it
    /// can't be the size.
    pub fn failed(&mut self, tried: u32) -> bool {
        if tried <= PAGE_MIN {
            return false;
        }
        self.failed = self.failed.min(tried);
        if self.worked >= tried {
            // Accounts differ in size.
            self.worked = 0;
        }
        let smaller = if self.worked > 0 { self.worked } else { tried / 2 };
        self.size = self.size.min(smaller).max(PAGE_MIN);
        self.full = 0;
        true
    }

    /// A page of this size was answered. After a few the next is an eighth larger, but stays well below what failed.
    pub fn worked(&mut self, tried: u32) {
        if tried < self.size {
            return;
        }
        self.worked = self.worked.max(tried);
        self.full = self.full.saturating_add(1);
        if self.full.is_multiple_of(FORGET_AFTER) {
            self.failed = ACCOUNTS_LIMIT.saturating_add(1);
        }
        let step = (self.size / 8).max(1);
        let room = self.failed.saturating_sub(self.size);
        let step = match self.failed {
            ..=ACCOUNTS_LIMIT if room < step => 0,
            ..=ACCOUNTS_LIMIT => step.min(room / 2),
            _ => step,
        };
        if self.full.is_multiple_of(GROW_AFTER) {
            self.size = self.size.saturating_add(step).min(ACCOUNTS_LIMIT);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks for pages of a node that answers at most `most` accounts; the sizes that were tried.
    fn tried(pages: &mut PageSize, most: u32, times: usize) -> Vec<u32> {
        let ask = |_| {
            let size = pages.get();
            if size > most {
                assert!(pages.failed(size))
            } else {
                pages.worked(size)
            }
            size
        };
        (0..times).map(ask).collect()
    }

    #[test]
    fn too_large_is_halved_and_grows_up_to_what_failed() {
        let mut pages = PageSize::default();
        let sizes = tried(&mut pages, 300, 40);
        assert_eq!(sizes[..4], [1_000, 500, 250, 250]);
        // It fails twice more at most, then stays just below what the node answers.
        assert!(sizes[3..].iter().filter(|size| **size > 300).count() <= 2, "{sizes:?}");
        assert!(pages.get() > 250 && pages.get() <= 300, "{pages:?}");
        // Once the node answers more, that is found out.
        tried(&mut pages, 1_000, 200);
        assert_eq!(pages.get(), ACCOUNTS_LIMIT);
    }

    #[test]
    fn the_least_page_that_fails_is_not_too_large() {
        let mut pages = PageSize::default();
        let mut fails = 0;
        while pages.failed(pages.get()) {
            fails += 1;
        }
        assert_eq!((pages.get(), fails), (PAGE_MIN, 7));
    }
}
