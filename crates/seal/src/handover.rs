//! What two phones show each other when a box changes hands, without network:
//! `ACH1.<base64url JSON>.<base64url ES256 signature>`; the signature covers the text before it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature;

/// Why a statement is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HandoverError {
    /// Not `ACH1.….…` of reasonable length.
    #[error("this is no hand-over code")]
    Shape,
    /// The signature does not fit the device's key.
    #[error("the signature of this hand-over code does not fit the device")]
    Signature,
}

/// A statement that was read but not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement<'a> {
    signed: &'a str,
    /// The JSON text.
    pub json: Vec<u8>,
    signature: Vec<u8>,
}

/// Longest statement that fits one QR code a phone reads at arm's length, characters.
const LONGEST: usize = 2200;

/// Splits a scanned statement.
pub fn read_statement(text: &str) -> Result<Statement<'_>, HandoverError> {
    let shape = HandoverError::Shape;
    if text.len() > LONGEST || !text.starts_with("ACH1.") {
        return Err(shape);
    }
    let (signed, signature) = text.rsplit_once('.').ok_or(shape)?;
    let (_, json) = signed.split_once('.').ok_or(shape)?;
    let json = base64url(json).ok_or(shape)?;
    let signature = base64url(signature).ok_or(shape)?;
    Ok(Statement { signed, json, signature })
}

/// The text that a device signs, from canonical JSON.
#[must_use]
pub fn canonical_statement(json: &[u8]) -> String {
    format!("ACH1.{}", to_base64url(json))
}

impl Statement<'_> {
    /// Checks the signature with the device's public key (uncompressed P-256 point).
    pub fn verify(&self, public_key: &[u8]) -> Result<(), HandoverError> {
        signature::UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, public_key)
            .verify(self.signed.as_bytes(), &self.signature)
            .map_err(|_| HandoverError::Signature)
    }
}

/// Base64url without padding (RFC 4648 section 5).
#[must_use]
pub fn to_base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads base64url without padding.
#[must_use]
pub fn base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use ring::{
        rand::SystemRandom,
        signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
    };

    use super::*;

    #[test]
    fn only_the_device_that_signed_is_believed() {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap();
        let signed = canonical_statement(br#"{"boxes":["B000000075"]}"#);
        let signature = pair.sign(&random, signed.as_bytes()).unwrap();
        let text = format!("{signed}.{}", to_base64url(signature.as_ref()));
        let statement = read_statement(&text).unwrap();
        assert_eq!(statement.verify(pair.public_key().as_ref()), Ok(()));
        let mut forged = text.clone();
        let letter = if &text[12..13] == "A" { "B" } else { "A" };
        forged.replace_range(12..13, letter);
        assert_eq!(read_statement(&forged).unwrap().verify(pair.public_key().as_ref()), Err(HandoverError::Signature));
        assert_eq!(read_statement("ACH1.x").unwrap_err(), HandoverError::Shape);
    }
}
