//! TLS to PostgreSQL, asked for in its address: `?sslmode=require`, or `verify-full` as libpq spells what we always do.
//! The certificate must be valid for the host and signed by one of `sslrootcert=FILE`, or by one that the system trusts.
//! Without it the connection is plain, which is right on one machine or in a tunnel.

use std::path::{Path, PathBuf};

use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_rustls::rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};

use crate::{Result, StoreError};

/// Where Debian keeps the certificates that the system trusts.
const SYSTEM_ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";

/// What an address says of TLS, and the rest of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The address, without what only we read.
    pub(crate) url: String,
    /// Certificates to trust, if TLS is asked for.
    pub(crate) roots: Option<PathBuf>,
}

/// Reads what an address asks for. A word that would be weaker than it sounds is refused.
pub(crate) fn asked(url: &str) -> Result<Asked> {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let (mut rest, mut roots, mut encrypted) = (Vec::new(), None, false);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sslmode", "disable")) => {}
            Some(("sslmode", "require" | "verify-full")) => encrypted = true,
            Some(("sslmode", other)) => return Err(wrong(format!("sslmode={other}: disable, require or verify-full"))),
            Some(("sslrootcert", file)) => roots = Some(PathBuf::from(file)),
            _ => rest.push(pair),
        }
    }
    rest.push(if encrypted { "sslmode=require" } else { "sslmode=disable" });
    let roots = encrypted.then(|| roots.unwrap_or_else(|| SYSTEM_ROOTS.into()));
    Ok(Asked { url: format!("{base}?{}", rest.join("&")), roots })
}

/// A connector that trusts the certificates of a file.
pub(crate) fn connector(roots: &Path) -> Result<MakeRustlsConnect> {
    let mut store = RootCertStore::empty();
    let found = CertificateDer::pem_file_iter(roots).map_err(|e| wrong(format!("{}: {e}", roots.display())))?;
    store.add_parsable_certificates(found.filter_map(std::result::Result::ok));
    if store.is_empty() {
        return Err(wrong(format!("{}: no certificate", roots.display())));
    }
    let config = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .map_err(|e| wrong(e.to_string()))?;
    Ok(MakeRustlsConnect::new(config.with_root_certificates(store).with_no_client_auth()))
}

fn wrong(text: String) -> StoreError {
    StoreError::Away(format!("the address of the store: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_whether_it_is_encrypted_and_whom_it_trusts() {
        let read = |url: &str| asked(url).map(|asked| (asked.url, asked.roots.map(|path| path.display().to_string()))).ok();
        let some = |url: &str, roots: Option<&str>| Some((url.to_owned(), roots.map(str::to_owned)));
        assert_eq!(read("postgres://u@h/d"), some("postgres://u@h/d?sslmode=disable", None));
        assert_eq!(read("postgres://u@h/d?options=-c%20x%3Dy"), some("postgres://u@h/d?options=-c%20x%3Dy&sslmode=disable", None));
        assert_eq!(read("postgres://u@h/d?sslmode=require"), some("postgres://u@h/d?sslmode=require", Some(SYSTEM_ROOTS)));
        assert_eq!(
            read("postgres://u@h/d?sslmode=verify-full&sslrootcert=/ca.pem"),
            some("postgres://u@h/d?sslmode=require", Some("/ca.pem"))
        );
        assert_eq!(read("postgres://u@h/d?sslrootcert=/ca.pem"), some("postgres://u@h/d?sslmode=disable", None));
        for weaker in ["prefer", "allow", "verify-ca", "Require", ""] {
            assert_eq!(read(&format!("postgres://u@h/d?sslmode={weaker}")), None, "{weaker}");
        }
    }

    #[test]
    fn a_file_without_certificates_is_refused() {
        assert!(connector(Path::new("/nonexistent.pem")).is_err());
        assert!(connector(Path::new("/dev/null")).is_err());
    }
}
