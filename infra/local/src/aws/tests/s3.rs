//! Objects: whole, in parts, and in ranges.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumMode, CompletedMultipartUpload, CompletedPart};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::Digest as _;

use super::World;

const MIB: usize = 1024 * 1024;

async fn world() -> World {
    let world = World::new().await;
    world.aws.ensure_bucket("bucket").await.unwrap();
    world.aws.ensure_bucket("bucket").await.unwrap();
    world
}

#[tokio::test]
async fn an_object_can_be_put_read_and_deleted() {
    let world = world().await;
    let client = world.s3();
    let put = client.put_object().bucket("bucket").key("jobs/1/audio.wav");
    let put = put.content_type("audio/wav").metadata("sha256", "abc");
    put.body(ByteStream::from_static(b"0123456789")).send().await.unwrap();

    let get = client.get_object().bucket("bucket").key("jobs/1/audio.wav");
    let whole = get.clone().send().await.unwrap();
    assert_eq!(whole.content_type(), Some("audio/wav"));
    assert_eq!(whole.metadata().unwrap()["sha256"], "abc");
    assert_eq!(whole.body.collect().await.unwrap().to_vec(), b"0123456789");
    let part = get.clone().range("bytes=2-4").send().await.unwrap();
    assert_eq!(part.content_range(), Some("bytes 2-4/10"));
    assert_eq!(part.body.collect().await.unwrap().to_vec(), b"234");

    let head = client.head_object().bucket("bucket").key("jobs/1/audio.wav").send().await.unwrap();
    assert_eq!(head.content_length(), Some(10));
    let delete = client.delete_object().bucket("bucket").key("jobs/1/audio.wav");
    delete.send().await.unwrap();
    assert!(get.send().await.unwrap_err().into_service_error().is_no_such_key());
}

/// Begins an upload; returns its id.
async fn begin(world: &World) -> String {
    let create = world.s3().create_multipart_upload().bucket("bucket").key("big");
    create.content_type("video/mp4").send().await.unwrap().upload_id.unwrap()
}

async fn part(world: &World, upload: &str, number: i32, text: String) -> CompletedPart {
    let part = world.s3().upload_part().bucket("bucket").key("big").upload_id(upload);
    let part = part.part_number(number).body(ByteStream::from(text.into_bytes()));
    let e_tag = part.send().await.unwrap().e_tag;
    CompletedPart::builder().part_number(number).set_e_tag(e_tag).build()
}

fn all(parts: Vec<CompletedPart>) -> CompletedMultipartUpload {
    CompletedMultipartUpload::builder().set_parts(Some(parts)).build()
}

/// Uploads two parts; returns the id of the upload, which is not complete yet.
async fn upload_parts(world: &World) -> (String, CompletedMultipartUpload) {
    let id = begin(world).await;
    let first = part(world, &id, 1, "1".repeat(5 * MIB)).await;
    let second = part(world, &id, 2, "2".repeat(3)).await;
    (id, all(vec![first, second]))
}

#[tokio::test]
async fn a_multipart_upload_completes_once() {
    let world = world().await;
    let client = world.s3();
    let (id, parts) = upload_parts(&world).await;
    assert!(client.head_object().bucket("bucket").key("big").send().await.is_err());

    let complete = client.complete_multipart_upload().bucket("bucket").key("big");
    let complete = complete.upload_id(id).multipart_upload(parts);
    complete.clone().send().await.unwrap();
    let object = client.get_object().bucket("bucket").key("big").send().await.unwrap();
    assert_eq!(object.content_type(), Some("video/mp4"));
    let bytes = object.body.collect().await.unwrap().to_vec();
    assert_eq!((bytes.len(), &bytes[5 * MIB..]), (5 * MIB + 3, b"222".as_slice()));

    // As after a lost answer.
    let again = complete.send().await.unwrap_err().into_service_error();
    assert_eq!(again.meta().code(), Some("NoSuchUpload"));
}

#[tokio::test]
async fn parts_are_joined_by_their_numbers_whichever_came_first() {
    let world = world().await;
    let client = world.s3();
    let id = begin(&world).await;
    let mut parts = Vec::new();
    for (number, text, size) in
        [(3, "c", 1), (1, "x", 5 * MIB), (2, "b", 5 * MIB), (1, "a", 5 * MIB)]
    {
        parts.push(part(&world, &id, number, text.repeat(size)).await);
    }
    let complete = client.complete_multipart_upload().bucket("bucket").key("big").upload_id(&id);
    let wrong = complete.clone().multipart_upload(all(vec![parts[0].clone(), parts[2].clone()]));
    let error = wrong.send().await.unwrap_err().into_service_error();
    assert_eq!(error.meta().code(), Some("InvalidPartOrder"));
    let right = all(vec![parts[3].clone(), parts[2].clone(), parts[0].clone()]);
    complete.multipart_upload(right).if_none_match("*").send().await.unwrap();
    let object = client.get_object().bucket("bucket").key("big").send().await.unwrap();
    let bytes = object.body.collect().await.unwrap().to_vec();
    assert_eq!(
        bytes,
        ["a".repeat(5 * MIB), "b".repeat(5 * MIB), "c".to_owned()].concat().into_bytes()
    );
    let left = std::fs::read_dir(world.folder.path().join("s3")).unwrap().count();
    assert_eq!(left, 3, "the bucket, and what is known of the file");
}

#[tokio::test]
async fn what_is_refused_leaves_no_file() {
    let world = world().await;
    let client = world.s3();
    let names = || {
        let entries = std::fs::read_dir(world.folder.path().join("s3")).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect::<std::collections::BTreeSet<_>>()
    };
    let id = begin(&world).await;
    let sha256 = BASE64_STANDARD.encode(sha2::Sha256::digest("first"));
    let put = client.put_object().bucket("bucket").key("a").if_none_match("*");
    let put = put.checksum_sha256(sha256).body(ByteStream::from_static(b"first"));
    put.send().await.unwrap();
    let before = names();

    let part = client.upload_part().bucket("bucket").key("big").upload_id(&id).part_number(1);
    let part = part.checksum_crc32("AAAAAA==").body(ByteStream::from_static(b"part"));
    let error = part.send().await.unwrap_err().into_service_error();
    assert_eq!(error.meta().code(), Some("BadDigest"));
    let sha256 = BASE64_STANDARD.encode(sha2::Sha256::digest("second"));
    let second = client.put_object().bucket("bucket").key("a").if_none_match("*");
    let second = second.checksum_sha256(&sha256).body(ByteStream::from_static(b"second"));
    let error = second.send().await.unwrap_err().into_service_error();
    assert_eq!(error.meta().code(), Some("PreconditionFailed"));
    assert_eq!(names(), before);
    let get = client.get_object().bucket("bucket").key("a").checksum_mode(ChecksumMode::Enabled);
    let get = get.send().await.unwrap();
    assert_ne!(get.checksum_sha256(), Some(&*sha256));
    assert_eq!(get.body.collect().await.unwrap().to_vec(), b"first");
}

#[tokio::test]
async fn an_aborted_upload_leaves_nothing() {
    let world = world().await;
    let (id, _) = upload_parts(&world).await;
    let abort = world.s3().abort_multipart_upload().bucket("bucket").key("big").upload_id(id);
    abort.send().await.unwrap();
    let left = std::fs::read_dir(world.folder.path().join("s3")).unwrap().count();
    assert_eq!(left, 1, "the bucket alone");
}

#[tokio::test]
async fn a_file_streams_in_and_out() {
    let world = world().await;
    let file = world.folder.path().join("source");
    std::fs::write(&file, vec![7; 3 * MIB]).unwrap();
    let body = ByteStream::from_path(&file).await.unwrap();
    world.s3().put_object().bucket("bucket").key("streamed").body(body).send().await.unwrap();
    let get = world.s3().get_object().bucket("bucket").key("streamed");
    let bytes = get.send().await.unwrap().body.collect().await.unwrap();
    assert_eq!(bytes.to_vec(), vec![7; 3 * MIB]);
}

#[tokio::test]
async fn a_put_to_a_missing_bucket_is_refused() {
    let world = world().await;
    let put = world.s3().put_object().bucket("nowhere").key("a");
    let error = put.body(ByteStream::from_static(b"x")).send().await.unwrap_err();
    assert_eq!(error.into_service_error().meta().code(), Some("NoSuchBucket"));
}

#[tokio::test]
async fn a_small_file_behaves_like_any_other() {
    let world = world().await;
    let client = world.s3();
    for text in ["small", "another"] {
        let sha256 = BASE64_STANDARD.encode(sha2::Sha256::digest(text));
        let put = client.put_object().bucket("bucket").key("jobs/1/a.wav").checksum_sha256(&sha256);
        let put = put.content_type("audio/wav").body(ByteStream::from_static(text.as_bytes()));
        let put = put.send().await.unwrap();
        let get = client.get_object().bucket("bucket").key("jobs/1/a.wav");
        let get = get.checksum_mode(ChecksumMode::Enabled).send().await.unwrap();
        assert_eq!(get.e_tag(), put.e_tag());
        assert_eq!(get.content_type(), Some("audio/wav"));
        assert_eq!(get.checksum_sha256(), Some(&*sha256));
        assert_eq!(get.body.collect().await.unwrap().to_vec(), text.as_bytes());
    }
    let list = client.list_objects_v2().bucket("bucket").send().await.unwrap();
    assert_eq!(list.contents()[0].key(), Some("jobs/1/a.wav"));
    assert_eq!(list.contents().len(), 1);
    let delete = client.delete_object().bucket("bucket").key("jobs/1/a.wav");
    delete.send().await.unwrap();
    let get = client.get_object().bucket("bucket").key("jobs/1/a.wav").send().await;
    assert!(get.unwrap_err().into_service_error().is_no_such_key());
}

#[tokio::test]
async fn a_small_file_with_a_wrong_checksum_is_refused() {
    let world = world().await;
    let sha256 = BASE64_STANDARD.encode(sha2::Sha256::digest("other"));
    let put = world.s3().put_object().bucket("bucket").key("a").checksum_sha256(sha256);
    let error = put.body(ByteStream::from_static(b"this")).send().await.unwrap_err();
    assert_eq!(error.into_service_error().meta().code(), Some("BadDigest"));
    let get = world.s3().get_object().bucket("bucket").key("a").send().await;
    assert!(get.unwrap_err().into_service_error().is_no_such_key());
}
