//! A tree of labelled generators from one seed: a new label disturbs no other.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

/// The root.
#[derive(Debug, Clone, Copy)]
pub struct SeedTree(u64);

impl SeedTree {
    /// The tree of `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The generator with this label.
    #[must_use]
    pub fn stream(self, label: &str) -> ChaCha8Rng {
        let hash =
            label.bytes().fold(0xcbf2_9ce4_8422_2325_u64 ^ self.0, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        ChaCha8Rng::seed_from_u64(hash)
    }
}

/// A number below `bound`.
pub fn below(random: &mut impl Rng, bound: usize) -> usize {
    (random.next_u64() % bound.max(1) as u64) as usize
}
