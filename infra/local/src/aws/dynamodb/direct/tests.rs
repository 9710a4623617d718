//! A direct write must give the same answer, and leave the same data, as `dynoxide` does.

use proptest::prelude::*;
use runtime::Clock;
use serde_json::{Value, json};

use super::super::Tables;
use crate::aws::Durability;

/// Conditions as functions write them, and some that are not supported or wrong.
const CONDITIONS: [&str; 9] = [
    "attribute_not_exists(PK)",
    "attribute_exists(PK)",
    "#state IN (:a, :b) AND turn = :one",
    "attribute_not_exists(PK) OR (turn = :one AND #state = :a)",
    "turn >= :one and turn <= :two",
    "attribute_not_exists(missing) AND (turn < :two OR turn > :one)",
    "#state = :one",
    "turn <> :one",
    "#nested.#state = :a",
];

/// Updates, likewise.
const UPDATES: [&str; 8] = [
    "SET turn = turn + :one",
    "SET turn = :one, #state = :b REMOVE GSI1PK",
    "SET #state = :a, GSI1PK = :a, GSI1SK = :b",
    "SET turn = if_not_exists(turn, :two)",
    "SET turn = turn - :one",
    "ADD turn :one",
    "SET copied = turn, turn = :two REMOVE #state",
    "SET PK = :a",
];

#[derive(Debug, Clone)]
struct Step {
    operation: &'static str,
    request: Value,
}

fn step() -> impl Strategy<Value = Step> {
    let condition = prop::option::of(prop::sample::select(CONDITIONS.to_vec()));
    let update = prop::option::weighted(0.6, prop::sample::select(UPDATES.to_vec()));
    (0..4_u8, condition, update, 0..4_i64, any::<[bool; 4]>()).prop_map(
        |(key, condition, update, turn, [shows_new, shows_old, in_index, has_turn])| {
            let key = json!({ "PK": { "S": format!("item-{key}") }, "SK": { "S": "-" } });
            let mut request = json!({ "TableName": "things" });
            let mut text = String::new();
            let operation = if let Some(update) = update {
                request["Key"] = key;
                request["UpdateExpression"] = json!(update);
                request["ReturnValues"] = json!(if shows_new { "ALL_NEW" } else { "NONE" });
                text.push_str(update);
                "UpdateItem"
            } else {
                let mut item = key;
                item["state"] = json!({ "S": "a" });
                item["list"] =
                    json!({ "L": [{ "N": "01.50" }, { "M": { "x": { "NULL": true } } }] });
                if has_turn {
                    item["turn"] = json!({ "N": turn.to_string() });
                }
                if in_index {
                    item["GSI1PK"] = json!({ "S": "all" });
                    item["GSI1SK"] = json!({ "S": turn.to_string() });
                }
                request["Item"] = item;
                "PutItem"
            };
            if let Some(condition) = condition {
                request["ConditionExpression"] = json!(condition);
                text.push_str(condition);
            }
            if shows_old {
                request["ReturnValuesOnConditionCheckFailure"] = json!("ALL_OLD");
            }
            bind_placeholders(&text, &mut request);
            Step { operation, request }
        },
    )
}

/// Binds the placeholders in `text`.
fn bind_placeholders(text: &str, request: &mut Value) {
    let names = [("#state", json!("state")), ("#nested", json!("nested"))];
    let values = [
        (":a", json!({ "S": "a" })),
        (":b", json!({ "S": "b" })),
        (":one", json!({ "N": "1" })),
        (":two", json!({ "N": "2" })),
    ];
    for (member, bindings) in
        [("ExpressionAttributeNames", &names[..]), ("ExpressionAttributeValues", &values[..])]
    {
        for (placeholder, bound) in bindings.iter().filter(|(name, _)| text.contains(name)) {
            request[member][placeholder] = bound.clone();
        }
    }
}

fn tables(folder: &tempfile::TempDir, file: &str) -> Tables {
    let tables =
        Tables::open(&folder.path().join(file), Clock::system(), Durability::ProcessEnd).unwrap();
    let attribute = |name: &str| json!({ "AttributeName": name, "AttributeType": "S" });
    let key = |hash: &str, range: &str| {
        json!([{ "AttributeName": hash, "KeyType": "HASH" },
               { "AttributeName": range, "KeyType": "RANGE" }])
    };
    let attributes = ["PK", "SK", "GSI1PK", "GSI1SK"].map(attribute);
    let table = json!({
        "TableName": "things",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": attributes,
        "KeySchema": key("PK", "SK"),
        "GlobalSecondaryIndexes": [{ "IndexName": "GSI1", "KeySchema": key("GSI1PK", "GSI1SK"),
                                     "Projection": { "ProjectionType": "KEYS_ONLY" } }],
        "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES" },
    });
    tables.ensure(&table, None).unwrap();
    tables
}

/// Everything in the table, its index and its stream.
fn contents(tables: &Tables) -> Value {
    let scan = |request: Value| -> Value {
        let answer = tables.answer_by_dynoxide("Scan", request.to_string().as_bytes());
        let mut items: Value = serde_json::from_slice(&answer.body).unwrap();
        items["Items"].as_array_mut().unwrap().sort_by_key(ToString::to_string);
        items
    };
    let records = tables.stream_records("things", None, 1000).unwrap();
    let records: Vec<_> = records
        .into_iter()
        .map(|record| {
            let change = &record["dynamodb"];
            let parts =
                ["Keys", "NewImage", "OldImage", "StreamViewType"].map(|part| &change[part]);
            json!([record["eventName"], parts])
        })
        .collect();
    let sizes: Vec<(i64, String)> = {
        let connection = tables.connection();
        let mut statement =
            connection.prepare("SELECT item_size, hash_prefix FROM things ORDER BY pk").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    };
    json!([
        scan(json!({ "TableName": "things" })),
        scan(json!({ "TableName": "things", "IndexName": "GSI1" })),
        records,
        sizes,
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn direct_writes_equal_those_of_dynoxide(steps in prop::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (ours, theirs) = (tables(&folder, "ours"), tables(&folder, "theirs"));
        for Step { operation, request } in steps {
            let body = request.to_string().into_bytes();
            let answer = runtime.block_on(ours.answer(operation, &body));
            let expected = theirs.answer_by_dynoxide(operation, &body);
            prop_assert_eq!(answer.status, expected.status, "{}", request);
            let json = |body: &[u8]| serde_json::from_slice::<Value>(body).unwrap();
            prop_assert_eq!(json(&answer.body), json(&expected.body), "{}", request);
        }
        prop_assert_eq!(contents(&ours), contents(&theirs));
    }
}

/// A put that is executed directly once its condition is cached.
fn put(name: &str) -> Vec<u8> {
    let item = json!({ "PK": { "S": name }, "SK": { "S": "-" }, "size": { "N": "1" } });
    let condition = "attribute_not_exists(PK)";
    json!({ "TableName": "things", "Item": item, "ConditionExpression": condition })
        .to_string()
        .into_bytes()
}

#[tokio::test]
async fn cached_expressions_are_executed_directly_in_one_commit() {
    let folder = tempfile::tempdir().unwrap();
    let tables = tables(&folder, "file");
    assert!(tables.direct.answer("PutItem", &put("first")).await.is_none());
    assert_eq!(tables.answer("PutItem", &put("first")).await.status, 200);
    let changes = tables.changes();
    let before = *changes.borrow();
    let puts = (0..20).map(|nth| {
        let tables = &tables;
        async move { tables.direct.answer("PutItem", &put(&nth.to_string())).await }
    });
    let answers = futures::future::join_all(puts).await;
    assert!(answers.iter().all(|answer| answer.as_ref().is_some_and(|one| one.status == 200)));
    assert_eq!(*changes.borrow(), before + 1);
}

#[tokio::test]
async fn a_dropped_caller_does_not_affect_other_writes() {
    let folder = tempfile::tempdir().unwrap();
    let tables = tables(&folder, "file");
    assert_eq!(tables.answer("PutItem", &put("first")).await.status, 200);
    let body = put("second");
    let abandoned = tables.direct.answer("PutItem", &body);
    drop(futures::poll!(std::pin::pin!(abandoned)));
    assert_eq!(tables.answer("PutItem", &put("third")).await.status, 200);
    assert_eq!(tables.answer("PutItem", &put("second")).await.status, 400);
}
