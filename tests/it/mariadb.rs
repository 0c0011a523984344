//! A MariaDB of its own for a test: a private server on a temporary folder, on a Unix socket only. It is
//! stopped when its value is dropped.

use std::env;
use std::fs;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use sqlx::AssertSqlSafe;
use sqlx::Connection as _;
use sqlx::MySqlConnection;
use tempfile::TempDir;

use crate::postgres::PASSWORD;
use crate::postgres::SERVER;
use crate::postgres::USER;
use crate::postgres::free_port;
use crate::postgres::is_root;
use crate::postgres::lay_open;

/// Where Debian keeps the server, and what makes its folder.
const PROGRAMS: [&str; 2] = ["/usr/sbin/mariadbd", "/usr/bin/mariadb-install-db"];

/// A running server.
pub(crate) struct Maria {
    folder: TempDir,
    server: Option<Child>,
    /// Where it listens beside its socket, to those alone who speak to it over TLS.
    port: Option<u16>,
}

impl Maria {
    /// Starts one; none where the programs are not here, unless `SHUPING_REQUIRE_MARIADB` is set.
    pub(crate) fn start() -> Option<Maria> {
        Maria::start_with(None)
    }

    /// Starts one that can be reached over TLS as well, with `right.pem` and `right.key` of a folder.
    pub(crate) fn encrypted(certificates: &Path) -> Option<Maria> {
        Maria::start_with(Some(certificates))
    }

    #[expect(clippy::print_stdout, reason = "a test that did nothing should say so")]
    fn start_with(certificates: Option<&Path>) -> Option<Maria> {
        if !PROGRAMS.iter().all(|program| Path::new(program).is_file()) {
            let is_required = env::var_os("SHUPING_REQUIRE_MARIADB").is_some();
            assert!(!is_required, "MariaDB is required and not here");
            println!("skipped: MariaDB is not here");
            return None;
        }
        // A socket's path has 107 bytes: a short folder, wherever TMPDIR is.
        let folder = tempfile::Builder::new().prefix("maria").tempdir_in("/tmp").unwrap();
        if let Some(certificates) = certificates {
            lay_open(certificates, folder.path());
        }
        let mut maria = Maria { folder, server: None, port: certificates.map(|_| free_port()) };
        maria.make();
        Some(maria)
    }

    /// The address of a database of it.
    pub(crate) fn url(&self, database: &str) -> String {
        self.url_of(PASSWORD, database)
    }

    /// The address with a password of one's own.
    pub(crate) fn url_of(&self, password: &str, database: &str) -> String {
        let password = password.replace(' ', "%20");
        format!("mysql://tester:{password}@localhost/{database}?socket={}", self.socket().display())
    }

    /// Runs statements in a database.
    pub(crate) async fn run(&self, database: &str, statements: &str) {
        let mut connection = MySqlConnection::connect(&self.url(database)).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    /// An empty database of its own.
    pub(crate) async fn database(&self, name: &str) -> String {
        self.run("mysql", &format!("create database {name} character set utf8mb4")).await;
        self.url(name)
    }

    /// The address of a database over TLS.
    pub(crate) fn url_over_tls(&self, database: &str, options: &str) -> String {
        let (password, port) = (PASSWORD.replace(' ', "%20"), self.port.unwrap());
        format!("mysql://tester:{password}@127.0.0.1:{port}/{database}?{options}")
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    fn make(&mut self) {
        let folder = self.folder.path();
        let user = |host: &str| {
            format!(
                "create user tester@'{host}' identified by '{PASSWORD}';\ngrant all on *.* to tester@'{host}' with grant option;\n"
            )
        };
        let first = user("localhost") + &user("127.0.0.1");
        fs::write(folder.join("first.sql"), first).unwrap();
        if is_root() {
            let owned = Command::new("chown").args(["-R", USER]).arg(folder).status();
            assert!(owned.unwrap().success(), "the folder can't be given to `{USER}`");
        }
        let data = format!("--datadir={}", folder.join("data").display());
        let mut making = self.command(PROGRAMS[1]);
        making.args([
            "--no-defaults",
            &data,
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        ]);
        let made = making.output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let named =
            |option: &str, file: &str| format!("--{option}={}", folder.join(file).display());
        let mut server = self.command(PROGRAMS[0]);
        server.args([
            "--no-defaults",
            &data,
            &named("socket", "socket"),
            &named("pid-file", "pid"),
            &named("init-file", "first.sql"),
            &named("log-error", "log"),
            "--innodb-buffer-pool-size=16M",
            "--innodb-flush-log-at-trx-commit=0",
        ]);
        match self.port {
            None => server.arg("--skip-networking"),
            Some(port) => server
                .args(["--bind-address=127.0.0.1", "--require-secure-transport=on"])
                .arg(format!("--port={port}"))
                .args([named("ssl-cert", SERVER[0]), named("ssl-key", SERVER[1])]),
        };
        let server = server.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        self.server = Some(server);
        // It listens once its first statements have run.
        for _ in 0..1_500 {
            if UnixStream::connect(self.socket()).is_ok() {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        panic!("MariaDB does not start: {log}");
    }

    /// A program of the server, run by somebody who is not root.
    fn command(&self, program: &str) -> Command {
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", USER, "--regid", "nogroup", "--clear-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.folder.path()).env("LC_ALL", "C");
        command
    }
}

impl Drop for Maria {
    fn drop(&mut self) {
        let Some(mut server) = self.server.take() else { return };
        let ended = server.kill().and_then(|()| server.wait());
        if !thread::panicking() {
            ended.unwrap();
        }
    }
}
