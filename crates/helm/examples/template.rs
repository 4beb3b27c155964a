//! Renders a chart as `helm template` does, with the library alone:
//! `template NAME DIR -n NAMESPACE [-f VALUES]… [--set EXPRESSION]… [--skip-schema-validation] [--include-crds]`.

use windlass_helm::{Capabilities, Chart, Environment, Options, Print, Release, Values, render};
use windlass_tree::{DirectoryTree, TreePath};

fn main() -> anyhow::Result<()> {
    let mut words = Vec::new();
    let mut values = Values::new();
    let mut namespace = "default".to_owned();
    let (mut skip, mut print) = (false, Print::default());
    let mut is_upgrade = false;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().unwrap_or_default();
        match &*argument {
            "-n" => namespace = value(),
            "-f" => {
                let name = value();
                values.merge(Values::from_yaml(&name, &std::fs::read(&name)?)?);
            }
            "--set" => values.set(&value())?,
            "--skip-schema-validation" => skip = true,
            "--include-crds" => print.include_crds = true,
            "--no-hooks" => print.no_hooks = true,
            "--is-upgrade" => is_upgrade = true,
            _ => words.push(argument),
        }
    }
    let [name, dir] = words.as_slice() else { anyhow::bail!("NAME and DIR are needed") };
    let at = std::fs::canonicalize(dir)?;
    let at = TreePath::new(at.to_string_lossy().trim_start_matches('/'))?;
    let chart = Chart::load(&DirectoryTree::new("/"), &at)?;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let now = i128::try_from(now.as_nanos())?;
    let mut seed = [0; 32];
    seed[..16].copy_from_slice(&now.to_le_bytes());
    let mut options = Options::new(Environment::new(now, seed));
    options.skip_schema_validation = skip;
    let release = Release { is_upgrade, ..Release::new(name, namespace) };
    let rendered = render(&chart, &values, &release, &Capabilities::default(), &options);
    let rendered = rendered.inspect_err(|e| {
        let mut err = std::io::stderr().lock();
        let _ = std::io::Write::write_all(&mut err, (e.advice().join("\n") + "\n").as_bytes());
    })?;
    std::io::Write::write_all(&mut std::io::stdout().lock(), rendered.print(&print)?.as_bytes())?;
    Ok(())
}
