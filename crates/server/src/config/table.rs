//! Every setting, once: its name, what it means, and what it is if nobody says.

/// One setting. In the file it is `name`, on the command line `--name`, in the environment `SOTTO_NAME`.
#[derive(Debug)]
pub(super) struct Setting {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) default: &'static str,
    pub(super) help: &'static str,
}

/// How a setting is written in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Switch,
    /// Separated by commas on the command line and in the environment.
    List,
}

impl Setting {
    pub(super) fn variable(&self) -> String {
        format!("SOTTO_{}", self.name.to_ascii_uppercase().replace('-', "_"))
    }

    /// The default as it is written in the file.
    pub(super) fn default_in_file(&self) -> String {
        match self.kind {
            Kind::Text => format!("\"{}\"", self.default),
            Kind::Number | Kind::Switch => self.default.to_owned(),
            Kind::List => match self.default {
                "" => "[]".to_owned(),
                members => format!("[\"{}\"]", members.replace(',', "\", \"")),
            },
        }
    }
}

pub(super) fn find(name: &str) -> Option<&'static Setting> {
    GROUPS.iter().flat_map(|group| group.settings).find(|setting| setting.name == name)
}

/// Settings that belong together, with a heading.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) heading: &'static str,
    pub(super) settings: &'static [Setting],
}

const fn text(name: &'static str, default: &'static str, help: &'static str) -> Setting {
    Setting { name, kind: Kind::Text, default, help }
}

const fn number(name: &'static str, default: &'static str, help: &'static str) -> Setting {
    Setting { name, kind: Kind::Number, default, help }
}

const fn switch(name: &'static str, default: &'static str, help: &'static str) -> Setting {
    Setting { name, kind: Kind::Switch, default, help }
}

const fn list(name: &'static str, default: &'static str, help: &'static str) -> Setting {
    Setting { name, kind: Kind::List, default, help }
}

pub(super) const GROUPS: &[Group] = &[
    Group {
        heading: "Where it listens",
        settings: &[
            text("listen", "127.0.0.1:8080", "Address and port to serve on; port 0 takes a free one"),
            text(
                "metrics",
                "",
                "Address and port of the page that Prometheus reads, for operators only; empty for none",
            ),
            list(
                "origins",
                "",
                "Origins beside the server's own whose pages may call it, such as https://chat.example",
            ),
            list(
                "proxies",
                "",
                "Addresses of reverse proxies: of them, the last address in X-Forwarded-For is taken as the caller's",
            ),
            number("connections", "20000", "Connections at once, in all"),
            number(
                "connections-per-address",
                "512",
                "Connections at once from one address, or one /64 network of IPv6; those of this machine and of proxies do not count",
            ),
        ],
    },
    Group {
        heading: "What it keeps, and where",
        settings: &[
            text("data", "data", "Folder for everything that the server keeps itself; made if it is missing"),
            text(
                "database",
                "",
                "URL of a PostgreSQL database, postgres://user:password@host/name; empty for SQLite in the data folder",
            ),
            number("database-connections", "16", "Connections to PostgreSQL at once"),
            text(
                "blobs",
                "",
                "Where files are kept: a folder, or s3://bucket/prefix; empty for a folder in the data folder",
            ),
            text(
                "bus",
                "",
                "URL of the NATS server that joins several servers on one database, nats://host:4222; empty for one server",
            ),
            text("bus-subject", "sotto", "Keeps communities on one NATS server apart: letters, digits and dashes"),
            text(
                "server-key",
                "",
                "File with the server's own key, the same on all servers of one database; made if it is missing; empty for server.key in the data folder",
            ),
        ],
    },
    Group {
        heading: "TLS. Without it, only what runs on the same machine should be able to reach the server",
        settings: &[
            text("tls-certificate", "", "PEM file with the certificate and its chain; read again when it changes"),
            text("tls-key", "", "PEM file with the certificate's key"),
            list(
                "acme-domains",
                "",
                "Names for which to get a certificate by ACME, instead of from files; the server has to be reachable at port 443 under each",
            ),
            text("acme-contact", "", "E-mail address that the certificate authority may write to"),
            text(
                "acme-directory",
                "https://acme-v02.api.letsencrypt.org/directory",
                "The certificate authority's directory",
            ),
            text("acme-root", "", "PEM file with the authority's own root certificate, if the system does not know it"),
        ],
    },
    Group {
        heading: "Who may use it, and how much",
        settings: &[
            switch("registration", "true", "Whether new accounts are taken"),
            number("storage-quota", "10737418240", "Bytes of files and checkpoints that a new account may keep"),
            number(
                "file-max",
                "17179869184",
                "Bytes of the largest file; more than these 16 GiB the protocol does not allow",
            ),
            number("rate-percent", "100", "All rates of calls, in percent of the protocol's; 0 switches them off"),
        ],
    },
    Group {
        heading: "What it says",
        settings: &[text(
            "log",
            "info",
            "What is logged: error, warn, info, debug, or by module as in sotto_server=debug; libraries never say more than info",
        )],
    },
];
