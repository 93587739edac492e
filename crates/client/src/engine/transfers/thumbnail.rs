//! Small versions of pictures: files of their own, which go and come beside those that they belong to.

use sotto_proto::wire;
use sotto_proto::wire::file_ref::Media;

use super::parcel::Source;
use super::rows::Row;

/// Where a thumbnail stands among the files of its message: so many places behind its picture.
pub(in crate::engine) const PLACES: usize = 1_000;

/// The place of the picture, and whether this is its thumbnail.
pub(super) fn split(place: u32) -> (u32, bool) {
    let places = u32::try_from(PLACES).expect("a small number");
    if place < places { (place, false) } else { (place - places, true) }
}

/// Files in their order, each with its thumbnail in it.
pub(super) fn together(rows: Vec<Row>) -> Vec<wire::FileRef> {
    let (small, mut large): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| split(row.place).1);
    for row in small {
        let of = split(row.place).0;
        if let Some(picture) = large.iter_mut().find(|large| large.place == of) {
            put_into(&mut picture.file, row.file);
        }
    }
    large.into_iter().map(|row| row.file).collect()
}

/// Makes a file the thumbnail of another. Where either is no picture, nothing is done.
pub(super) fn put_into(file: &mut wire::FileRef, small: wire::FileRef) {
    let Some(Media::Picture(shape)) = small.media else { return };
    let thumbnail = wire::Thumbnail {
        file_id: small.file_id,
        key: small.key,
        digest: small.digest,
        size: u32::try_from(small.size).unwrap_or(u32::MAX),
        width: shape.width,
        height: shape.height,
    };
    if let Some(picture) = picture_mut(&mut file.media) {
        picture.thumbnail = Some(thumbnail);
    }
}

/// The thumbnail of a file as a file.
pub(in crate::engine) fn of(file: &wire::FileRef) -> Option<wire::FileRef> {
    let picture = match &file.media {
        Some(Media::Picture(picture)) => picture,
        Some(Media::Video(video)) => video.poster.as_ref()?,
        _ => return None,
    };
    let wire::Thumbnail { file_id, key, digest, size, width, height } = picture.thumbnail.clone()?;
    let (is_sound, size) = (size <= LEN_MAX, u64::from(size));
    let shape = wire::PictureInfo { width, height, ..wire::PictureInfo::default() };
    let media = Some(Media::Picture(shape));
    is_sound.then(|| wire::FileRef { file_id, key, digest, size, media, ..wire::FileRef::default() })
}

/// What is wrong with a thumbnail that is to be sent.
pub(in crate::engine) fn check(source: &Source) -> Result<(), &'static str> {
    let Some(small) = &source.thumbnail else { return Ok(()) };
    match &small.media {
        _ if small.size > u64::from(LEN_MAX) => Err("a thumbnail of this size"),
        Some(Media::Picture(shape)) if SIDE.contains(&shape.width) && SIDE.contains(&shape.height) => Ok(()),
        _ => Err("a thumbnail of this shape"),
    }
}

fn picture_mut(media: &mut Option<Media>) -> Option<&mut wire::PictureInfo> {
    match media {
        Some(Media::Picture(picture)) => Some(picture),
        Some(Media::Video(video)) => video.poster.as_mut(),
        _ => None,
    }
}

const LEN_MAX: u32 = 1 << 20;
const SIDE: std::ops::RangeInclusive<u32> = 1..=2_048;
