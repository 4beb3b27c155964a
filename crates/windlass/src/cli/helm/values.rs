//! The flags of values, which several commands share.

use std::io::Read;

use windlass_helm::Values;

use crate::cli::failure::go_words;

/// The flags of values.
#[derive(Debug, Default, clap::Args)]
#[group(skip)]
pub(crate) struct Args {
    /// Values from YAML files; `-` is standard input. Later ones win.
    #[arg(short = 'f', long = "values", value_delimiter = ',', value_name = "FILE")]
    files: Vec<String>,
    /// Values, as `key1=val1,key2=val2`.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Values that are strings.
    #[arg(long, value_name = "KEY=VALUE")]
    set_string: Vec<String>,
    /// Values from the files that are named.
    #[arg(long, value_name = "KEY=FILE")]
    set_file: Vec<String>,
    /// Values as JSON: `key1=jsonval1`, or one mapping.
    #[arg(long, value_name = "KEY=JSON")]
    set_json: Vec<String>,
    /// One value that is a string, whatever it holds.
    #[arg(long, value_name = "KEY=VALUE")]
    set_literal: Vec<String>,
}

impl Args {
    /// The values that the flags make.
    pub(crate) fn values(&self) -> anyhow::Result<Values> {
        let mut values = Values::new();
        for file in &self.files {
            let text = read(file).map_err(anyhow::Error::msg)?;
            values.merge(Values::from_yaml(file, &text)?);
        }
        self.set_json.iter().try_for_each(|text| values.set_json(text))?;
        self.set.iter().try_for_each(|text| values.set(text))?;
        self.set_string.iter().try_for_each(|text| values.set_string(text))?;
        let mut content =
            |name: &str| read(name).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        self.set_file.iter().try_for_each(|text| values.set_file(text, &mut content))?;
        self.set_literal.iter().try_for_each(|text| values.set_literal(text))?;
        Ok(values)
    }
}

fn read(file: &str) -> Result<Vec<u8>, String> {
    if file.trim() == "-" {
        let mut bytes = Vec::new();
        let read = std::io::stdin().lock().read_to_end(&mut bytes);
        return read.map(|_| bytes).map_err(|e| format!("read stdin: {e}"));
    }
    std::fs::read(file).map_err(|e| format!("open {file}: {}", go_words(&e)))
}
