//! `kustomize.buildOptions` of `argocd-cm`: the flags that builds are called with.

use windlass_kustomize::{Options, Reorder};

/// What the flags ask for.
pub(super) struct Flags {
    pub(super) options: Options,
    /// What of them has no effect.
    pub(super) warnings: Vec<String>,
}

/// Flags without a value.
const SWITCHES: [&str; 4] = ["enable-helm", "enable-managedby-label", "network", "as-current-user"];

pub(super) fn parse(text: &str) -> Flags {
    let mut flags = Flags { options: Options::default(), warnings: Vec::new() };
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let (name, mut value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        };
        let name = name.trim_start_matches('-');
        if value.is_none() && !SWITCHES.contains(&name) && name != "enable-alpha-plugins" {
            value = words.next_if(|next| !next.starts_with('-'));
        }
        let on = value.is_none_or(|v| v != "false");
        match (name, value) {
            ("enable-helm" | "enable_helm", _) => flags.options.enable_helm = on,
            ("enable-managedby-label", _) => flags.options.managed_by_label = on,
            ("load-restrictor" | "load_restrictor", Some(value)) => {
                flags.options.restrict_loads = !matches!(value, "LoadRestrictionsNone" | "none");
            }
            ("reorder", Some("none")) => flags.options.reorder = Reorder::None,
            ("reorder", Some("legacy")) => flags.options.reorder = Reorder::Legacy,
            // Charts are rendered here, and no function is run.
            ("helm-command" | "helm-debug" | "network" | "network-name" | "as-current-user", _)
            | ("env" | "e" | "mount", _) => {}
            _ => flags.warnings.push(format!(
                "kustomize.buildOptions: {word} has no effect: Windlass runs no plugins and knows \
                 no such flag"
            )),
        }
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flags_that_people_set() {
        let flags = parse("--load-restrictor LoadRestrictionsNone --enable-helm");
        assert!(!flags.options.restrict_loads && flags.options.enable_helm);
        assert!(flags.warnings.is_empty());
        let flags = parse("--load-restrictor=LoadRestrictionsNone --reorder none");
        assert!(!flags.options.restrict_loads && !flags.options.enable_helm);
        assert_eq!(flags.options.reorder, Reorder::None);
        assert_eq!(parse("").options, Options::default());
        assert_eq!(parse("--enable-alpha-plugins --helm-command helm3").warnings.len(), 1);
    }
}
