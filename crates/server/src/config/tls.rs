//! `[tls]`

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{ConfigError, Key, Kind, wrong};

/// TLS by the server itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// Certificate chain, PEM.
    pub cert_file: Option<PathBuf>,
    /// Its private key, PEM.
    pub key_file: Option<PathBuf>,
}

/// Keys of the section.
pub const KEYS: &[Key] = &[
    Key {
        name: "cert_file",
        env: "ALLCLEAR_TLS_CERT",
        kind: Kind::Text,
        value: "\"/etc/allclear/cert.pem\"",
        is_default: false,
        what: "Certificate and what it was signed with, PEM, the server's own first. Read again on SIGHUP.",
    },
    Key {
        name: "key_file",
        env: "ALLCLEAR_TLS_KEY",
        kind: Kind::Text,
        value: "\"/etc/allclear/key.pem\"",
        is_default: false,
        what: "Private key of the certificate, PEM.",
    },
];

impl Tls {
    /// Certificate and key, where TLS is wanted.
    #[must_use]
    pub fn files(&self) -> Option<(&Path, &Path)> {
        Some((self.cert_file.as_deref()?, self.key_file.as_deref()?))
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        match (&self.cert_file, &self.key_file) {
            (Some(_), None) => Err(wrong("tls.key_file", "is needed where tls.cert_file is given")),
            (None, Some(_)) => Err(wrong("tls.cert_file", "is needed where tls.key_file is given")),
            _ => Ok(()),
        }
    }
}
