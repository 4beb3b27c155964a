//! `argocd proj role create-token`, `list-tokens` and `delete-token`.

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use secrecy::{ExposeSecret as _, SecretString};
use windlass_object::{Value, json};

use super::super::super::kube::{Data, Store, core};
use super::super::store::{Project, Projects, list};
use super::super::validate;
use crate::cli::columns::align_by;
use crate::cli::failure::Failure;
use crate::cli::output;

/// Where Argo CD keeps the key that its tokens are signed with.
const SECRET: &str = "argocd-secret";
const KEY: &str = "server.secretkey";

/// Create a token of a role.
///
/// Examples:
///   windlass proj role create-token shop ci --expires-in 7d
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Create {
    /// Name of the project.
    project: String,
    /// Name of the role.
    role: String,
    /// How long it is good, such as 12h or 7d; otherwise for ever.
    #[arg(long, short, default_value = "")]
    expires_in: String,
    /// Its id; otherwise one at random.
    #[arg(long, short, default_value = "")]
    id: String,
    /// Print the token alone.
    #[arg(long, short)]
    token_only: bool,
}

/// List the tokens of a role.
///
/// Examples:
///   windlass proj role list-tokens shop ci
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct List {
    /// Name of the project.
    project: String,
    /// Name of the role.
    role: String,
    /// Times in seconds since 1970.
    #[arg(long, short)]
    unixtime: bool,
}

/// Delete a token of a role.
///
/// Examples:
///   windlass proj role delete-token shop ci 1696774900
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Delete {
    /// Name of the project.
    project: String,
    /// Name of the role.
    role: String,
    /// When it was issued, in seconds since 1970.
    issued_at: String,
}

/// A time as argocd prints it, in this machine's time zone.
pub(super) fn shown(seconds: i64) -> String {
    let Ok(time) = Timestamp::from_second(seconds) else { return seconds.to_string() };
    let time = time.to_zoned(TimeZone::system());
    if time.offset().seconds() == 0 {
        return time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    }
    time.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

fn or_never(seconds: i64) -> String {
    if seconds > 0 { shown(seconds) } else { "Never".to_owned() }
}

/// How far a time is from now, in words.
pub(super) fn ago(then: i64, now: i64) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    const WEEK: i64 = 7 * DAY;
    const MONTH: i64 = 30 * DAY;
    const YEAR: i64 = 12 * MONTH;
    let side = if then > now { "from now" } else { "ago" };
    let span = (now - then).abs();
    let (unit, name) = match span {
        0 => return "now".to_owned(),
        1.. if span < MINUTE => (1, "second"),
        _ if span < HOUR => (MINUTE, "minute"),
        _ if span < DAY => (HOUR, "hour"),
        _ if span < WEEK => (DAY, "day"),
        _ if span < MONTH => (WEEK, "week"),
        _ if span < YEAR => (MONTH, "month"),
        _ if span < 18 * MONTH => (span, "year"),
        _ if span < 2 * YEAR => (span / 2, "year"),
        _ if span < 37 * YEAR => (YEAR, "year"),
        _ => return format!("a long while {side}"),
    };
    match span / unit {
        1 => format!("1 {name} {side}"),
        count => format!("{count} {name}s {side}"),
    }
}

/// `<number><s, m, h or d>` in seconds.
fn seconds(text: &str) -> anyhow::Result<i64> {
    let unit = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3600,
        Some('d') => 86_400,
        _ => 0,
    };
    let digits = text.get(..text.len().saturating_sub(1)).unwrap_or_default();
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let number = digits.parse::<i64>().ok().filter(|_| is_number && unit > 0);
    number.and_then(|n| n.checked_mul(unit)).ok_or_else(|| {
        Failure::generic(format!(
            "invalid since format '{text}', expected format <duration><unit> (e.g. 3h)"
        ))
    })
}

fn tokens(project: &Project, at: usize) -> &[Value] {
    project.items("roles")[at]["jwtTokens"].as_array().map_or(&[], Vec::as_slice)
}

impl Create {
    pub(super) async fn run(&self, projects: &Projects<'_>) -> anyhow::Result<()> {
        let expires_in = match self.expires_in.as_str() {
            "" => 0,
            text => seconds(text)?,
        };
        let (name, role) = (&self.project, &self.role);
        let mut project = projects.get(name).await?;
        validate::validate(&project)?;
        let at = project.role(role).map_err(|_| {
            Failure::generic(format!("project '{name}' does not have role '{role}'"))
        })?;
        if !self.id.is_empty() && tokens(&project, at).iter().any(|t| t["id"] == self.id) {
            let text = format!("Token id '{}' has been used. ", self.id);
            return Err(Failure::generic(text));
        }
        let id = if self.id.is_empty() { random_id()? } else { self.id.clone() };
        let issued = Timestamp::now().as_second();
        let expires = if expires_in > 0 { issued + expires_in } else { 0 };
        let subject = format!("proj:{name}:{role}");
        let mut claims = json!({"iss": "argocd", "sub": subject});
        let mut record = json!({"iat": issued, "id": id});
        if expires > 0 {
            claims["exp"] = json!(expires);
            record["exp"] = json!(expires);
        }
        claims["nbf"] = json!(issued);
        claims["iat"] = json!(issued);
        claims["jti"] = json!(id);
        let token = sign(&claims, &key(projects).await?);
        list(&mut project.items_mut("roles")[at]["jwtTokens"]).push(record);
        validate::normalize_tokens(&mut project);
        projects.replace(&project).await?;
        let token = token.expose_secret();
        if self.token_only {
            return output::print_line(token);
        }
        output::print(&format!(
            "Create token succeeded for {subject}.\n  ID: {id}\n  Issued At: {}\n  Expires At: {}\n  \
             Token: {token}\n",
            or_never(issued),
            or_never(expires)
        ))
    }
}

/// The key that tokens are signed with; made on first use, as Argo CD's server does.
async fn key(projects: &Projects<'_>) -> anyhow::Result<SecretString> {
    let secrets = Store::new(projects.connection, core("Secret"));
    let mut secret = secrets.get(SECRET).await.with_context(|| {
        format!("tokens are signed with a key in the secret {SECRET}: create it, empty")
    })?;
    let mut data = Data::of(&secret);
    if data.text(KEY).is_empty() {
        let mut random = [0_u8; 32];
        getrandom::fill(&mut random).map_err(|e| anyhow::anyhow!("no randomness: {e}"))?;
        data.set_secret(KEY, &STANDARD.encode(random).into());
        secret["data"] = data.encoded();
        secrets.replace(&secret).await?;
    }
    Ok(data.secret(KEY))
}

/// A JSON web token, signed by HMAC-SHA256.
fn sign(claims: &Value, key: &SecretString) -> SecretString {
    use aws_lc_rs::hmac;
    let head = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let text = format!("{head}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose_secret().as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key, text.as_bytes()));
    format!("{text}.{signature}").into()
}

/// A random UUID.
fn random_id() -> anyhow::Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|e| anyhow::anyhow!("no randomness: {e}"))?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok([&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-"))
}

impl List {
    pub(super) async fn run(&self, projects: &Projects<'_>) -> anyhow::Result<()> {
        let project = projects.get(&self.project).await?;
        let all = tokens(&project, project.role(&self.role)?);
        if all.is_empty() {
            let (project, role) = (&self.project, &self.role);
            return output::print_line(&format!("No tokens for {project}.{role}"));
        }
        let mut lines = vec![["ID", "ISSUED AT", "EXPIRES AT"].map(str::to_owned).to_vec()];
        for token in all {
            let [issued, expires] = ["iat", "exp"].map(|f| token[f].as_i64().unwrap_or_default());
            let time = |t: i64| if self.unixtime { t.to_string() } else { or_never(t) };
            let id = token["id"].as_str().unwrap_or_default().to_owned();
            lines.push(vec![id, time(issued), time(expires)]);
        }
        output::print(&align_by(&lines, 4))
    }
}

impl Delete {
    pub(super) async fn run(&self, projects: &Projects<'_>) -> anyhow::Result<()> {
        let given = &self.issued_at;
        let issued: i64 = given.parse().map_err(|_| {
            Failure::generic(format!("strconv.ParseInt: parsing {given:?}: invalid syntax"))
        })?;
        let question = format!("Are you sure you want to delete '{given}' project token? [y/n]");
        if !projects.confirm(&question)? {
            return output::print_line(&format!(
                "The command to delete project token '{given}' was cancelled."
            ));
        }
        let mut project = projects.get(&self.project).await?;
        validate::validate(&project)?;
        let Ok(at) = project.role(&self.role) else { return Ok(()) };
        if !tokens(&project, at).iter().any(|token| token["iat"] == issued) {
            return Ok(());
        }
        let role = self.role.clone();
        list(&mut project.items_mut("roles")[at]["jwtTokens"]).retain(|t| t["iat"] != issued);
        list(&mut project.value["status"]["jwtTokensByRole"][&role]["items"])
            .retain(|token| token["iat"] != issued);
        validate::normalize_tokens(&mut project);
        projects.replace(&project).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_signed_as_anywhere() {
        // The signature is Python's of the same text.
        let claims = json!({"sub": "1234567890", "name": "John Doe", "iat": 1516239022});
        let token = sign(&claims, &"your-256-bit-secret".to_owned().into());
        assert_eq!(
            token.expose_secret().rsplit('.').next(),
            Some("fdOPQ05ZfRhkST2-rIWgUpbqUsVhkkNVNcuG7Ki0s-8")
        );
    }

    #[test]
    fn times_in_words() {
        let check = |seconds: i64, want: &str| {
            assert_eq!(ago(1_000_000_000 - seconds, 1_000_000_000), want);
        };
        check(0, "now");
        check(1, "1 second ago");
        check(90, "1 minute ago");
        check(3 * 3600, "3 hours ago");
        check(8 * 86_400, "1 week ago");
        check(13 * 30 * 86_400, "1 year ago");
        check(19 * 30 * 86_400, "2 years ago");
        check(-7200, "2 hours from now");
    }
}
