//! The `fivekeys` program.

fn main() -> std::process::ExitCode {
    fivekeys::cli::run(&fivekeys::host::Host::from_process())
}
