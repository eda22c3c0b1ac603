//! Pages of A4 in millimetres from the top left corner, and text that can be measured.

use std::sync::LazyLock;

use krilla::Document;
use krilla::color::luma;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::text::{Font, TextDirection};

use super::PrintError;

/// A4.
pub(super) const PAGE_MM: (f32, f32) = (210.0, 297.0);
const POINTS_PER_MM: f32 = 72.0 / 25.4;

/// GB 2312 and what names of places and persons need beyond it: remade by `scripts/make-font`.
static FONT: &[u8] = include_bytes!("../../assets/fonts/NotoSansSC-subset.otf");
static FACE: LazyLock<Option<ttf_parser::Face<'static>>> = LazyLock::new(|| ttf_parser::Face::parse(FONT, 0).ok());

/// Where text stands relative to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Centre,
    Right,
}

/// How wide `text` is at `size` points. Without the font it is taken as one em a character.
pub(super) fn width_mm(text: &str, size: f32) -> f32 {
    let ems: f32 = match FACE.as_ref() {
        None => text.chars().count() as f32,
        Some(face) => {
            let units = f32::from(face.units_per_em());
            let advance = |c| face.glyph_index(c).and_then(|glyph| face.glyph_hor_advance(glyph)).map_or(1.0, |a| f32::from(a) / units);
            text.chars().map(advance).sum()
        }
    };
    ems * size / POINTS_PER_MM
}

/// The size at which `text` fits.
pub(super) fn shrunk(text: &str, size: f32, width: f32) -> f32 {
    (size * width / width_mm(text, size).max(0.1)).min(size)
}

/// Breaks text into lines: between hanzi anywhere, between Latin words at spaces, long words where they must.
pub(super) fn wrap(text: &str, size: f32, width: f32) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in words(text) {
        if word == "\n" {
            lines.push(String::new());
            continue;
        }
        let mut rest = word;
        loop {
            let last = lines.len() - 1;
            let line = &mut lines[last];
            if width_mm(&format!("{line}{}", rest.trim_end()), size) <= width {
                line.push_str(rest);
                break;
            }
            if line.is_empty() {
                let fits = fitting(rest, size, width);
                line.push_str(&rest[..fits]);
                rest = &rest[fits..];
                if rest.is_empty() {
                    break;
                }
            }
            lines.push(String::new());
        }
    }
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

/// How many bytes of `text` fit; at least one character.
fn fitting(text: &str, size: f32, width: f32) -> usize {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    let first = text.chars().next().map_or(0, char::len_utf8);
    ends.take_while(|end| width_mm(&text[..*end], size) <= width).last().unwrap_or(first)
}

/// Pieces that must stay together, each with the space after it.
fn words(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut began = 0;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        let closing = "，。、；：？！）》」』”’%,.;:?!)".contains(c);
        let breaks =
            before == '\n' || c == '\n' || (before == ' ' && c != ' ') || ((c as u32 > 0x2E7F || before as u32 > 0x2E7F) && !closing);
        if at > began && breaks {
            pieces.push(&text[began..at]);
            began = at;
        }
        before = c;
    }
    if began < text.len() {
        pieces.push(&text[began..]);
    }
    pieces
}

enum Mark {
    Text {
        x: f32,
        y: f32,
        size: f32,
        grey: u8,
        text: String,
    },
    /// One path, so that neighbouring modules leave no seam between them.
    Filled {
        rects: Vec<[f32; 4]>,
        grey: u8,
    },
}

/// Pages being laid out. Nothing is PDF until [`Sheets::finish`].
pub(super) struct Sheets {
    title: String,
    pages: Vec<Vec<Mark>>,
}

impl Sheets {
    pub(super) fn new(title: &str) -> Self {
        Self { title: title.to_owned(), pages: vec![Vec::new()] }
    }

    pub(super) fn next_page(&mut self) {
        self.pages.push(Vec::new());
    }

    pub(super) fn pages(&self) -> usize {
        self.pages.len()
    }

    fn mark(&mut self, page: usize, mark: Mark) {
        if let Some(marks) = self.pages.get_mut(page) {
            marks.push(mark);
        }
    }

    /// Writes on the current page; `y` is the base line, `size` in points, `grey` 0 for black.
    pub(super) fn text(&mut self, (x, y): (f32, f32), size: f32, grey: u8, align: Align, text: &str) {
        self.text_on(self.pages.len() - 1, (x, y), size, grey, align, text);
    }

    /// Writes on an earlier page: its number among all is known only at the end.
    pub(super) fn text_on(&mut self, page: usize, (x, y): (f32, f32), size: f32, grey: u8, align: Align, text: &str) {
        let shift = match align {
            Align::Left => 0.0,
            Align::Centre => width_mm(text, size) / 2.0,
            Align::Right => width_mm(text, size),
        };
        if !text.is_empty() {
            self.mark(page, Mark::Text { x: x - shift, y, size, grey, text: text.to_owned() });
        }
    }

    /// Fills rectangles `[x, y, width, height]` as one shape.
    pub(super) fn fill(&mut self, rects: Vec<[f32; 4]>, grey: u8) {
        self.mark(self.pages.len() - 1, Mark::Filled { rects, grey });
    }

    pub(super) fn finish(self) -> Result<Vec<u8>, PrintError> {
        let font = Font::new(FONT.into(), 0).ok_or(PrintError::Font)?;
        let mut document = Document::new();
        document.set_metadata(Metadata::new().title(self.title).creator("Allclear".to_owned()).language("zh-CN".to_owned()));
        let (width, height) = (PAGE_MM.0 * POINTS_PER_MM, PAGE_MM.1 * POINTS_PER_MM);
        for marks in self.pages {
            let settings = PageSettings::from_wh(width, height).ok_or_else(|| PrintError::Write("page size".to_owned()))?;
            let mut page = document.start_page_with(settings);
            let mut surface = page.surface();
            for mark in marks {
                let (Mark::Text { grey, .. } | Mark::Filled { grey, .. }) = &mark;
                surface.set_fill(Some(Fill { paint: luma::Color::new(*grey).into(), ..Fill::default() }));
                match mark {
                    Mark::Text { x, y, size, text, .. } => {
                        let start = Point::from_xy(x * POINTS_PER_MM, y * POINTS_PER_MM);
                        surface.draw_text(start, font.clone(), size, &text, false, TextDirection::LeftToRight);
                    }
                    Mark::Filled { rects, .. } => {
                        let mut path = PathBuilder::new();
                        for [x, y, w, h] in rects.into_iter().map(|rect| rect.map(|mm| mm * POINTS_PER_MM)) {
                            if let Some(rect) = Rect::from_xywh(x, y, w, h) {
                                path.push_rect(rect);
                            }
                        }
                        if let Some(path) = path.finish() {
                            surface.draw_path(&path);
                        }
                    }
                }
            }
        }
        document.finish().map_err(|e| PrintError::Write(format!("{e:?}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_hanzi_and_between_words_and_never_before_a_comma() {
        let lines = wrap("东城街道应采43559人，已采40000人。 Sampling continues tonight", 10.0, 30.0);
        assert!(lines.iter().all(|line| width_mm(line, 10.0) <= 34.0), "{lines:?}");
        assert!(lines.iter().all(|line| !line.starts_with(['，', '。'])), "{lines:?}");
        assert_eq!(lines.concat().replace(' ', ""), "东城街道应采43559人，已采40000人。Samplingcontinuestonight");
    }

    #[test]
    fn a_word_longer_than_the_line_is_cut_and_nothing_is_lost() {
        let lines = wrap("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 12.0, 20.0);
        assert!(lines.len() > 2);
        assert_eq!(lines.concat(), "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
        assert_eq!(wrap("一\n二", 10.0, 0.1), ["一", "二"]);
    }

    #[test]
    fn the_font_has_the_hanzi_of_places_and_names() {
        let face = FACE.as_ref().unwrap();
        for c in "永康市东城街道石柱镇唐先芝英古山方岩西溪象珠龙山花街前仓舟山，。；：（）％℃①喆堃珺昇䶮".chars()
        {
            assert!(face.glyph_index(c).is_some(), "{c}");
        }
    }
}
