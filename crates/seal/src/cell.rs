//! Sensitive cells: AES-256-GCM with (table, row, column) as associated data, so that a cell copied
//! to another row does not open. Layout: version byte 1, 12 bytes nonce, ciphertext and tag.

use ring::{aead, hmac};

use crate::Keys;

const VERSION: u8 = 1;

/// A cell that does not open: names the place, never the content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cell {table}.{column} of row {row} does not open with this key")]
pub struct CellError {
    /// Table.
    pub table: &'static str,
    /// Column.
    pub column: &'static str,
    /// Row, as text.
    pub row: String,
}

/// Keyed digest for look-ups of an encrypted value: HMAC-SHA-256, first 16 bytes.
pub type BlindIndex = [u8; 16];

fn associated(table: &str, column: &str, row: &str) -> Vec<u8> {
    [table, "\0", column, "\0", row].concat().into_bytes()
}

impl Keys {
    /// Seals one cell.
    #[must_use]
    pub fn seal_cell(&self, table: &'static str, column: &'static str, row: &str, plain: &str) -> Vec<u8> {
        let nonce: [u8; 12] = self.random();
        let mut sealed = Vec::with_capacity(plain.len() + 29);
        sealed.push(VERSION);
        sealed.extend_from_slice(&nonce);
        let mut body = plain.as_bytes().to_vec();
        let aad = aead::Aad::from(associated(table, column, row));
        let done = self.cell.seal_in_place_append_tag(aead::Nonce::assume_unique_for_key(nonce), aad, &mut body);
        assert!(done.is_ok(), "AES-GCM seals anything below 64 GiB");
        sealed.extend_from_slice(&body);
        sealed
    }

    /// Opens one cell.
    pub fn open_cell(&self, table: &'static str, column: &'static str, row: &str, sealed: &[u8]) -> Result<String, CellError> {
        let refusal = || CellError { table, column, row: row.to_owned() };
        let (&VERSION, rest) = sealed.split_first().ok_or_else(refusal)? else { return Err(refusal()) };
        let (nonce, body) = rest.split_at_checked(12).ok_or_else(refusal)?;
        let nonce = aead::Nonce::try_assume_unique_for_key(nonce).map_err(|_| refusal())?;
        let mut body = body.to_vec();
        let aad = aead::Aad::from(associated(table, column, row));
        let plain = self.cell.open_in_place(nonce, aad, &mut body).map_err(|_| refusal())?;
        String::from_utf8(plain.to_vec()).map_err(|_| refusal())
    }

    /// Digest for finding `value` (already normalised) of one kind: the kind is part of it, so a
    /// passport and a permit with the same characters differ.
    #[must_use]
    pub fn blind(&self, kind: &str, value: &str) -> BlindIndex {
        let mut context = hmac::Context::with_key(&self.blind);
        context.update(kind.as_bytes());
        context.update(&[0]);
        context.update(value.as_bytes());
        let mut out = [0; 16];
        out.copy_from_slice(&context.sign().as_ref()[..16]);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_opens_only_where_it_was_put() {
        let keys = Keys::from_master(&[7; 32]);
        let sealed = keys.seal_cell("document", "number", "1", "330784199001011234");
        assert_eq!(keys.open_cell("document", "number", "1", &sealed).unwrap(), "330784199001011234");
        assert!(keys.open_cell("document", "number", "2", &sealed).is_err());
        assert!(keys.open_cell("person", "number", "1", &sealed).is_err());
        assert!(Keys::from_master(&[8; 32]).open_cell("document", "number", "1", &sealed).is_err());
        assert!(keys.open_cell("document", "number", "1", &sealed[..10]).is_err());
        assert!(keys.open_cell("document", "number", "1", &[]).is_err());
    }

    #[test]
    fn blind_indexes_find_and_do_not_mix_kinds() {
        let keys = Keys::from_master(&[7; 32]);
        assert_eq!(keys.blind("passport", "E1"), keys.blind("passport", "E1"));
        assert_ne!(keys.blind("passport", "E1"), keys.blind("permit", "E1"));
    }
}
