//! The `gradc` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    gradc::cli::main()
}
