//! Separated text to rows, line by line, without ever taking a file for one cell.
//!
//! A quotation mark that nobody closes makes an ordinary reader swallow everything behind it. Here
//! a quoted cell has bounds; where they are broken, that one line comes back as it stands with a
//! mark on it, and reading goes on at the next line.

/// Lines that one row may span: an address with line breaks has two or three.
const ROW_LINES_MAX: u64 = 20;
/// Bytes that one row may have.
pub const ROW_BYTES_MAX: usize = 64 << 10;

/// A row of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    /// Line of the text or row of the sheet, from 1.
    pub number: u64,
    /// Trimmed cells, as long as they came.
    pub cells: Vec<String>,
    /// A quotation mark opens here and is not closed: the cells are the line split as it stands.
    pub open_quote: bool,
}

impl Line {
    fn is_blank(&self) -> bool {
        self.cells.iter().all(String::is_empty)
    }
}

/// Rows of a text; blank ones are left out.
pub struct Split<'t> {
    text: &'t str,
    at: usize,
    line: u64,
    delimiter: u8,
}

struct OpenQuote;

impl<'t> Split<'t> {
    /// Begins at the first line.
    #[must_use]
    pub const fn new(text: &'t str, delimiter: u8) -> Self {
        Self { text, at: 0, line: 1, delimiter }
    }

    fn is_end(byte: u8) -> bool {
        matches!(byte, b'\n' | b'\r')
    }

    /// Where an unquoted run ends: at a delimiter, a line end or the end of the text.
    fn plain_end(&self, from: usize) -> usize {
        let bytes = &self.text.as_bytes()[from..];
        from + bytes.iter().position(|b| *b == self.delimiter || Self::is_end(*b)).unwrap_or(bytes.len())
    }

    /// A quoted cell that begins behind its mark at `from`: text, and where it ends.
    fn quoted(&self, from: usize, row: usize) -> Result<(String, usize), OpenQuote> {
        let bytes = self.text.as_bytes();
        let (mut cell, mut at) = (String::new(), from);
        loop {
            let window = &bytes[at..bytes.len().min((row + ROW_BYTES_MAX).max(at))];
            let mark = at + window.iter().position(|b| *b == b'"').ok_or(OpenQuote)?;
            cell.push_str(&self.text[at..mark]);
            at = mark + 1;
            if bytes.get(at) != Some(&b'"') {
                return Ok((cell, at));
            }
            cell.push('"');
            at += 1;
        }
    }

    /// One row from here: its cells, where it ends, how many line ends its cells hold.
    fn row(&self) -> Result<(Vec<String>, usize, u64), OpenQuote> {
        let bytes = self.text.as_bytes();
        let (mut cells, mut at, mut lines) = (Vec::new(), self.at, 0);
        loop {
            let mut cell;
            if bytes.get(at) == Some(&b'"') {
                let (text, end) = self.quoted(at + 1, self.at)?;
                let inside = text.bytes().filter(|b| *b == b'\n').count() as u64;
                lines += inside;
                let rest = self.plain_end(end);
                // Behind a cell over several lines stands a delimiter; anything else is the mark of a later cell.
                if lines > ROW_LINES_MAX || (inside > 0 && rest > end) {
                    return Err(OpenQuote);
                }
                cell = text;
                cell.push_str(&self.text[end..rest]);
                at = rest;
            } else {
                let end = self.plain_end(at);
                cell = self.text[at..end].to_owned();
                at = end;
            }
            let trimmed = cell.trim();
            cells.push(if trimmed.len() == cell.len() { cell } else { trimmed.to_owned() });
            if bytes.get(at) != Some(&self.delimiter) {
                return Ok((cells, at, lines));
            }
            at += 1;
        }
    }
}

impl Iterator for Split<'_> {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        while self.at < self.text.len() {
            let number = self.line;
            let (line, end, lines) = match self.row() {
                Ok((cells, end, lines)) => (Line { number, cells, open_quote: false }, end, lines),
                Err(OpenQuote) => {
                    let rest = &self.text[self.at..];
                    let end = rest.bytes().position(Self::is_end).unwrap_or(rest.len());
                    let cells = rest[..end].split(char::from(self.delimiter)).map(|cell| cell.trim().to_owned()).collect();
                    (Line { number, cells, open_quote: true }, self.at + end, 0)
                }
            };
            let rest = &self.text.as_bytes()[end..];
            let ends = if rest.starts_with(b"\r\n") { 2 } else { usize::from(!rest.is_empty()) };
            self.at = end + ends;
            self.line += lines + 1;
            if !line.is_blank() {
                return Some(line);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let line = |line: Line| format!("{}{}:{}", line.number, if line.open_quote { "!" } else { "" }, line.cells.join("|"));
        Split::new(text, b',').map(line).collect::<Vec<_>>().join(" ; ")
    }

    #[test]
    fn rows_keep_the_number_of_their_line() {
        for (text, expect) in [
            ("a,b\n1,2\n", "1:a|b ; 2:1|2"),
            ("a,b\r\n\r\n 1 ,2", "1:a|b ; 3:1|2"),
            ("a,b\r1,2\r", "1:a|b ; 2:1|2"),
            ("a,\"x,\"\"y\"\"\"\n1,2", "1:a|x,\"y\" ; 2:1|2"),
            ("a,\"two\nlines\"\n1,2", "1:a|two\nlines ; 3:1|2"),
            ("a,5\"\n1,2", "1:a|5\" ; 2:1|2"),
            ("a,\"5\" inch\n1,2", "1:a|5 inch ; 2:1|2"),
            ("a,\n,\n1,", "1:a| ; 3:1|"),
            ("", ""),
        ] {
            assert_eq!(told(text), expect, "{text:?}");
        }
    }

    #[test]
    fn a_mark_that_is_not_closed_costs_its_own_line_only() {
        assert_eq!(told("a,b\n\"李,2\n王,3\n赵,4\n"), "1:a|b ; 2!:\"李|2 ; 3:王|3 ; 4:赵|4");
        assert_eq!(told("a,b\n\"李,2\n王,3\n\"赵\",4\n"), "1:a|b ; 2!:\"李|2 ; 3:王|3 ; 4:赵|4", "a later cell's mark closes nothing");
        let long = format!("\"李,2\n{}", "王,3\n".repeat(20_000));
        let lines: Vec<Line> = Split::new(&long, b',').collect();
        assert_eq!((lines.len(), lines[0].open_quote, lines[20_000].number), (20_001, true, 20_001));
    }
}
