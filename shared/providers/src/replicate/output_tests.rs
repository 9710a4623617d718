//! What is found in an output, and where it is kept.

use serde_json::json;

use super::*;
use crate::Provider;
use crate::replicate::Replicate;
use crate::replicate::tests::{URL, answer, status};

/// What a task has made: the names and URLs of its files, and its JSON.
fn made(output: &Value) -> (Vec<(String, String)>, Option<Value>) {
    match status(&json!({ "id": "t1", "status": "succeeded", "output": output })) {
        TaskStatus::Succeeded(result) => {
            let files = result.source.files.into_iter();
            (files.map(|file| (file.name.unwrap(), file.url)).collect(), result.result)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_output_of_any_shape_is_searched_for_files() {
    for (output, names) in [
        (json!(URL), vec!["output"]),
        (json!([URL, URL]), vec!["output-0", "output-1"]),
        (json!({ "video": URL, "frames": [URL] }), vec!["frames-0", "video"]),
        (json!([{ "mask": URL }, { "mask": URL }]), vec!["output-0-mask", "output-1-mask"]),
        (json!({ "a b": URL, "a/b": URL }), vec!["a_b", "a_b-2"]),
        (json!({ "text": format!("see {URL}") }), vec![]),
        (json!({ "embedding": [0.5, 1e-300], "n": 18_446_744_073_709_551_615_u64 }), vec![]),
        (json!("a poem"), vec![]),
        (json!(null), vec![]),
    ] {
        let (files, result) = made(&output);
        let found: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(found, names, "{output}");
        assert!(files.iter().all(|(_, url)| url == URL));
        assert_eq!(result, Some(output).filter(|output| !output.is_null()));
    }
}

#[test]
fn a_file_within_the_output_is_not_kept_twice() {
    let inline = "data:image/png;base64,iVBORw0KGgo=";
    let (files, result) = made(&json!({ "image": inline, "seed": 7 }));
    assert_eq!(files, [("image".to_owned(), inline.to_owned())]);
    assert_eq!(result, Some(json!({ "image": "data:image/png;base64,", "seed": 7 })));
}

/// What a task that returned `output` has made: the names of its files, and whether its JSON is kept.
fn names(output: &Value) -> (Vec<String>, bool) {
    let (files, result) = made(output);
    (files.into_iter().map(|(name, _)| name).collect(), result.is_some())
}

#[test]
fn what_is_too_long_for_the_job_is_a_file() {
    // As long as it is read as a whole, and longer.
    for long in [200_000, 3_000_000] {
        let text = "x".repeat(long);
        assert_eq!(names(&json!(text)), (vec!["result".to_owned()], false));
        let (files, result) = made(&json!({ "log": text, "result": URL, "clips": [URL, URL] }));
        let expected = [("clips-0", URL), ("clips-1", URL), ("result", URL), ("result-2", "")];
        let expected = expected.map(|(name, url)| (name.to_owned(), url.to_owned()));
        assert_eq!((files, result), (expected.to_vec(), None), "{long}");
    }
    let body = json!({ "id": "t1", "status": "succeeded", "output": "x".repeat(200_000) });
    let TaskStatus::Succeeded(made) = status(&body) else { panic!() };
    assert_eq!(made.source.files[0].role, FileRole::Returned);
    let returned = answer(200, &body, |answer| Replicate.returned(answer));
    assert_eq!(returned, Some(body["output"].to_string().into_bytes()));
    for nothing in [json!({ "output": null }), json!({ "id": "t1" }), json!([])] {
        assert_eq!(answer(200, &nothing, |answer| Replicate.returned(answer)), None);
    }
}

#[test]
fn files_and_json_fit_into_the_jobs_item() {
    let inline = |bytes: usize| format!("data:image/png;base64,{}", "A".repeat(bytes));
    let frames = |count: usize| json!(vec![format!("{URL}?{}", "x".repeat(150)); count]);
    assert_eq!(names(&frames(300)).0.len(), 300);
    assert!(names(&frames(300)).1);
    for output in [json!([inline(300_000), URL]), json!([inline(200_000), inline(200_000), URL])] {
        let (files, has_json) = names(&output);
        assert!(has_json == (files.len() == 2) && (2..=3).contains(&files.len()), "{files:?}");
    }
    for output in [frames(2000), json!([inline(400_000), URL]), frames(20_000)] {
        let body = json!({ "id": "t1", "status": "succeeded", "output": output });
        let TaskStatus::Succeeded(made) = status(&body) else { panic!() };
        let last = made.source.files.last().unwrap();
        assert_eq!((last.role, made.result), (FileRole::Returned, None));
        let item = json!(made.source).to_string().len() + made.source.files.len() * 300;
        assert!(item < 390_000 && made.source.files.len() > 1, "{item}");
    }
}

#[test]
fn a_trainings_weights_stay_where_they_are() {
    let output = json!({ "version": "me/cat:7af9", "weights": URL });
    assert_eq!(made(&output), (vec![], Some(output)));
    let prediction = json!({ "version": "1.0", "weights": URL });
    assert_eq!(made(&prediction).0, [("weights".to_owned(), URL.to_owned())]);
}

#[test]
fn files_are_linked_so_that_other_hosts_are_left_alone() {
    let body = json!({ "id": "t1", "status": "succeeded", "output": ["https://example.com/a"] });
    let TaskStatus::Succeeded(result) = status(&body) else { panic!("{body}") };
    assert_eq!(result.source.files[0].role, FileRole::Linked);
    assert_eq!(result.source.files[0].index, Some(0));
}
