//! Plays a target: its corpus, then mutations of it.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
};

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use crate::{Target, corpus, mutate};

/// An input under which a target failed.
#[derive(Debug)]
pub struct Finding {
    /// The input.
    pub input: Vec<u8>,
    /// What the target said.
    pub said: String,
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

/// Plays one input.
pub fn one(target: &Target, input: &[u8]) -> Result<(), Finding> {
    let ran = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    ran.map_err(|panic| Finding { input: input.to_vec(), said: text_of(panic.as_ref()) })
}

/// Plays the corpus, then mutations from `seed` until `more` says that it is enough; answers how many
/// inputs were played.
pub fn all(target: &Target, seed: u64, mut more: impl FnMut(usize) -> bool) -> Result<usize, Finding> {
    let inputs: Vec<Vec<u8>> = corpus::of(target.name).into_iter().map(|(_, bytes)| bytes).collect();
    inputs.iter().try_for_each(|input| one(target, input))?;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut played = 0;
    while more(played) {
        one(target, &mutate::mutated(&mut random, &inputs, target.words))?;
        played += 1;
    }
    Ok(inputs.len() + played)
}
