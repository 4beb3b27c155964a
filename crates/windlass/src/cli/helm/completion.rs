//! `windlass helm completion`: scripts that complete commands and flags in shells.
//!
//! They know what the command line of this binary takes; the real Helm's ask the binary instead.

use std::collections::BTreeMap;

/// Print a script that completes commands and flags.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// For bash: source <(helm completion bash)
    Bash(Args),
    /// For fish: helm completion fish | source
    Fish(Args),
    /// For zsh: source <(helm completion zsh)
    Zsh(Args),
}

/// What all of them take.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Taken as Helm takes it; there are no descriptions here.
    #[arg(long)]
    no_descriptions: bool,
}

/// Runs the command.
pub(crate) fn run(command: &Command, mut helm: clap::Command) -> anyhow::Result<()> {
    helm.build();
    let mut words = BTreeMap::new();
    collect(&helm, "", &mut words);
    super::print(&match command {
        Command::Bash(_) => bash(&words),
        Command::Fish(_) => fish(&words),
        // It reads bash's, once told to.
        Command::Zsh(_) => {
            format!("autoload -U +X bashcompinit && bashcompinit\n{}", bash(&words))
        }
    })
}

/// What may follow each command: commands below it, and its flags.
fn collect(command: &clap::Command, path: &str, all: &mut BTreeMap<String, Vec<String>>) {
    let mut words = Vec::new();
    for below in command.get_subcommands().filter(|c| !c.is_hide_set()) {
        words.push(below.get_name().to_owned());
        collect(below, &format!("{path} {}", below.get_name()), all);
    }
    let flags = command.get_arguments().filter(|argument| !argument.is_hide_set());
    words.extend(flags.filter_map(|argument| Some(format!("--{}", argument.get_long()?))));
    all.insert(path.to_owned(), words);
}

fn bash(all: &BTreeMap<String, Vec<String>>) -> String {
    let mut text = String::from(
        "__windlass_helm() {\n    local path=\"\" word i\n    \
         for ((i = 1; i < COMP_CWORD; i++)); do\n        \
         word=\"${COMP_WORDS[i]}\"\n        case \"$path $word\" in\n",
    );
    let commands: Vec<String> =
        all.keys().filter(|path| !path.is_empty()).map(|path| format!("{path:?}")).collect();
    text.push_str(&format!("            {}) path=\"$path $word\" ;;\n", commands.join("|")));
    text.push_str("        esac\n    done\n    case \"$path\" in\n");
    for (path, words) in all {
        text.push_str(&format!("        {path:?}) word={:?} ;;\n", words.join(" ")));
    }
    text.push_str(
        "    esac\n    COMPREPLY=($(compgen -W \"$word\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n}\n\
         complete -o default -F __windlass_helm helm\n",
    );
    text
}

fn fish(all: &BTreeMap<String, Vec<String>>) -> String {
    let mut text = String::from(
        "function __windlass_helm_at\n    set -l path\n    \
         for word in (commandline -opc)[2..]\n        \
         string match -q -- '-*' $word; or set path $path $word\n    end\n    \
         test \"$path\" = \"$argv\"\nend\n",
    );
    for (path, words) in all {
        let path = path.trim();
        text.push_str(&format!(
            "complete -c helm -n '__windlass_helm_at {path}' -a '{}'\n",
            words.join(" ")
        ));
    }
    text
}
