//! Numbers that are the same for the same seed, on every machine.

/// Steele, Lea and Flood's SplitMix64: small, and good enough to throw dice.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The stream of this seed and this number; streams of neighbours have nothing in common.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut random = Self(seed);
        let mixed = random.bits();
        Self(mixed ^ stream.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `from` up to but without `to`.
    pub fn within(&mut self, from: u64, to: u64) -> u64 {
        from + self.bits() % (to - from)
    }

    /// The same as an index.
    pub fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }

    /// The same in 32 bits.
    pub fn from_to(&mut self, from: u32, to: u32) -> u32 {
        self.within(u64::from(from), u64::from(to)) as u32
    }

    /// True once in `n`.
    pub fn once_in(&mut self, n: u64) -> bool {
        self.bits().is_multiple_of(n)
    }

    /// One of these.
    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// Puts these in any order, each equally likely (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }
}
