//! Lists, a page at a time.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::{Stage, stage_with_clock};

/// The outputs on a page, and its links.
async fn page(stage: &Stage, url: &str) -> (Vec<i64>, Option<String>, Option<String>) {
    let (status, page) = stage.get(url.trim_start_matches(stage.studio.url())).await;
    assert_eq!(status, 200, "{page}");
    let numbers = page["results"].as_array().unwrap().iter();
    let numbers = numbers.map(|task| task["input"]["output"].as_i64().unwrap()).collect();
    let link = |name: &str| page[name].as_str().map(str::to_owned);
    (numbers, link("next"), link("previous"))
}

#[tokio::test]
async fn pages_of_a_hundred_lead_from_the_newest_to_the_oldest_and_back() {
    let (stage, time) = stage_with_clock().await;
    for number in 0..250 {
        stage.predict(json!({ "output": number })).await;
        time.fetch_add(1000, Ordering::SeqCst);
    }
    stage.studio.until_replicate_is_silent().await;
    let numbers = |newest: i64, oldest: i64| -> Vec<i64> { (oldest..=newest).rev().collect() };
    let (first, next, none) = page(&stage, "/v1/predictions").await;
    assert_eq!((first, none), (numbers(249, 150), None));
    stage.predict(json!({ "output": 250 })).await;
    let (second, next, previous) = page(&stage, &next.unwrap()).await;
    assert_eq!(second, numbers(149, 50), "what is new moves no page");
    let (third, none, _) = page(&stage, &next.unwrap()).await;
    assert_eq!((third, none), (numbers(49, 0), None));
    let (back, _, newer) = page(&stage, &previous.unwrap()).await;
    assert_eq!((back, newer.is_some()), (numbers(249, 150), true));

    let after = "/v1/predictions?created_after=2026-01-01T00:00:10Z";
    let (filtered, next, _) =
        page(&stage, &format!("{after}&created_before=2026-01-01T00:02:00Z")).await;
    assert_eq!(filtered, numbers(119, 20));
    assert_eq!(page(&stage, &next.unwrap()).await.0, numbers(19, 10));
    let wrong = stage.get("/v1/predictions?created_after=yesterday").await;
    assert_eq!((wrong.0, &wrong.1["invalid_fields"][0]["field"]), (422, &json!("created_after")));
    assert_eq!(stage.get("/v1/trainings").await.1["results"], Value::Array(Vec::new()));
}
