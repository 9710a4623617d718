//! Injected faults: their probabilities, and the pseudo-random decision.

use std::time::Duration;

use axum::http::StatusCode;

/// The probability of each fault, from 0 to 1. The same seed and order of runs give the same
/// faults.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Faults {
    /// The seed of the pseudo-random decisions.
    #[arg(long = "fault-seed", value_name = "NUMBER", default_value_t = 0)]
    pub seed: u64,
    /// Webhooks that are never sent.
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = probability)]
    pub drop_webhooks: f64,
    /// Webhooks that are sent late, by `delay_ms`.
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = probability)]
    pub delay_webhooks: f64,
    /// The delay of a late webhook, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 5000)]
    pub delay_ms: u64,
    /// Webhooks that are sent twice.
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = probability)]
    pub duplicate_webhooks: f64,
    /// Webhooks, but those of RunPod, that are held back until a later one is answered, or for `delay_ms`.
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = probability)]
    pub reorder_webhooks: f64,
    /// Files whose first download breaks off halfway.
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = probability)]
    pub truncate_files: f64,
    /// Tasks of scenes and Replicate, and files of clipping, that are gone before their first download.
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = probability)]
    pub gone_outputs: f64,
    /// Tasks preceded by a forged webhook, with a wrong token and signature.
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = probability)]
    pub forge_webhooks: f64,
    /// Runs that are refused.
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = probability)]
    pub refuse_runs: f64,
    /// The status of a refusal, 500 by default. Replicate has bodies of its own for 402, 404, 422 and
    /// 429.
    #[arg(long, value_name = "STATUS", value_parser = clap::value_parser!(u16).range(400..600))]
    pub refuse_status: Option<u16>,
    /// Tasks of Replicate and clipping that are accepted, with an answer that is lost.
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = probability)]
    pub lose_answers: f64,
    /// Tasks of Replicate and clipping that are accepted and then not found.
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = probability)]
    pub lose_tasks: f64,
    /// Tasks that fail while processing.
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = probability)]
    pub fail_jobs: f64,
}

/// One fault. The two kinds of webhook are dropped independently, and the copy of a duplicated
/// webhook is delayed independently of the first.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    Drop,
    DropLast,
    Delay,
    Duplicate,
    Truncate,
    Forge,
    Refuse,
    Fail,
    DelayCopy,
    Reorder,
    Gone,
    LoseAnswer,
    LoseTask,
}

impl Faults {
    /// Whether `fault` occurs in the `ordinal`-th run. It follows from these two and the seed
    /// alone, so no race between tasks can change it.
    pub(crate) fn occurs(&self, fault: Fault, ordinal: u64) -> bool {
        let roll = splitmix64(splitmix64(splitmix64(self.seed) ^ fault as u64) ^ ordinal);
        unit(roll) < self.probability(fault)
    }

    /// When the webhook of the `ordinal`-th run is sent: the delay of each copy after the one
    /// before; empty if it is dropped.
    pub(crate) fn webhook_delays(&self, ordinal: u64) -> Vec<Duration> {
        if self.occurs(Fault::Drop, ordinal) {
            return Vec::new();
        }
        let delay = |late| if late { self.delay() } else { Duration::ZERO };
        let mut webhook_delays = vec![delay(self.occurs(Fault::Delay, ordinal))];
        if self.occurs(Fault::Duplicate, ordinal) {
            webhook_delays.push(delay(self.occurs(Fault::DelayCopy, ordinal)));
        }
        webhook_delays
    }

    /// The status of a refusal.
    pub(crate) fn refuse_status(&self) -> StatusCode {
        let status = self.refuse_status.and_then(|status| StatusCode::from_u16(status).ok());
        status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The delay of a late webhook.
    pub(crate) const fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_ms)
    }

    const fn probability(&self, fault: Fault) -> f64 {
        match fault {
            Fault::Drop | Fault::DropLast => self.drop_webhooks,
            Fault::Delay | Fault::DelayCopy => self.delay_webhooks,
            Fault::Duplicate => self.duplicate_webhooks,
            Fault::Truncate => self.truncate_files,
            Fault::Forge => self.forge_webhooks,
            Fault::Refuse => self.refuse_runs,
            Fault::Fail => self.fail_jobs,
            Fault::Reorder => self.reorder_webhooks,
            Fault::Gone => self.gone_outputs,
            Fault::LoseAnswer => self.lose_answers,
            Fault::LoseTask => self.lose_tasks,
        }
    }
}

/// One step of `SplitMix64`, which mixes all bits well even for small inputs.
const fn splitmix64(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A number in 0..1, from the upper half of `bits`.
fn unit(bits: u64) -> f64 {
    f64::from((bits >> 32) as u32) / (f64::from(u32::MAX) + 1.0)
}

fn probability(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err("must be a number from 0 to 1".to_owned()),
    }
}
