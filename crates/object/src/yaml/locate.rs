//! Second passes over a document's text, for those that ask where something stands. Reading itself
//! keeps no positions: they would cost more than the values.

use std::collections::HashMap;

use granit_parser::{Event, ScalarStyle};

use super::build::{Events, is_merge, is_node, key};
use super::{Document, Error, Options, Position, Problem, flow, frame};
use crate::Pointer;

/// Every key that stands twice in a mapping of the chunk, with both positions.
pub(super) fn repeated_keys(chunk: &[u8], line: usize, options: &Options) -> Vec<Error> {
    let mut found = Vec::new();
    let Ok(source) = std::str::from_utf8(chunk) else { return found };
    let Ok(source) = flow::mended(source, line, options) else { return found };
    let mut events = Events::new(&source, line, options);
    while let Ok(Some((event, _))) = events.next() {
        if is_node(&event) {
            // A document that parsed once parses again.
            let _ = collect(&event, &mut events, options, &mut found);
            break;
        }
    }
    found
}

fn collect(
    event: &Event<'_>,
    events: &mut Events<'_>,
    options: &Options,
    found: &mut Vec<Error>,
) -> Result<(), Error> {
    match event {
        Event::SequenceStart(..) => loop {
            match events.expect()? {
                (Event::SequenceEnd, _) => return Ok(()),
                (event, _) => collect(&event, events, options, found)?,
            }
        },
        Event::MappingStart(..) => {
            let mut seen: HashMap<String, Position> = HashMap::new();
            loop {
                let (event, at) = events.expect()?;
                if matches!(event, Event::MappingEnd) {
                    return Ok(());
                }
                if let Some(key) = key_text(&event, options) {
                    if let Some(&first) = seen.get(&key) {
                        found.push(Error { at, problem: Problem::DuplicateKey { key, first } });
                    } else {
                        seen.insert(key, at);
                    }
                }
                collect(&event, events, options, found)?;
                let (event, _) = events.expect()?;
                collect(&event, events, options, found)?;
            }
        }
        _ => Ok(()),
    }
}

fn key_text(event: &Event<'_>, options: &Options) -> Option<String> {
    if is_merge(event) {
        return (options.dialect == super::Dialect::GoV3).then(|| "<<".to_owned());
    }
    let Event::Scalar(text, style, _, tag) = event else { return None };
    key(text.clone(), *style, tag.as_deref(), options.dialect).ok()
}

/// Where the value at `pointer` stands: for a field its key, for a list's item the item, for what
/// came by alias or merge, or is not there, the nearest thing above it that is.
pub(super) fn position(
    text: &[u8],
    document: &Document,
    pointer: &Pointer,
    options: &Options,
) -> Position {
    let text = frame::decode(text);
    let mut best = document.at;
    let Some(source) = document.source(&text, options) else { return best };
    let mut events = Events::new(&source, document.chunk.line, options);
    while let Ok(Some((event, _))) = events.next() {
        if is_node(&event) {
            let tokens: Vec<&str> = pointer.tokens().collect();
            let _ = descend(&event, &mut events, &tokens, options, &mut best);
            break;
        }
    }
    best
}

fn descend(
    event: &Event<'_>,
    events: &mut Events<'_>,
    tokens: &[&str],
    options: &Options,
    best: &mut Position,
) -> Result<(), Error> {
    let Some((token, rest)) = tokens.split_first() else { return skip(event, events) };
    match event {
        Event::SequenceStart(..) => {
            let wanted = token.parse::<usize>().ok();
            let mut index = 0;
            loop {
                let (event, at) = events.expect()?;
                if matches!(event, Event::SequenceEnd) {
                    return Ok(());
                }
                if wanted == Some(index) {
                    *best = at;
                    descend(&event, events, rest, options, best)?;
                } else {
                    skip(&event, events)?;
                }
                index += 1;
            }
        }
        Event::MappingStart(..) => loop {
            let (name, at) = events.expect()?;
            if matches!(name, Event::MappingEnd) {
                return Ok(());
            }
            let hit = key_text(&name, options).is_some_and(|k| k == *token);
            skip(&name, events)?;
            let (value, _) = events.expect()?;
            if hit {
                *best = at;
                descend(&value, events, rest, options, best)?;
            } else {
                skip(&value, events)?;
            }
        },
        _ => Ok(()),
    }
}

/// Calls `visit` with each scalar's pointer, text and whether it is plain, but for keys and what
/// came by alias or merge.
pub(super) fn scalars(
    text: &[u8],
    document: &Document,
    options: &Options,
    visit: &mut dyn FnMut(&Pointer, &str, bool),
) {
    let text = frame::decode(text);
    let Some(source) = document.source(&text, options) else { return };
    let mut events = Events::new(&source, document.chunk.line, options);
    while let Ok(Some((event, _))) = events.next() {
        if is_node(&event) {
            let _ = each(&event, &mut events, &mut Pointer::root(), options, visit);
            break;
        }
    }
}

fn each(
    event: &Event<'_>,
    events: &mut Events<'_>,
    path: &mut Pointer,
    options: &Options,
    visit: &mut dyn FnMut(&Pointer, &str, bool),
) -> Result<(), Error> {
    match event {
        // The parser writes a tilde where nothing stands.
        Event::Scalar(..) if events.is_blank => visit(path, "", true),
        Event::Scalar(text, style, ..) => visit(path, text, *style == ScalarStyle::Plain),
        Event::SequenceStart(..) => {
            for index in 0_usize.. {
                let (event, _) = events.expect()?;
                if matches!(event, Event::SequenceEnd) {
                    break;
                }
                path.push(index.to_string());
                each(&event, events, path, options, visit)?;
                path.pop();
            }
        }
        Event::MappingStart(..) => loop {
            let (name, _) = events.expect()?;
            if matches!(name, Event::MappingEnd) {
                break;
            }
            let key = key_text(&name, options);
            skip(&name, events)?;
            let (value, _) = events.expect()?;
            match key {
                Some(key) => {
                    path.push(key);
                    each(&value, events, path, options, visit)?;
                    path.pop();
                }
                None => skip(&value, events)?,
            }
        },
        _ => {}
    }
    Ok(())
}

fn skip(event: &Event<'_>, events: &mut Events<'_>) -> Result<(), Error> {
    let mut depth =
        usize::from(matches!(event, Event::SequenceStart(..) | Event::MappingStart(..)));
    while depth > 0 {
        match events.expect()?.0 {
            Event::SequenceStart(..) | Event::MappingStart(..) => depth += 1,
            Event::SequenceEnd | Event::MappingEnd => depth -= 1,
            _ => {}
        }
    }
    Ok(())
}
