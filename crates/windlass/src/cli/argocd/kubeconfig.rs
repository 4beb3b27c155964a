//! The flags of kubectl that some of argocd's commands take: what of the kubeconfig is meant, or stands
//! instead of what it says.

use std::path::PathBuf;

use secrecy::SecretString;

use crate::cli::app::Flags;
use crate::cli::failure::Failure;

/// What they say. Those that only a connection without a kubeconfig needs are refused.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct Overrides {
    /// Namespace of settings and Applications.
    #[arg(long, global = true, value_name = "NAMESPACE")]
    namespace: Option<String>,
    /// Context of the kubeconfig.
    #[arg(long, global = true, value_name = "NAME")]
    context: Option<String>,
    /// Cluster of the kubeconfig.
    #[arg(long, global = true, hide = true)]
    cluster: Option<String>,
    /// User of the kubeconfig.
    #[arg(long, global = true, hide = true)]
    user: Option<String>,
    /// Whom to act as.
    #[arg(long = "as", id = "act_as", global = true, hide = true)]
    act_as: Option<String>,
    /// Of which groups.
    #[arg(long, global = true, hide = true)]
    as_group: Vec<String>,
    #[arg(long, global = true, hide = true)]
    as_uid: Option<String>,
    #[arg(long, global = true, hide = true)]
    certificate_authority: Option<PathBuf>,
    #[arg(long, global = true, hide = true)]
    client_certificate: Option<PathBuf>,
    #[arg(long, global = true, hide = true)]
    client_key: Option<PathBuf>,
    #[arg(long, global = true, hide = true)]
    disable_compression: bool,
    #[arg(long, global = true, hide = true)]
    insecure_skip_tls_verify: bool,
    #[arg(long, global = true, hide = true)]
    password: Option<SecretString>,
    #[arg(long, global = true, hide = true)]
    proxy_url: Option<String>,
    #[arg(long, global = true, hide = true)]
    request_timeout: Option<String>,
    #[arg(long, global = true, hide = true)]
    tls_server_name: Option<String>,
    #[arg(long, global = true, hide = true)]
    token: Option<SecretString>,
    #[arg(long, global = true, hide = true)]
    username: Option<String>,
}

impl Overrides {
    /// The connection's flags with what is said here.
    ///
    /// # Errors
    /// When a flag would change how the cluster is signed in to: the kubeconfig says that.
    pub(super) fn over(&self, flags: &Flags) -> anyhow::Result<Flags> {
        let refused = [
            ("cluster", self.cluster.is_some()),
            ("user", self.user.is_some()),
            ("as", self.act_as.is_some()),
            ("as-group", !self.as_group.is_empty()),
            ("as-uid", self.as_uid.is_some()),
            ("certificate-authority", self.certificate_authority.is_some()),
            ("client-certificate", self.client_certificate.is_some()),
            ("client-key", self.client_key.is_some()),
            ("insecure-skip-tls-verify", self.insecure_skip_tls_verify),
            ("password", self.password.is_some()),
            ("proxy-url", self.proxy_url.is_some()),
            ("tls-server-name", self.tls_server_name.is_some()),
            ("token", self.token.is_some()),
            ("username", self.username.is_some()),
        ];
        if let Some((flag, _)) = refused.iter().find(|(_, given)| *given) {
            return Err(Failure::generic(format!(
                "--{flag} is not supported here: nothing was done. Make a context of the \
                 kubeconfig that says so, and name it with --context"
            )));
        }
        Ok(flags.clone().with(self.namespace.clone(), self.context.clone()))
    }
}
