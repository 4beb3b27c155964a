//! Many small templates at once: those that render go into one chart, those that fail are run one by
//! one, and every answer must be the real helm's, errors with all their words.

use std::collections::BTreeMap;

use windlass_helm::{
    Capabilities, Chart, Environment, File, Options, Print, Release, Values, render,
};

use super::{Call, chart, words};

/// What `.Values` is in these templates.
pub(crate) const VALUES: &str = include_str!("../functions/values.json");

/// How a template ends: its text, or what is said against it.
pub(crate) type Answer = Result<String, String>;

fn files(templates: &[(String, &str)]) -> Vec<(String, String)> {
    let mut files = vec![("values.yaml".to_owned(), VALUES.to_owned())];
    files.extend(templates.iter().map(|(n, t)| (format!("templates/{n}"), (*t).to_owned())));
    files
}

/// The files' chart as this crate renders it.
fn ours(files: &[(String, String)]) -> Answer {
    let metadata =
        ("Chart.yaml".to_owned(), "apiVersion: v2\nname: c\nversion: 1.0.0\n".to_owned());
    let files = files.iter().chain([&metadata]);
    let files = files.map(|(name, text)| File::new(name.clone(), text.as_bytes())).collect();
    let chart = Chart::from_files(files).unwrap();
    let options = Options::new(Environment::new(1_700_000_000_000_000_000, [7; 32]));
    let (values, release) = (Values::new(), Release::new("rel", "ns"));
    render(&chart, &values, &release, &Capabilities::default(), &options)
        .and_then(|rendered| rendered.print(&Print::default()))
        .map_err(|error| words(&error))
}

fn theirs(files: &[(String, String)]) -> Answer {
    let files: Vec<(&str, &str)> = files.iter().map(|(n, t)| (&**n, &**t)).collect();
    super::theirs(chart(&files).path(), &Call::default())
}

/// One template alone, as this crate answers it.
pub(crate) fn alone(text: &str) -> Answer {
    ours(&single(text))
}

/// One template alone, as the real helm answers it.
pub(crate) fn really_alone(text: &str) -> Answer {
    theirs(&single(text))
}

fn single(text: &str) -> Vec<(String, String)> {
    files(&[("t.yaml".to_owned(), text)])
}

/// Whether a template fails here; whether a text is a manifest does not matter.
pub(crate) fn fails(text: &str) -> bool {
    let all = "a: {{ include \"c/templates/_t.tpl\" . | toJson }}\n";
    let files = files(&[("_t.tpl".to_owned(), text), ("t.yaml".to_owned(), all)]);
    ours(&files).is_err()
}

/// What differs among templates that all render here, each on its own.
pub(crate) fn rendered(templates: &[&str]) -> Vec<String> {
    let mut parts: Vec<(String, &str)> =
        templates.iter().enumerate().map(|(i, text)| (format!("_{i}.tpl"), *text)).collect();
    let all: String = (0..templates.len())
        .map(|i| format!("t{i}: {{{{ include \"c/templates/_{i}.tpl\" . | toJson }}}}\n"))
        .collect();
    parts.push(("all.yaml".to_owned(), &all));
    let files = files(&parts);
    let (theirs, ours) = match (theirs(&files), ours(&files)) {
        (Ok(theirs), Ok(ours)) => (lines(&theirs), lines(&ours)),
        (theirs, ours) if templates.len() == 1 => {
            return vec![format!("{}\n  helm: {theirs:?}\n  ours: {ours:?}", templates[0])];
        }
        // One that is refused hides the others' answers.
        _ => {
            let (left, right) = templates.split_at(templates.len() / 2);
            return [rendered(left), rendered(right)].concat();
        }
    };
    let differ = |(i, text): (usize, &&str)| {
        let number = format!("t{i}");
        let of = |all: &BTreeMap<String, String>| all.get(&number).cloned().unwrap_or_default();
        let (theirs, ours) = (of(&theirs), of(&ours));
        (own_words(&theirs) != own_words(&ours))
            .then(|| format!("{text}\n  helm: {theirs}\n  ours: {ours}"))
    };
    templates.iter().enumerate().filter_map(differ).collect()
}

/// An answer without what the library for YAML says of texts that are none: ours has words of
/// its own.
pub(crate) fn own_words(answer: &str) -> &str {
    let mark = "error converting YAML to JSON: ";
    &answer[..answer.find(mark).map_or(answer.len(), |at| at + mark.len())]
}

fn lines(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter_map(|line| line.split_once(": "));
    lines.map(|(number, answer)| (number.to_owned(), answer.to_owned())).collect()
}

/// The same over all, on two threads: runs of the real helm are what takes time.
pub(crate) fn twofold<T: Sync, R: Send>(all: &[T], one: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let half = all.len().div_ceil(2).max(1);
    std::thread::scope(|scope| {
        let one = &one;
        let parts: Vec<_> = all
            .chunks(half)
            .map(|part| scope.spawn(move || part.iter().map(one).collect::<Vec<_>>()))
            .collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    })
}

/// Fails with what differs.
#[track_caller]
pub(crate) fn none(wrong: &[String]) {
    let shown = wrong.iter().take(60).cloned().collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{} differ:\n{shown}", wrong.len());
}
