//! `argocd account`: what of accounts needs nobody to be signed in. In core mode nobody is, and all is
//! permitted; what is about the person who asks needs Argo CD's API server.

mod accounts;
mod bcrypt;
mod can_i;
mod get;
mod get_user_info;
mod list;

use std::process::ExitCode;

use clap::Subcommand;

use super::absent;
use crate::cli::app::{Connection, Flags};

/// Manage the accounts of an API server of Argo CD.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Bcrypt(bcrypt::Args),
    CanI(can_i::Args),
    /// Delete a token of an account: not there yet.
    #[command(hide = true)]
    DeleteToken(absent::Args),
    /// Make a token of an account: not there yet.
    #[command(hide = true)]
    GenerateToken(absent::Args),
    Get(get::Args),
    #[command(alias = "whoami")]
    GetUserInfo(get_user_info::Args),
    List(list::Args),
    /// Change a password: not there yet.
    #[command(hide = true)]
    UpdatePassword(absent::Args),
}

impl Command {
    /// Whether it needs no cluster.
    pub(super) fn is_offline(&self) -> bool {
        matches!(self, Self::Bcrypt(_))
    }
}

/// Runs the command.
pub(super) async fn run(flags: &Flags, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Bcrypt(args) => bcrypt::run(&args)?,
        Command::CanI(args) => {
            Connection::open(flags).await?;
            can_i::run(&args)?;
        }
        Command::Get(args) => get::run(&Connection::open(flags).await?, &args).await?,
        Command::GetUserInfo(args) => {
            Connection::open(flags).await?;
            get_user_info::run(&args)?;
        }
        Command::List(args) => list::run(&Connection::open(flags).await?, &args).await?,
        Command::DeleteToken(_) => {
            return Err(absent::refusal("account delete-token", absent::SERVER));
        }
        Command::GenerateToken(_) => {
            return Err(absent::refusal("account generate-token", absent::SERVER));
        }
        Command::UpdatePassword(_) => {
            return Err(absent::refusal("account update-password", absent::SERVER));
        }
    }
    Ok(ExitCode::SUCCESS)
}
