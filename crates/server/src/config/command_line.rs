//! The command line of the program.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, FromArgMatches as _, value_parser};

use super::source::{Source, Values};
use super::table::{GROUPS, Kind};
use super::{Config, ConfigError};
use crate::admin_command::AdminCommand;

/// What the program is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Serve.
    Serve(Box<Config>),
    /// Print the file with all settings.
    PrintConfig,
    /// Operate the server that has these settings.
    Admin(Box<Config>, AdminCommand),
    /// Copy what the server with these settings keeps into a folder.
    BackUp(Box<Config>, PathBuf),
}

impl Command {
    /// Reads the command line, the environment and the file that they name. Prints help and ends the process if that was asked for.
    pub fn read() -> Result<Self, ConfigError> {
        Self::from(&command().get_matches(), |name| std::env::var(name).ok())
    }

    /// Reads a given command line and environment.
    pub fn parse(
        arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Result<Self, ConfigError>, clap::Error> {
        command().try_get_matches_from(arguments).map(|matches| Self::from(&matches, variable))
    }

    fn from(matches: &ArgMatches, variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        if matches.subcommand_matches("config").is_some() {
            return Ok(Self::PrintConfig);
        }
        let config = Box::new(Config::from_matches(matches, variable)?);
        Ok(match matches.subcommand() {
            Some(("admin", matches)) => {
                let command = AdminCommand::from_arg_matches(matches);
                Self::Admin(config, command.expect("clap has matched it by the same definition"))
            }
            Some(("backup", matches)) => {
                let folder = matches.get_one::<PathBuf>("folder");
                Self::BackUp(config, folder.expect("clap demands it").clone())
            }
            _ => Self::Serve(config),
        })
    }
}

impl Config {
    /// The settings, from the lowest layer up.
    pub fn from_matches(matches: &ArgMatches, variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut values = Values::default();
        let file = matches.get_one::<PathBuf>("config").cloned().or_else(|| variable(FILE_VARIABLE).map(PathBuf::from));
        if let Some(file) = file {
            values.read_file(&file)?;
        }
        values.read_environment(variable);
        for setting in GROUPS.iter().flat_map(|group| group.settings) {
            if let Some(text) = matches.get_one::<String>(setting.name) {
                values.put(setting, text.clone(), Source::Flag);
            }
        }
        Self::from_values(&values)
    }
}

/// The command line, to be read or shown.
pub fn command() -> clap::Command {
    let file = Arg::new("config")
        .long("config")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .action(ArgAction::Set)
        .global(true)
        .help(format!("File with settings, as `sotto-server config` prints it [env: {FILE_VARIABLE}]"));
    let settings = GROUPS.iter().flat_map(|group| {
        group.settings.iter().map(|setting| {
            let default = if setting.default.is_empty() { "none" } else { setting.default };
            Arg::new(setting.name)
                .long(setting.name)
                .value_name(placeholder(setting.kind))
                .action(ArgAction::Set)
                .global(true)
                .help_heading(group.heading)
                .help(format!("{} [env: {}] [default: {default}]", setting.help, setting.variable()))
        })
    });
    clap::Command::new("sotto-server")
        .version(env!("CARGO_PKG_VERSION"))
        .about("The server of Sotto: relays and stores what it cannot read")
        .args_override_self(true)
        .arg(file)
        .args(settings)
        .subcommand(AdminCommand::command())
        .subcommand(
            clap::Command::new("backup")
                .about("Copies database and files into a folder, also while the server runs; only what is new")
                .arg(Arg::new("folder").value_name("FOLDER").value_parser(value_parser!(PathBuf)).required(true)),
        )
        .subcommand(
            clap::Command::new("config").about("Prints a file with all settings, their defaults and what they mean"),
        )
}

fn placeholder(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "TEXT",
        Kind::Number => "NUMBER",
        Kind::Switch => "true|false",
        Kind::List => "LIST",
    }
}

const FILE_VARIABLE: &str = "SOTTO_CONFIG";

#[cfg(test)]
mod tests {
    use super::*;

    fn serve(arguments: &[&str]) -> Result<Config, ConfigError> {
        let arguments = ["sotto-server"].iter().chain(arguments);
        match Command::parse(arguments, |_| None).unwrap()? {
            Command::Serve(config) => Ok(*config),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn flags_are_settings_and_the_later_one_wins() {
        let config = serve(&["--listen", "127.0.0.1:1", "--registration", "false", "--listen=127.0.0.1:2"]).unwrap();
        assert_eq!((config.listen.port(), config.registration), (2, false));
        assert_eq!(
            serve(&["--listen", "nowhere"]).unwrap_err().to_string(),
            "the setting listen, from the command line, has to be an address and a port, as in 127.0.0.1:8080"
        );
    }

    #[test]
    fn a_file_is_read_below_flags() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sotto.toml");
        std::fs::write(&file, "rate-percent = 7\nconnections = 8\n").unwrap();
        let config = serve(&["--config", file.to_str().unwrap(), "--connections", "9"]).unwrap();
        assert_eq!((config.rate_percent, config.connections), (7, 9));
        let missing = serve(&["--config", "/nowhere/sotto.toml"]).unwrap_err();
        assert!(missing.to_string().starts_with("cannot read the settings in /nowhere/sotto.toml"));
    }

    #[test]
    fn operating_takes_the_same_settings_on_either_side_of_the_command() {
        for arguments in
            [["sotto-server", "--data", "x", "admin", "counts"], ["sotto-server", "admin", "counts", "--data", "x"]]
        {
            let Command::Admin(config, AdminCommand::Counts) = Command::parse(arguments, |_| None).unwrap().unwrap()
            else {
                panic!("{arguments:?}");
            };
            assert_eq!(config.data, PathBuf::from("x"));
        }
    }

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
        assert_eq!(Command::parse(["sotto-server", "config"], |_| None).unwrap().unwrap(), Command::PrintConfig);
    }
}
