//! A certificate from a certificate authority (RFC 8555), proven by answering on the server's own TLS port (RFC 8737).

use std::collections::HashMap;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use data_encoding::HEXLOWER;
use instant_acme::{
    Account, AccountCredentials, AuthorizationStatus, ChallengeType, Identifier, NewAccount, NewOrder, OrderStatus,
    RetryPolicy,
};
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use sotto_crypto::primitives::sha256;
use thiserror::Error;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;

use super::{ACME_PROTOCOL, Tls, TlsError, files, provider};
use crate::config::AcmeConfig;
use crate::transport::Stop;

/// Gets certificates and answers the authority's questions.
pub(crate) struct Acme {
    config: AcmeConfig,
    /// Account, certificate and key, for this user alone.
    folder: PathBuf,
    current: RwLock<Option<Arc<CertifiedKey>>>,
    /// What proves to the authority that a name is ours, by name.
    proofs: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

impl Acme {
    /// Reads the certificate that there is from before, if any.
    pub(crate) fn open(config: &AcmeConfig, folder: &Path) -> Result<Arc<Self>, TlsError> {
        let folder = folder.join(fingerprint(config));
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.map_err(|error| TlsError::File { file: folder.clone(), problem: error.to_string() })?;
        let acme = Self { config: config.clone(), folder, current: RwLock::default(), proofs: Mutex::default() };
        if acme.file().exists() {
            acme.use_stored()?;
        }
        Ok(Arc::new(acme))
    }

    pub(crate) fn tls(self: &Arc<Self>) -> Tls {
        Tls::new(self.clone())
    }

    /// Gets a certificate when there is none or it is getting old, until it is time to stop.
    pub(crate) async fn keep_fresh(self: Arc<Self>, mut stop: Stop) {
        let mut patience = RETRY_MIN;
        loop {
            let wait = match self.age() {
                Some(age) if age < RENEW_AFTER => LOOK_INTERVAL,
                _ => match self.renew().await {
                    Ok(()) => {
                        tracing::info!(domains = ?self.config.domains, "there is a new certificate");
                        patience = RETRY_MIN;
                        LOOK_INTERVAL
                    }
                    Err(error) => {
                        tracing::error!(error = with_causes(&error), "cannot get a certificate");
                        patience = (patience * 2).min(RETRY_MAX);
                        patience
                    }
                },
            };
            tokio::select! {
                () = stop.asked() => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn renew(&self) -> Result<(), AcmeError> {
        let account = self.account().await?;
        let outcome = self.order(&account).await;
        self.proofs().clear();
        write_private(&self.file(), outcome?.as_bytes())?;
        Ok(self.use_stored()?)
    }

    /// The account with the authority: the one from before, or a new one.
    async fn account(&self) -> Result<Account, AcmeError> {
        let builder = match &self.config.root {
            Some(root) => Account::builder_with_root(root)?,
            None => Account::builder()?,
        };
        let file = self.folder.join("account.json");
        if let Ok(stored) = fs::read(&file) {
            let credentials: AccountCredentials = serde_json::from_slice(&stored)?;
            return Ok(builder.from_credentials(credentials).await?);
        }
        let contact = self.config.contact.as_ref().map(|address| format!("mailto:{address}"));
        let contact: Vec<&str> = contact.iter().map(String::as_str).collect();
        let new = NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
        let (account, credentials) = builder.create(&new, self.config.directory.clone(), None).await?;
        write_private(&file, &serde_json::to_vec(&credentials)?)?;
        Ok(account)
    }

    /// A key and its certificate chain, as PEM.
    async fn order(&self, account: &Account) -> Result<String, AcmeError> {
        let names: Vec<_> = self.config.domains.iter().cloned().map(Identifier::Dns).collect();
        let mut order = account.new_order(&NewOrder::new(&names)).await?;
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization?;
            if authorization.status == AuthorizationStatus::Valid {
                continue;
            }
            let mut challenge = authorization.challenge(ChallengeType::TlsAlpn01).ok_or(AcmeError::NoChallenge)?;
            let name = challenge.identifier().to_string();
            let proof = proof(&name, challenge.key_authorization().digest().as_ref())?;
            self.proofs().insert(name, Arc::new(proof));
            challenge.set_ready().await?;
        }
        match order.poll_ready(&RetryPolicy::default()).await? {
            OrderStatus::Ready => {}
            status => return Err(AcmeError::NotProven(status)),
        }
        let key = order.finalize().await?;
        let certificate = order.poll_certificate(&RetryPolicy::default()).await?;
        Ok(key + &certificate)
    }

    fn use_stored(&self) -> Result<(), TlsError> {
        let loaded = files::load(&self.file(), &self.file())?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(loaded));
        Ok(())
    }

    /// How long ago the certificate was stored. None if there is none.
    fn age(&self) -> Option<Duration> {
        let stored = fs::metadata(self.file()).and_then(|about| about.modified()).ok()?;
        Some(SystemTime::now().duration_since(stored).unwrap_or_default())
    }

    /// Key and certificate in one, so that a crash cannot leave two that do not fit each other.
    fn file(&self) -> PathBuf {
        self.folder.join("certificate.pem")
    }

    fn proofs(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<CertifiedKey>>> {
        self.proofs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ResolvesServerCert for Acme {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let asks_for_proof = hello.alpn().is_some_and(|mut protocols| protocols.any(|name| name == ACME_PROTOCOL));
        if asks_for_proof {
            return self.proofs().get(hello.server_name()?).cloned();
        }
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for Acme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acme").field("config", &self.config).finish_non_exhaustive()
    }
}

/// Another authority or other names need another account or certificate; what there is from before does not get in their way.
fn fingerprint(config: &AcmeConfig) -> String {
    let names = config.domains.iter().flat_map(|name| ["\n", name]);
    let text: String = [config.directory.as_str()].into_iter().chain(names).collect();
    HEXLOWER.encode(&sha256(&[text.as_bytes()])[..8])
}

/// A certificate of our own that carries the authority's question and the account's key.
fn proof(name: &str, digest: &[u8]) -> Result<CertifiedKey, AcmeError> {
    let mut parameters = CertificateParams::new(vec![name.to_owned()])?;
    parameters.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let key = KeyPair::generate()?;
    let certificate = parameters.self_signed(&key)?;
    let secret = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let key = provider().key_provider.load_private_key(secret)?;
    // Not `from_der`, which would read the certificate, and refuses critical extensions that it does not know: the proof is one.
    Ok(CertifiedKey::new(vec![certificate.into()], key))
}

/// What went wrong, and why: the log has no other place for it.
fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// The file is there as a whole or not at all.
fn write_private(file: &Path, content: &[u8]) -> io::Result<()> {
    let unfinished = file.with_extension("new");
    let mut open = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    open.write_all(content)?;
    open.sync_all()?;
    fs::rename(&unfinished, file)
}

/// Why there is no certificate yet. It is tried again.
#[derive(Debug, Error)]
enum AcmeError {
    #[error("the certificate authority said no, or nothing")]
    Authority(#[from] instant_acme::Error),
    #[error("the certificate authority does not prove names by TLS-ALPN")]
    NoChallenge,
    #[error("the names were not proven; is the server reachable at port 443 under each? The order is {0:?}")]
    NotProven(OrderStatus),
    #[error("cannot make a proof")]
    Proof(#[from] rcgen::Error),
    #[error("cannot use a proof")]
    UseProof(#[from] rustls::Error),
    #[error("cannot store what the authority gave")]
    Store(#[from] io::Error),
    #[error("the stored account is damaged")]
    Account(#[from] serde_json::Error),
    #[error(transparent)]
    Certificate(#[from] TlsError),
}

/// Certificates are good for 90 days at most authorities, and never for less than 45.
const RENEW_AFTER: Duration = Duration::from_hours(30 * 24);
const LOOK_INTERVAL: Duration = Duration::from_hours(1);
/// Authorities count failures by the hour.
const RETRY_MIN: Duration = Duration::from_mins(1);
const RETRY_MAX: Duration = Duration::from_hours(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_for_one_authority_and_its_names() {
        let config = |directory: &str, domains: &[&str]| AcmeConfig {
            domains: domains.iter().map(ToString::to_string).collect(),
            contact: None,
            directory: directory.to_owned(),
            root: None,
        };
        let first = fingerprint(&config("https://authority.example", &["a.example", "b.example"]));
        assert_eq!(first, fingerprint(&config("https://authority.example", &["a.example", "b.example"])));
        assert_ne!(first, fingerprint(&config("https://authority.example", &["a.example"])));
        assert_ne!(first, fingerprint(&config("https://staging.example", &["a.example", "b.example"])));
    }

    #[test]
    fn a_proof_can_be_made_and_shown() {
        let proof = proof("sotto.example", &[7; 32]).unwrap();
        let marker: Vec<u8> = [&[0x04, 0x20][..], &[7; 32]].concat();
        assert!(proof.cert[0].windows(marker.len()).any(|bytes| bytes == marker), "the digest is in the certificate");
    }
}
