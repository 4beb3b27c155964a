//! Aligned columns, as Go's `tabwriter` makes them for the argocd command line: two blanks between
//! columns, a column's width shared by neighbouring lines only, the last cell of a line not padded.

/// The lines with their cells aligned.
pub(crate) fn align(lines: &[Vec<String>]) -> String {
    align_by(lines, 2)
}

/// The lines with their cells aligned, so many blanks between columns.
pub(crate) fn align_by(lines: &[Vec<String>], blanks: usize) -> String {
    let mut widths: Vec<Vec<usize>> = lines.iter().map(|l| vec![0; l.len()]).collect();
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    for column in 0..columns {
        // A cell belongs to a column when another cell follows it on its line.
        let has = |line: &Vec<String>| line.len() > column + 1;
        let mut start = 0;
        while start < lines.len() {
            if !has(&lines[start]) {
                start += 1;
                continue;
            }
            let end = (start..lines.len()).find(|i| !has(&lines[*i])).unwrap_or(lines.len());
            let width = lines[start..end].iter().map(|l| l[column].chars().count()).max();
            for row in &mut widths[start..end] {
                row[column] = width.unwrap_or(0);
            }
            start = end;
        }
    }
    let mut out = String::new();
    for (line, widths) in lines.iter().zip(&widths) {
        for (i, (cell, width)) in line.iter().zip(widths).enumerate() {
            out.push_str(cell);
            let is_last = i + 1 == line.len();
            if !is_last {
                let padding = match width.saturating_sub(cell.chars().count()) {
                    // Go gives a column that is empty all the way no width at all.
                    _ if *width == 0 => 0,
                    missing => missing + blanks,
                };
                out.extend(std::iter::repeat_n(' ', padding));
            }
        }
        out.push('\n');
    }
    out
}

/// A line of cells.
pub(crate) fn line<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.iter().map(|c| (*c).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aligns_by_blocks() {
        let lines = [
            line(["SOURCE", "https://x"]),
            line(["ID", "DATE", "REVISION"]),
            line(["0", "2026-01-01", "main"]),
            line([""]),
            line(["A", "B"]),
        ];
        assert_eq!(
            align(&lines),
            "SOURCE  https://x\nID      DATE        REVISION\n0       2026-01-01  main\n\nA  B\n"
        );
    }
}
