//! `windlass helm registry`.

mod login;
mod logout;

use clap::Subcommand;

/// Log in to a registry, or out of it.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Login(login::Args),
    Logout(logout::Args),
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Login(args) => login::run(args),
        Command::Logout(args) => logout::run(args),
    }
}
