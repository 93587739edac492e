use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::process::{Server, bound_to_us, run};
use crate::{ServiceError, free_port};

/// A PostgreSQL server with an empty database and one all-powerful user, on loopback only.
pub struct Postgres {
    server: Option<Server>,
    folder: TempDir,
    programs: PathBuf,
    user: Option<&'static str>,
    port: u16,
}

impl Postgres {
    /// Makes a cluster in a temporary folder, starts it and waits until it answers a query.
    pub fn start() -> Result<Self, ServiceError> {
        let programs = newest_programs().ok_or(ServiceError::Missing("PostgreSQL"))?;
        let folder = TempDir::with_prefix("sotto-postgres-")
            .map_err(|error| ServiceError::System("making a temporary folder", error))?;
        let user = hand_over(folder.path())?;
        let data = folder.path().join("data");
        initialise(&programs, &data, user)?;

        let mut postgres = Self { server: None, folder, programs, user, port: free_port()? };
        postgres.start_again()?;
        Ok(postgres)
    }

    /// Stops the server; what it has stored stays.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// Starts the server again, where it was, and waits until it answers a query.
    pub fn start_again(&mut self) -> Result<(), ServiceError> {
        let Self { folder, programs, user, port, .. } = self;
        let mut command = bound_to_us(&programs.join("postgres"), *user);
        command.arg("-D").arg(folder.path().join("data"));
        command.args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c"]);
        command.arg(format!("unix_socket_directories={}", folder.path().display()));
        let mut server = Server::start(command)?;
        server.await_answer("PostgreSQL", || answers(programs, *port))?;
        self.server = Some(server);
        Ok(())
    }

    /// Where clients connect.
    pub fn url(&self) -> String {
        url(self.port)
    }
}

/// Where a program of PostgreSQL is, such as `pg_dump`.
pub fn postgres_program(name: &str) -> Option<PathBuf> {
    newest_programs().map(|programs| programs.join(name)).filter(|program| program.exists())
}

fn url(port: u16) -> String {
    format!("postgres://{USER}@127.0.0.1:{port}/postgres")
}

fn initialise(programs: &Path, data: &Path, user: Option<&str>) -> Result<(), ServiceError> {
    let initdb = programs.join("initdb");
    let mut command = bound_to_us(&initdb, user);
    command.args(["--username", USER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--pgdata"]).arg(data);
    // The working folder of a test need not be readable for the other user.
    command.current_dir("/");
    run(command, &initdb).map(drop)
}

fn answers(programs: &Path, port: u16) -> bool {
    let psql = programs.join("psql");
    let mut command = Command::new(&psql);
    command.args(["--no-psqlrc", "--tuples-only", "--no-align", "--command", "SELECT 6 * 7", &url(port)]);
    run(command, &psql).is_ok_and(|printed| printed.trim() == "42")
}

/// PostgreSQL refuses to run as root; then the folder belongs to the user that Debian's package makes.
fn hand_over(folder: &Path) -> Result<Option<&'static str>, ServiceError> {
    let system = |error| ServiceError::System("preparing the folder of PostgreSQL", error);
    let owner = std::fs::metadata(folder).map_err(system)?.uid();
    if owner != 0 {
        return Ok(None);
    }
    let id = |flag: &str| {
        let mut command = Command::new("id");
        command.args([flag, SERVICE_USER]);
        let printed = run(command, Path::new("id"))?;
        printed.trim().parse::<u32>().map_err(|_| ServiceError::Missing("the user postgres"))
    };
    chown(folder, Some(id("-u")?), Some(id("-g")?)).map_err(system)?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).map_err(system)?;
    Ok(Some(SERVICE_USER))
}

/// Debian keeps one folder a major version, and none of them on the path.
fn newest_programs() -> Option<PathBuf> {
    std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|entry| {
            let folder = entry.ok()?.path();
            let version: u32 = folder.file_name()?.to_str()?.parse().ok()?;
            let programs = folder.join("bin");
            programs.join("initdb").exists().then_some((version, programs))
        })
        .max()
        .map(|(_, programs)| programs)
}

const USER: &str = "sotto";
const SERVICE_USER: &str = "postgres";
