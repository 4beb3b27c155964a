//! `.helmignore`, with Helm's rules, which are not Git's: a rule that begins with `!` ignores all
//! that it does not match.

use windlass_tree::path_match::matches;

struct Rule {
    pattern: String,
    negated: bool,
    directories_only: bool,
    /// Whether it is matched with the name alone.
    base: bool,
}

/// The rules of one chart.
pub(super) struct Rules(Vec<Rule>);

impl Rules {
    /// Reads the rules, and adds what Helm always ignores.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut rules = Self(Vec::new());
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for line in text.lines() {
            rules.add(line)?;
        }
        rules.add("templates/.?*")?;
        Ok(rules)
    }

    fn add(&mut self, line: &str) -> Result<(), String> {
        let rule = line.trim();
        if rule.is_empty() || rule.starts_with('#') {
            return Ok(());
        }
        if rule.contains("**") {
            return Err("double-star (**) syntax is not supported".to_owned());
        }
        matches(rule, "abc").map_err(|e| e.to_string())?;
        let (negated, rule) = rule.strip_prefix('!').map_or((false, rule), |rest| (true, rest));
        let (directories_only, rule) =
            rule.strip_suffix('/').map_or((false, rule), |rest| (true, rest));
        let (base, pattern) = match rule.strip_prefix('/') {
            Some(rest) => (false, rest),
            None => (!rule.contains('/'), rule),
        };
        self.0.push(Rule { pattern: pattern.to_owned(), negated, directories_only, base });
        Ok(())
    }

    /// Whether the entry at `path` is left out.
    pub(super) fn ignores(&self, path: &str, directory: bool) -> bool {
        let base = path.rsplit('/').next().unwrap_or(path);
        for rule in &self.0 {
            let name = if rule.base { base } else { path };
            let matched = || matches(&rule.pattern, name).unwrap_or(false);
            if rule.negated {
                if (rule.directories_only && !directory) || !matched() {
                    return true;
                }
            } else if (!rule.directories_only || directory) && matched() {
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rules: &str, ignored: &[&str], kept: &[&str]) {
        let rules = Rules::parse(rules).unwrap();
        let ignores = |p: &str| rules.ignores(p.trim_end_matches('/'), p.ends_with('/'));
        for path in ignored {
            assert!(ignores(path), "{path} must be ignored");
        }
        for path in kept {
            assert!(!ignores(path), "{path} must be kept");
        }
    }

    #[test]
    fn as_helm() {
        check("", &["templates/.x"], &["a", "templates/x", "templates/a/.x"]);
        check("*.bak\n# c\n", &["a.bak", "d/a.bak"], &["a"]);
        check("d/", &["d/"], &["d", "x/y"]);
        check("/a", &["a"], &["d/a"]);
        check("d/*.txt", &["d/a.txt"], &["a.txt", "d/e/a.txt"]);
        check("!keep", &["a", "d/"], &["keep"]);
        assert!(Rules::parse("a/**").is_err());
        assert!(Rules::parse("[a").is_err());
    }
}
