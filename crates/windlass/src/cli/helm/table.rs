//! Tables as Helm prints them: columns apart by a blank and a tab, as wide as their widest cell.

/// Prints rows; cells wider than `max_width` are cut, unless it is 0.
pub(crate) fn print(rows: &[Vec<String>], max_width: usize) -> String {
    let width = |cell: &str| cell.chars().count();
    let cut = |cell: &String| {
        if max_width > 0 && width(cell) > max_width {
            let kept: String = cell.chars().take(max_width.saturating_sub(3)).collect();
            format!("{kept}...")
        } else {
            cell.clone()
        }
    };
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(cut).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widest = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(widest).collect();
    let mut text = String::new();
    for row in &rows {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, wide)| format!("{cell}{}", " ".repeat(wide - width(cell))))
            .collect();
        text.push_str(&cells.join("\t"));
        text.push('\n');
    }
    text
}

/// Reads `--output`.
pub(crate) fn format(text: &str) -> Result<String, String> {
    match text {
        "table" | "json" | "yaml" => Ok(text.to_owned()),
        _ => Err("invalid format type".to_owned()),
    }
}
