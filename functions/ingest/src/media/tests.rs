//! Each format whole, cut, and with what real writers do.
#![allow(clippy::unwrap_used)]

use super::*;

const WAV: Expected = Expected::Audio(AudioFormat::Wav);
const MP3: Expected = Expected::Audio(AudioFormat::Mp3);
const OGG: Expected = Expected::Audio(AudioFormat::Ogg);
const FLAC: Expected = Expected::Audio(AudioFormat::Flac);

/// The file's content type, whether it is whole and how long it plays. It comes in pieces of every
/// kind of size, which makes no difference.
fn look(expected: Expected, file: &[u8]) -> Result<(&'static str, bool, Option<u64>), String> {
    let looks = [1, 3, 4096, usize::MAX].map(|size| {
        let mut media = Media::new(expected);
        for chunk in file.chunks(size) {
            media.add(chunk);
        }
        media.end();
        let file_type = media.file_type()?;
        Ok((file_type.content_type, media.is_whole(), media.duration_ms()))
    });
    assert!(looks.iter().all(|look| *look == looks[0]), "{looks:?}");
    looks[0].clone()
}

fn is_whole(expected: Expected, file: &[u8]) -> bool {
    look(expected, file).is_ok_and(|(_, is_whole, _)| is_whole)
}

/// That `file` is whole, and is not if up to `cuts` bytes at its end are missing.
fn assert_whole(expected: Expected, file: &[u8], cuts: usize) {
    assert!(is_whole(expected, file));
    for cut in (1..=cuts.min(file.len())).step_by(1 + cuts / 100) {
        let part = &file[..file.len() - cut];
        assert!(!is_whole(expected, part), "without the last {cut} of {} bytes", file.len());
    }
}

#[test]
fn a_document_is_json_or_another_text_and_no_error_page() {
    let document = Expected::Document { page: false };
    let json = b"\xef\xbb\xbf {\"segments\": [{\"text\": \"Akkam jirta?\"}]}";
    assert_eq!(look(document, json), Ok(("application/json", true, None)));
    assert_whole(document, json, 1);
    assert_eq!(look(document, b"[]\n"), Ok(("application/json", true, None)));
    let long = format!("[{}]", "\"word\",".repeat(100_000));
    assert_eq!(look(document, long.as_bytes()), Ok(("application/json", true, None)));
    assert!(!is_whole(document, &long.as_bytes()[..500_000]));
    assert_eq!(look(document, b"WEBVTT\n\n"), Ok(("text/plain", true, None)));
    assert!(look(document, b"<html>404</html>").is_err());
    assert!(look(document, b"<?xml version=\"1.0\"?><Error/>").is_err());
}

fn chunk(id: &[u8], body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len()).unwrap().to_le_bytes();
    [id, &size[..], body, &[0][..body.len() % 2]].concat()
}

/// One second of a WAV file of 1000 bytes a second.
fn wav(outer: &[u8], before: &[u8], size: u32, after: &[u8]) -> Vec<u8> {
    let format = [1, 0, 1, 0, 232, 3, 0, 0, 232, 3, 0, 0, 1, 0, 8, 0];
    let (format, size) = (chunk(b"fmt ", &format), size.to_le_bytes());
    let samples = [7; 1000];
    [outer, &[255; 4], b"WAVE", before, &format, b"data", &size, &samples, after].concat()
}

#[test]
fn wav_plays_as_long_as_its_samples() {
    let id3 = chunk(b"id3 ", &vec![1; 20_001]);
    let whole = Ok(("audio/wav", true, Some(1000)));
    for file in [
        wav(b"RIFF", b"", 1000, b""),
        wav(b"RIFF", b"", 1000, &id3),
        wav(b"RIFF", &chunk(b"bext", &[0; 6003]), 1000, &chunk(b"LIST", &[0; 25])),
        // Placeholders of writers that stream.
        wav(b"RIFF", b"", 0, b""),
        wav(b"RIFF", b"", u32::MAX, b""),
        wav(b"RIFF", b"", 0x7fff_ffff, b""),
        wav(b"RIFF", b"", 0x7fff_ffff - 36, b""),
        // A writer that counts its header in.
        wav(b"RIFF", b"", 1044, b""),
    ] {
        assert_eq!(look(WAV, &file), whole);
    }
    assert_eq!(look(WAV, &wav(b"RIFF", b"", 3000, b"")), Ok(("audio/wav", false, Some(1000))));
    assert!(!is_whole(WAV, &wav(b"RIFF", b"", u32::MAX, b"")[..44]), "no samples");
    assert!(!is_whole(WAV, &wav(b"RIFF", b"", 1000, b"")[..40]), "no data chunk");
}

#[test]
fn rf64_states_its_size_elsewhere() {
    let sizes = |data: u64| {
        chunk(b"ds64", &[&2000_u64.to_le_bytes()[..], &data.to_le_bytes(), &[0; 12]].concat())
    };
    let whole = Ok(("audio/wav", true, Some(1000)));
    assert_eq!(look(WAV, &wav(b"RF64", &sizes(1000), u32::MAX, b"")), whole);
    assert_eq!(look(WAV, &wav(b"BW64", &sizes(u64::MAX), u32::MAX, b"")), whole);
    assert!(!is_whole(WAV, &wav(b"RF64", &sizes(5_000_000_000), u32::MAX, b"")));
}

fn mp4_box(kind: &[u8], body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len() + 8).unwrap().to_be_bytes();
    [&size[..], kind, body].concat()
}

#[test]
fn mp4_needs_its_index_and_all_of_its_frames() {
    let start = mp4_box(b"ftyp", b"isom\0\0\x02\0isommp41");
    let (index, frames) = (mp4_box(b"moov", &[0; 300]), mp4_box(b"mdat", &[0; 9000]));
    assert_whole(Expected::Video, &[&start[..], &index, &frames].concat(), 9000);
    assert_whole(Expected::Video, &[&start[..], &frames, &index].concat(), 300);
    let large = [&[0, 0, 0, 1][..], b"mdat", &9016_u64.to_be_bytes(), &[0; 9000]].concat();
    assert_whole(Expected::Video, &[&start[..], &index, &large].concat(), 9000);
    let fragments = [mp4_box(b"moof", &[0; 100]), frames.clone()].concat();
    assert_whole(Expected::Video, &[&start[..], &index, &fragments, &fragments].concat(), 9000);
    let open = [&[0, 0, 0, 0][..], b"mdat", &[0; 500]].concat();
    assert!(is_whole(Expected::Video, &[&start[..], &index, &open].concat()));
    assert!(!is_whole(Expected::Video, &[&start[..], &open].concat()), "no index");
    assert!(!is_whole(Expected::Video, &[&start[..], &index].concat()), "no frames");
    assert!(is_whole(Expected::Video, &[&start[..], &index, &frames, &[0; 4]].concat()), "its end");
}

#[test]
fn video_is_taken_whatever_its_brand() {
    let types = |brand: &[u8; 4]| {
        let start = mp4_box(b"ftyp", &[&brand[..], b"\0\0\x02\0"].concat());
        let file = [start, mp4_box(b"mdat", b"x"), mp4_box(b"moov", b"")].concat();
        look(Expected::Video, &file).map(|(content_type, is_whole, _)| (content_type, is_whole))
    };
    for brand in [b"isom", b"iso5", b"iso9", b"M4V ", b"cmfc", b"hvc1", b"avc1", b"mp42", b"dash"] {
        assert_eq!(types(brand), Ok(("video/mp4", true)));
    }
    assert_eq!(types(b"3gp6"), Ok(("video/3gpp", true)));
    assert_eq!(types(b"qt  "), Ok(("video/quicktime", true)));
    for brand in [b"M4A ", b"heic", b"avif"] {
        assert!(types(brand).is_err());
    }
    let old = [mp4_box(b"wide", b""), mp4_box(b"mdat", b"x"), mp4_box(b"moov", b"")].concat();
    assert_eq!(look(Expected::Video, &old), Ok(("video/quicktime", true, None)));
}

#[test]
fn webm_is_as_long_as_its_segment() {
    let start = [&[0x1a, 0x45, 0xdf, 0xa3, 0x84][..], b"webm"].concat();
    let known = [&[0x18, 0x53, 0x80, 0x67, 0x41, 0x2c][..], &[0; 300]].concat();
    assert_whole(Expected::Video, &[&start[..], &known].concat(), 306);
    let unknown = [&[0x18, 0x53, 0x80, 0x67, 0xff][..], &[0; 300]].concat();
    assert!(is_whole(Expected::Video, &[start, unknown].concat()));
}

fn page(flags: u8, sizes: &[u8]) -> Vec<u8> {
    let body = vec![9; sizes.iter().map(|size| usize::from(*size)).sum()];
    let count = u8::try_from(sizes.len()).unwrap();
    [b"OggS\0", &[flags][..], &[0; 20], &[count], sizes, &body].concat()
}

#[test]
fn ogg_ends_with_its_last_page() {
    let pages = [page(2, &[19]), page(0, &[255, 255, 3]), page(4, &[200])].concat();
    assert_whole(OGG, &pages, 900);
    assert!(is_whole(OGG, &[page(2, &[19]), page(4, &[])].concat()), "an empty last page");
    assert!(is_whole(OGG, &[&pages[..], &[0; 100]].concat()), "something behind it");
}

/// A frame of MPEG-1 at 128 kbit/s and 44.1 kHz.
fn mp3_frame(head: [u8; 4], bytes: usize) -> Vec<u8> {
    [&head[..], &vec![0; bytes - 4]].concat()
}

fn id3(bytes: u8) -> Vec<u8> {
    [b"ID3\x04\0\0\0\0\0", &[bytes][..], &vec![0xff; bytes.into()]].concat()
}

#[test]
fn mp3_is_made_of_whole_frames() {
    let mpeg_1 = mp3_frame([0xff, 0xfb, 0x90, 0x00], 417).repeat(3);
    let mpeg_2 = mp3_frame([0xff, 0xf3, 0x84, 0xc0], 192).repeat(3);
    let mpeg_2_5 = mp3_frame([0xff, 0xe3, 0x48, 0xc0], 288).repeat(3);
    for sound in [&mpeg_1, &mpeg_2, &mpeg_2_5] {
        let tagged = [&id3(100)[..], sound].concat();
        for file in [sound, &tagged] {
            assert_eq!(look(MP3, file), Ok(("audio/mpeg", true, None)));
            assert!(!is_whole(MP3, &file[..file.len() - 5]));
        }
        assert!(is_whole(MP3, &[&tagged[..], b"TAG", &[0; 125]].concat()));
    }
    assert!(!is_whole(MP3, &id3(100)), "a tag alone");
    assert!(is_whole(MP3, &[&id3(100)[..], &[0; 500], &mpeg_1].concat()), "padding");
}

#[test]
fn mp3_has_as_many_bytes_as_its_encoder_says() {
    let file = |bytes: u32| {
        let mut first = mp3_frame([0xff, 0xfb, 0x90, 0x00], 417);
        first[36..44].copy_from_slice(b"Xing\0\0\0\x03");
        first[48..52].copy_from_slice(&bytes.to_be_bytes());
        [first, mp3_frame([0xff, 0xfb, 0x90, 0x00], 417)].concat()
    };
    assert!(is_whole(MP3, &file(834)) && is_whole(MP3, &file(0)));
    assert!(!is_whole(MP3, &file(1251)), "cut between two frames");
}

/// Two frames of 16 samples each, in silence, as a reference encoder writes them.
const FLAC_FRAMES: [&[u8]; 2] = [
    &[0xff, 0xf8, 0x60, 0x08, 0x00, 0x0f, 0x96, 0x00, 0x00, 0x00, 0xae, 0x85],
    &[0xff, 0xf8, 0x60, 0x08, 0x01, 0x0f, 0x83, 0x00, 0x00, 0x00, 0x52, 0x80],
];

fn flac(samples: u8) -> Vec<u8> {
    let info =
        [&[0, 16, 0, 16, 0, 0, 0, 0, 0, 0, 0x0a, 0xc4, 0x40, 0xf0, 0, 0, 0, samples][..], &[0; 16]];
    let comment = [&[0x84, 0, 0, 8][..], &[0; 8]].concat();
    let frames = FLAC_FRAMES.concat();
    [b"fLaC\0\0\0\x22", &info.concat()[..], &comment, &frames].concat()
}

#[test]
fn flac_ends_with_a_whole_frame_and_all_samples() {
    assert_whole(FLAC, &flac(32), FLAC_FRAMES.concat().len() + 60);
    assert!(is_whole(FLAC, &flac(0)), "the writer streamed");
    assert!(!is_whole(FLAC, &flac(0)[..flac(0).len() - 1]));
    assert!(!is_whole(FLAC, &flac(33)), "a frame is missing");
    assert_whole(FLAC, &[id3(100), flac(32)].concat(), 10);
    assert!(is_whole(FLAC, &[&flac(32)[..], b"TAG", &[0; 125]].concat()));
}

#[test]
fn pictures_end_with_their_mark() {
    let jpeg = [
        &[0xff, 0xd8, 0xff, 0xe0, 0, 4, 0xff, 0xd9][..],
        &[0xff, 0xda, 0, 2, 1, 0xff, 0, 0xff, 0xd0, 2, 0xff, 0xd9],
    ];
    assert_whole(Expected::Image, &jpeg.concat(), 20);
    assert!(is_whole(Expected::Image, &[&jpeg.concat()[..], &[0; 9]].concat()));

    let png =
        [b"\x89PNG\r\n\x1a\n\0\0\0\x05IDAT", &[1; 9][..], b"\0\0\0\0IEND\xae\x42\x60\x82"].concat();
    assert_whole(Expected::Image, &png, 30);

    let webp = [&b"RIFF\x0c\0\0\0WEBPVP8L\0\0\0\0"[..]].concat();
    assert!(is_whole(Expected::Image, &webp) && !is_whole(Expected::Image, &webp[..18]));
    assert_eq!(look(Expected::Image, &webp), Ok(("image/webp", true, None)));
}

#[test]
fn page_is_no_media() {
    let pages =
        ["<!DOCTYPE html><html>", "<?xml version=\"1.0\"?><Error>", "{\"error\":\"gone\"}", "\n"];
    for page in pages.map(|page| page.repeat(300)) {
        for expected in [WAV, MP3, OGG, FLAC, Expected::Video, Expected::Image] {
            let refused = look(expected, page.as_bytes()).unwrap_err();
            assert!(refused.ends_with(&format!("not {}.", expected.name())), "{refused}");
        }
    }
    let wav = wav(b"RIFF", b"", 1000, b"");
    let refused = look(MP3, &wav).unwrap_err();
    assert_eq!(refused, "The provider's file is of type audio/x-wav, not audio/mpeg.");
}
