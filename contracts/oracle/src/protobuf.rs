//! As much of protocol buffers as a few messages of chain modules need. A library would be a tenth of the contract.

/// A message that is being written.
#[derive(Clone, Debug, Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// With a whole number that is not 0: 0 is left out, as the format has it.
    pub fn number(mut self, field: u32, number: u64) -> Self {
        if number > 0 {
            self.varint(u64::from(field) << 3);
            self.varint(number);
        }
        self
    }

    /// With a text.
    pub fn text(self, field: u32, text: &str) -> Self {
        if text.is_empty() { self } else { self.bytes(field, text.as_bytes()) }
    }

    /// With a message.
    pub fn message(self, field: u32, message: Self) -> Self {
        self.bytes(field, &message.0)
    }

    /// The message.
    pub fn finish(self) -> Vec<u8> {
        self.0
    }

    fn bytes(mut self, field: u32, bytes: &[u8]) -> Self {
        self.varint(u64::from(field) << 3 | LENGTH_DELIMITED);
        self.varint(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        self.0.extend_from_slice(bytes);
        self
    }

    fn varint(&mut self, mut number: u64) {
        loop {
            let [low, ..] = number.to_le_bytes();
            number >>= 7;
            if number == 0 {
                return self.0.push(low & 0x7f);
            }
            self.0.push(low | 0x80);
        }
    }
}

const VARINT: u64 = 0;
const FIXED_64: u64 = 1;
const LENGTH_DELIMITED: u64 = 2;
const FIXED_32: u64 = 5;

/// A message that is being read. Its fields are read anew for each question; of a field that stands twice the last one
/// counts.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a>(pub &'a [u8]);

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Other,
}

impl<'a> Reader<'a> {
    /// A whole number; 0 where it is left out. `None` when the message can't be read.
    pub fn number(&self, field: u64) -> Option<u64> {
        match self.find(field)? {
            None => Some(0),
            Some(Value::Number(number)) => Some(number),
            Some(_) => None,
        }
    }

    /// A text; empty where it is left out. `None` when the message can't be read.
    pub fn text(&self, field: u64) -> Option<&'a str> {
        match self.find(field)? {
            None => Some(""),
            Some(Value::Bytes(bytes)) => std::str::from_utf8(bytes).ok(),
            Some(_) => None,
        }
    }

    /// A message. `None` where it is left out, and when this one can't be read.
    pub fn message(&self, field: u64) -> Option<Self> {
        match self.find(field)?? {
            Value::Bytes(bytes) => Some(Self(bytes)),
            _ => None,
        }
    }

    /// The last value of a field; `None` within when there is none, and outside when the message can't be read.
    fn find(&self, field: u64) -> Option<Option<Value<'a>>> {
        let mut rest = self.0;
        let mut found = None;
        while !rest.is_empty() {
            let key = varint(&mut rest)?;
            let value = match key & 7 {
                VARINT => Value::Number(varint(&mut rest)?),
                FIXED_64 => take(&mut rest, 8).map(|_| Value::Other)?,
                LENGTH_DELIMITED => {
                    let length = usize::try_from(varint(&mut rest)?).ok()?;
                    Value::Bytes(take(&mut rest, length)?)
                }
                FIXED_32 => take(&mut rest, 4).map(|_| Value::Other)?,
                _ => return None,
            };
            if key >> 3 == field {
                found = Some(value);
            }
        }
        Some(found)
    }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(taken)
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..u64::BITS).step_by(7) {
        let (byte, left) = rest.split_first()?;
        *rest = left;
        let part = u64::from(byte & 0x7f);
        let shifted = part.checked_shl(shift)?;
        if shifted >> shift != part {
            return None;
        }
        number |= shifted;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}
