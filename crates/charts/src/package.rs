//! A chart to an archive, as `helm package` makes it.

use std::io::Write as _;

use flate2::{Compression, GzBuilder};
use windlass_helm::Chart;
use windlass_object::yaml;

use crate::{Error, metadata};

/// Marks archives that Helm made: a field of gzip's header.
const EXTRA: &[u8] = b"+aHR0cHM6Ly95b3V0dS5iZS96OVV6MWljandyTQo=";

/// Packs a chart; `seconds` since 1970 is the time of its files.
///
/// # Errors
/// When a name in it cannot be packed.
pub fn pack(chart: &Chart, seconds: u64) -> Result<Vec<u8>, Error> {
    let other = |error: std::io::Error| Error::Other(format!("packing: {error}"));
    let gzip = GzBuilder::new()
        .extra(EXTRA)
        .comment("Helm")
        .mtime(u32::try_from(seconds).unwrap_or(0))
        .write(Vec::new(), Compression::default());
    let mut tar = tar::Builder::new(gzip);
    write(&mut tar, chart, "", seconds)?;
    let mut gzip = tar.into_inner().map_err(other)?;
    gzip.flush().map_err(other)?;
    gzip.finish().map_err(other)
}

type Out = tar::Builder<flate2::write::GzEncoder<Vec<u8>>>;

fn write(out: &mut Out, chart: &Chart, prefix: &str, seconds: u64) -> Result<(), Error> {
    let name = chart.name();
    if name.contains('/') || matches!(name, "." | "..") {
        return Err(Error::Other(format!("{name:?} is not a valid chart name")));
    }
    let base = format!("{prefix}{name}");
    let mut file = |path: &str, data: &[u8]| {
        let mut header = tar::Header::new_ustar();
        header.set_mode(0o644);
        header.set_size(data.len() as u64);
        header.set_mtime(seconds);
        out.append_data(&mut header, format!("{base}/{path}"), data)
            .map_err(|error| Error::Other(format!("packing {path}: {error}")))
    };
    let old = chart.metadata.api_version == "v1";
    let mut described = chart.metadata.clone();
    if old {
        described.dependencies.clear();
    }
    file("Chart.yaml", yaml::to_string(&metadata::to_value(&described)).as_bytes())?;
    if let (false, Some(lock)) = (old, &chart.lock) {
        file("Chart.lock", yaml::to_string(&metadata::lock(lock)).as_bytes())?;
    }
    if let Some(values) = chart.raw.iter().find(|f| f.name == "values.yaml") {
        file("values.yaml", &values.data)?;
    }
    if let Some(schema) = &chart.schema {
        if serde_json::from_slice::<serde::de::IgnoredAny>(schema).is_err() {
            return Err(Error::Other("invalid JSON in values.schema.json".to_owned()));
        }
        file("values.schema.json", schema)?;
    }
    for template in chart.templates.iter().chain(&chart.files) {
        file(&template.name, &template.data)?;
    }
    for dependency in &chart.dependencies {
        write(out, dependency, &format!("{base}/charts/"), seconds)?;
    }
    Ok(())
}
