//! What each scene of a project costs, in calls to AWS, counted where they are made and told in
//! the documentation.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use tests::sent::Sent;
use tests::{World, film, templates};

/// Films of so many scenes are compared: what one has more than the other is what scenes cost.
const SCENES: (usize, usize) = (2, 12);
/// How long a task takes. Had it taken longer, it would have been asked for every half minute.
const TASK: Duration = Duration::from_secs(20);
/// Budgets of a scene, which is two steps: calls, write units and read units. Of each of its six events,
/// `relay` reads whether the owner has connections for live updates.
const BUDGET: (f64, f64, f64) = (38.0, 24.0, 16.0);
const DOCUMENT: &str = "docs/ARCHITECTURE.md";

/// Of one function: how often it makes each call, and what the calls consume.
type Counts = BTreeMap<(String, String), [f64; 3]>;

#[tokio::test]
async fn a_scene_stays_within_its_budget_and_the_document_tells_it() {
    let (few, many) = (count(SCENES.0).await, count(SCENES.1).await);
    let between = f64::from(u32::try_from(SCENES.1 - SCENES.0).unwrap());
    let more = |key: &(String, String), now: &[f64; 3]| {
        let before = few.get(key).copied().unwrap_or_default();
        [0, 1, 2].map(|place| (now[place] - before[place]) / between)
    };
    let scene: Counts = many.iter().map(|(key, now)| (key.clone(), more(key, now))).collect();
    let sum = |place: usize| scene.values().map(|counts| counts[place]).sum::<f64>();
    let (calls, writes, reads) = (sum(0), sum(1), sum(2));
    let table = table(&scene, [calls, writes, reads]);
    println!("{table}");
    assert!(calls <= BUDGET.0 && writes <= BUDGET.1 && reads <= BUDGET.2);
    let document = std::fs::read_to_string(templates::root().join(DOCUMENT)).unwrap();
    assert!(document.contains(&table), "{DOCUMENT} does not hold what was counted:\n{table}");
}

/// What a film of so many scenes costs, to the last look at each of its steps.
async fn count(scenes: usize) -> Counts {
    let world = World::new().await;
    Sent::begin(&world);
    let id = world.create_project(&film::small(&world, scenes)).await;
    world.quiet().await;
    for task in 1..=2 * scenes + 1 {
        world.pass(TASK);
        world.quiet().await;
        assert_eq!(world.complete(task).await.status, 200);
        world.quiet().await;
    }
    world.run_out().await;
    let sent = Sent::so_far(&world);
    assert_eq!(world.project(&id).await["status"], "completed");
    let mut counts = Counts::new();
    for record in sent.records() {
        let call = &record.call;
        let name = format!("{} {}", call.service, call.operation);
        let entry = counts.entry((call.caller.to_string(), name)).or_default();
        *entry = [entry[0] + 1.0, entry[1] + record.write_units, entry[2] + record.read_units];
    }
    counts
}

fn table(scene: &Counts, sums: [f64; 3]) -> String {
    let mut table = String::from(
        "| function | call | calls | write units | read units |\n\
         | --- | --- | ---: | ---: | ---: |\n",
    );
    for ((function, call), [calls, writes, reads]) in scene {
        if calls + writes + reads > 0.05 {
            writeln!(table, "| {function} | {call} | {calls:.1} | {writes:.1} | {reads:.1} |")
                .unwrap();
        }
    }
    let [calls, writes, reads] = sums;
    let (most, most_writes, most_reads) = BUDGET;
    writeln!(table, "| **together** | | **{calls:.1}** | **{writes:.1}** | **{reads:.1}** |")
        .unwrap();
    write!(table, "| budget | | {most} | {most_writes} | {most_reads} |").unwrap();
    table
}
