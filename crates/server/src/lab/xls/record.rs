//! Records of an old workbook ([MS-XLS]): a kind, a length and that many bytes, gone on with in records
//! of their own kind where they do not fit.

use super::container::{u16_at, u32_at};

/// Goes on with the record before it.
const CONTINUE: u16 = 0x003C;

/// One record.
pub(super) struct Record<'a> {
    pub(super) kind: u16,
    /// Its bytes; what went on in further records stands behind the first.
    parts: Vec<&'a [u8]>,
}

impl<'a> Record<'a> {
    /// The bytes of the record itself.
    pub(super) fn data(&self) -> &'a [u8] {
        self.parts.first().copied().unwrap_or_default()
    }

    /// Reads from `at` of the record itself.
    pub(super) fn read(&self, at: usize) -> Option<Reader<'a, '_>> {
        Some(Reader { now: self.data().get(at..)?, later: self.parts.get(1..).unwrap_or_default() })
    }
}

/// The records of a stream; one that is cut short ends it with `None` inside.
pub(super) fn records(mut stream: &[u8]) -> impl Iterator<Item = Option<Record<'_>>> {
    let mut one = move || {
        let (kind, length) = (u16_at(stream, 0)?, u16_at(stream, 2)?);
        let (data, rest) = stream.get(4..)?.split_at_checked(length.into())?;
        stream = rest;
        Some((kind, data))
    };
    let mut ahead = None;
    let mut ended = false;
    std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let Some((kind, data)) = ahead.take().or_else(&mut one) else {
            ended = true;
            return Some(None);
        };
        let mut parts = vec![data];
        loop {
            match one() {
                Some((CONTINUE, data)) => parts.push(data),
                next => {
                    ahead = next;
                    return Some(Some(Record { kind, parts }));
                }
            }
        }
    })
}

/// Reads through a record and what goes on with it.
pub(super) struct Reader<'a, 'r> {
    now: &'a [u8],
    later: &'r [&'a [u8]],
}

impl Reader<'_, '_> {
    /// Moves on to the next part if this one is at its end; false if there is none.
    fn fill(&mut self) -> bool {
        while self.now.is_empty() {
            let Some((next, later)) = self.later.split_first() else { return false };
            (self.now, self.later) = (next, later);
        }
        true
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.fill();
        let (byte, rest) = self.now.split_first()?;
        self.now = rest;
        Some(*byte)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes([self.byte()?, self.byte()?]))
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        Some(u32::from(self.u16()?) | u32::from(self.u16()?) << 16)
    }

    fn skip(&mut self, mut bytes: usize) -> Option<()> {
        while bytes > 0 && self.fill() {
            let step = bytes.min(self.now.len());
            (self.now, bytes) = (&self.now[step..], bytes - step);
        }
        (bytes == 0).then_some(())
    }

    /// `count` characters of one or two bytes; where they go on in the next part, its first byte says the width anew.
    fn units(&mut self, count: usize, mut wide: bool) -> Option<String> {
        let mut units: Vec<u16> = Vec::new();
        while units.len() < count {
            if self.now.is_empty() {
                if !self.fill() {
                    return None;
                }
                wide = self.byte()? & 1 != 0;
            }
            let width = if wide { 2 } else { 1 };
            let step = (count - units.len()).min(self.now.len() / width);
            if step == 0 && !self.now.is_empty() {
                return None;
            }
            let (here, rest) = self.now.split_at(step * width);
            units.extend(here.chunks_exact(width).map(|unit| u16_at(unit, 0).unwrap_or_else(|| unit[0].into())));
            self.now = rest;
        }
        Some(String::from_utf16_lossy(&units))
    }

    /// A string with its width, of `count` characters.
    pub(super) fn unicode(&mut self, count: usize) -> Option<String> {
        let flags = self.byte()?;
        self.units(count, flags & 1 != 0)
    }

    /// A string of the table of strings: it may carry fonts and readings, which are passed over.
    pub(super) fn rich(&mut self) -> Option<String> {
        let (count, flags) = (self.u16()?, self.byte()?);
        let runs = if flags & 8 != 0 { self.u16()? } else { 0 };
        let readings = if flags & 4 != 0 { self.u32()? } else { 0 };
        let text = self.units(count.into(), flags & 1 != 0)?;
        self.skip(usize::from(runs) * 4)?;
        self.skip(readings as usize)?;
        Some(text)
    }

    /// A string in the workbook's own encoding, of `count` bytes.
    pub(super) fn encoded(&mut self, count: usize, encoding: &'static encoding_rs::Encoding) -> Option<String> {
        let bytes: Option<Vec<u8>> = (0..count).map(|_| self.byte()).collect();
        Some(encoding.decode_without_bom_handling(&bytes?).0.into_owned())
    }
}

/// A number in four bytes: a double without its lower half, or an integer; maybe in hundredths.
pub(super) fn short_number(bytes: &[u8], at: usize) -> Option<f64> {
    let word = u32_at(bytes, at)?;
    let value = if word & 2 != 0 { f64::from(word as i32 >> 2) } else { f64::from_bits(u64::from(word & !3) << 32) };
    Some(if word & 1 != 0 { value / 100.0 } else { value })
}
