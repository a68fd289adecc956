//! The same day under the rules before, in a few lines: a price beyond its floor was refused and the old one stayed in force until it was
//! too old; from then on it counted at its ceiling, and nobody could be liquidated. The middle price moved a step a publication.

use super::day::minutes;

const FLOOR: f64 = 5.0;
const MAX_AGE: usize = 30;
const STEP: f64 = 0.1;
const LTV: f64 = 0.7;
const THRESHOLD: f64 = 0.75;
/// The borrowers of the day with their collateral in the token and their debt in dollars, the correlated token counted as the token.
const BORROWERS: [(f64, f64); 9] = [
    (10_000.0, 60_000.0),
    (10_000.0, 45_000.0),
    (5_000.0, 30_000.0),
    (5_000.0, 20_000.0),
    (2_000.0, 8_000.0),
    (2_000.0, 4_000.0),
    (2_000.0, 2_000.0),
    (2_000.0, 1_500.0),
    (6_000.0, 30_000.0),
];
/// What is bought each minute, and the most that the market takes.
const BOUGHT: f64 = 1_000.0;
const CAP: f64 = 500_000.0;

#[derive(Debug)]
pub struct Lost {
    pub lost: f64,
    pub to_mallory: f64,
}

/// What lenders lose.
pub fn lost() -> Lost {
    let mut middle = 10.0f64;
    let mut low = 10.0f64;
    let mut told = 0;
    let mut accounts = BORROWERS.to_vec();
    let mut mallory = (0.0, 0.0);
    let mut lost = 0.0;
    let mut last = 0.0;
    for (minute, truth, votes) in minutes() {
        last = truth;
        if votes && truth >= FLOOR {
            middle = truth.clamp(middle * (1.0 - STEP), middle * (1.0 + STEP));
            (low, told) = (middle.min(truth), minute);
        }
        if minute - told > MAX_AGE {
            continue;
        }
        // Whoever buys the token and borrows against it at a price that it no longer has keeps the difference.
        if LTV * low > truth && mallory.0 < CAP {
            mallory = (mallory.0 + BOUGHT, mallory.1 + BOUGHT * LTV * low);
        }
        for account in accounts.iter_mut().filter(|(held, owed)| *owed > 0.0 && held * middle * THRESHOLD < *owed) {
            // Nobody pays more than the token is worth, so a price that has not fallen yet liquidates nobody.
            if middle <= truth * 1.1 {
                lost += (account.1 - account.0 * truth / 1.02).max(0.0);
                *account = (0.0, 0.0);
            }
        }
    }
    let left = accounts.iter().map(|(held, owed)| (owed - held * last).max(0.0)).sum::<f64>();
    let to_mallory = (mallory.1 - mallory.0 * last).max(0.0);
    Lost { lost: lost + left + to_mallory, to_mallory }
}
