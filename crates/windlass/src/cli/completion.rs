//! Scripts that complete commands and flags in shells, of the personas.
//!
//! They know what the command line of this binary takes; those of cobra's tools ask the tool instead.

use std::collections::BTreeMap;

/// A shell with a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Shell {
    Bash,
    Fish,
    #[value(name = "powershell")]
    Pwsh,
    Zsh,
}

/// The script that completes `command`, whose name is `tool`.
pub(crate) fn script(shell: Shell, tool: &str, mut command: clap::Command) -> String {
    command.build();
    let mut words = BTreeMap::new();
    collect(&command, "", &mut words);
    match shell {
        Shell::Bash => bash(tool, &words),
        Shell::Fish => fish(tool, &words),
        Shell::Pwsh => powershell(tool, &words),
        Shell::Zsh => zsh(tool, &words),
    }
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

fn bash(tool: &str, all: &BTreeMap<String, Vec<String>>) -> String {
    let mut text = format!(
        "__windlass_{tool}() {{\n    local path=\"\" word i\n    \
         for ((i = 1; i < COMP_CWORD; i++)); do\n        \
         word=\"${{COMP_WORDS[i]}}\"\n        case \"$path $word\" in\n",
    );
    let commands: Vec<String> =
        all.keys().filter(|path| !path.is_empty()).map(|path| format!("{path:?}")).collect();
    text.push_str(&format!("            {}) path=\"$path $word\" ;;\n", commands.join("|")));
    text.push_str("        esac\n    done\n    case \"$path\" in\n");
    for (path, words) in all {
        text.push_str(&format!("        {path:?}) word={:?} ;;\n", words.join(" ")));
    }
    text.push_str(&format!(
        "    esac\n    COMPREPLY=($(compgen -W \"$word\" -- \"${{COMP_WORDS[COMP_CWORD]}}\"))\n}}\n\
         complete -o default -F __windlass_{tool} {tool}\n",
    ));
    text
}

/// As a file of `$fpath`, and as a text that is read; the function has the name that cobra's have.
fn zsh(tool: &str, all: &BTreeMap<String, Vec<String>>) -> String {
    let mut text = format!(
        "#compdef {tool}\ncompdef _{tool} {tool}\n\n_{tool}() {{\n    local at=\"\" word=\"\" i\n    \
         for ((i = 2; i < CURRENT; i++)); do\n        \
         word=\"${{words[i]}}\"\n        case \"$at $word\" in\n",
    );
    let commands: Vec<String> =
        all.keys().filter(|path| !path.is_empty()).map(|path| format!("{path:?}")).collect();
    text.push_str(&format!("            {}) at=\"$at $word\" ;;\n", commands.join("|")));
    text.push_str("        esac\n    done\n    case \"$at\" in\n");
    for (path, words) in all {
        text.push_str(&format!("        {path:?}) word={:?} ;;\n", words.join(" ")));
    }
    text.push_str(&format!(
        "    esac\n    compadd -- ${{=word}}\n    _files\n}}\n\n\
         if [ \"$funcstack[1]\" = \"_{tool}\" ]; then\n    _{tool}\nfi\n",
    ));
    text
}

fn fish(tool: &str, all: &BTreeMap<String, Vec<String>>) -> String {
    let mut text = format!(
        "function __windlass_{tool}_at\n    set -l path\n    \
         for word in (commandline -opc)[2..]\n        \
         string match -q -- '-*' $word; or set path $path $word\n    end\n    \
         test \"$path\" = \"$argv\"\nend\n",
    );
    for (path, words) in all {
        let path = path.trim();
        text.push_str(&format!(
            "complete -c {tool} -n '__windlass_{tool}_at {path}' -a '{}'\n",
            words.join(" ")
        ));
    }
    text
}

fn powershell(tool: &str, all: &BTreeMap<String, Vec<String>>) -> String {
    let mut text = format!(
        "Register-ArgumentCompleter -Native -CommandName '{tool}' -ScriptBlock {{\n    \
         param($wordToComplete, $commandAst, $cursorPosition)\n    $words = @{{\n",
    );
    for (path, words) in all {
        let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        text.push_str(&format!("        '{path}' = @({})\n", words.join(", ")));
    }
    text.push_str(
        "    }\n    $path = ''\n    \
         foreach ($element in $commandAst.CommandElements | Select-Object -Skip 1) {\n        \
         if ($element.Extent.EndOffset -ge $cursorPosition) { break }\n        \
         if ($words.ContainsKey(\"$path $element\")) { $path = \"$path $element\" }\n    }\n    \
         $words[$path] | Where-Object { $_ -like \"$wordToComplete*\" } | ForEach-Object {\n        \
         [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)\n    }\n}\n",
    );
    text
}
