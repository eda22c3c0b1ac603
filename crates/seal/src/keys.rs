//! The key ring: one master key outside the database, sub-keys derived by purpose (HKDF-SHA-256).

use ring::{aead, hkdf, hmac, rand};

/// Where random bytes come from; simulation passes a seeded one.
pub trait Randomness: Send + Sync {
    /// Fills `out` with random bytes.
    fn fill(&self, out: &mut [u8]);
}

/// Randomness of the operating system.
#[derive(Debug)]
struct System(rand::SystemRandom);

impl Randomness for System {
    fn fill(&self, out: &mut [u8]) {
        // A machine without a random source cannot keep any secret: stopping is the only safe answer.
        assert!(rand::SecureRandom::fill(&self.0, out).is_ok(), "the operating system gives no random bytes");
    }
}

/// Sub-keys of one deployment.
pub struct Keys {
    pub(crate) cell: aead::LessSafeKey,
    pub(crate) blind: hmac::Key,
    pub(crate) roster: hmac::Key,
    pub(crate) randomness: Box<dyn Randomness>,
}

struct Length(usize);
impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn derive(prk: &hkdf::Prk, purpose: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    let filled = prk.expand(&[purpose], Length(32)).and_then(|okm| okm.fill(&mut out));
    assert!(filled.is_ok(), "HKDF gives 32 bytes for any purpose");
    out
}

impl Keys {
    /// Derives the ring from a master key of 32 bytes.
    #[must_use]
    pub fn from_master(master: &[u8; 32]) -> Self {
        Self::with_randomness(master, Box::new(System(rand::SystemRandom::new())))
    }

    /// The same with another source of randomness (nonces).
    #[must_use]
    pub fn with_randomness(master: &[u8; 32], randomness: Box<dyn Randomness>) -> Self {
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, b"allclear v1").extract(master);
        let cell = aead::UnboundKey::new(&aead::AES_256_GCM, &derive(&prk, b"cell"));
        let Ok(cell) = cell else { unreachable!("AES-256 takes 32 bytes") };
        Self {
            cell: aead::LessSafeKey::new(cell),
            blind: hmac::Key::new(hmac::HMAC_SHA256, &derive(&prk, b"blind index")),
            roster: hmac::Key::new(hmac::HMAC_SHA256, &derive(&prk, b"roster")),
            randomness,
        }
    }

    /// Tells one master key from another without saying anything about it: a backup carries this, so
    /// that a restore with the wrong key is noticed before it is needed.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let tag = hmac::sign(&self.roster, b"fingerprint of the master key");
        tag.as_ref().iter().take(8).map(|b| format!("{b:02x}")).collect()
    }

    /// Fresh random bytes.
    #[must_use]
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        self.randomness.fill(&mut out);
        out
    }

    /// The digest key of one device's roster: derived, so that asking twice gives the same.
    #[must_use]
    pub fn roster_key(&self, device: &[u8], day: &[u8]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.roster);
        context.update(device);
        context.update(day);
        let mut out = [0; 32];
        out.copy_from_slice(context.sign().as_ref());
        out
    }
}

/// HMAC-SHA-256 of `text` under `key`, first 12 bytes: how a roster holds a document number.
#[must_use]
pub fn roster_digest(key: &[u8; 32], text: &str) -> [u8; 12] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes());
    let mut out = [0; 12];
    out.copy_from_slice(&tag.as_ref()[..12]);
    out
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(…)")
    }
}
