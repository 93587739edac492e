//! TLS by rustls: versions 1.2 and 1.3 with its own choice of suites.

mod acme;
mod files;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::server::ResolvesServerCert;
use tokio_rustls::server::TlsStream;

pub(crate) use acme::Acme;
pub(crate) use files::CertificateFiles;

/// Ends TLS on connections.
#[derive(Clone)]
pub(crate) struct Tls(TlsAcceptor);

impl Tls {
    /// With whatever certificate the resolver has when a client comes.
    pub(super) fn new(certificates: Arc<dyn ResolvesServerCert>) -> Self {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .expect("the provider has suites for the default versions")
            .with_no_client_auth()
            .with_cert_resolver(certificates);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec(), ACME_PROTOCOL.to_vec()];
        Self(Arc::new(config).into())
    }

    /// Nothing when the connection was for the certificate authority alone.
    pub(super) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
    ) -> io::Result<Option<TlsStream<S>>> {
        let stream = self.0.accept(stream).await?;
        let for_authority = stream.get_ref().1.alpn_protocol() == Some(ACME_PROTOCOL);
        Ok((!for_authority).then_some(stream))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls(..)")
    }
}

/// By which the certificate authority asks for proof that a name is ours (RFC 8737 §3).
const ACME_PROTOCOL: &[u8] = b"acme-tls/1";

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// Why there is no TLS.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file does not hold what it should.
    #[error("cannot use {}: {problem}", file.display())]
    File {
        /// Which file.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}
