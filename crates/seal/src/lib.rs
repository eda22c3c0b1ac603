//! What can be proved: cell encryption, blind indexes, token digests, device signatures.
//!
//! Never here: a sibling crate, I/O, a clock. All cryptography of the product goes through this
//! crate, so that a second suite (SM2, SM3, SM4) is a second implementation of few functions.
//! Bytes are canonical and versioned before they are sealed or signed.

mod cell;
mod handover;
mod keys;

pub use cell::{BlindIndex, CellError};
pub use handover::{HandoverError, Statement, base64url, canonical_statement, read_statement, to_base64url};
pub use keys::{Keys, Randomness, roster_digest};

use ring::digest;

/// SHA-256 of `bytes`.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

/// Compares two secrets in constant time.
#[must_use]
pub fn same_secret(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0u8, |acc, (x, y)| acc | (x ^ y)) == 0
}

/// SHA-256 of bytes that come in parts: a file of many gigabytes.
#[derive(Clone)]
pub struct Sha256(digest::Context);

impl Default for Sha256 {
    fn default() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }
}

impl Sha256 {
    /// Takes the next part.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all parts, in hexadecimal.
    #[must_use]
    pub fn hex(self) -> String {
        self.0.finish().as_ref().iter().map(|b| format!("{b:02x}")).collect()
    }
}
