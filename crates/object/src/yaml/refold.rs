//! What becomes of a folded scalar that go-yaml v3 writes and reads again, as kyaml does with every
//! resource before it prints it.
//!
//! go-yaml's writer has a fault that users see: where it doubles the line feeds that folding would
//! take away, it asks whether the whole text begins with a blank, and not whether the next line
//! does. So line feeds in front of indented lines are doubled for nothing, and a text that begins
//! with a blank loses its line feeds to folding.

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// `text` after it was written folded and read again.
pub(super) fn refold(text: &str) -> String {
    // A blank at the very end makes the writer quote the text instead.
    if !text.contains('\n') || text.ends_with(' ') {
        return text.to_owned();
    }
    read(&write(text), keeps(text))
}

/// What happens to line feeds at the end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tail {
    Strip,
    Clip,
    Keep,
}

fn keeps(text: &str) -> Tail {
    if !text.ends_with('\n') {
        Tail::Strip
    } else if text == "\n" || text.ends_with("\n\n") {
        Tail::Keep
    } else {
        Tail::Clip
    }
}

/// The lines below the `>`, without their indentation.
fn write(text: &str) -> String {
    let first = text.chars().find(|c| *c != '\n');
    let doubles = first.is_some_and(|c| !is_blank(c));
    let mut out = String::with_capacity(text.len() + 16);
    let mut at_start = true;
    let mut indented = true;
    for c in text.chars() {
        if c == '\n' {
            if !at_start && !indented && doubles {
                out.push('\n');
            }
            out.push('\n');
            at_start = true;
        } else {
            if at_start {
                indented = is_blank(c);
            }
            out.push(c);
            at_start = false;
        }
    }
    if !at_start {
        out.push('\n');
    }
    out
}

/// The text of such lines.
fn read(lines: &str, tail: Tail) -> String {
    let mut out = String::with_capacity(lines.len());
    // Line feeds since the last line that holds something.
    let mut breaks = 0usize;
    let mut began = false;
    let mut was_indented = false;
    for line in lines.split_terminator('\n') {
        if line.is_empty() {
            breaks += 1;
            continue;
        }
        let indented = line.starts_with(is_blank);
        match (began, breaks) {
            // The first line feed behind a line is its end.
            (true, 1) if !was_indented && !indented => out.push(' '),
            (true, n) if !was_indented && !indented => out.extend(std::iter::repeat_n('\n', n - 1)),
            (_, n) => out.extend(std::iter::repeat_n('\n', n)),
        }
        out.push_str(line);
        (began, was_indented, breaks) = (true, indented, 1);
    }
    match tail {
        Tail::Strip => {}
        Tail::Clip => out.extend(began.then_some('\n')),
        Tail::Keep => out.extend(std::iter::repeat_n('\n', breaks)),
    }
    out
}

#[cfg(test)]
mod tests {
    use super::refold;

    #[test]
    fn as_go_yaml_does() {
        assert_eq!(refold("one line"), "one line");
        assert_eq!(refold("a\nb\n"), "a\nb\n");
        assert_eq!(refold("a\n\nb\n"), "a\n\nb\n");
        assert_eq!(refold("a\n  b\nc\n"), "a\n\n  b\nc\n");
        assert_eq!(refold("a\n  b\n  c\nd"), "a\n\n  b\n  c\nd");
        assert_eq!(refold(" a\nb\nc\n"), " a\nb c\n");
        assert_eq!(refold("\na\n b\n"), "\na\n\n b\n");
        assert_eq!(refold("a\n\n"), "a\n\n\n");
    }
}
