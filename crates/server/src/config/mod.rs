//! What an operator can set: one table, from which the file, the environment and the command line are read.

mod command_line;
mod source;
mod table;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use thiserror::Error;

pub use command_line::{Command, command};
pub use source::Source;

use source::Values;

/// All settings of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Address and port to serve on.
    pub listen: SocketAddr,
    /// Address and port of the metrics page.
    pub metrics: Option<SocketAddr>,
    /// Origins beside our own whose pages may call.
    pub origins: Vec<String>,
    /// Reverse proxies that say who is behind them.
    pub proxies: Vec<IpAddr>,
    /// Connections at once, in all.
    pub connections: usize,
    /// Connections at once from one address.
    pub connections_per_address: usize,
    /// Folder for everything that the server keeps itself.
    pub data: PathBuf,
    /// PostgreSQL, if not SQLite.
    pub database: Option<Secret>,
    /// Connections to PostgreSQL.
    pub database_connections: u32,
    /// Where files are kept, if not in the data folder.
    pub blobs: Option<Secret>,
    /// NATS, if there are several servers.
    pub bus: Option<Secret>,
    /// Under which subject.
    pub bus_subject: String,
    /// File with the server's own key, if not in the data folder.
    pub server_key: Option<PathBuf>,
    /// Where certificates come from.
    pub tls: TlsConfig,
    /// Whether new accounts are taken.
    pub registration: bool,
    /// Bytes that a new account may keep.
    pub storage_quota: u64,
    /// Bytes of the largest file.
    pub file_max: u64,
    /// All rates, in percent.
    pub rate_percent: u32,
    /// What is logged.
    pub log: String,
}

/// Where certificates come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TlsConfig {
    /// There is no TLS.
    Off,
    /// From files.
    Files {
        /// The certificate and its chain.
        certificate: PathBuf,
        /// Its key.
        key: PathBuf,
    },
    /// From a certificate authority.
    Acme(AcmeConfig),
}

/// How to get certificates by ACME.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcmeConfig {
    /// For which names.
    pub domains: Vec<String>,
    /// Whom the authority may write to.
    pub contact: Option<String>,
    /// The authority.
    pub directory: String,
    /// Its own root certificate, if the system does not know it.
    pub root: Option<PathBuf>,
}

/// A URL that may hold a password; not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The URL, to connect with.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// A setting that cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the settings in {}: {source}", file.display())]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file does not hold settings.
    #[error("cannot use the settings in {}: {problem}", file.display())]
    Malformed {
        /// Which file.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A value is none for its setting.
    #[error("the setting {name}{from} {problem}")]
    Wrong {
        /// Which setting.
        name: &'static str,
        /// Where it comes from.
        from: Source,
        /// What it should be.
        problem: String,
    },
}

/// As in "the setting listen, from --listen, has to be …".
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => Ok(()),
            Self::File(file) => write!(f, ", from {},", file.display()),
            Self::Environment => f.write_str(", from the environment,"),
            Self::Flag => f.write_str(", from the command line,"),
        }
    }
}

impl Config {
    fn from_values(values: &Values) -> Result<Self, ConfigError> {
        let reader = Reader(values);
        Ok(Self {
            listen: reader.parse("listen", ADDRESS)?,
            metrics: reader.parse_some("metrics", ADDRESS)?,
            origins: reader.origins()?,
            proxies: reader.list("proxies", "has to be IP addresses")?,
            connections: reader.parse("connections", NUMBER)?,
            connections_per_address: reader.parse("connections-per-address", NUMBER)?,
            data: reader.parse("data", "has to be a folder")?,
            database: reader.url("database", &["postgres", "postgresql"])?,
            database_connections: reader.parse("database-connections", NUMBER)?,
            blobs: reader.text("blobs").map(|text| Secret(text.to_owned())),
            bus: reader.url("bus", &["nats", "tls"])?,
            bus_subject: reader.subject()?,
            server_key: reader.parse_some("server-key", "has to be a file")?,
            tls: reader.tls()?,
            registration: reader.parse("registration", SWITCH)?,
            storage_quota: reader.parse("storage-quota", NUMBER)?,
            file_max: reader.parse("file-max", NUMBER)?,
            rate_percent: reader.parse("rate-percent", NUMBER)?,
            log: reader.log()?,
        })
    }

    /// The file with all settings at their defaults and what each means.
    pub fn documented_file() -> String {
        let setting = |setting: &table::Setting| {
            let (name, variable, default) = (setting.name, setting.variable(), setting.default_in_file());
            format!("\n# {}.\n# --{name}, {variable}\n{name} = {default}\n", setting.help)
        };
        let group = |group: &table::Group| {
            let settings: String = group.settings.iter().map(setting).collect();
            format!("\n## {}\n{settings}", group.heading)
        };
        let groups: String = table::GROUPS.iter().map(group).collect();
        format!("{HEADER}{groups}")
    }

    /// Where the server's own key is.
    pub fn server_key_file(&self) -> PathBuf {
        self.server_key.clone().unwrap_or_else(|| self.data.join("server.key"))
    }
}

struct Reader<'a>(&'a Values);

impl Reader<'_> {
    fn parse<T: FromStr>(&self, name: &'static str, rule: &str) -> Result<T, ConfigError> {
        let (text, from) = self.0.get(name);
        if text.is_empty() {
            return Err(wrong(name, from, rule));
        }
        text.parse().map_err(|_| wrong(name, from, rule))
    }

    fn parse_some<T: FromStr>(&self, name: &'static str, rule: &str) -> Result<Option<T>, ConfigError> {
        self.text(name).map(|_| self.parse(name, rule)).transpose()
    }

    fn text(&self, name: &'static str) -> Option<&str> {
        Some(self.0.get(name).0).filter(|text| !text.is_empty())
    }

    fn list<T: FromStr>(&self, name: &'static str, rule: &str) -> Result<Vec<T>, ConfigError> {
        let (text, from) = self.0.get(name);
        let members = text.split(',').map(str::trim).filter(|member| !member.is_empty());
        members.map(|member| member.parse().map_err(|_| wrong(name, from.clone(), rule))).collect()
    }

    fn url(&self, name: &'static str, schemes: &[&str]) -> Result<Option<Secret>, ConfigError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let known = schemes.iter().any(|scheme| text.strip_prefix(scheme).is_some_and(|rest| rest.starts_with("://")));
        if known {
            return Ok(Some(Secret(text.to_owned())));
        }
        Err(wrong(name, self.0.get(name).1, &format!("has to be a URL that begins with {}://", schemes[0])))
    }

    fn origins(&self) -> Result<Vec<String>, ConfigError> {
        let rule = "has to be origins such as https://chat.example, without a path";
        let origins: Vec<String> = self.list("origins", rule)?;
        let is_origin = |origin: &String| {
            let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
            host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '*', '?', '#', '@']))
        };
        if origins.iter().all(is_origin) { Ok(origins) } else { Err(wrong("origins", self.0.get("origins").1, rule)) }
    }

    fn subject(&self) -> Result<String, ConfigError> {
        let rule = "has to be letters, digits and dashes";
        let subject: String = self.parse("bus-subject", rule)?;
        let fits = subject.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if fits { Ok(subject) } else { Err(wrong("bus-subject", self.0.get("bus-subject").1, rule)) }
    }

    fn log(&self) -> Result<String, ConfigError> {
        let rule = "has to be a level (error, warn, info, debug) or levels by module as in sotto_server=debug";
        let filter: tracing_subscriber::EnvFilter = self.parse("log", rule)?;
        Ok(filter.to_string())
    }

    fn tls(&self) -> Result<TlsConfig, ConfigError> {
        let domains: Vec<String> = self.list("acme-domains", "has to be names of hosts")?;
        let certificate: Option<PathBuf> = self.parse_some("tls-certificate", FILE)?;
        let key: Option<PathBuf> = self.parse_some("tls-key", FILE)?;
        let clash = |name, problem| Err(wrong(name, self.0.get(name).1, problem));
        match (certificate, key, domains.is_empty()) {
            (None, None, true) => Ok(TlsConfig::Off),
            (Some(certificate), Some(key), true) => Ok(TlsConfig::Files { certificate, key }),
            (Some(_), None, true) => clash("tls-certificate", "needs tls-key beside it"),
            (None, Some(_), true) => clash("tls-key", "needs tls-certificate beside it"),
            (None, None, false) => Ok(TlsConfig::Acme(AcmeConfig {
                domains,
                contact: self.text("acme-contact").map(str::to_owned),
                directory: self.parse("acme-directory", "has to be a URL")?,
                root: self.parse_some("acme-root", FILE)?,
            })),
            (Some(_), _, false) | (_, Some(_), false) => {
                clash("acme-domains", "cannot be used together with certificate files")
            }
        }
    }
}

fn wrong(name: &'static str, from: Source, problem: &str) -> ConfigError {
    ConfigError::Wrong { name, from, problem: problem.to_owned() }
}

const ADDRESS: &str = "has to be an address and a port, as in 127.0.0.1:8080";
const NUMBER: &str = "has to be a number";
const SWITCH: &str = "has to be true or false";
const FILE: &str = "has to be a file";

const HEADER: &str = "\
# Settings of sotto-server. Each is shown with its default; leave out what need not differ.
# The environment goes before this file, and the command line before both.
";

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn from_file(text: &str) -> Result<Config, ConfigError> {
        let mut values = Values::default();
        values.read_toml(Path::new("sotto.toml"), text)?;
        Config::from_values(&values)
    }

    fn problem(text: &str) -> String {
        from_file(text).unwrap_err().to_string()
    }

    #[test]
    fn the_documented_file_is_the_defaults_and_holds_every_setting() {
        let file = Config::documented_file();
        let defaults = Config::from_values(&Values::default()).unwrap();
        assert_eq!(from_file(&file).unwrap(), defaults);
        let settings = table::GROUPS.iter().map(|group| group.settings.len()).sum::<usize>();
        assert_eq!(toml::from_str::<toml::Table>(&file).unwrap().len(), settings);
        assert_eq!(defaults.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(defaults.tls, TlsConfig::Off);
    }

    #[test]
    fn the_environment_goes_before_the_file_and_a_flag_before_both() {
        let mut values = Values::default();
        values.read_toml(Path::new("sotto.toml"), "connections = 1\nrate-percent = 2\nlog = \"warn\"").unwrap();
        values.read_environment(|name| match name {
            "SOTTO_CONNECTIONS" => Some("3".to_owned()),
            "SOTTO_RATE_PERCENT" => Some("4".to_owned()),
            _ => None,
        });
        values.put(table::find("rate-percent").unwrap(), "5".to_owned(), Source::Flag);
        let config = Config::from_values(&values).unwrap();
        assert_eq!((config.connections, config.rate_percent, config.log.as_str()), (3, 5, "warn"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(
            problem("listen = \"here\""),
            "the setting listen, from sotto.toml, has to be an address and a port, as in 127.0.0.1:8080"
        );
        assert_eq!(problem("lisen = \"\""), "cannot use the settings in sotto.toml: there is no setting `lisen`");
        assert_eq!(
            problem("connections = \"many\""),
            "cannot use the settings in sotto.toml: `connections` is written as in `connections = 20000`"
        );
        assert_eq!(
            problem("tls-key = \"key.pem\""),
            "the setting tls-key, from sotto.toml, needs tls-certificate beside it"
        );
        assert_eq!(
            problem("origins = [\"https://chat.example/path\"]"),
            "the setting origins, from sotto.toml, has to be origins such as https://chat.example, without a path"
        );
        assert!(problem("bus-subject = \"a.b\"").contains("letters, digits and dashes"));
        assert!(problem("log = \"sotto=loud\"").contains("has to be a level"));
        assert!(problem("proxies = [\"localhost\"]").contains("has to be IP addresses"));
        assert!(problem("storage-quota = -1").contains("has to be a number"));
    }

    #[test]
    fn no_message_and_no_debug_shows_a_password() {
        let told = problem("database = \"mysql://alice:canary@host/db\"");
        assert!(told.contains("postgres://") && !told.contains("canary"), "{told}");
        let told = problem("listen = \"127.0.0.1:1\"\ndatabase = \"postgres://a:canary@h/d");
        assert!(told.contains("line 2") && !told.contains("canary"), "{told}");
        let config = from_file("database = \"postgres://alice:canary@host/db\"").unwrap();
        assert!(!format!("{config:?}").contains("canary"));
        assert_eq!(config.database.unwrap().expose(), "postgres://alice:canary@host/db");
    }
}
