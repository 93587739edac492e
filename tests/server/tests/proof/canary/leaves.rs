//! What an encoded message is made of, without knowing its type.

/// A text or some bytes in a message, with the numbers of the fields that lead there.
pub(super) struct Leaf<'a> {
    pub(super) path: Vec<u32>,
    pub(super) bytes: &'a [u8],
}

/// All texts and bytes of a message. Bytes that could be a message are taken for both, which is more than there is, and never less.
pub(super) fn leaves(message: &[u8]) -> Vec<Leaf<'_>> {
    let mut found = Vec::new();
    descend(message, &[], &mut found);
    found
}

fn descend<'a>(message: &'a [u8], path: &[u32], found: &mut Vec<Leaf<'a>>) {
    for (number, bytes) in fields(message).unwrap_or_default() {
        let path = [path, &[number]].concat();
        descend(bytes, &path, found);
        found.push(Leaf { path, bytes });
    }
}

/// The fields that have a length; nothing when it is no message.
fn fields(mut rest: &[u8]) -> Option<Vec<(u32, &[u8])>> {
    let mut found = Vec::new();
    while !rest.is_empty() {
        let tag = varint(&mut rest)?;
        let number = u32::try_from(tag >> 3).ok().filter(|number| (1..=FIELD_MAX).contains(number))?;
        match tag & 7 {
            0 => drop(varint(&mut rest)?),
            2 => {
                let length = usize::try_from(varint(&mut rest)?).ok()?;
                let (bytes, after) = rest.split_at_checked(length)?;
                found.push((number, bytes));
                rest = after;
            }
            _ => return None,
        }
    }
    Some(found)
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (first, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// No message of the contract has more.
const FIELD_MAX: u32 = 32;
