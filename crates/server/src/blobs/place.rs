//! Object stores by URL.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, ObjectStore, RetryConfig};
use url::Url;

use super::BlobError;
use super::http::Connector;

/// The store of a URL, as seen from the folder in it.
pub(super) fn open(text: &str) -> Result<Arc<dyn ObjectStore>, BlobError> {
    let mut url = Url::parse(text).map_err(|error| wrong("the place for files is not a URL", error))?;
    let options: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    url.set_query(None);
    let prefix =
        Path::from_url_path(url.path()).map_err(|error| wrong("the folder for files cannot be named so", error))?;
    url.set_path("");
    match url.scheme() {
        "s3" => Ok(below(prefix, s3(&url, options)?)),
        "gs" => Ok(below(prefix, google(&url, options)?)),
        "az" => Ok(below(prefix, azure(&url, options)?)),
        _ => Err(BlobError::Setting("files are kept in a folder, s3://, gs:// or az://".to_owned(), None)),
    }
}

fn s3(url: &Url, options: Options) -> Result<impl ObjectStore, BlobError> {
    let builder = AmazonS3Builder::from_env().with_url(url.as_str());
    let builder = options.into_iter().try_fold(builder, |builder, (key, value)| {
        Ok::<_, BlobError>(builder.with_config(option::<AmazonS3ConfigKey>(&key)?, value))
    })?;
    let builder = builder.with_http_connector(Connector).with_retry(retry());
    builder.build().map_err(|error| wrong("the S3 store is not fully described", error))
}

fn google(url: &Url, options: Options) -> Result<impl ObjectStore, BlobError> {
    let builder = GoogleCloudStorageBuilder::from_env().with_url(url.as_str());
    let builder = options.into_iter().try_fold(builder, |builder, (key, value)| {
        Ok::<_, BlobError>(builder.with_config(option::<GoogleConfigKey>(&key)?, value))
    })?;
    let builder = builder.with_http_connector(Connector).with_retry(retry());
    builder.build().map_err(|error| wrong("the Google store is not fully described", error))
}

fn azure(url: &Url, options: Options) -> Result<impl ObjectStore, BlobError> {
    let builder = MicrosoftAzureBuilder::from_env().with_url(url.as_str());
    let builder = options.into_iter().try_fold(builder, |builder, (key, value)| {
        Ok::<_, BlobError>(builder.with_config(option::<AzureConfigKey>(&key)?, value))
    })?;
    let builder = builder.with_http_connector(Connector).with_retry(retry());
    builder.build().map_err(|error| wrong("the Azure store is not fully described", error))
}

type Options = Vec<(String, String)>;

fn option<K: FromStr<Err = object_store::Error>>(key: &str) -> Result<K, BlobError> {
    key.parse().map_err(|error| wrong(&format!("the place for files has the unknown option {key}"), error))
}

fn below(prefix: Path, store: impl ObjectStore) -> Arc<dyn ObjectStore> {
    if prefix.is_root() { Arc::new(store) } else { Arc::new(PrefixStore::new(store, prefix)) }
}

fn wrong(what: &str, cause: impl std::error::Error + Send + Sync + 'static) -> BlobError {
    BlobError::Setting(what.to_owned(), Some(Arc::new(cause)))
}

/// A call waits for the answer: what does not come soon is the client's to ask again.
fn retry() -> RetryConfig {
    let backoff = BackoffConfig { max_backoff: Duration::from_secs(2), ..BackoffConfig::default() };
    RetryConfig { backoff, max_retries: 3, retry_timeout: Duration::from_secs(20) }
}
