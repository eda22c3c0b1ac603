//! Inputs out of inputs: what a bad network, a bad cable and a bad person do to bytes.

use rand_chacha::{ChaCha8Rng, rand_core::Rng};

/// Longest input that is made, bytes.
const BYTES_MAX: usize = 64 << 10;

/// A number below `bound`.
pub fn below(random: &mut ChaCha8Rng, bound: usize) -> usize {
    (random.next_u64() % bound.max(1) as u64) as usize
}

/// A new input from the corpus: one of it, changed in one to eight places; now and then one out of nothing.
pub fn mutated(random: &mut ChaCha8Rng, corpus: &[Vec<u8>], words: &[&str]) -> Vec<u8> {
    let mut bytes = if corpus.is_empty() || below(random, 16) == 0 { Vec::new() } else { corpus[below(random, corpus.len())].clone() };
    for _ in 0..=below(random, 8) {
        change(random, &mut bytes, corpus, words);
    }
    bytes.truncate(BYTES_MAX);
    bytes
}

fn change(random: &mut ChaCha8Rng, bytes: &mut Vec<u8>, corpus: &[Vec<u8>], words: &[&str]) {
    let at = below(random, bytes.len() + 1);
    let end = at + below(random, (bytes.len() - at).min(64) + 1);
    match below(random, 9) {
        0 if at < bytes.len() => bytes[at] ^= 1 << below(random, 8),
        1 if at < bytes.len() => bytes[at] = random.next_u64() as u8,
        2 => drop(bytes.drain(at..end)),
        3 => bytes.extend_from_within(at..end),
        4 if !words.is_empty() => insert(bytes, at, words[below(random, words.len())].as_bytes()),
        5 => bytes.truncate(at),
        6 => {
            let noise: Vec<u8> = (0..=below(random, 16)).map(|_| random.next_u64() as u8).collect();
            insert(bytes, at, &noise);
        }
        7 if !corpus.is_empty() => {
            let other = &corpus[below(random, corpus.len())];
            bytes.truncate(at);
            bytes.extend_from_slice(&other[below(random, other.len() + 1)..]);
        }
        // A run of one thing: bounds are passed by length, not by wit.
        _ => insert(bytes, at, &vec![*bytes.get(at).unwrap_or(&b'9'); 1 << below(random, 13)]),
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, piece: &[u8]) {
    bytes.splice(at..at, piece.iter().copied());
}
