//! TLS by the server itself, with a certificate that is changed while it runs.

use std::{net::SocketAddr, path::Path, sync::Arc};

use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::CertificateDer},
};

use super::server::{Server, ask, folder, until};

/// Writes a fresh certificate for localhost and its key.
fn certificate(folder: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(folder.join("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    made.cert.der().clone()
}

async fn connect(at: SocketAddr, trusted: &CertificateDer<'static>) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(at).await?;
    TlsConnector::from(Arc::new(config)).connect("localhost".try_into().unwrap(), stream).await
}

const ASK: &str = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn the_server_shows_its_certificate_and_takes_a_new_one_on_hangup() {
    let folder = folder("tls");
    let first = certificate(&folder);
    let file = |name: &str| folder.join(name).display().to_string();
    let config = format!("[tls]\ncert_file = '{}'\nkey_file = '{}'\n", file("cert.pem"), file("key.pem"));
    let mut server = Server::start(folder.clone(), &config).await;
    // A client that says nothing holds nobody up.
    let silent = TcpStream::connect(server.at).await.unwrap();
    let (head, body) = ask(connect(server.at, &first).await.unwrap(), ASK).await;
    assert!(head.starts_with("HTTP/1.1 200") && body == "ok", "{head}");
    let plain = ask(TcpStream::connect(server.at).await.unwrap(), ASK).await;
    assert!(!plain.0.contains("200"), "{plain:?}");
    // rcgen's certificates end in the year 4096.
    until("the certificate's end", async || server.metric("allclear_certificate_days").await.filter(|days| days.len() > 5)).await;

    // A key that does not fit: the one before stays.
    let kept = std::fs::read(folder.join("key.pem")).unwrap();
    let second = certificate(&folder);
    let fresh = std::fs::read(folder.join("key.pem")).unwrap();
    std::fs::write(folder.join("key.pem"), &kept).unwrap();
    server.signal("HUP");
    let said = |what: &'static str| server.log().iter().any(|line| line["message"] == what).then_some(());
    until("the refusal", async || said("the certificate was not read again; the one before stays")).await;
    assert!(connect(server.at, &first).await.is_ok());

    std::fs::write(folder.join("key.pem"), &fresh).unwrap();
    server.signal("HUP");
    until("the new certificate", async || said("the certificate was read again")).await;
    assert!(connect(server.at, &first).await.is_err());
    assert!(connect(server.at, &second).await.is_ok());
    drop(silent);
    server.signal("TERM");
    assert!(server.ended().await.success());
}
