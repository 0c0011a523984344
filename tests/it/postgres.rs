//! A PostgreSQL of its own for a test: a private cluster in a temporary folder, on a Unix socket only.
//! It is stopped when its value is dropped.

use std::env;
use std::fs;
use std::fs::Permissions;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

use sqlx::AssertSqlSafe;
use sqlx::Connection as _;
use sqlx::PgConnection;
use tempfile::TempDir;

/// Where Debian keeps the programs of its servers, a folder for each version.
const VERSIONS: &str = "/usr/lib/postgresql";

/// Who runs the server where the test runs as root, which `initdb` refuses.
pub(crate) const USER: &str = "nobody";

/// The password of the cluster's only user, `tester`.
pub(crate) const PASSWORD: &str = "a pass word";

/// A running cluster.
pub(crate) struct Cluster {
    programs: PathBuf,
    folder: TempDir,
    /// Where it listens beside its socket, to those alone who speak to it over TLS.
    port: Option<u16>,
}

impl Cluster {
    /// Starts one; none where the programs are not here, unless `SHUPING_REQUIRE_POSTGRES` is set.
    pub(crate) fn start() -> Option<Cluster> {
        Cluster::start_with(None)
    }

    /// Starts one that can be reached over TLS as well, with `right.pem` and `right.key` of a folder.
    pub(crate) fn encrypted(certificates: &Path) -> Option<Cluster> {
        Cluster::start_with(Some(certificates))
    }

    #[expect(clippy::print_stdout, reason = "a test that did nothing should say so")]
    fn start_with(certificates: Option<&Path>) -> Option<Cluster> {
        let Some(programs) = programs() else {
            let is_required = env::var_os("SHUPING_REQUIRE_POSTGRES").is_some();
            assert!(!is_required, "PostgreSQL is required and not here");
            println!("skipped: PostgreSQL is not here");
            return None;
        };
        // A socket's path has 107 bytes: a short folder, wherever TMPDIR is.
        let folder = tempfile::Builder::new().prefix("pg").tempdir_in("/tmp").unwrap();
        let cluster = Cluster { programs, folder, port: certificates.map(|_| free_port()) };
        if let Some(certificates) = certificates {
            lay_open(certificates, cluster.path());
        }
        cluster.make();
        Some(cluster)
    }

    /// The address of a database of it.
    pub(crate) fn url(&self, database: &str) -> String {
        self.url_of(PASSWORD, database)
    }

    /// The address with a password of one's own.
    pub(crate) fn url_of(&self, password: &str, database: &str) -> String {
        let password = password.replace(' ', "%20");
        let socket = self.path().display();
        let port = self.port.unwrap_or(5432);
        format!("postgres://tester:{password}@localhost:{port}/{database}?host={socket}")
    }

    /// Runs statements in a database.
    pub(crate) async fn run(&self, database: &str, statements: &str) {
        let mut connection = PgConnection::connect(&self.url(database)).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    /// An empty database of its own.
    pub(crate) async fn database(&self, name: &str) -> String {
        self.run("postgres", &format!("create database {name} template template0 encoding 'UTF8'"))
            .await;
        self.url(name)
    }

    /// The address of a database over TLS.
    pub(crate) fn url_over_tls(&self, database: &str, options: &str) -> String {
        let (password, port) = (PASSWORD.replace(' ', "%20"), self.port.unwrap());
        format!("postgres://tester:{password}@127.0.0.1:{port}/{database}?{options}")
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn make(&self) {
        let password = self.path().join("password");
        fs::write(&password, PASSWORD).unwrap();
        if is_root() {
            let owned = Command::new("chown").args(["-R", USER]).arg(self.path()).status();
            assert!(owned.unwrap().success(), "the folder can't be given to `{USER}`");
        }
        let place = self.path().join("data");
        let (place, password) = (place.display(), password.display());
        self.tool(
            "initdb",
            &format!(
                "--pgdata={place} --username=tester --pwfile={password} --auth=scram-sha-256 \
                 --encoding=UTF8 --locale=C --no-sync --no-instructions"
            ),
        );
        let log = self.path().join("log");
        let mut options = format!(
            "-k {} -c fsync=off -c shared_buffers=16MB -c max_connections=20 -c listen_addresses=",
            self.path().display()
        );
        if let Some(port) = self.port {
            let [certificate, key] =
                SERVER.map(|file| self.path().join(file).display().to_string());
            let encrypted = format!(
                "127.0.0.1 -c port={port} -c ssl=on -c ssl_cert_file={certificate} -c ssl_key_file={key}"
            );
            options.push_str(&encrypted);
            let let_in =
                "local all all scram-sha-256\nhostssl all all 127.0.0.1/32 scram-sha-256\n";
            fs::write(self.path().join("data/pg_hba.conf"), let_in).unwrap();
        }
        let mut start = self.command("pg_ctl");
        start.args(["start", "--wait", "--timeout=60"]);
        start.arg(format!("--pgdata={place}")).arg("--log").arg(&log).arg("--options").arg(options);
        // The server would keep a pipe open as long as it runs.
        let started = start.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        assert!(started.success(), "{}", fs::read_to_string(log).unwrap_or_default());
    }

    fn tool(&self, program: &str, arguments: &str) {
        let Output { status, stderr, .. } =
            self.command(program).args(arguments.split_whitespace()).output().unwrap();
        assert!(status.success(), "{program}: {}", String::from_utf8_lossy(&stderr));
    }

    /// A program of the server, run by somebody who is not root.
    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", USER, "--regid", "nogroup", "--clear-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.path()).env("LC_ALL", "C");
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let place = self.path().join("data");
        let mut stop = self.command("pg_ctl");
        stop.args(["stop", "--mode=immediate", "--wait", "--pgdata"]).arg(place);
        let stopped = stop.stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !std::thread::panicking() {
            assert!(stopped.unwrap().success(), "the cluster does not stop");
        }
    }
}

/// A certificate and its key where a server finds them that is not root.
pub(crate) const SERVER: [&str; 2] = ["server.pem", "server.key"];

/// Copies a certificate and its key to a server's folder, the key for nobody else.
pub(crate) fn lay_open(certificates: &Path, folder: &Path) {
    for (from, to) in ["right.pem", "right.key"].iter().zip(SERVER) {
        fs::copy(certificates.join(from), folder.join(to)).unwrap();
        fs::set_permissions(folder.join(to), Permissions::from_mode(0o600)).unwrap();
    }
}

/// A port that nobody listens to.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// The programs that `SHUPING_POSTGRES` names, or those of the newest version that is here.
fn programs() -> Option<PathBuf> {
    if let Some(named) = env::var_os("SHUPING_POSTGRES") {
        return Some(named.into());
    }
    let versions = fs::read_dir(VERSIONS).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let programs = versions.map(|version| version.join("bin"));
    programs.filter(|folder| folder.join("initdb").is_file()).max()
}

pub(crate) fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|myself| myself.uid() == 0)
}
