//! Fields of requests, as types that keep the contract's rules.

use std::ops::Range;

use sotto_proto::wire::{ErrorCode, ReserveFileRequest};
use sotto_proto::{ConversationId, FileId, Invalid, Reason, limits};

use crate::services::Failure;
use crate::store::FileRecord;

pub(super) fn file(bytes: &[u8]) -> Result<FileId, Invalid> {
    FileId::parse("file_id", bytes)
}

pub(super) fn conversation(bytes: &[u8]) -> Result<ConversationId, Invalid> {
    ConversationId::parse("conversation_id", bytes)
}

/// None for the first page.
pub(super) fn after(bytes: &[u8]) -> Result<Option<FileId>, Invalid> {
    if bytes.is_empty() { Ok(None) } else { FileId::parse("after_file_id", bytes).map(Some) }
}

/// Bytes of a file and of its parts. The operator may take smaller files only.
pub(super) fn sizes(request: &ReserveFileRequest, file_max: u64) -> Result<(u64, u32), Failure> {
    let ReserveFileRequest { size, part_size, .. } = *request;
    if size > file_max {
        return Err(Failure::limit(ErrorCode::TooLarge, "FILE_MAX", file_max, size));
    }
    within("size", 1, limits::FILE_MAX, size)?;
    within("part_size", limits::PART_MIN.into(), limits::PART_MAX.into(), part_size.into())?;
    if part_size % limits::PART_MIN != 0 {
        return Err(Invalid::new("part_size", Reason::Malformed("not a multiple of 65,536")).into());
    }
    Ok((size, part_size))
}

/// Which part, of the length that its place demands.
pub(super) fn part(file: &FileRecord, index: u32, data: &[u8]) -> Result<(), Invalid> {
    within("index", 0, u64::from(file.part_count()) - 1, index.into())?;
    let expected = usize::try_from(file.part_len(index)).unwrap_or(usize::MAX);
    let actual = data.len();
    if actual == expected { Ok(()) } else { Err(Invalid::new("data", Reason::Length { expected, actual })) }
}

/// The bytes asked for: `length` of them, or all to the end if that is 0.
pub(super) fn range(file: &FileRecord, offset: u64, length: u64) -> Result<Range<u64>, Invalid> {
    within("offset", 0, file.size, offset)?;
    within("length", 0, file.size - offset, length)?;
    Ok(if length == 0 { offset..file.size } else { offset..offset + length })
}

fn within(field: &'static str, min: u64, max: u64, actual: u64) -> Result<(), Invalid> {
    if (min..=max).contains(&actual) { Ok(()) } else { Err(Invalid::new(field, Reason::Range { min, max, actual })) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use sotto_proto::AccountId;

    fn ten_bytes_over() -> FileRecord {
        FileRecord {
            id: FileId::from_bytes([1; 16]),
            owner: AccountId::from_bytes([2; 16]),
            size: 2 * 65_536 + 10,
            part_size: 65_536,
            complete: false,
            created_at: Timestamp::ZERO,
            expires_at: Timestamp::ZERO,
        }
    }

    #[test]
    fn a_part_has_the_length_of_its_place() {
        let file = ten_bytes_over();
        part(&file, 0, &vec![0; 65_536]).unwrap();
        part(&file, 2, &[0; 10]).unwrap();
        part(&file, 2, &vec![0; 65_536]).unwrap_err();
        part(&file, 1, &[0; 10]).unwrap_err();
        part(&file, 3, &[]).unwrap_err();
        part(&file, u32::MAX, &[]).unwrap_err();
    }

    #[test]
    fn a_range_lies_within_the_file_a16() {
        let file = ten_bytes_over();
        assert_eq!(range(&file, 0, 0).unwrap(), 0..file.size);
        assert_eq!(range(&file, 9, 1).unwrap(), 9..10);
        assert_eq!(range(&file, file.size, 0).unwrap(), file.size..file.size);
        range(&file, file.size, 1).unwrap_err();
        range(&file, 1, file.size).unwrap_err();
        range(&file, u64::MAX, u64::MAX).unwrap_err();
        range(&file, 1, u64::MAX).unwrap_err();
    }

    #[test]
    fn sizes_are_bounded_m5_a16() {
        let with =
            |size, part_size| sizes(&ReserveFileRequest { size, part_size, ..Default::default() }, limits::FILE_MAX);
        with(1, 65_536).unwrap();
        let large = ReserveFileRequest { size: 101, part_size: 65_536, ..Default::default() };
        assert_eq!(sizes(&large, 100).unwrap_err().code(), ErrorCode::TooLarge, "the operator takes less");
        with(limits::FILE_MAX, 1 << 20).unwrap();
        assert_eq!(with(limits::FILE_MAX + 1, 1 << 20).unwrap_err().code(), ErrorCode::TooLarge);
        for (size, part_size) in [(0, 65_536), (1, 0), (1, 65_535), (1, 65_537), (1, (1 << 20) + 65_536), (1, u32::MAX)]
        {
            assert_eq!(with(size, part_size).unwrap_err().code(), ErrorCode::InvalidArgument, "{size} {part_size}");
        }
    }
}
