//! From parser events to one document's value.

use std::borrow::Cow;
use std::collections::HashMap;

use granit_parser::{
    Event, Parser, ScalarStyle, ScanError, StrInput, StructureStyle, Tag, options,
};
use serde_json::{Map, Value};

use super::refold::refold;
use super::resolve::{self, Scalar, ScalarTag};
use super::{Dialect, DuplicateKeys, Error, Options, Position, Problem, blanks, flow, plain};

pub(super) struct Built {
    pub(super) value: Value,
    pub(super) at: Position,
    /// Whether some mapping may have a key twice; a second pass tells which.
    pub(super) repeats_keys: bool,
}

/// Reads the first document of `source`, whose first line is number `line`. Of a mapping's fields
/// those that are not `wanted` may be missing.
pub(super) fn document(
    source: &str,
    line: usize,
    options: &Options,
    wanted: Option<plain::Wanted<'_>>,
) -> Result<Built, Error> {
    plain::document(source, line, options, wanted)
        .map_or_else(|| by_events(source, line, options), Ok)
}

/// The same by the full parser.
pub(super) fn by_events(source: &str, line: usize, options: &Options) -> Result<Built, Error> {
    let source = blanks::mended(source, line, options.dialect)?;
    let mut builder = Builder::new(Events::new(&source, line, options), options);
    let built = builder.document(line);
    if !builder.events.reads_otherwise {
        return built;
    }
    let source = flow::mended(&source, line, options)?;
    Builder::new(Events::new(&source, line, options), options).document(line)
}

/// The parser of `source`, within the bounds of `options`.
pub(super) fn parser<'t>(source: &'t str, options: &Options) -> Parser<'t, StrInput<'t>> {
    let options = options! {
        emit_comments: false,
        block_scalar_eof_without_line_feed: true,
        bom_inside_document_as_content: true,
        flow_nesting_limit: options.max_depth,
        block_nesting_limit: options.max_depth,
    };
    Parser::new_from_str_with_options(source, options)
}

/// The parser's events with positions in the whole stream.
pub(super) struct Events<'t> {
    parser: Parser<'t, StrInput<'t>>,
    source: &'t str,
    line: usize,
    /// How many collections within brackets are open.
    flow: usize,
    /// Whether go-yaml may read a scalar so far in another way.
    reads_otherwise: bool,
    /// Whether the last event stands for no text at all.
    pub(super) is_blank: bool,
}

impl<'t> Events<'t> {
    pub(super) fn new(source: &'t str, line: usize, options: &Options) -> Self {
        let parser = parser(source, options);
        Self { parser, source, line, flow: 0, reads_otherwise: false, is_blank: false }
    }

    pub(super) fn next(&mut self) -> Result<Option<(Event<'t>, Position)>, Error> {
        match self.parser.next_event() {
            None => Ok(None),
            Some(Ok((mut event, span))) => {
                self.is_blank = span.start.index() == span.end.index();
                match &mut event {
                    Event::SequenceStart(style, ..) | Event::MappingStart(style, ..) => {
                        let is_flow = self.flow > 0 || *style == StructureStyle::Flow;
                        self.flow += usize::from(is_flow);
                    }
                    Event::SequenceEnd | Event::MappingEnd => {
                        self.flow = self.flow.saturating_sub(1);
                    }
                    Event::Scalar(text, ScalarStyle::Plain, ..) if self.flow > 0 => {
                        if text.contains(flow::COLON) {
                            *text = Cow::Owned(text.replace(flow::COLON, ":"));
                        }
                        let places = span.start.byte_offset().zip(span.end.byte_offset());
                        self.reads_otherwise |= places
                            .is_some_and(|(start, end)| flow::differs(self.source, start, end));
                    }
                    _ => {}
                }
                let at = self.position(span.start.line(), span.start.col());
                Ok(Some((event, at)))
            }
            Some(Err(error)) => Err(self.error(&error)),
        }
    }

    /// The next event where the grammar promises one.
    pub(super) fn expect(&mut self) -> Result<(Event<'t>, Position), Error> {
        self.next()?.ok_or_else(|| Error {
            at: self.position(1, 0),
            problem: Problem::Syntax("the document ends too early".to_owned()),
        })
    }

    fn position(&self, line: usize, column: usize) -> Position {
        Position { line: self.line + line.max(1) - 1, column: column + 1 }
    }

    fn error(&self, error: &ScanError) -> Error {
        Error {
            at: self.position(error.marker().line(), error.marker().col()),
            problem: Problem::Syntax(error.kind().to_string()),
        }
    }
}

pub(super) fn is_node(event: &Event<'_>) -> bool {
    matches!(
        event,
        Event::Scalar(..) | Event::SequenceStart(..) | Event::MappingStart(..) | Event::Alias(_)
    )
}

/// A scalar's meaning by its text, quotes and tag.
pub(super) fn scalar(
    text: Cow<'_, str>,
    style: ScalarStyle,
    tag: Option<&Tag>,
    dialect: Dialect,
) -> Result<Scalar, Problem> {
    // The newer generation takes a bare `!` for no tag.
    let is_bare = |tag: &&Tag| matches!(tag.parts(), ("!", "") | ("", "!"));
    let tag = tag.filter(|tag| dialect == Dialect::GoV2 || !is_bare(tag));
    match tag.map(scalar_tag) {
        None if style == ScalarStyle::Plain => Ok(resolve::plain(&text, dialect)),
        None if style == ScalarStyle::Folded && dialect == Dialect::GoV3 => {
            Ok(Scalar::Text(refold(&text)))
        }
        None => Ok(Scalar::Text(text.into_owned())),
        Some(tag) => resolve::tagged(tag, &text, dialect),
    }
}

/// A scalar in a key's place.
pub(super) fn key(
    text: Cow<'_, str>,
    style: ScalarStyle,
    tag: Option<&Tag>,
    dialect: Dialect,
) -> Result<String, Problem> {
    if tag.is_none() && style == ScalarStyle::Plain {
        return resolve::plain_key(&text, dialect);
    }
    resolve::into_key(scalar(text, style, tag, dialect)?, dialect)
}

fn scalar_tag(tag: &Tag) -> ScalarTag {
    match tag.suffix_in_namespace("tag:yaml.org,2002:").as_deref() {
        Some("null") => ScalarTag::Null,
        Some("bool") => ScalarTag::Bool,
        Some("int") => ScalarTag::Int,
        Some("float") => ScalarTag::Float,
        Some("str") => ScalarTag::Text,
        Some("binary") => ScalarTag::Binary,
        Some("timestamp") => ScalarTag::Timestamp,
        _ => ScalarTag::Other,
    }
}

/// Whether an event in a key's place is the merge key.
pub(super) fn is_merge(event: &Event<'_>) -> bool {
    match event {
        Event::Scalar(text, style, _, tag) if text == "<<" => match tag {
            None => *style == ScalarStyle::Plain,
            Some(tag) => tag.suffix_in_namespace("tag:yaml.org,2002:").as_deref() == Some("merge"),
        },
        _ => false,
    }
}

struct Anchor {
    value: Value,
    /// How many nodes its expansion has.
    size: usize,
}

struct Builder<'t, 'o> {
    events: Events<'t>,
    options: &'o Options,
    anchors: HashMap<usize, Anchor>,
    decoded: usize,
    aliased: usize,
    repeats_keys: bool,
}

impl<'t, 'o> Builder<'t, 'o> {
    fn new(events: Events<'t>, options: &'o Options) -> Self {
        let anchors = HashMap::new();
        Self { events, options, anchors, decoded: 0, aliased: 0, repeats_keys: false }
    }

    fn document(&mut self, line: usize) -> Result<Built, Error> {
        while let Some((event, at)) = self.events.next()? {
            if is_node(&event) {
                let value = self.node(event, at, 0)?;
                self.finish()?;
                return Ok(Built { value, at, repeats_keys: self.repeats_keys });
            }
        }
        Ok(Built { value: Value::Null, at: Position { line, column: 1 }, repeats_keys: false })
    }

    /// Takes the rest of the document's events, which may still hold an error.
    fn finish(&mut self) -> Result<(), Error> {
        match self.events.next()? {
            Some((Event::DocumentEnd | Event::StreamEnd, _)) | None => Ok(()),
            Some((_, at)) => Err(Error {
                at,
                problem: Problem::Syntax("expected the end of the document".to_owned()),
            }),
        }
    }

    fn node(&mut self, event: Event<'t>, at: Position, depth: usize) -> Result<Value, Error> {
        let before = self.decoded;
        self.decoded += 1;
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                let value = scalar(text, style, tag.as_deref(), self.options.dialect)
                    .and_then(|scalar| resolve::into_value(scalar, self.options))
                    .map_err(|problem| Error { at, problem })?;
                (value, anchor)
            }
            Event::SequenceStart(_, anchor, _) => (self.sequence(at, depth + 1)?, anchor),
            Event::MappingStart(_, anchor, _) => (self.mapping(at, depth + 1)?, anchor),
            Event::Alias(id) => return self.alias(id, at),
            _ => {
                let problem = Problem::Syntax("expected a value".to_owned());
                return Err(Error { at, problem });
            }
        };
        if anchor != 0 {
            let size = self.decoded - before;
            self.anchors.insert(anchor, Anchor { value: value.clone(), size });
        }
        Ok(value)
    }

    fn check_depth(&self, at: Position, depth: usize) -> Result<(), Error> {
        if depth <= self.options.max_depth {
            return Ok(());
        }
        let limit = self.options.max_depth;
        Err(Error { at, problem: Problem::Limit { what: "the depth of nesting", limit } })
    }

    fn sequence(&mut self, at: Position, depth: usize) -> Result<Value, Error> {
        self.check_depth(at, depth)?;
        let mut items = Vec::new();
        loop {
            match self.events.expect()? {
                (Event::SequenceEnd, _) => return Ok(Value::Array(items)),
                (event, at) => items.push(self.node(event, at, depth)?),
            }
        }
    }

    fn mapping(&mut self, at: Position, depth: usize) -> Result<Value, Error> {
        self.check_depth(at, depth)?;
        let mut fields = Map::new();
        let mut merges = Vec::new();
        loop {
            let (event, at) = self.events.expect()?;
            if matches!(event, Event::MappingEnd) {
                break;
            }
            if is_merge(&event) {
                let sources = self.merge_sources(depth)?;
                match self.options.dialect {
                    Dialect::GoV2 => self.override_with(&mut fields, sources),
                    Dialect::GoV3 => {
                        // One merge key a mapping; the second pass names the others.
                        self.repeats_keys |= !merges.is_empty();
                        merges = sources;
                    }
                }
                continue;
            }
            let key = self.key(event, at, depth)?;
            let (event, at) = self.events.expect()?;
            let value = self.node(event, at, depth)?;
            self.repeats_keys |= fields.insert(key, value).is_some();
        }
        for source in merges {
            for (key, value) in source {
                fields.entry(key).or_insert(value);
            }
        }
        Ok(Value::Object(fields))
    }

    /// go-yaml v2: the merged keys replace those that stand before the merge key; of several
    /// sources the first has the last word.
    fn override_with(&mut self, fields: &mut Map<String, Value>, sources: Vec<Map<String, Value>>) {
        let strict = self.options.duplicate_keys == DuplicateKeys::Error;
        for source in sources.into_iter().rev() {
            for (key, value) in source {
                let old = fields.insert(key, value);
                self.repeats_keys |= strict && old.is_some();
            }
        }
    }

    fn key(&mut self, event: Event<'t>, at: Position, depth: usize) -> Result<String, Error> {
        let fail = |problem| Error { at, problem };
        match event {
            Event::Scalar(text, style, 0, tag) => {
                self.decoded += 1;
                key(text, style, tag.as_deref(), self.options.dialect).map_err(fail)
            }
            event => match self.node(event, at, depth)? {
                Value::Object(_) => Err(fail(Problem::Key("mapping"))),
                Value::Array(_) => Err(fail(Problem::Key("list"))),
                Value::Null => Err(fail(Problem::Key("null"))),
                Value::String(s) => Ok(s),
                Value::Bool(b) => Ok(b.to_string()),
                Value::Number(n) => Ok(n.to_string()),
            },
        }
    }

    fn merge_sources(&mut self, depth: usize) -> Result<Vec<Map<String, Value>>, Error> {
        let (event, at) = self.events.expect()?;
        let fail = || Error { at, problem: Problem::Merge };
        let is_list = matches!(event, Event::SequenceStart(..));
        match self.node(event, at, depth)? {
            Value::Object(source) => Ok(vec![source]),
            Value::Array(items) if is_list => items
                .into_iter()
                .map(|item| match item {
                    Value::Object(source) => Ok(source),
                    _ => Err(fail()),
                })
                .collect(),
            _ => Err(fail()),
        }
    }

    fn alias(&mut self, id: usize, at: Position) -> Result<Value, Error> {
        // An anchor is known once its value is complete.
        let Some(anchor) = self.anchors.get(&id) else {
            return Err(Error { at, problem: Problem::Cycle });
        };
        self.decoded += anchor.size;
        self.aliased += anchor.size;
        if expands_too_much(self.aliased, self.decoded) {
            return Err(Error { at, problem: Problem::Aliases });
        }
        Ok(anchor.value.clone())
    }
}

/// go-yaml's bound: of up to 400,000 nodes 99 in a hundred may come from aliases, of 4,000,000 and
/// more one in ten, and in between in proportion.
#[expect(clippy::cast_precision_loss, reason = "a ratio")]
fn expands_too_much(aliased: usize, decoded: usize) -> bool {
    const LOW: f64 = 400_000.0;
    const HIGH: f64 = 4_000_000.0;
    let total = decoded as f64;
    let share = ((total - LOW) / (HIGH - LOW)).clamp(0.0, 1.0);
    aliased > 100 && decoded > 1000 && aliased as f64 / total > 0.99 - 0.89 * share
}
