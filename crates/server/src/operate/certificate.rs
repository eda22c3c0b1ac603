//! When a certificate ends.

use std::path::Path;

use allclear_domain::kernel::time::Instant;
use tokio_rustls::rustls::pki_types::{CertificateDer, pem::PemObject};
use x509_cert::{Certificate, der::Decode};

/// The end of the first certificate of a PEM file, which is the one that the server shows.
pub fn ends_at(path: &Path) -> Result<Instant, String> {
    let wrong = |what: &dyn std::fmt::Display| format!("{}: {what}", path.display());
    let der = CertificateDer::from_pem_file(path).map_err(|e| wrong(&e))?;
    let certificate = Certificate::from_der(&der).map_err(|e| wrong(&e))?;
    let end = certificate.tbs_certificate().validity().not_after.to_unix_duration();
    i64::try_from(end.as_micros()).map(Instant).map_err(|e| wrong(&e))
}
