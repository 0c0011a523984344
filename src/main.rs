//! The command line of shuping.

fn main() -> std::process::ExitCode {
    shuping::cli::main()
}
