//! Accounts, as `argocd-cm` and `argocd-secret` have them.

use std::collections::BTreeMap;

use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};

use super::super::kube::{Data, Store, core};
use crate::cli::app::{Connection, config_map};
use crate::cli::failure::Failure;

const ADMIN: &str = "admin";

/// An account, with argocd's names.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Account {
    pub(super) name: String,
    #[serde(skip_serializing_if = "is_false")]
    pub(super) enabled: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) capabilities: Vec<String>,
    /// The newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tokens: Vec<Token>,
}

/// That a token was made: not the token itself. Seconds since 1970; no end is zero.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Token {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) id: String,
    #[serde(rename(serialize = "issuedAt", deserialize = "iat"), skip_serializing_if = "is_zero")]
    pub(super) issued: i64,
    #[serde(rename(serialize = "expiresAt", deserialize = "exp"), skip_serializing_if = "is_zero")]
    pub(super) expires: i64,
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_false(value: &bool) -> bool {
    !value
}

#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(value: &i64) -> bool {
    *value == 0
}

/// All accounts, by name.
pub(super) async fn all(connection: &Connection) -> anyhow::Result<Vec<Account>> {
    let config = config_map(connection, "argocd-cm").await?;
    let secret = Store::new(connection, core("Secret")).find("argocd-secret").await?;
    read(&config, &secret.map_or_else(Data::default, |secret| Data::of(&secret)))
}

fn read(config: &BTreeMap<String, String>, secret: &Data) -> anyhow::Result<Vec<Account>> {
    let mut all = BTreeMap::new();
    let login = vec!["login".to_owned()];
    all.insert(ADMIN, Account { enabled: true, capabilities: login, ..Account::default() });
    let yes = |text: &str| !matches!(text, "0" | "f" | "F" | "false" | "FALSE" | "False");
    for (key, text) in config {
        if key == "admin.enabled" {
            all.entry(ADMIN).or_default().enabled = yes(text);
        }
        let Some(rest) = key.strip_prefix("accounts.") else { continue };
        let (name, what) = rest.split_once('.').unwrap_or((rest, ""));
        if what.contains('.') {
            continue;
        }
        let account =
            all.entry(name).or_insert_with(|| Account { enabled: true, ..Account::default() });
        match what {
            "" => {
                let known = text.split(',').map(str::trim);
                let known = known.filter(|word| matches!(*word, "login" | "apiKey"));
                account.capabilities.extend(known.map(str::to_owned));
            }
            "enabled" => account.enabled = yes(text),
            _ => {}
        }
    }
    let mut accounts = Vec::new();
    for (name, mut account) in all {
        name.clone_into(&mut account.name);
        let key = match name {
            ADMIN => "admin.tokens".to_owned(),
            name => format!("accounts.{name}.tokens"),
        };
        let tokens = secret.secret(&key);
        if !tokens.expose_secret().is_empty() {
            let tokens: Vec<Token> = serde_json::from_str(tokens.expose_secret())
                .map_err(|error| Failure::generic(format!("argocd-secret: {key}: {error}")))?;
            account.tokens = tokens;
            account.tokens.sort_by_key(|token| std::cmp::Reverse(token.issued));
        }
        accounts.push(account);
    }
    Ok(accounts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_those_of_the_settings() {
        let config = [
            ("accounts.ci", "apiKey"),
            ("accounts.ada", " login, apiKey,other"),
            ("accounts.ada.enabled", "false"),
            ("accounts.a.b.c", "login"),
            ("admin.enabled", "false"),
        ];
        let config = config.map(|(key, text)| (key.to_owned(), text.to_owned()));
        let mut secret = Data::default();
        secret.set("accounts.ci.tokens", r#"[{"id":"a","iat":5},{"id":"b","iat":7,"exp":9}]"#);
        let read = read(&config.into_iter().collect(), &secret).unwrap();
        let told: Vec<String> = read
            .iter()
            .map(|a| format!("{} {} {:?} {}", a.name, a.enabled, a.capabilities, a.tokens.len()))
            .collect();
        assert_eq!(
            told,
            [
                r#"ada false ["login", "apiKey"] 0"#,
                r#"admin false ["login"] 0"#,
                r#"ci true ["apiKey"] 2"#,
            ]
        );
        let tokens = serde_json::to_value(&read[2].tokens).unwrap();
        let newest = serde_json::json!({"id": "b", "issuedAt": 7, "expiresAt": 9});
        assert_eq!(tokens[0], newest);
    }
}
