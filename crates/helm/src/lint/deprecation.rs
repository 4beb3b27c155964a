//! Built-in kinds that are on their way out.

/// One line a kind: group/version kind, deprecated in, unavailable in, what to use.
const FACTS: &str = include_str!("lifecycle.txt");

/// What the API server would warn of, for an object of a kind in Kubernetes `major.minor`.
pub(super) fn warning(api_version: &str, kind: &str, major: u64, minor: u64) -> Option<String> {
    let number = |text: &str| {
        let (major, minor) = text.split_once('.')?;
        Some((major.parse::<u64>().ok()?, minor.parse::<u64>().ok()?))
    };
    FACTS.lines().find_map(|line| {
        let mut words = line.splitn(5, ' ');
        let is_it = words.next()? == api_version && words.next()? == kind;
        let since = words.next().filter(|_| is_it)?;
        if number(since)? > (major, minor) {
            return None;
        }
        let mut text = format!("{api_version} {kind} is deprecated in v{since}+");
        let gone = words.next()?;
        if gone != "-" {
            text.push_str(&format!(", unavailable in v{gone}+"));
        }
        let instead = words.next()?;
        if instead != "-" {
            text.push_str(&format!("; use {instead}"));
        }
        Some(text)
    })
}

#[cfg(test)]
mod tests {
    use super::warning;

    #[test]
    fn kinds_are_told_from_their_time_on() {
        let told = warning("policy/v1beta1", "PodDisruptionBudget", 1, 37).unwrap();
        assert_eq!(
            told,
            "policy/v1beta1 PodDisruptionBudget is deprecated in v1.21+, unavailable in v1.25+; \
             use policy/v1 PodDisruptionBudget"
        );
        assert_eq!(warning("policy/v1beta1", "PodDisruptionBudget", 1, 20), None);
        assert_eq!(warning("apps/v1", "Deployment", 1, 37), None);
    }
}
